"""CLIPEncoder: a CLIP model of open_clip behind fit and transform."""

from ._encoder import CLIPEncoder

__all__ = ["CLIPEncoder"]
