"""Pairs to try things on: real ones that come with the package."""

from ._glyphs import load_glyphs

__all__ = ["load_glyphs"]
