"""Which images cannot be read, and why."""

import os
import re
import threading

import numpy as np
import pytest
from pictures import chunk, damaged, encoded, exif, with_chunk
from PIL import Image, PngImagePlugin

from skmal.items import _faults
from skmal.items._faults import fault_of, find_faults

NOISE = Image.fromarray(
    np.random.default_rng(0).integers(0, 256, (90, 60, 3), np.uint8)
)
JPEG, PNG = encoded(NOISE, "JPEG", quality=98), encoded(NOISE, "PNG")
HUGE = PngImagePlugin.PngInfo()
HUGE.add_text("comment", "x" * (PngImagePlugin.MAX_TEXT_CHUNK + 1), zip=True)
LARGE = encoded(Image.new("1", (20_000, 20_000)), "PNG")

FAULTS = {
    "cut.jpg": (JPEG[: len(JPEG) // 2], "truncated"),
    "cut.png": (PNG[: len(PNG) // 2], "truncated"),
    "cut.webp": (encoded(NOISE, "WEBP")[:300], "decoder"),
    "zeros.jpg": (
        damaged(JPEG, "zeros"),
        r"its last [\d,]+ bytes are zeros: ",
    ),
    "zeros.png": (damaged(PNG, "zeros"), r"its last [\d,]+ bytes are zeros"),
    "zeros.webp": (damaged(encoded(NOISE, "WEBP"), "zeros"), "bytes are zeros"),
    "all zeros.jpg": (bytes(4000), "it begins with zeros alone"),
    "empty.png": (b"", "the file is empty"),
    "html.jpg": (b"\n <!doctype HTML><p>404", r"it is a web page \(HTML\)"),
    "svg.png": (b"<?xml version='1.0'?><svg/>", "it is SVG or another kind of XML"),
    "._a.png": (b"\0\5\x16\7" + bytes(40), r"notes about another file \(AppleDouble\)"),
    "lfs.jpg": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "eps.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "in none of the"),
    "text.png": (b"no image", "it is damaged, or in none of the formats"),
    "grey.png": (
        encoded(Image.new("I;16", (9, 9)), "PNG"),
        "mode I;16, more than 8 bits a pixel; scale the values to 0..255",
    ),
    "float.tif": (encoded(Image.new("F", (9, 9)), "TIFF"), "mode F, more than 8"),
    "comment.png": (encoded(NOISE, "PNG", pnginfo=HUGE), "Decompressed data too large"),
    "bomb.png": (LARGE, "it has more pixels than the 178,956,970 that Pillow reads"),
}


@pytest.fixture
def folder(tmp_path):
    for name, (content, _) in FAULTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.jpg").write_bytes(JPEG)
    (tmp_path / "good.png").write_bytes(PNG)
    return tmp_path


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_a_short_reason(folder, name):
    fault = fault_of(folder / name)
    assert fault is not None
    assert fault_of(str(folder / name)) == fault
    assert str(folder) not in fault
    assert name not in fault
    assert len(fault) < 130
    assert "\n" not in fault
    assert re.search(FAULTS[name][1], fault)


def test_what_is_no_file_has_a_reason_too(tmp_path):
    assert fault_of(tmp_path / "gone.png") == "there is no such file"
    assert fault_of(tmp_path) == "it is no file"
    os.mkfifo(tmp_path / "pipe.png")
    assert fault_of(tmp_path / "pipe.png") == "it is no file"
    assert "embedded null" in fault_of("a\0.png")
    os.symlink("self.png", tmp_path / "self.png")
    assert fault_of(tmp_path / "self.png") == "Too many levels of symbolic links"


def test_what_may_not_be_read_has_a_reason(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("skmal.items._pictures.os.stat", refuse)
    assert fault_of(tmp_path / "a.png") == "there is no permission to read it"


def test_all_rows_are_looked_at_and_equal_ones_once(folder, monkeypatch):
    looked_at = []
    real = fault_of
    monkeypatch.setattr(
        _faults,
        "fault_of",
        lambda image, **how: looked_at.append(image) or real(image, **how),
    )
    cut, good = folder / "cut.jpg", folder / "good.jpg"
    found = find_faults([good, cut, good, np.zeros((4, 4), np.uint8), cut, NOISE])
    assert list(found) == [1, 4]
    assert found[1] == found[4] == real(cut)
    assert len(looked_at) == 4
    monkeypatch.setattr(_faults, "AHEAD", 2)
    found = find_faults([good, cut, NOISE, NOISE, cut, cut])
    assert list(found) == [1, 4, 5]
    assert find_faults(np.zeros((2, 4, 4), np.uint8)) == {}
    assert find_faults([]) == {}


def test_there_is_a_bar_for_who_wants_one(folder, capsys):
    find_faults([folder / "good.png"])
    assert capsys.readouterr().err == ""
    find_faults([folder / "good.png"], verbose=1)
    assert "looking at images" in capsys.readouterr().err


def test_pil_images_that_cannot_be_read_have_a_fault(folder):
    with Image.open(folder / "cut.jpg") as cut:
        assert list(find_faults([cut, NOISE, cut])) == [0, 2]
    assert "more than 8 bits" in (fault_of(Image.new("I;16", (4, 4))) or "")


def test_threads_end_when_the_looking_is_broken_off(folder, monkeypatch):
    def stop(image, **how):
        raise KeyboardInterrupt

    before = threading.active_count()
    monkeypatch.setattr(_faults, "fault_of", stop)
    with pytest.raises(KeyboardInterrupt):
        find_faults([folder / "good.png"] * 3)
    assert threading.active_count() == before


# ------------------------------------------------------------------ JPEG


def decoded(monkeypatch):
    """Return a list of the files that get decoded from now on."""
    found = []
    real = _faults.read_picture
    monkeypatch.setattr(
        _faults, "read_picture", lambda image, *_: found.append(image) or real(image)
    )
    return found


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 1}],
)
def test_whole_jpegs_are_not_decoded(tmp_path, monkeypatch, options):
    found = decoded(monkeypatch)
    for i, mode in enumerate(("RGB", "L", "CMYK")):
        path = tmp_path / f"{i}.jpg"
        content = encoded(NOISE.convert(mode), "JPEG", exif=exif(6), **options)
        path.write_bytes(content)
        assert fault_of(path) is None
        path.write_bytes(content + b"ftypmp42" + bytes(5000))  # a motion photo
        assert fault_of(path) is None
        path.write_bytes(content[:2] + b"\xff\xff\xff" + content[3:])  # padding
        assert fault_of(path) is None
    two = {"save_all": True, "append_images": [NOISE]}
    (tmp_path / "a.mpo").write_bytes(encoded(NOISE, "MPO", **two))
    assert fault_of(tmp_path / "a.mpo") is None
    assert found == []


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.99])
def test_the_end_of_the_small_copy_in_the_head_is_not_the_end(
    tmp_path, monkeypatch, part
):
    small = encoded(NOISE.resize((16, 16)), "JPEG")
    content = encoded(NOISE, "JPEG", exif=exif(1) + small, comment=small)
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert fault_of(path) is None
    assert content.count(b"\xff\xd9") == 3
    found = decoded(monkeypatch)
    head = len(content) - len(encoded(NOISE, "JPEG"))
    path.write_bytes(content[: head + int(part * (len(content) - head))])
    assert "truncated" in (fault_of(path) or "")
    assert found == [path]


def test_odd_jpegs_are_decoded_before_they_are_judged(tmp_path, monkeypatch):
    found = decoded(monkeypatch)
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:20] + b"\0\0" + JPEG[20:])  # which decoders pass over
    assert fault_of(path) is None
    assert found == [path]


def test_a_png_with_a_chunk_too_many_is_fine(tmp_path):
    (tmp_path / "a.png").write_bytes(with_chunk(PNG, b"xYzz", b"12", b"IEND"))
    assert chunk(b"xYzz", b"12") in (tmp_path / "a.png").read_bytes()
    assert fault_of(tmp_path / "a.png") is None
