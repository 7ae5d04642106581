"""The script that makes pools of real pairs: what it picks, without its networks."""

import io
import json
import tarfile

import numpy as np
import pytest
from helpers import load_benchmark
from PIL import Image


@pytest.fixture(scope="module")
def real_pairs():
    """Return the script as a module."""
    return load_benchmark("real_pairs")


def pack(path, files):
    """Write a package's archive."""
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def test_a_missing_package_is_asked_for_by_name(real_pairs, tmp_path):
    with pytest.raises(SystemExit, match="get it there with: npm pack openmoji"):
        list(real_pairs.openmoji(tmp_path))


def test_emoji_have_names_and_tags_and_no_skin_tones(real_pairs, tmp_path, monkeypatch):
    emoji = [
        {"annotation": "Fox", "tags": "animal, red", "openmoji_tags": "sly"},
        {"annotation": "wave", "tags": "hand", "openmoji_tags": "", "skintone": "1"},
        {"annotation": "tap", "tags": "", "openmoji_tags": ""},
    ]
    emoji = [{"skintone": "", "hexcode": str(i)} | e for i, e in enumerate(emoji)]
    files = {f"package/color/svg/{i}.svg": f"svg {i}" for i in range(3)}
    files["package/data/openmoji.json"] = json.dumps(emoji)
    pack(tmp_path / "openmoji-1.tgz", files)
    monkeypatch.setattr(real_pairs, "drawn", lambda svg: svg)
    assert list(real_pairs.openmoji(tmp_path)) == [
        ("svg 0", "fox: animal, red, sly"),
        ("svg 2", "tap"),
    ]


def test_icons_have_names_without_endings(real_pairs, tmp_path, monkeypatch):
    one = {
        "width": 24,
        "height": 24,
        "suffixes": {"": "Line", "filled": "Filled", "20-filled": "Small"},
        "icons": {
            "red-fox": {"body": "<a/>"},
            "red-fox-20-filled": {"body": "<b/>"},
            "owl-20-filled": {"body": "<c/>", "width": 20},
            "old": {"body": "<d/>", "hidden": True},
        },
    }
    other = {"icons": {"red_fox": {"body": "<e/>"}, "elk": {"body": "<f/>"}}}
    files = {"package/json/a.json": json.dumps(one), "package/other.json": "[]"}
    files["package/json/b.json"] = json.dumps(other)
    pack(tmp_path / "iconify-json-1.tgz", files)
    monkeypatch.setattr(real_pairs, "drawn", lambda svg: svg[svg.index("viewBox") :])
    drawn = {words: svg for svg, words in real_pairs.iconify(tmp_path)}
    assert drawn == {
        "red fox": 'viewBox="0 0 24 24"><a/></svg>',
        "owl": 'viewBox="0 0 20 24"><c/></svg>',
        "elk": 'viewBox="0 0 16 16"><f/></svg>',
    }


def test_each_picture_and_each_caption_is_there_once(real_pairs):
    grey = [Image.new("L", (2, 2), level) for level in (0, 1, 2, 3)]
    pairs = zip([*grey, grey[0]], ["a", "b", "a", "c", "d"], strict=True)
    assert [caption for _, caption in real_pairs.distinct(pairs)] == ["a", "b", "c"]


def test_pictures_stand_on_white_squares(real_pairs):
    file = io.BytesIO()
    Image.new("RGBA", (80, 40), (255, 0, 0, 255)).save(file, "PNG")
    pixels = np.asarray(real_pairs.on_white(file.getvalue()))
    assert pixels.shape == (160, 160, 3)
    assert (pixels[:39] == 255).all()
    assert (pixels[42:118] == [255, 0, 0]).all()


def test_glyphs_are_dark_on_white(real_pairs):
    picture, name = next(iter(real_pairs.glyphs(None)))
    pixels = np.asarray(picture)
    assert pixels.shape == (160, 160, 3)
    assert name == "exclamation mark"
    assert np.median(pixels) == 255
    assert pixels.min() < 50


def pool_file(folder, n=60, width=4, name="a"):
    """Write a pool's file; return its arrays."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    arrays = {
        "x": rng.normal(size=(n, width)).astype(np.float16),
        "y": rng.normal(size=(n, 3)).astype(np.float16),
        "captions": np.array([f"{name} {row}" for row in range(n)]),
    }
    np.savez(folder / "openmoji.npz", **arrays)
    return arrays


def test_check_compares_two_folders(real_pairs, tmp_path, monkeypatch, capsys):
    for name in ("made", "stored"):
        pool_file(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    options = ["openmoji", "--out", "made", "--check", "stored"]
    monkeypatch.setattr("sys.argv", ["real_pairs.py", *options])
    real_pairs.main()
    printed = capsys.readouterr().out
    assert "openmoji: 60 captions in both, of 60 and 60" in printed
    assert "cosine of x: median 1.0000, of 1 % below 1.0000" in printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file, arrays: file.unlink(), "openmoji.npz is not there; make it"),
        (lambda file, arrays: file.write_bytes(b""), "openmoji.npz is damaged or no"),
        (lambda file, arrays: file.write_text("a"), "openmoji.npz is damaged or no"),
        (
            lambda file, arrays: file.write_bytes(file.read_bytes()[:300]),
            "openmoji.npz is damaged or no npz file",
        ),
        (
            lambda file, arrays: np.savez(file, x=arrays["x"]),
            "openmoji.npz has no y and no captions; make it again",
        ),
        (
            lambda file, arrays: np.savez(file, **(arrays | {"y": arrays["y"][1:]})),
            r"openmoji.npz holds arrays of the shapes .*\(59, 3\)",
        ),
        (
            lambda file, arrays: pool_file(file.parent, width=5),
            "openmoji: rows of x have 4 and 5 columns",
        ),
        (
            lambda file, arrays: pool_file(file.parent, name="b"),
            "openmoji: too few captions in both to compare, 50 are needed",
        ),
    ],
)
def test_check_says_in_a_line_what_is_wrong(real_pairs, tmp_path, change, message):
    made, stored = tmp_path / "made", tmp_path / "stored"
    pool_file(made)
    arrays = pool_file(stored)
    change(stored / "openmoji.npz", arrays)
    with pytest.raises(SystemExit, match=message) as stopped:
        real_pairs.check("openmoji", made, stored)
    assert "\n" not in str(stopped.value)
