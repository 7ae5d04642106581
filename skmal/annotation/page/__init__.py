"""The page that people answer on."""

from ._serve import serve

__all__ = ["serve"]
