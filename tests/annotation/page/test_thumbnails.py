"""Images as the page shows them, whatever they are."""

from io import BytesIO

import numpy as np
import pytest
from pages import bomb
from PIL import Image

from skmal.annotation.page._thumbnails import (
    MAX_PIXELS,
    SIDE,
    UnreadableImage,
    thumbnail,
)


def test_thumbnails_of_any_form_are_small(tmp_path):
    Image.new("P", (3000, 1500)).save(tmp_path / "p.png")
    content, mimetype = thumbnail(tmp_path / "p.png")
    assert mimetype == "image/jpeg"
    assert Image.open(BytesIO(content)).size == (SIDE, SIDE // 2)
    clear = Image.new("RGBA", (5, 4), (255, 0, 0, 0))
    for image in (
        clear,
        np.full((4, 5), 255, np.uint8),
        np.full((3, 4, 5), 255, np.uint8),
    ):
        shown = Image.open(BytesIO(thumbnail(image)[0]))
        assert shown.size == (5, 4)
        assert shown.getpixel((1, 1)) == (255, 255, 255)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "t.jpg", exif=turned)
    assert Image.open(BytesIO(thumbnail(tmp_path / "t.jpg")[0])).size == (20, 40)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "x.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    with pytest.raises(UnreadableImage, match="damaged, or in none") as raised:
        thumbnail(tmp_path / "x.png")
    assert str(tmp_path) not in str(raised.value)
    (tmp_path / "cut.png").write_bytes(bomb(100)[:60])
    with pytest.raises(UnreadableImage, match="cannot be read"):
        thumbnail(tmp_path / "cut.png")
    with pytest.raises(UnreadableImage, match="No such file or directory$"):
        thumbnail(tmp_path / "gone.png")
    side = int(MAX_PIXELS**0.5) + 1
    (tmp_path / "large.png").write_bytes(bomb(side))
    with pytest.raises(UnreadableImage, match=f"{side} x {side} pixels, more than"):
        thumbnail(tmp_path / "large.png")
