"""CLIPEncoder: a CLIP model of open_clip behind fit and transform."""

from ._config import ICONS_FOLDER
from ._encoder import CLIPEncoder

__all__ = ["ICONS_FOLDER", "CLIPEncoder"]
