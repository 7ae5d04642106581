"""Images as people are shown them, whatever they are."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from pages import bomb
from pictures import encoded, exif, image_files
from PIL import Image

from skmal.annotation._thumbnails import SIDE, SMALL, thumbnail
from skmal.items._pictures import UnreadableImage, read_picture


def test_thumbnails_of_any_form_are_small(tmp_path):
    Image.new("P", (3000, 1500)).save(tmp_path / "p.png")
    content, mimetype = thumbnail(tmp_path / "p.png")
    assert mimetype == "image/jpeg"
    assert Image.open(BytesIO(content)).size == (SIDE, SIDE // 2)
    assert Image.open(BytesIO(thumbnail(tmp_path / "p.png", 100)[0])).size == (100, 50)
    clear = Image.new("RGBA", (5, 4), (255, 0, 0, 0))
    for image in (
        clear,
        np.full((4, 5), 255, np.uint8),
        np.full((3, 4, 5), 255, np.uint8),
    ):
        shown = Image.open(BytesIO(thumbnail(image)[0]))
        assert shown.size == (5, 4)
        assert shown.getpixel((1, 1)) == (255, 255, 255)


def test_photographs_are_shown_as_they_are_read(tmp_path):
    across = np.linspace(0, 255, 2400)[None, :, None] * [1, 0.5, 0]
    photograph = Image.fromarray(np.repeat(across, 1600, 0).astype(np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 8
    photograph.save(tmp_path / "a.jpg", exif=turned)
    shown = Image.open(BytesIO(thumbnail(tmp_path / "a.jpg")[0]))
    assert shown.size == (512, 768)
    read = read_picture(tmp_path / "a.jpg").resize(shown.size)
    apart = np.abs(np.asarray(read).astype(int) - np.asarray(shown))
    assert apart.max() < 12
    assert apart.mean() < 1


@settings(max_examples=60)
@given(image_files())
def test_people_see_what_the_encoder_sees(tmp_path_factory, file):
    *_, content = file
    path = tmp_path_factory.mktemp("image") / "a"
    path.write_bytes(content)
    try:
        read = np.asarray(read_picture(path))
    except UnreadableImage as error:
        with pytest.raises(UnreadableImage) as raised:
            thumbnail(path)
        assert str(raised.value) == f"the image cannot be read: {error}"
        return
    content, mimetype = thumbnail(path)
    shown = np.asarray(Image.open(BytesIO(content)))
    if max(read.shape) > SMALL:  # a flipped bit in the size that the head claims
        assert mimetype == "image/jpeg"
        return
    assert mimetype == "image/png"
    np.testing.assert_array_equal(shown, read)


def test_thumbnails_carry_nothing_of_what_the_file_says_of_itself(tmp_path):
    said = {"exif": exif(6), "icc_profile": b"a profile of inks", "comment": "secret"}
    for name, mode in (("JPEG", "CMYK"), ("PNG", "RGB"), ("WEBP", "RGB")):
        for size in ((40, 20), (900, 300)):
            picture = Image.new(mode, size)
            (tmp_path / "a").write_bytes(encoded(picture, name, **said))
            shown = Image.open(BytesIO(thumbnail(tmp_path / "a")[0]))
            assert shown.height > shown.width
            assert not {"exif", "icc_profile", "comment"} & set(shown.info)


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
    with pytest.raises(UnreadableImage, match="there is no such file$"):
        thumbnail(tmp_path / "gone.png")
    (tmp_path / "large.png").write_bytes(bomb(20_000))
    with pytest.raises(UnreadableImage, match="more pixels than the 178,956,970 that"):
        thumbnail(tmp_path / "large.png")
    grey = encoded(Image.new("I;16", (9, 9)), "TIFF")
    (tmp_path / "grey.tif").write_bytes(grey)
    with pytest.raises(UnreadableImage, match="mode I;16, more than 8 bits a pixel"):
        thumbnail(tmp_path / "grey.tif")
