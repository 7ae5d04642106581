"""Training of a CLIP model's towers."""

import math
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from ...items._equals import groups_of_equals
from ...items._images import Images, image_keys
from .._contrastive import LOWEST_TEMPERATURE, count_batches, info_nce, sigmoid_loss
from ._config import ICONS, Model, has_weights
from ._loader import ImageLoader
from ._lora import merged, with_adapters
from ._open_clip import Network
from ._towers import Autocast, device_of, encode_images, encode_texts
from ._weights_file import TOWERS

LORA_RATE = 2e-4
WARM_UP = 0.1  # share of the steps in which the learning rate rises


def train(
    network: Network,
    images: Images,
    texts: list[str],
    tokens: Any,
    rng: np.random.RandomState,
    *,
    trainable: str,
    loss: str,
    learning_rate: float,
    max_epochs: int,
    batch_size: int,
    weight_decay: float,
    autocast: Autocast,
    grad_checkpointing: bool = False,
    torch_compile: bool = False,
    verbose: int = 0,
) -> list[dict[str, float]]:
    """Train the network's towers in place; return the history of the training.

    `tokens`, of shape (n, context_length), are what its tokenizer makes of the texts.
    `trainable` may be "lora": adapters are trained then, and merged at the end.
    """
    import torch
    from tqdm import tqdm

    module, device = network.module, device_of(network)
    loader = ImageLoader(network.config["preprocess_cfg"], device)
    # Texts with the same tokens are equal, for the network cannot tell them apart.
    keys = map(bytes, tokens.numpy()), image_keys(images)
    groups = [torch.as_tensor(g, device=device) for g in groups_of_equals(*keys)]
    # A locked tower runs once; where none is, images are loaded batch by batch.
    locked_images = locked_texts = None
    if trainable == "text":
        locked_images = encode_images(network, images, autocast, unit=True).to(device)
    if trainable == "image":
        locked_texts = encode_texts(network, texts, autocast, unit=True).to(device)
    else:
        tokens = tokens.to(device)

    n_batches = count_batches(len(texts), batch_size)
    adapted = with_adapters(module).to(device) if trainable == "lora" else None
    encode_image, encode_text = module.encode_image, module.encode_text
    if torch_compile:
        encode_image, encode_text = map(torch.compile, (encode_image, encode_text))
    if grad_checkpointing:
        module.set_grad_checkpointing(True)
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
            # Every epoch meets all pairs once, in batches of its own.
            batches = np.array_split(rng.permutation(len(texts)), n_batches)
            if locked_images is None:
                pixels = loader.batches(images, batches, "X")
            else:
                pixels = repeat(None, n_batches)
            for chosen, batch in zip(batches, pixels, strict=True):
                rows = torch.as_tensor(chosen, device=device)
                # Features of both sides, out of the tower or as it gave them before.
                with autocast:
                    if locked_images is None:
                        x_features = encode_image(batch, normalize=True)
                    else:
                        x_features = locked_images[rows]
                    if locked_texts is None:
                        some_tokens = tokens[rows]
                        y_features = encode_text(some_tokens, normalize=True)
                    else:
                        y_features = locked_texts[rows]
                # The loss, in full precision; equal items are no negatives.
                features = x_features.float(), y_features.float()
                some = [group[rows] for group in groups]
                if loss == "clip":
                    value = info_nce(*features, module.logit_scale, some)
                else:
                    scale, bias = module.logit_scale, module.logit_bias
                    value = sigmoid_loss(*features, scale, bias, some)
                # One step downhill; the scale stays within CLIP's bounds.
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
    if grad_checkpointing:
        module.set_grad_checkpointing(False)
    if adapted is not None:
        merged(adapted)
    module.eval()
    return history


def default_rate(
    network: Network, trainable: str, model: Model, pretrained: str | Path | None
) -> float:
    """Return the learning rate where none is given: low for weights that know."""
    trained = {trainable} if trainable in TOWERS else TOWERS
    if not has_weights(model, pretrained) or trained & network.drawn:
        return 1e-3
    if trainable == "lora":
        return LORA_RATE
    return 1e-4 if pretrained == ICONS else 1e-5


def _parameter_groups(
    module: Any, trainable: str, weight_decay: float
) -> list[dict[str, Any]]:
    """Lock what is not trained; return the rest, with and without weight decay."""
    decayed, others = [], []
    for name, parameter in module.named_parameters():
        scale = name.startswith("logit_")
        tower = "image" if name.startswith("visual.") else "text"
        adapter = trainable == "lora" and ".lora_" in name
        parameter.requires_grad_(scale or adapter or trainable in ("all", tower))
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


def _warm_up_and_cosine(n_steps: int) -> Callable[[int], float]:
    """Return the share of the learning rate as a function of the step."""
    rising = max(1, round(WARM_UP * n_steps))

    def share(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1, n_steps - rising)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return share
