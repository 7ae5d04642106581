"""Images and names, and a small model."""

import pytest
from helpers import MICRO_CLIP

from skmal.datasets import load_glyphs
from skmal.encoders.clip._open_clip import build


@pytest.fixture(scope="module")
def glyphs():
    """Return 60 images and names, of several kinds."""
    X, y = load_glyphs(return_X_y=True)
    return X[40:1240:20], y[40:1240:20]


@pytest.fixture(scope="module")
def network():
    """Return a micro model with random weights."""
    return build(MICRO_CLIP, None, False, seed=3)
