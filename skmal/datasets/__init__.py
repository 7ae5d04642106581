"""Pairs to try things on: real ones that come with the package, and made ones."""

from ._colorswap import make_colorswap
from ._glyphs import load_glyphs

__all__ = ["load_glyphs", "make_colorswap"]
