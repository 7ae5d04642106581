"""Winoground, on tiny files in exactly its layout."""

import json
import zipfile
from pathlib import Path

import pytest
from sets import (
    make_jpeg,
    silently,
    skipping,
    write,
    write_parquet,
    write_winoground,
)
from tiny_clip import quick

from skmal.datasets import load_winoground
from skmal.metrics import compositional_scores


def test_as_published(tmp_path):
    write_winoground(tmp_path / "data", 3, archive=zipfile.ZIP_DEFLATED)
    for folder in (tmp_path, tmp_path / "data"):
        swaps = silently(load_winoground, folder)
        assert [image.read() for image in swaps.X] == [make_jpeg(i) for i in range(6)]
        assert list(swaps.y[2:4]) == ["1 dogs before one cat", "one cat before 1 dogs"]
        assert list(swaps.ids) == [0, 0, 1, 1, 2, 2]
        assert list(swaps.tags[::2]) == ["Object", "Relation", "Object"]
    features = quick(max_epochs=1).fit(swaps.X, swaps.y).transform(swaps.X, swaps.y)
    assert all(0 <= score <= 1 for score in compositional_scores(*features))


def test_unpacked(tmp_path):
    write_winoground(tmp_path, 2)
    X, y = silently(load_winoground, tmp_path, return_X_y=True)
    assert X[3] == str(tmp_path / "images" / "ex_1_img_1.png")
    assert len(y) == 4


def test_a_copy_in_parquet_is_the_same(tmp_path):
    write_winoground(tmp_path / "as", 3)
    lines = (tmp_path / "as" / "examples.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        for i in (0, 1):
            content = make_jpeg(2 * row["id"] + i)
            row[f"image_{i}"] = {"bytes": content, "path": f"{row[f'image_{i}']}.png"}
    write_parquet(tmp_path / "table" / "data" / "test-00000-of-00001.parquet", rows)
    plain = silently(load_winoground, tmp_path / "as")
    for cache in (None, tmp_path / "elsewhere"):
        swaps = silently(load_winoground, tmp_path / "table", cache=cache)
        contents = [Path(image).read_bytes() for image in swaps.X]
        assert contents == [make_jpeg(i) for i in range(6)]
        for name in ("y", "ids", "tags"):
            assert list(swaps[name]) == list(plain[name])
    assert (tmp_path / "elsewhere").is_dir()
    rows[1]["image_0"] = {"bytes": b"no image", "path": None}
    write_parquet(tmp_path / "broken" / "0.parquet", rows)
    with pytest.raises(ValueError, match="'image_0' cannot be read as an image"):
        load_winoground(tmp_path / "broken")
    swaps, skipped = skipping(load_winoground, tmp_path / "broken")
    assert (len(swaps.X), len(skipped)) == (4, 1)
    for name in ("../as/images/ex_1_img_0.png", str(tmp_path / "as" / "x.png")):
        rows[1]["image_0"] = {"bytes": None, "path": name}
        write_parquet(tmp_path / "table" / "data" / "test-00000-of-00001.parquet", rows)
        with pytest.raises(FileNotFoundError, match="leads out of the folder"):
            load_winoground(tmp_path / "table")


def test_tables_of_the_same_name_keep_their_images_apart(tmp_path):
    for i, folder in enumerate(["one", "two"]):
        images = {f"image_{m}": {"bytes": make_jpeg(i), "path": None} for m in (0, 1)}
        row = {"id": i, "caption_0": "a", "caption_1": "b"} | images
        write_parquet(tmp_path / folder / "test" / "0000.parquet", [row])
    X = silently(load_winoground, tmp_path).X
    contents = [Path(image).read_bytes() for image in X]
    assert contents == [make_jpeg(i) for i in (0, 0, 1, 1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"id": 1},
            "line 2: the id 1 stands in .*, line 1 as well",
        ),
        ({"id": [1]}, r"line 1: the id \[1\] is no int or str"),
        ({"image_1": "gone"}, "line 1: there is no image gone.png|no gone.png in"),
        ({"image_1": "../ex_0_img_0"}, "is no name of a file without folder"),
        ({"image_0": 3}, "line 1: its 'image_0' is 3"),
        ({"caption_1": " "}, "line 1: its 'caption_1' is blank"),
    ],
)
@pytest.mark.parametrize("archive", [None, zipfile.ZIP_STORED])
def test_a_broken_quadruple(tmp_path, archive, change, message):
    file = write_winoground(tmp_path, 3, archive) / "examples.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[0] |= change
    write(file, "\n".join(map(json.dumps, rows)))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_winoground(tmp_path)
    swaps, skipped = skipping(load_winoground, tmp_path)
    assert (len(swaps.X), len(skipped)) == (4, 1)


def test_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no examples.jsonl, neither its"):
        load_winoground(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_winoground(tmp_path / "none")
