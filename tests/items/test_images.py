"""Images as people pass them."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from skmal.items._images import check_images, image_keys


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 8, 8)), "X has dtype float64, but pixels are uint8 .*255"),
        (np.zeros((2, 8, 8), bool), "X has dtype bool"),
        (np.zeros((2, 8), np.uint8), r"X has shape \(2, 8\); images must be a uint8"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"X has shape \(2, 8, 8, 4\)"),
        (np.zeros((2, 0, 8), np.uint8), r"X has shape \(2, 0, 8\)"),
        ([np.zeros((8, 8), np.uint8), np.zeros((8, 8))], r"X\[1\] has dtype float64"),
        ([np.zeros((1, 8, 8), np.uint8)], r"X\[0\] has shape \(1, 8, 8\)"),
        (["a.png", 7], r"X\[1\] must be a path, a PIL image .* got int 7"),
        (["a.png", b"a.png"], r"X\[1\] must be a path, .* got bytes"),
        (
            [torch.zeros(3, 8, 8, dtype=torch.bfloat16)],
            r"X\[0\] has dtype torch.bfloat",
        ),
        (torch.zeros(2, 3, 8, 8), "X has dtype torch.float32, but pixels are uint8"),
        ([io.BytesIO(b"")], r"X\[0\] must be a path, .* got BytesIO"),
        (np.array([["a.png"]]), r"X has shape \(1, 1\); paths must be in one row"),
        (np.array("a.png"), "X must be a uint8 array .* got ndarray"),
        (
            pd.DataFrame({"path": ["a.png"]}),
            "X must be a .*got DataFrame; .*one column",
        ),
        ({"a.png": 1}, "X must be a uint8 array .* got dict; .*the values as a list"),
        ({"a.png"}, "X must be a uint8 array .* got set"),
        ([], "X is empty; at least one item is needed"),
        (np.zeros((0, 8, 8), np.uint8), "X is empty"),
        ("a.png", "X must be a uint8 array .* got str"),
        (7, "X must be a uint8 array .* got int"),
    ],
)
def test_bad_images_are_named(images, message):
    with pytest.raises(ValueError, match=message):
        check_images(images, "X")


def test_equal_images_have_equal_keys(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    keys = list(image_keys([images[0], images[1], images[0].copy()]))
    assert keys[0] == keys[2] != keys[1]
    picture = Image.fromarray(images[0])
    keys = list(image_keys([Path("a"), Path("b"), Path("a"), picture, picture]))
    assert len(set(keys)) == 3
    assert keys[0] == keys[2]
