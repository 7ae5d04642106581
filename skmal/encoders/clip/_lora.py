"""Low-rank adapters in both towers, trained in place of their weights."""

from importlib import import_module
from typing import Any

RANK = 16
ALPHA = 32  # what they add is multiplied by ALPHA / RANK


def with_adapters(module: Any) -> Any:
    """Put adapters into a model, in place; return what `merged` takes.

    They stand beside every linear layer and every attention of both towers, drawn from
    torch's generator, and add nothing before they are trained.
    """
    try:
        peft = import_module("peft")
    except ImportError as error:
        raise ImportError(
            'trainable="lora" needs peft: pip install "skmal[lora]"'
        ) from error
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=_layers(module))
    return peft.get_peft_model(module, config)


def merged(adapted: Any) -> Any:
    """Return the model with what its adapters learned in its own weights."""
    return adapted.merge_and_unload()


def _layers(module: Any) -> list[str]:
    """Return the names of all linear layers, and of attentions as a whole."""
    from torch.nn import Linear, MultiheadAttention

    found = dict(module.named_modules())
    whole = [n for n, m in found.items() if isinstance(m, MultiheadAttention)]
    inside = tuple(f"{name}." for name in whole)
    linear = [n for n, m in found.items() if isinstance(m, Linear)]
    return whole + [name for name in linear if not name.startswith(inside)]
