"""Training of a CLIP model's towers."""

import math
from itertools import repeat

import numpy as np

from ...items._equals import groups_of_equals
from ...items._images import image_keys
from .._contrastive import LOWEST_TEMPERATURE, count_batches, info_nce, sigmoid_loss
from ._loader import ImageLoader
from ._towers import _device_of, _encode_images, _encode_texts

WARM_UP = 0.1  # share of the steps in which the learning rate rises


def _train(
    network,
    images,
    texts,
    rng,
    *,
    trainable,
    loss,
    learning_rate,
    max_epochs,
    batch_size,
    weight_decay,
    autocast,
    verbose,
):
    """Train the network's towers in place; return the history of the training."""
    import torch
    from tqdm import tqdm

    module, device = network.module, _device_of(network)
    loader = ImageLoader(network.config["preprocess_cfg"], device)
    groups = [
        torch.as_tensor(g, device=device)
        for g in groups_of_equals(texts, image_keys(images))
    ]
    locked_images = locked_texts = tokens = None
    if trainable == "text":
        locked_images = _encode_images(network, images, autocast, unit=True).to(device)
    if trainable == "image":
        locked_texts = _encode_texts(network, texts, autocast, unit=True).to(device)
    else:
        tokens = network.tokenizer(texts).to(device)  # (n, context_length)

    n_batches = count_batches(len(texts), batch_size)
    with torch.inference_mode(False), torch.enable_grad():
        optimizer = torch.optim.AdamW(
            _parameter_groups(module, trainable, weight_decay),
            lr=learning_rate,
            betas=(0.9, 0.98),
            eps=1e-6,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, _warm_up_and_cosine(max_epochs * n_batches)
        )
        history = []
        for _ in tqdm(range(max_epochs), unit="epoch", disable=not verbose):
            module.train()
            losses = []
            batches = np.array_split(rng.permutation(len(texts)), n_batches)
            if locked_images is None:
                pixels = loader.batches(images, batches, "X")
            else:
                pixels = repeat(None, n_batches)
            for rows, batch in zip(batches, pixels, strict=True):
                rows = torch.as_tensor(rows, device=device)
                with autocast:
                    if locked_images is None:
                        x_features = module.encode_image(batch, normalize=True)
                    else:
                        x_features = locked_images[rows]
                    if locked_texts is None:
                        y_features = module.encode_text(tokens[rows], normalize=True)
                    else:
                        y_features = locked_texts[rows]
                features = x_features.float(), y_features.float()
                some = [group[rows] for group in groups]
                if loss == "clip":
                    value = info_nce(*features, module.logit_scale, some)
                else:
                    scale, bias = module.logit_scale, module.logit_bias
                    value = sigmoid_loss(*features, scale, bias, some)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                schedule.step()
                with torch.no_grad():
                    module.logit_scale.clamp_(0, -math.log(LOWEST_TEMPERATURE))
                losses.append(value.detach())
            history.append(
                {
                    "loss": torch.stack(losses).mean().item(),
                    "scale": module.logit_scale.exp().item(),
                }
            )
    module.eval()
    return history


def _parameter_groups(module, trainable, weight_decay):
    """Lock what is not trained; return the rest, with and without weight decay."""
    decayed, others = [], []
    for name, parameter in module.named_parameters():
        scale = name.startswith("logit_")
        tower = "image" if name.startswith("visual.") else "text"
        parameter.requires_grad_(scale or trainable in ("all", tower))
        if not parameter.requires_grad:
            continue
        position = "position" in name or "pos_embed" in name
        token = name.endswith(("_token", ".latent"))  # of timm's towers
        plain = parameter.ndim < 2 or position or token
        (others if plain else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _warm_up_and_cosine(n_steps):
    """Return the share of the learning rate as a function of the step."""
    rising = max(1, round(WARM_UP * n_steps))

    def share(step):
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1, n_steps - rising)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return share
