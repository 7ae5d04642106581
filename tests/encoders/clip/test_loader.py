"""What a network gets of images as people pass them."""

import threading

import numpy as np
import pytest
import torch
from pictures import encoded, exif, stored
from PIL import Image
from tiny_clip import pixels, quick

from skmal.datasets import load_glyphs
from skmal.encoders.clip._loader import ImageLoader
from skmal.items._images import check_images, check_readable
from skmal.metrics import mean_reciprocal_rank

PREPROCESS = {"size": [32, 32], "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}


@pytest.fixture
def broken(tmp_path):
    """Return paths of a whole image, a truncated one, a text and a missing file."""
    whole = tmp_path / "whole.png"
    Image.fromarray(pixels(1, 64, 64)[0]).save(whole)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:5000])
    text = tmp_path / "text.png"
    text.write_text("no image")
    return {"whole": whole, "cut": cut, "text": text, "gone": tmp_path / "gone.png"}


def load(images, batches=None, name="X", **preprocess):
    """Return all batches in one tensor."""
    images = check_images(images, name)
    batches = [np.arange(len(images))] if batches is None else batches
    loader = ImageLoader(PREPROCESS | preprocess)
    return torch.cat(list(loader.batches(images, batches, name)))


def one_by_one(images, **preprocess):
    """Return what open_clip's own transform makes of arrays."""
    transform = ImageLoader(PREPROCESS | preprocess).transform
    return torch.stack([transform(Image.fromarray(image)) for image in images])


@pytest.mark.parametrize("colours", [0, 3])
@pytest.mark.parametrize("shape", [(32, 32), (48, 40), (20, 32)])
def test_arrays_give_what_open_clip_makes_of_each_image(shape, colours):
    images = pixels(5, *shape, colours)
    expected = one_by_one(images)
    assert expected.shape == (5, 3, 32, 32)
    assert torch.equal(load(images), expected)
    assert torch.equal(load(images, [[4, 0], [2]]), expected[[4, 0, 2]])


@pytest.mark.parametrize("resize_mode", ["shortest", "squash", "longest"])
def test_networks_need_not_be_square_nor_normalise_by_colour(resize_mode):
    some = {"size": [24, 40], "mean": 0.5, "std": 0.2, "resize_mode": resize_mode}
    for shape in [(24, 40), (32, 32)]:
        images = pixels(3, *shape)
        expected = one_by_one(images, **some)
        assert expected.shape == (3, 3, 24, 40)
        assert torch.equal(load(images, **some), expected)


def test_every_form_gives_the_same(tmp_path):
    images = pixels()
    paths = []
    for number, image in enumerate(images):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(paths[-1])
    expected = one_by_one(images)
    forms = {
        "array": images,
        "colours first": np.moveaxis(images, -1, 1),
        "tensor": torch.tensor(np.moveaxis(images, -1, 1)),
        "list of arrays": list(images),
        "list of tensors": [torch.tensor(np.moveaxis(i, -1, 0)) for i in images],
        "PIL images": [Image.fromarray(image) for image in images],
        "paths": paths,
        "strings": [str(path) for path in paths],
        "array of strings": np.array([str(path) for path in paths]),
        "array of objects": np.array(paths, dtype=object),
        "mixed": [paths[0], images[1], Image.fromarray(images[2]), *paths[3:]],
    }
    for name, form in forms.items():
        assert torch.equal(load(form), expected), name


def test_memory_maps_are_read_batch_by_batch(tmp_path):
    np.save(tmp_path / "images.npy", pixels())
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert np.shares_memory(check_images(images, "X"), images)
    assert torch.equal(load(images, [[0, 1], [4]]), one_by_one(images[[0, 1, 4]]))


def test_files_are_opened_when_their_batch_is_near(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.png" for number in range(40)]
    for path, image in zip(paths, pixels(40), strict=True):
        Image.fromarray(image).save(path)
    opened = []
    real = Image.open
    monkeypatch.setattr(
        Image, "open", lambda f, formats: opened.append(f) or real(f, formats=formats)
    )
    images = check_images(paths, "X")
    assert opened == []
    batches = ImageLoader(PREPROCESS).batches(images, np.arange(40).reshape(10, 4), "X")
    before = threading.active_count()
    next(batches)
    assert len(opened) <= 8  # its own, and the next
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        ("cut", ValueError, r"X\[1\]: .*cut.png cannot be read as an image .*replace"),
        ("text", ValueError, r"X\[1\]: .*text.png cannot be read as an image"),
        ("gone", FileNotFoundError, r"X\[1\]: there is no file .*gone.png"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_their_row(
    broken, which, error, message
):
    paths = [broken["whole"], broken[which]]
    with pytest.raises(error, match=message):
        load(paths)
    if which != "cut":  # its head is whole
        with pytest.raises(error, match=message):
            check_readable(check_images(paths, "X"), "X")


def test_a_decompression_bomb_is_refused(broken, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"X\[0\]: .*whole.png cannot be read as an"):
        load([broken["whole"]])


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_more_than_8_bits_are_refused_for_pil_would_clip_them(tmp_path, dtype):
    image = Image.fromarray(np.full((8, 8), 60000, dtype))
    path = tmp_path / "image.tiff"
    image.save(path)
    message = r"X\[0\]: .*more than 8 bits a pixel; scale the values to 0..255"
    with pytest.raises(ValueError, match=message):
        check_readable([path], "X")
    with pytest.raises(ValueError, match=message):
        load([image])


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK"])
def test_every_mode_of_8_bits_is_taken(mode):
    image = Image.fromarray(pixels(1)[0]).convert(mode)
    assert load([image]).shape == (1, 3, 32, 32)


def test_pictures_come_upright_and_on_white(tmp_path):
    drawn = Image.fromarray(pixels(1, 40, 60)[0])
    expected = load([np.asarray(drawn)])
    clear = drawn.convert("RGBA")
    clear.putalpha(Image.new("L", drawn.size, 0))
    turned = Image.Exif()
    turned[0x0112] = 6
    lying = drawn.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "turned.png", exif=turned)
    clear.save(tmp_path / "clear.png")
    white = load([np.full((40, 60, 3), 255, np.uint8)])
    for form in (str, Image.open):
        assert torch.equal(load([form(tmp_path / "turned.png")]), expected)
        assert torch.equal(load([form(tmp_path / "clear.png")]), white)


def test_pil_images_may_be_there_twice_and_are_named_where_they_are_broken(broken):
    Image.fromarray(pixels(1, 900, 900)[0]).save(broken["whole"])
    whole = Image.open(broken["whole"])
    images = load([whole] * 8)
    assert all(torch.equal(image, images[0]) for image in images)
    with (
        Image.open(broken["cut"]) as cut,
        pytest.raises(ValueError, match=r"X\[1\]: it cannot be read as an image"),
    ):
        load([whole, cut])


def test_the_default_dtype_does_not_matter(tmp_path):
    image = Image.fromarray(pixels(1)[0])
    image.save(tmp_path / "image.png")
    expected = load([image])
    torch.set_default_dtype(torch.float64)
    try:
        for images in ([image], [tmp_path / "image.png"], pixels(1)):
            assert load(images).dtype == torch.float32
            torch.testing.assert_close(load(images), expected)
    finally:
        torch.set_default_dtype(torch.float32)


def write_glyphs(folder, kind):
    """Write 48 glyphs, black on white, stored in some way; return their paths."""
    glyphs = load_glyphs().images[100:148] > 127
    folder.mkdir()
    paths = []
    for i, ink in enumerate(glyphs):
        plain = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8))
        alpha = Image.fromarray(np.where(ink, 255, 0).astype(np.uint8))
        black = Image.new("L", plain.size)
        if kind == "plain":
            content = encoded(plain, "PNG")
        elif kind.startswith("turned"):
            name = kind.split()[1]
            lossless = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
            orientation = 1 + i % 8
            turned = stored(plain, orientation)
            content = encoded(
                turned, name, exif=exif(orientation), **lossless.get(name, {})
            )
        elif kind == "LA":
            content = encoded(Image.merge("LA", (black, alpha)), "PNG")
        elif kind == "P":
            index = Image.fromarray(ink.astype(np.uint8)).convert("P")
            index.putpalette([0] * 6)
            content = encoded(index, "PNG", transparency=i % 2 and b"\0\xff")
        else:
            ink_alone = Image.merge("RGBA", (black, black, black, alpha))
            lossless = {"lossless": True} if kind == "WEBP" else {}
            content = encoded(ink_alone, kind, **lossless)
        paths.append(folder / f"{i}")
        paths[-1].write_bytes(content)
    return paths


def test_glyphs_are_learned_alike_however_they_are_stored(tmp_path):
    names = load_glyphs().names[100:148]
    kinds = ["plain", "turned PNG", "turned TIFF", "turned WEBP", "turned JPEG"]
    kinds += ["LA", "P", "PNG", "TIFF", "GIF", "WEBP"]
    read, found = {}, {}
    for kind in kinds:
        paths = write_glyphs(tmp_path / kind, kind)
        read[kind] = load(paths)
        if kind in ("plain", "turned PNG", "PNG"):  # the others are equal
            encoder = quick(max_epochs=1).fit(paths[:24], names[:24])
            found[kind] = mean_reciprocal_rank(*encoder.transform(paths, names))
    jpeg = read.pop("turned JPEG")
    assert (jpeg - read["plain"]).abs().max() < 0.6  # not turned: five
    assert all(torch.equal(read["plain"], other) for other in read.values())
    assert set(found.values()) == {found["plain"]}
