"""One picture, however it is stored and in whatever form it comes."""

import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import chunk, encoded, exif, image_files, in_mode, stored, with_chunk
from PIL import Image, ImageDraw

from skmal.items._faults import fault_of
from skmal.items._formats import readable_formats
from skmal.items._pictures import UnreadableImage, read_picture

INK = np.zeros((20, 30), bool)
INK[3:9, 4:25] = INK[9:17, 4:8] = INK[12, 20] = True
PLAIN = Image.fromarray(np.where(INK, 0, 255).astype(np.uint8)).convert("RGB")
EXACT = {
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1},
    "JPEG": {"quality": 100, "subsampling": 0},
    "MPO": {"quality": 100, "subsampling": 0},
}


def pixels(image):
    """Return what everybody reads, the same of a file and of PIL objects."""
    found = read_picture(image)
    assert found.mode == "RGB"
    read = np.asarray(found).astype(int)
    if not isinstance(image, Image.Image):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = Image.open(image)
        with opened as lazy:
            np.testing.assert_array_equal(np.asarray(read_picture(lazy)), read)
            np.testing.assert_array_equal(np.asarray(read_picture(lazy)), read)
            copy = np.asarray(read_picture(lazy.copy()))
        np.testing.assert_array_equal(copy, read)
    return read


def assert_plain(read, apart=0):
    expected = np.asarray(PLAIN).astype(int)
    assert read.shape == expected.shape
    assert np.abs(read - expected).max() <= apart


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_read_upright(tmp_path, name, orientation):
    if name not in readable_formats() and name != "MPO":
        pytest.skip(f"nothing here reads {name}")
    picture = stored(PLAIN, orientation)
    (tmp_path / "a").write_bytes(
        encoded(picture, name, exif=exif(orientation), **EXACT[name])
    )
    assert_plain(pixels(tmp_path / "a"), apart=3 if name in ("JPEG", "MPO") else 0)


@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP"])
def test_what_was_read_is_not_turned_again(tmp_path, name):
    content = encoded(stored(PLAIN, 6), name, exif=exif(6), **EXACT[name])
    (tmp_path / "a").write_bytes(content)
    once = read_picture(tmp_path / "a")
    assert_plain(pixels(once))
    once.save(tmp_path / "again.png")
    assert_plain(pixels(tmp_path / "again.png"))
    assert once.info == {}


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
def test_png_may_say_so_before_and_behind_its_pixels(tmp_path, before):
    data = exif(6).removeprefix(b"Exif\0\0")
    png = with_chunk(encoded(stored(PLAIN, 6), "PNG"), b"eXIf", data, before)
    (tmp_path / "a.png").write_bytes(png)
    assert_plain(pixels(tmp_path / "a.png"))


def test_every_page_of_a_tiff_may_be_turned_and_the_first_is_read(tmp_path):
    turned = stored(PLAIN, 5)
    turned.save(tmp_path / "a.tif", save_all=True, append_images=[turned], exif=exif(5))
    assert_plain(pixels(tmp_path / "a.tif"))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_tiffs_that_pillow_would_map_are_read_upright(tmp_path, mode, orientation):
    picture = in_mode(PLAIN.convert("RGBA"), mode)
    tags = {0x0112: orientation}
    stored(picture, orientation).save(tmp_path / "a.tif", tiffinfo=tags)
    assert_plain(pixels(tmp_path / "a.tif"))


@pytest.mark.parametrize("orientation", [0, 9, 700, "6", (6, 6), None, 6.5])
def test_a_strange_orientation_is_none(orientation):
    image = PLAIN.copy()
    image.getexif()[0x0112] = orientation
    assert_plain(pixels(image))


@pytest.mark.parametrize(
    "junk", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff", b"x"]
)
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_with_damaged_exif_a_picture_is_as_it_lies(tmp_path, junk, name):
    (tmp_path / "a").write_bytes(encoded(PLAIN, name, exif=junk, **EXACT[name]))
    assert_plain(pixels(tmp_path / "a"), apart=3)


# ------------------------------------------------------------------ transparency


def transparent(kind):
    """Return the bytes of a file with the ink in its alpha channel, or left by it."""
    alpha = Image.fromarray(np.where(INK, 255, 0).astype(np.uint8))
    black = Image.new("L", PLAIN.size)
    if kind == "LA PNG":
        return encoded(Image.merge("LA", (black, alpha)), "PNG")
    if kind == "LA TIFF":
        return encoded(Image.merge("LA", (black, alpha)), "TIFF")
    rgba = Image.merge("RGBA", (black, black, black, alpha))
    if kind.startswith("RGBA"):
        name = kind.split()[1]
        lossless = {"quality": 100} if name == "AVIF" else EXACT.get(name, {})
        return encoded(rgba, name, **lossless)
    if kind == "GIF":
        return encoded(rgba, "GIF")
    if kind == "animated WEBP":
        more = {"save_all": True, "append_images": [Image.new("RGBA", PLAIN.size)]}
        return encoded(rgba, "WEBP", lossless=True, **more)
    # What is transparent is black, too: index 0, value 0, (0, 0, 0).
    if kind.startswith("P PNG"):
        index = Image.fromarray(INK.astype(np.uint8)).convert("P")
        index.putpalette([0, 0, 0, 0, 0, 0])
        transparency = b"\0\xff" if kind.endswith("bytes") else 0
        return encoded(index, "PNG", transparency=transparency)
    value = Image.fromarray(INK.astype(np.uint8))  # 1 is nearly black
    if kind == "1 PNG":
        white = Image.fromarray(~INK).convert("1")
        return encoded(white, "PNG", transparency=255)
    if kind == "L PNG":
        return encoded(value, "PNG", transparency=0)
    return encoded(value.convert("RGB"), "PNG", transparency=(0, 0, 0))


@pytest.mark.parametrize(
    "kind",
    [
        "RGBA PNG",
        "RGBA TIFF",
        "RGBA WEBP",
        "RGBA JPEG2000",
        "RGBA AVIF",
        "RGBA HEIF",
        "LA PNG",
        "LA TIFF",
        "P PNG index",
        "P PNG bytes",
        "1 PNG",
        "L PNG",
        "RGB PNG",
        "GIF",
        "animated WEBP",
    ],
)
def test_what_is_transparent_lies_on_white(tmp_path, kind):
    if kind.split()[-1] in ("AVIF", "HEIF", "JPEG2000") and (
        kind.split()[-1] not in readable_formats()
    ):
        pytest.skip("nothing here reads it")
    (tmp_path / "a").write_bytes(transparent(kind))
    assert_plain(pixels(tmp_path / "a"), apart=1 if kind in ("L PNG", "RGB PNG") else 0)


@pytest.mark.parametrize(
    ("colour", "depth", "row", "transparent", "expected"),
    [
        (0, 1, b"\x50", b"\0\0", [255, 255, 255, 255]),
        (0, 1, b"\x50", b"\0\1", [0, 255, 0, 255]),
        (0, 2, b"\x1b", b"\0\1", [0, 255, 170, 255]),
        (0, 4, b"\x15\x91", b"\0\5", [17, 255, 153, 17]),
        (0, 8, b"\x15\x91\5\6", b"\0\5", [21, 145, 255, 6]),
        (2, 16, b"\x21\7" * 6 + b"\x51\0" * 6, b"\x21\7" * 3, [255, 255, 81, 81]),
    ],
)
def test_transparent_values_of_every_depth(
    tmp_path, colour, depth, row, transparent, expected
):
    head = struct.pack(">IIBBBBB", 4, 1, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"tRNS", transparent)
    chunks += chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    found = np.asarray(read_picture(tmp_path / "a.png"))[0, :, 0]
    assert found.tolist() == expected
    with Image.open(tmp_path / "a.png") as image:
        for _ in range(2):
            assert np.asarray(read_picture(image))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La", "PA"])
def test_pil_images_of_every_transparent_mode(mode):
    alpha = Image.fromarray(np.where(INK, 255, 0).astype(np.uint8))
    black = Image.new("L", PLAIN.size)
    rgba = Image.merge("RGBA", (black, black, black, alpha))
    if mode == "PA":
        image = Image.new("P", PLAIN.size).convert("PA")
        image.putalpha(alpha)
    elif mode in ("LA", "La"):
        image = rgba.convert("LA").convert(mode)
    else:
        image = rgba.convert(mode)
    assert image.mode == mode
    before = image.tobytes(), image.mode
    assert_plain(pixels(image))
    assert (image.tobytes(), image.mode) == before


def test_half_transparent_ink_is_mixed_with_white():
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 51))
    assert read_picture(image).getpixel((0, 0)) == (244, 204, 204)


def test_forty_drawings_on_nothing_are_forty_pictures():
    found = set()
    for i in range(40):
        image = Image.new("RGBA", (64, 64))
        ImageDraw.Draw(image).ellipse((i / 3, 9, 50, 50 - i % 3), fill="black")
        found.add(read_picture(image).tobytes())
    assert len(found) == 40


# ------------------------------------------------------------------ modes


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_inks_are_read_as_colours(tmp_path, name):
    colours = Image.new("RGB", (16, 16), (250, 200, 30))
    options = {"quality": 100} if name == "JPEG" else {}
    (tmp_path / "a").write_bytes(encoded(colours.convert("CMYK"), name, **options))
    found = np.asarray(read_picture(tmp_path / "a")).astype(int)
    assert np.abs(found - (250, 200, 30)).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "LAB", "RGBX"])
def test_modes_are_converted_as_pillow_does(mode):
    image = in_mode(PLAIN.convert("RGBA"), mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(np.asarray(read_picture(image)), expected)


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
@pytest.mark.parametrize("name", ["PNG", "TIFF", "PPM"])
def test_more_than_8_bits_of_grey_are_refused(tmp_path, mode, name):
    image = in_mode(PLAIN.convert("RGBA"), mode)
    with pytest.raises(
        UnreadableImage, match=f"^mode {mode}, more than 8 bits a pixel"
    ):
        read_picture(image)
    if (name == "PNG" and mode != "I;16") or (mode, name) == ("F", "PPM"):
        return  # there is no such file, or one of another kind
    (tmp_path / "a").write_bytes(encoded(image, name))
    with pytest.raises(UnreadableImage, match="^mode .*, more than 8 bits a pixel"):
        read_picture(tmp_path / "a")


def test_the_first_frame_is_read(tmp_path):
    frames = [Image.new("L", (9, 9), value) for value in (10, 200)]
    for name in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        path = tmp_path / name
        lossless = {} if name == "AVIF" else {"lossless": True}
        frames[0].save(path, name, save_all=True, append_images=frames[1:], **lossless)
        assert abs(read_picture(path).getpixel((4, 4))[0] - 10) <= 2


def test_arrays_are_read_in_every_form():
    colours = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    for array in (
        colours,
        np.moveaxis(colours, -1, 0),
        colours[:, :, ::-1][:, :, ::-1],
    ):
        np.testing.assert_array_equal(np.asarray(read_picture(array)), colours)
    grey = read_picture(colours[..., 0])
    np.testing.assert_array_equal(np.asarray(grey)[..., 1], colours[..., 0])


# ------------------------------------------------------------------ who asks


def test_pil_images_are_not_changed_and_are_not_shared():
    image = stored(PLAIN, 6)
    image.info["exif"] = exif(6)
    before = image.tobytes(), image.size, image.mode, dict(image.info)
    found = read_picture(image)
    assert (image.tobytes(), image.size, image.mode, dict(image.info)) == before
    upright = PLAIN.copy()
    found = read_picture(upright)
    found.putpixel((0, 0), (1, 2, 3))
    assert upright.getpixel((0, 0)) == (255, 255, 255)


def test_one_object_may_be_read_by_many_threads(tmp_path):
    big = PLAIN.resize((900, 600), Image.Resampling.NEAREST)
    (tmp_path / "a.png").write_bytes(encoded(stored(big, 6), "PNG", exif=exif(6)))
    for _ in range(5):
        image = Image.open(tmp_path / "a.png")
        start = threading.Barrier(8)

        def read(_, image=image, start=start):
            start.wait()
            return read_picture(image).tobytes()

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(read, range(8))) == {big.tobytes()}


def test_what_could_not_be_loaded_cannot_be_loaded_later(tmp_path):
    deflated = {"compression": "tiff_adobe_deflate"}
    content = bytearray(encoded(PLAIN, "TIFF", **deflated))
    content[content.index(b"\x78\x9c") + 4] ^= 255
    (tmp_path / "a.tif").write_bytes(content)
    with Image.open(tmp_path / "a.tif") as image:
        for _ in range(3):  # Pillow gives black pixels the second time
            with pytest.raises(UnreadableImage, match="decoder error -2"):
                read_picture(image)


def test_warnings_of_pillows_are_no_failures(tmp_path, monkeypatch):
    index = Image.fromarray(INK.astype(np.uint8)).convert("P")
    index.putpalette([255, 255, 255, 0, 0, 0])
    (tmp_path / "p.png").write_bytes(encoded(index, "PNG", transparency=b"\0\xff"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_plain(pixels(tmp_path / "p.png"))
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)  # warns, for 600
        assert_plain(pixels(index))
        assert_plain(np.asarray(read_picture(tmp_path / "p.png")).astype(int))
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 299)
        with pytest.raises(UnreadableImage, match="more pixels than the 598 that Pill"):
            read_picture(tmp_path / "p.png")
        assert warnings.filters[0][0] == "error"


def test_a_smaller_picture_may_be_asked_for(tmp_path):
    PLAIN.resize((1200, 800)).save(tmp_path / "a.jpg", exif=exif(6))
    assert read_picture(tmp_path / "a.jpg", side=300).size == (200, 300)
    assert read_picture(tmp_path / "a.jpg", side=301).size == (400, 600)
    assert read_picture(tmp_path / "a.jpg", side=5000).size == (800, 1200)


@settings(max_examples=100)
@given(
    st.sampled_from(["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK"]),
    st.sampled_from([None, 0, 9, b"\0\x80", (0, 0, 0), (1, 2), "x", 1.5]),
    st.integers(1, 8),
    st.booleans(),
)
def test_pil_images_are_read_whatever_they_carry(mode, value, orientation, turned):
    rgba = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    image = in_mode(Image.fromarray(rgba), mode)
    plain = np.asarray(read_picture(image))
    before = image.tobytes(), image.size
    if turned:
        image = stored(image, orientation)
        image.info["exif"] = exif(orientation)
    if value is not None:
        image.info["transparency"] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = np.asarray(read_picture(image))
    assert found.shape == (5, 7, 3)
    meant = {"1": int, "L": int, "P": (int, bytes), "RGB": tuple}.get(mode, ())
    if not isinstance(value, meant) or value == (1, 2):
        np.testing.assert_array_equal(found, plain)
    else:
        assert (found >= plain).all()  # some are white now
    if not turned:
        assert (image.tobytes(), image.size) == before


@settings(max_examples=150)
@given(image_files())
def test_a_file_is_read_in_one_way_or_refused_with_one_message(tmp_path_factory, file):
    name, mode, damage, content = file
    path = tmp_path_factory.mktemp("image") / "a"
    path.write_bytes(content)
    told = {}
    for strict in (False, True):
        for form in ("path", "object", "side"):
            with warnings.catch_warnings():
                warnings.simplefilter("error" if strict else "ignore")
                try:
                    if form == "object":
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore")
                            image = Image.open(path, formats=readable_formats())
                        with image:
                            told[strict, form] = read_picture(image).tobytes()
                    else:
                        side = 9999 if form == "side" else None
                        told[strict, form] = read_picture(path, side).tobytes()
                except UnreadableImage as error:
                    told[strict, form] = str(error)
                except Exception:  # what Pillow's own `open` says
                    assert form == "object"
                    told[strict, form] = "not opened"
            fault = fault_of(path)
            refused = isinstance(told[strict, "path"], str)
            # Flipped bits in a JPEG may be found only by who decodes it.
            assert (fault is not None) == refused or (name, damage) == ("JPEG", "flips")
            assert fault is None or fault == told[strict, "path"]
    assert told[True, "path"] == told[False, "path"] == told[True, "side"]
    assert told[True, "object"] == told[False, "object"]
    seen = told[False, "path"], told[False, "object"]
    if all(isinstance(one, bytes) for one in seen):
        assert seen[0] == seen[1]
    if isinstance(seen[0], bytes):  # whatever is read of a file is read of an object
        assert isinstance(seen[1], bytes)
    if damage in ("none", "junk exif"):
        assert isinstance(seen[0], bytes) == (mode not in ("I", "I;16", "F"))
    if damage in ("empty", "html", "apple double", "text"):
        assert isinstance(seen[0], str)
    cut = ("JPEG", "WEBP", "AVIF", "HEIF", "GIF")
    if name in cut and damage == "zeros" and len(content) > 40:
        assert isinstance(seen[0], str)
