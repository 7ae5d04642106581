"""How unsure an encoder is of an item's partner in the other modality."""

from ._entropy import cross_modal_entropy
from ._margin import cross_modal_margin, cross_modal_top1

__all__ = ["cross_modal_entropy", "cross_modal_margin", "cross_modal_top1"]
