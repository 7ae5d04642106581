"""Pools of raw pictures and captions, small enough for the CLIP of the package."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from real_pairs import clipart, distinct, openmoji

from skmal.datasets import load_glyphs

SIDE = 32  # pixels of what the network sees
POOLS = ("glyphs", "openmoji", "clipart")
FROM_PACKAGES = {"openmoji": openmoji, "clipart": clipart}


def raw_pool(
    name: str, packages: Path | None, cache: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of 32 x 32 pixels and captions, row by row.

    Glyphs come with skmal. The others are drawn from the packages that `real_pairs.py`
    names, and kept in `cache`.
    """
    if name == "glyphs":
        X, y = load_glyphs(return_X_y=True)
        return X, np.array(y)
    file = cache / f"{name}-{SIDE}.npz"
    if not file.exists():
        if packages is None:
            raise FileNotFoundError(f"{file} is missing: pass --packages to make it")
        pictures, captions = [], []
        for picture, caption in distinct(FROM_PACKAGES[name](packages)):
            small = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            pictures.append(np.asarray(small))
            captions.append(caption)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, X=np.stack(pictures), y=np.array(captions))
    with np.load(file) as stored:
        return stored["X"], stored["y"]


def network_of_icons() -> dict[str, Any]:
    """Return the configuration of the network whose weights are in the package."""
    folder = files("skmal.encoders.clip") / "icons"
    return json.loads((folder / "open_clip_config.json").read_text())
