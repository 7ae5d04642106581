"""Features of images and texts out of a CLIP model's towers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from sklearn.utils import gen_batches

from ...arrays._verbs import take
from ...items._equals import number_equals
from ...items._faults import find_faults
from ...items._images import Images, image_keys
from ._loader import ImageLoader
from ._open_clip import Network
from ._timm import classifier_of

if TYPE_CHECKING:
    import torch

Autocast = AbstractContextManager[Any]
TRANSFORM_BATCH = 256  # items that go through a tower together, without gradients


def device_of(network: Network) -> "torch.device":
    """Return the device that a network's weights are on."""
    return next(network.module.parameters()).device


def autocast_on(device: "torch.device", precision: str) -> Autocast:
    """Return a context in which torch computes with the wanted precision there."""
    import torch

    bf16 = precision == "bf16"
    if precision == "auto" and device.type == "cuda":  # older ones emulate it
        bf16 = torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)


def encode_images(
    network: Network, images: Images, autocast: Autocast, unit: bool, host: bool = True
) -> "torch.Tensor":
    """Return features of checked images, shape (n, width), float32, on the CPU.

    Where `host` is False they are on the device, in the tower's precision. Equal
    images, such as one that several captions belong to, are encoded once.
    """
    loader = ImageLoader(network.config["preprocess_cfg"], device_of(network))
    item, first = number_equals(image_keys(images))
    rows = [first[batch] for batch in gen_batches(len(first), TRANSFORM_BATCH)]
    batches = loader.batches(images, rows, "X")
    encode_image = network.module.encode_image
    return _run_tower(network, encode_image, batches, autocast, unit, host)[item]


def encode_readable(
    network: Network,
    images: Images,
    autocast: Autocast,
    unit: bool,
    host: bool,
    verbose: int,
    thorough: bool = False,
) -> "torch.Tensor":
    """Return what `encode_images` does, with rows of NaN for what cannot be read."""
    import torch

    faults = find_faults(images, verbose=verbose, thorough=thorough)
    rows = [row for row in range(len(images)) if row not in faults]
    if not rows:
        row, why = next(iter(faults.items()))
        raise ValueError(
            f"none of the {len(images)} images can be read; X[{row}]: {why}"
        )
    try:
        found = encode_images(network, take(images, rows), autocast, unit, host)
    except (ValueError, FileNotFoundError):  # one that looked whole is not
        if thorough:
            raise
        return encode_readable(network, images, autocast, unit, host, verbose, True)
    if not faults:
        return found
    features = found.new_full((len(images), found.shape[1]), torch.nan)
    features[torch.as_tensor(rows, device=found.device)] = found
    return features


def encode_texts(
    network: Network,
    texts: Sequence[str],
    autocast: Autocast,
    unit: bool,
    host: bool = True,
) -> "torch.Tensor":
    """Return features of checked texts; see `encode_images`."""
    batches = gen_batches(len(texts), TRANSFORM_BATCH)
    tokens = (network.tokenizer(texts[batch]) for batch in batches)
    return _run_tower(network, network.module.encode_text, tokens, autocast, unit, host)


def _run_tower(
    network: Network,
    tower: "Callable[[torch.Tensor], torch.Tensor]",
    batches: "Iterable[torch.Tensor]",
    autocast: Autocast,
    unit: bool,
    host: bool,
) -> "torch.Tensor":
    """Return what a tower makes of all batches, in one tensor."""
    import torch

    network.module.eval()
    device = device_of(network)
    features = []
    with torch.inference_mode(), autocast:
        for batch in batches:
            out = tower(batch.to(device))
            found = out.float()
            if unit:
                found = torch.nn.functional.normalize(found, dim=-1)
            features.append(found.cpu() if host else found.to(out.dtype))
    return torch.cat(features)


def without_projection(module: Any) -> AbstractContextManager[None]:
    """Return a context in which both towers end before their projections.

    Towers that know none (those with attention pooling) stay what they are.
    """
    import torch

    nothing = torch.nn.Identity
    text = getattr(module, "text", module)
    replaced: list[tuple[Any, str, Any]] = []
    if getattr(module.visual, "proj", None) is not None:
        replaced.append((module.visual, "proj", None))
    elif hasattr(module.visual, "trunk") and not hasattr(module.visual.head, "pool"):
        replaced.append((module.visual, "head", nothing()))
        owner, _, name = classifier_of(module.visual.trunk).rpartition(".")
        if name:  # where timm_proj is null, it is the projection
            owner = module.visual.trunk.get_submodule(owner)
            replaced.append((owner, name, nothing()))
    if getattr(text, "text_projection", None) is not None:
        replaced.append((text, "text_projection", None))
    elif hasattr(text, "config") and hasattr(text, "proj"):  # one of Hugging Face's
        replaced.append((text, "proj", nothing()))
    return _replaced(replaced)


@contextmanager
def _replaced(triples: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    """Give each (owner, name, value) its value for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in triples]
    try:
        for owner, name, value in triples:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
