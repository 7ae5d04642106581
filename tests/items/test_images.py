"""Images as people pass them."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from skmal.items._images import check_images, image_keys, read_image


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
        (
            np.zeros((32, 24, 3), np.uint8),
            r"X has shape \(32, 24, 3\), which looks like one image and would be read "
            r"as 32 grey ones; pass images\[None\] if it is one, list\(images\) if",
        ),
        (
            np.zeros((32, 24, 4), np.uint8),
            r"images\[None, :, :, :3\] if it is",
        ),
        (
            torch.zeros(32, 24, 3, dtype=torch.uint8),
            r"pass images\[None\] if it is one",
        ),
        (
            np.ma.masked_equal(np.eye(8, dtype=np.uint8)[None], 1),
            r"X is a masked .*images.filled\(255\)",
        ),
        (
            [np.ma.masked_equal(np.eye(8, dtype=np.uint8), 1)],
            r"X\[0\] is a masked array",
        ),
        (
            ["a.png", "https://e.org/a.png"],
            r"X\[1\] is 'https://e.org/a.png', an ad",
        ),
        ([Path("https://e.org/a.png")], r"X\[0\] is 'https:/e.org/a.png', an address"),
        (["file:///a.png"], "an address; download what is there, and pass the path"),
        (["s3://bucket/a.png"], "an address"),
        (["data:image/png;base64,iVBO"], "an address"),
        ([], "X is empty; at least one item is needed"),
        (np.zeros((0, 8, 8), np.uint8), "X is empty"),
        ("a.png", "X must be a uint8 array .* got str"),
        (7, "X must be a uint8 array .* got int"),
    ],
)
def test_bad_images_are_named(images, message):
    with pytest.raises(ValueError, match=message):
        check_images(images, "X")


def test_what_the_refusals_name_is_taken():
    image = np.zeros((32, 24, 3), np.uint8)
    assert len(check_images(image[None], "X")) == 1
    assert len(check_images(list(image), "X")) == 32
    unmasked = check_images(np.ma.array(image[None]), "X")
    assert type(unmasked) is np.ndarray
    assert check_images([r"C:\a.png", "C:/a.png", "a:b.png"], "X")


def test_equal_images_have_equal_keys(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    keys = list(image_keys([images[0], images[1], images[0].copy()]))
    assert keys[0] == keys[2] != keys[1]
    picture = Image.fromarray(images[0])
    keys = list(image_keys([Path("a"), Path("b"), Path("a"), picture, picture]))
    assert len(set(keys)) == 3
    assert keys[0] == keys[2]


def test_one_file_has_one_key_however_its_path_is_written(tmp_path, monkeypatch):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "hard.png").hardlink_to(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    same = ["a.png", "./a.png", "folder/a.png", "link.png", "hard.png"]
    keys = list(image_keys(check_images([*same, tmp_path / "a.png"], "X")))
    assert len(set(keys)) == 1
    (other,) = image_keys([Path("b.png")])
    assert other not in keys
    assert len(set(image_keys([Path("gone.png"), Path("gone.png"), Path("c\0")]))) == 2


def test_one_file_opened_twice_is_one_image(tmp_path):
    drawn = np.random.default_rng(0).integers(0, 256, (9, 9, 4), np.uint8)
    Image.fromarray(drawn).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "a.png") as two:
        two.load()
        assert len(set(image_keys([one, two, one, two.copy()]))) == 1
        two.putpixel((4, 4), (1, 2, 3, 255))  # it is another picture now
        assert len(set(image_keys([one, two]))) == 2


def test_pil_images_that_cannot_be_read_have_keys_of_their_own(tmp_path):
    Image.fromarray(np.eye(99, dtype=bool)).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    cut = tmp_path / "cut.png"
    with Image.open(cut) as one, Image.open(cut) as two:
        assert len(set(image_keys([one, two, one]))) == 2


def test_reading_names_the_image_and_its_place(tmp_path):
    Image.new("F", (4, 4)).save(tmp_path / "f.tif")
    message = r"X\[3\]: .*f.tif cannot be read as an image \(mode F.*\); replace it"
    with pytest.raises(ValueError, match=message):
        read_image(tmp_path / "f.tif", "X[3]")
    with pytest.raises(FileNotFoundError, match=r"X\[3\]: there is no file .*gone.png"):
        read_image(tmp_path / "gone.png", "X[3]")
    with pytest.raises(ValueError, match=r"y\[0\]: it cannot be read .*mode I;16"):
        read_image(Image.new("I;16", (4, 4)), "y[0]")
