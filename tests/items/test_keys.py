"""Keys of items without a name; journals rest on them, so they never change."""

import numpy as np
from PIL import Image

from skmal.items._keys import content_hash, content_keys, distinct_keys


def test_equal_keys_are_numbered():
    assert distinct_keys(["a", "b", "a", "a"]) == ["a", "b", "a-2", "a-3"]


def test_keys_of_journals_that_are_there_stay():
    assert content_keys(["a fox", "", "a fox"], "y") == [
        "5ebbe2a2650a5e157c4f",
        "e3b0c44298fc1c149afb",
        "5ebbe2a2650a5e157c4f-2",
    ]


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    (tmp_path / "a").write_bytes(b"a fox")
    assert content_hash(tmp_path / "a", "X") == content_hash("a fox", "X")


def test_pixels_are_known_with_their_shape():
    black = np.zeros((2, 3), np.uint8)
    assert content_hash(black, "X") != content_hash(black.T, "X")
    images = Image.fromarray(black), Image.fromarray(np.zeros((3, 2), np.uint8))
    assert content_hash(images[0], "X") != content_hash(images[1], "X")


def test_pil_images_are_known_by_what_people_see():
    drawings = []
    for colour in (0, 200):
        drawing = Image.new("P", (4, 4))
        drawing.putpalette([colour] * 3 + [255 - colour] * 3)
        drawings.append(drawing)
    first, second = (content_hash(drawing, "X") for drawing in drawings)
    assert first != second
    assert content_hash(drawings[0].convert("RGB"), "X") == first
