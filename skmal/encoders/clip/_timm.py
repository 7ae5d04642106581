"""Image towers that are models of timm's."""

from typing import Any


def classifier_of(trunk: Any) -> str:
    """Return the name of the last layer of a model of timm's, "" where it has none."""
    last = trunk.get_classifier()
    return next((name for name, layer in trunk.named_modules() if layer is last), "")
