"""Pairs to try things on: real ones in the package, made ones, and your own files."""

from .._shared.naming import name_publicly
from ..items._stored import PackedImage
from ._coco import load_coco_captions
from ._colorswap import load_colorswap
from ._datacomp import Texts, load_datacomp
from ._flickr30k import load_flickr30k
from ._glyphs import load_glyphs
from ._huggingface import load_huggingface
from ._images import load_images
from ._make_colorswap import make_colorswap
from ._pairs import load_pairs
from ._texts import load_texts
from ._webdataset import load_webdataset
from ._winoground import load_winoground

__all__ = [
    "PackedImage",
    "Texts",
    "load_coco_captions",
    "load_colorswap",
    "load_datacomp",
    "load_flickr30k",
    "load_glyphs",
    "load_huggingface",
    "load_images",
    "load_pairs",
    "load_texts",
    "load_webdataset",
    "load_winoground",
    "make_colorswap",
]

name_publicly(__name__, globals(), __all__)
