"""Weights out of a file: those of a whole model, or of one tower."""

from collections.abc import Iterable
from typing import Any

from ._timm import classifier_of

TOWERS = frozenset({"image", "text"})
TEXT_PROJECTIONS = ("text_projection", "text.text_projection", "text.proj")


def load_file(module: Any, path: str) -> frozenset[str]:
    """Load what a file holds; return the towers that it lacks, which stay as drawn.

    A file of one tower holds all of it by the names of the model's `state_dict`; it
    may lack the projection into the shared space.
    """
    import open_clip

    try:
        open_clip.load_checkpoint(module, path, weights_only=True)
    except (KeyError, RuntimeError):  # names are missing, or the file is another's
        state = open_clip.factory.load_state_dict(path, weights_only=True)
        held = _whole_towers(module, state)
        if not held:
            raise
        module.load_state_dict(module.state_dict() | state)
        return TOWERS - held
    return frozenset()


def _whole_towers(module: Any, names: Iterable[str]) -> frozenset[str]:
    """Return the towers that these weights are all of; none where others are there."""
    names, own = set(names), module.state_dict().keys()
    if not names <= own:
        return frozenset()
    projections = (*TEXT_PROJECTIONS, "visual.proj", "visual.head", "logit_")
    if hasattr(module.visual, "trunk"):
        last = classifier_of(module.visual.trunk)
        projections += (f"visual.trunk.{last}.",)
    # What a tower is without: its projection, the scale, and counts that nobody reads.
    needed = {
        name
        for name in own
        if not name.startswith(projections) and not name.endswith("batches_tracked")
    }
    images = {name for name in needed if name.startswith("visual.")}
    parts = {"image": images, "text": needed - images}
    held = {tower for tower, part in parts.items() if part <= names}
    partly = any(part & names for tower, part in parts.items() if tower not in held)
    return frozenset() if partly else frozenset(held)
