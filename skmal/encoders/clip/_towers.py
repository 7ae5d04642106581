"""Features of images and texts out of a CLIP model's towers."""

from sklearn.utils import gen_batches

from ...items._containers import check_sequence
from ...items._equals import number_equals
from ...items._images import image_keys
from ._loader import ImageLoader

TRANSFORM_BATCH = 256  # items that go through a tower together, without gradients


def check_texts(texts, name):
    """Return texts as a list of str, or raise."""
    check_sequence(texts, name, "a sequence of str")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"{name}[{row}] must be a str, got {type(text).__name__} {text!r:.60}"
            )
    return [str(text) for text in texts]


def _device_of(network):
    return next(network.module.parameters()).device


def _encode_images(network, images, autocast, unit, host=True):
    """Return features of checked images, shape (n, width), float32, on the CPU.

    Where `host` is False they are on the device, in the tower's precision. Equal
    images, such as one that several captions belong to, are encoded once.
    """
    loader = ImageLoader(network.config["preprocess_cfg"], _device_of(network))
    item, first = number_equals(image_keys(images))
    rows = [first[batch] for batch in gen_batches(len(first), TRANSFORM_BATCH)]
    batches = loader.batches(images, rows, "X")
    encode_image = network.module.encode_image
    return _run_tower(network, encode_image, batches, autocast, unit, host)[item]


def _encode_texts(network, texts, autocast, unit, host=True):
    """Return features of checked texts; see `_encode_images`."""
    batches = gen_batches(len(texts), TRANSFORM_BATCH)
    tokens = (network.tokenizer(texts[batch]) for batch in batches)
    return _run_tower(network, network.module.encode_text, tokens, autocast, unit, host)


def _run_tower(network, tower, batches, autocast, unit, host):
    import torch

    network.module.eval()
    device = _device_of(network)
    features = []
    with torch.inference_mode(), autocast:
        for batch in batches:
            out = tower(batch.to(device))
            found = out.float()
            if unit:
                found = torch.nn.functional.normalize(found, dim=-1)
            features.append(found.cpu() if host else found.to(out.dtype))
    return torch.cat(features)
