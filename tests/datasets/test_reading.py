"""Readers of the field's sets, on tiny files in exactly their layout."""

import errno
import json
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sets import (
    N_SHARD,
    make_jpeg,
    quadruples,
    write,
    write_coco,
    write_parquet,
    write_shard,
)

from skmal.datasets import load_coco_captions, load_colorswap, load_datacomp, load_pairs
from skmal.items._images import check_images, check_readable


def skipping(load, *args, **kwargs):
    """Return the Bunch and what was skipped; the warning says how many things."""
    with pytest.warns(UserWarning, match=r"^skipped in .*; left: \d") as seen:
        bunch = load(*args, on_error="skip", **kwargs)
    assert len(seen) == 1
    assert f": {len(bunch.skipped)}, which" in str(seen[0].message)
    assert seen[0].filename == __file__
    return bunch, bunch.skipped


def silently(load, *args, **kwargs):
    """Return what a reader returns when it warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(*args, **kwargs)


# ------------------------------------------------------------------ pairs


@pytest.fixture
def table(tmp_path):
    """Return a CSV of three rows, two of one image, and its images."""
    write(tmp_path / "images" / "a.jpg", make_jpeg(0))
    write(tmp_path / "b c.jpg", make_jpeg(1))
    text = f'text,image,extra\n"one, two",images/a.jpg,\nzwölf,{tmp_path}/b c.jpg,1\n'
    return write(tmp_path / "pairs.csv", f"\ufeff{text}three,images/a.jpg,\n")


def test_pairs_from_csv_tsv_and_jsonl(table, monkeypatch):
    pairs = silently(load_pairs, table)
    assert list(pairs.y) == ["one, two", "zwölf", "three"]
    names = [Path(name).relative_to(table.parent) for name in pairs.X]
    assert names == [Path("images/a.jpg"), Path("b c.jpg"), Path("images/a.jpg")]
    assert list(pairs.groups) == [0, 1, 0]
    assert pairs.skipped == []
    check_readable(check_images(pairs.X, "X"), "X")  # as CLIPEncoder does
    rows = zip(pairs.X, pairs.y, strict=True)
    lines = [json.dumps({"photo": x, "caption": y}) for x, y in rows]
    other = write(table.parent / "pairs.jsonl", "\n".join(lines) + "\n\n")
    X, y = load_pairs(other, image="photo", text="caption", return_X_y=True)
    assert (list(X), list(y)) == (list(pairs.X), list(pairs.y))
    tabs = write(table.parent / "pairs.tsv", "file_name\ttext\nimages/a.jpg\ta, b\n")
    assert list(load_pairs(tabs, image="file_name").y) == ["a, b"]
    monkeypatch.chdir(table.parent)
    assert os.path.exists(load_pairs("pairs.tsv", image="file_name").X[0])


@pytest.mark.parametrize("content", [b"no image", make_jpeg(1)[:300]])
def test_images_that_cannot_be_read_are_found_by_reading_the_table(table, content):
    write(table.parent / "b c.jpg", content)
    with pytest.raises(ValueError, match=r"pairs.csv, line 3: .*/b c.jpg: "):
        load_pairs(table)
    pairs, skipped = skipping(load_pairs, table)
    assert list(pairs.y) == ["one, two", "three"]
    assert list(pairs.groups) == [0, 0]
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("csv", "none.jpg,x", "line 3: there is no file .*none.jpg; put it there"),
        ("csv", "empty.jpg,x", "line 3: .*empty.jpg is empty or no file"),
        ("csv", ".,x", "line 3: .* is empty or no file"),
        ("csv", "a.jpg,", "line 3: it has no 'text'; fill it in"),
        ("csv", "a.jpg,  ", "line 3: its 'text' is blank; fill it in"),
        ("csv", "a.jpg", "line 3: it lacks fields: 1, fewer than the 2 of the header"),
        ("csv", "a.jpg,red, blue", "line 3: it has 3 fields, more than the 2 of"),
        ("csv", 'a.jpg, "red, blue"', "line 3: it has 3 fields, more than the 2 of"),
        ("csv", 'a.jpg, "red"', "line 3: a field begins with blanks and a quote"),
        ("csv", "https://e.org/a.jpg,x", "line 3: https.* is an address, no file"),
        ("csv", b"a.jpg,M\xfcller", "line 3: its 'text' is not UTF-8; save the file"),
        ("csv", 'a.jpg,"x" y', "line 3: its quotes do not match"),
        ("csv", "a\0.jpg,x", "line 3: "),
        ("jsonl", '{"image": "a.jpg"', "line 2: it is no JSON"),
        ("jsonl", "[1]", "line 2: it is a list, not an object"),
        ("jsonl", '"a.jpg"', "line 2: it is a str, not an object"),
        ("jsonl", '{"image": "a.jpg"}', "line 2: it has no column 'text' among"),
        (
            "jsonl",
            '{"image": 3, "text": "x"}',
            "line 2: its 'image' is 3 .int.;",
        ),
        ("jsonl", '{"image": "a.jpg", "text": null}', "line 2: it has no 'text'"),
    ],
)
def test_a_broken_row_is_named_or_skipped(tmp_path, name, line, message):
    write(tmp_path / "a.jpg", make_jpeg(0))
    write(tmp_path / "empty.jpg")
    good = b"a.jpg,fine" if name == "csv" else b'{"image": "a.jpg", "text": "fine"}'
    line = line if isinstance(line, bytes) else line.encode()
    lines = [b"image,text"] * (name == "csv") + [good, line, good]
    file = write(tmp_path / f"pairs.{name}", b"\n".join(lines))
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        load_pairs(file)
    assert str(file) in str(error.value)
    assert str(error.value).endswith('; on_error="skip" leaves it out')
    pairs, skipped = skipping(load_pairs, file)
    assert list(pairs.y) == ["fine", "fine"]
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pairs.csv", "", "pairs.csv: it is empty"),
        ("pairs.csv", "image,text\n", "holds no pairs that can be read"),
        ("pairs.csv", "img,text\na,b\n", r"no column 'image' among \['img', 'text'\]"),
        ("pairs.csv", "image,text,text\na,b,c\n", "more than one column 'text' among"),
        ("pairs.csv", "image/text\na/b\n", r"no column 'image' among \['image/text'\]"),
        ("pairs.csv", "image,text\na.jpg,x".encode("utf-16-le"), "NUL, as UTF-16"),
        ("pairs.csv", "image,text\na.jpg,x".encode("utf-16")[:-1], "begins as UTF-16"),
        ("pairs.jsonl", "", "holds no pairs that can be read"),
        ("pairs.xlsx", "", "ends in '.xlsx', but must end in one of"),
    ],
)
def test_a_table_without_a_single_pair(tmp_path, name, content, message):
    file = write(tmp_path / name, content)
    for on_error in ("raise", "skip"):
        with pytest.raises(ValueError, match=message):
            load_pairs(file, on_error=on_error)


def test_wrong_arguments_of_readers(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none.csv"):
        load_pairs(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="on_error must be one of"):
        load_pairs(tmp_path / "none.csv", on_error="ignore")
    for load in (load_colorswap, load_coco_captions, load_datacomp):
        with pytest.raises(FileNotFoundError, match="none does not exist; pass the f"):
            load(tmp_path / "none")
        with pytest.raises(FileNotFoundError, match="is no folder; pass the folder"):
            load(write(tmp_path / "file"))
        with pytest.raises(FileNotFoundError, match=f"{tmp_path} holds no "):
            load(tmp_path)
    with pytest.raises(ValueError, match="split must be one of"):
        load_colorswap(tmp_path, split="val")
    with pytest.raises(ValueError, match="features must be one of"):
        load_datacomp(tmp_path, features="h14")
    with pytest.raises(ValueError, match="n_captions must be an integer of at least 1"):
        load_coco_captions(tmp_path, n_captions=0)
    with pytest.raises(ValueError, match="split must be one of"):
        load_coco_captions(tmp_path, split=None)


# ------------------------------------------------------------------ ColorSwap


@pytest.fixture
def swaps(tmp_path):
    """Return a folder as published: 5 quadruples, and 3 for the test."""
    write_parquet(tmp_path / "data" / "train-00000-of-00002.parquet", quadruples(2))
    write_parquet(tmp_path / "data" / "train-00001-of-00002.parquet", quadruples(3, 2))
    write_parquet(tmp_path / "data" / "test-00000-of-00001.parquet", quadruples(3))
    return tmp_path


def test_colorswap_as_published(swaps):
    test = silently(load_colorswap, swaps)
    assert list(test.y[:2]) == ["a red 0 and a blue cup", "a blue 0 and a red cup"]
    assert list(test.ids) == [0, 0, 1, 1, 2, 2]
    assert [Path(name).read_bytes() for name in test.X] == [
        make_jpeg(i) for i in range(6)
    ]
    both = silently(load_colorswap, swaps, split="all")
    assert list(both.split) == ["train"] * 10 + ["test"] * 6
    assert list(both.ids[:10:2]) == [0, 1, 2, 3, 4]
    train = silently(load_colorswap, swaps, split="train", return_X_y=True)
    assert [list(part) for part in train] == [list(both.X[:10]), list(both.y[:10])]


def test_colorswap_images_are_written_once_and_anew_when_the_file_changes(swaps):
    X = load_colorswap(swaps).X
    written = os.stat(X[0]).st_mtime_ns
    # What is there is enough: neither pyarrow nor the parquet file is needed for it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        assert list(load_colorswap(swaps).X) == list(X)
        with pytest.raises(ImportError, match=r'pip install "skmal\[data\]"'):
            load_colorswap(swaps, split="train")
    assert os.stat(X[0]).st_mtime_ns == written
    write_parquet(swaps / "data" / "test-00000-of-00001.parquet", quadruples(2, 7))
    again = load_colorswap(swaps)
    assert list(again.ids) == [7, 7, 8, 8]
    assert not os.path.exists(X[0])
    elsewhere = load_colorswap(swaps, cache=swaps / "else")
    assert list(elsewhere.y) == list(again.y)
    assert elsewhere.X[0].startswith(str(swaps / "else"))


def test_colorswap_from_tables_and_arrow(tmp_path):
    pa = pytest.importorskip("pyarrow")
    rows = quadruples(3)
    for i, row in enumerate(rows):
        for column in ("image_1", "image_2"):
            name = f"{i}-{column}.jpg"
            write(tmp_path / "test" / "images" / name, row[column]["bytes"])
            row[column] = f"images/{name}"
    expected = [make_jpeg(i) for i in range(6)]

    lines = "\n".join(map(json.dumps, rows)).replace('image_1"', 'image_1_file_name"')
    write(tmp_path / "test" / "metadata.jsonl", lines)
    found = silently(load_colorswap, tmp_path)
    assert [Path(name).read_bytes() for name in found.X] == expected
    table = pa.Table.from_pylist(rows)  # paths in place of bytes
    file = tmp_path / "test" / "data-00000-of-00001.arrow"
    for writer in (pa.ipc.new_stream, pa.ipc.new_file):
        with writer(str(file), table.schema) as to:
            to.write_table(table)
        arrow = silently(load_colorswap, tmp_path)
        assert [Path(name).read_bytes() for name in arrow.X] == expected
        assert list(arrow.y) == list(found.y)
    with pytest.raises(FileNotFoundError, match=r"no files of the split 'train'; exp"):
        load_colorswap(tmp_path, split="train")


def test_colorswap_as_in_its_authors_archive(tmp_path):
    rows = quadruples(2)
    for i, row in enumerate(rows):
        for number in (1, 2):
            name = f"images/img_{i}_{number}.png"
            write(tmp_path / "data" / name, row[f"image_{number}"]["bytes"])
            row[f"image_{number}"] = name
        row |= {"image_source": "midjourney", "caption_source": "human"}
    write(tmp_path / "data" / "test.json", json.dumps(rows))
    for folder in (tmp_path, tmp_path / "data"):
        found = silently(load_colorswap, folder)
        assert [Path(x).name for x in found.X[:2]] == ["img_0_1.png", "img_0_2.png"]
        assert list(found.ids) == [0, 0, 1, 1]
    for content in ("{}", "[", "[3]", '[{"id": [1]}]'):
        write(tmp_path / "data" / "test.json", content)
        with pytest.raises(ValueError, match=r"test.json"):
            load_colorswap(tmp_path)
    rows[0] |= {"id": [1]}
    rows[1] |= {"caption_1": 3}
    write(tmp_path / "data" / "test.json", json.dumps(rows))
    with pytest.raises(
        ValueError, match=r"(?s)id \[1\] is no int.*captions must be str"
    ):
        load_colorswap(tmp_path, on_error="skip")


def damaged(rows):
    """Return rows with a fault each, and one without."""
    rows[0]["image_2"] = {"bytes": b"no image", "path": None}
    rows[1]["image_1"] = {"bytes": None, "path": "missing.jpg"}
    rows[2]["image_1"] = {"bytes": None, "path": None}
    rows[3]["caption_2"] = None
    rows[4]["id"] = 5
    return rows


def test_colorswap_with_damaged_rows(tmp_path):
    file = write_parquet(tmp_path / "test.parquet", damaged(quadruples(6)))
    with pytest.raises(ValueError, match="row 0: 'image_2' cannot be read as an image"):
        load_colorswap(tmp_path)
    swaps, skipped = skipping(load_colorswap, tmp_path)
    assert list(swaps.ids) == [5, 5]
    assert list(swaps.y) == ["a red 4 and a blue cup", "a blue 4 and a red cup"]
    parts = ["row 0", "row 2", "row 3", "missing.jpg", "the id 5 stands in"]
    assert all(part in message for part, message in zip(parts, skipped, strict=True))
    assert all(str(file) in message for message in skipped)
    # A second time as well, when the images are there already.
    assert skipping(load_colorswap, tmp_path)[1] == skipped
    with pytest.raises(ValueError, match=r"row 0: .*; on_error=.skip. leaves it out"):
        load_colorswap(tmp_path)


@pytest.mark.parametrize("broken", ["empty", "truncated", "columns"])
def test_colorswap_with_a_broken_file(swaps, broken):
    file = swaps / "data" / "train-00001-of-00002.parquet"
    content = file.read_bytes()
    if broken == "columns":
        write_parquet(file, [{"id": 1, "image": b"", "caption_1": "x"}])
    else:
        file.write_bytes(content[: len(content) // 2] if broken == "truncated" else b"")
    message = "no column 'image_1' among" if broken == "columns" else "or get it anew"
    with pytest.raises(ValueError, match=message) as error:
        load_colorswap(swaps, split="train")
    assert str(file) in str(error.value)
    train, skipped = skipping(load_colorswap, swaps, split="train")
    assert len(train.X) == 4
    assert len(skipped) == 1
    file.write_bytes(content)  # got anew
    assert len(silently(load_colorswap, swaps, split="train").X) == 10


@pytest.mark.parametrize("why", ["a file", errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_folders_that_cannot_be_written_to_are_told_with_the_remedy(
    swaps, monkeypatch, why
):
    shards = swaps / "shards"
    write_shard(shards, "a")
    with monkeypatch.context() as patch:
        if why == "a file":
            write(swaps / "skmal-cache")
            write(shards / "skmal-cache")
        else:

            def mkdir(self, **_):
                raise OSError(why, os.strerror(why), str(self))

            patch.setattr(Path, "mkdir", mkdir)
        for load, folder in ((load_colorswap, swaps), (load_datacomp, shards)):
            with pytest.raises(OSError, match=r"cannot be written to .*cache=FOLDER"):
                load(folder)
    assert len(load_colorswap(swaps, cache=swaps / "other").X) == 6
    assert len(load_datacomp(shards, cache=swaps / "more").X) == N_SHARD


# ------------------------------------------------------------------ COCO


@pytest.fixture
def coco(tmp_path):
    """Return a folder with both splits' files and the images of five entries."""
    write_coco(tmp_path, ["test", "train", "restval", "val", "test"])
    return tmp_path


def test_coco_in_karpathys_split(coco):
    test = silently(load_coco_captions, coco)
    assert list(test.groups) == [40, 40, 40, 44, 44, 44]
    assert list(test.y[:3]) == ["image 40", "photo 40", "the same"]
    assert Path(test.X[3]).read_bytes() == make_jpeg(44)
    assert test.X[3] == test.X[5]
    same = load_coco_captions(coco, "test", n_captions=2)
    assert list(same.groups) == [40, 40, 44, 44]
    both = load_coco_captions(coco, split="train+restval", n_captions=1)
    assert (list(both.groups), list(both.split)) == ([41, 42], ["train", "restval"])
    X, y = load_coco_captions(coco, split="all", return_X_y=True)
    assert len(X) == len(y) == 15


def test_coco_in_the_official_split(coco):
    val = silently(load_coco_captions, coco, "val2014")
    assert list(val.groups) == [40, 40, 42, 42, 43, 43, 44, 44]
    assert list(val.y[:2]) == ["photo 40", "image 40"]
    with pytest.raises(FileNotFoundError, match="holds no captions_val2017.json, neit"):
        load_coco_captions(coco, "val2017")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filename": "gone.jpg"}, r"images\[0\]: there is no file .*gone.jpg"),
        ({"sentences": []}, r"images\[0\]: an image without captions"),
        ({"sentences": [{"raw": " "}]}, r"images\[0\]: .* with empty ones"),
        ({"sentences": [{}]}, r"images\[0\]: an image without captions"),
        ({"sentences": [3]}, r"images\[0\]: no filename, split and sentences"),
        ({"cocoid": 44}, r"images\[4\]: image 44 stands there twice"),
        ({"cocoid": "x"}, r"images\[0\]: the image's number is 'x', no integer"),
        ({"filename": 7}, r"images\[0\]: no filename"),
    ],
)
def test_coco_with_a_broken_entry(coco, change, message):
    file = coco / "dataset_coco.json"
    content = json.loads(file.read_bytes())
    content["images"][0] |= change
    file.write_text(json.dumps(content))
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        load_coco_captions(coco)
    assert str(file) in str(error.value)
    test, skipped = skipping(load_coco_captions, coco)
    assert set(test.groups) == {44}
    assert len(skipped) == 1


@pytest.mark.parametrize("caption", ["", " \n", None, 7, "\ud83d"])
def test_coco_with_an_empty_caption_loses_that_alone(coco, caption):
    file = coco / "dataset_coco.json"
    content = json.loads(file.read_bytes())
    content["images"][0]["sentences"][1]["raw"] = caption
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"images\[0\], caption 1: "):
        load_coco_captions(coco)
    test, skipped = skipping(load_coco_captions, coco)
    assert list(test.groups) == [40, 40, 44, 44, 44]
    assert list(test.y[:2]) == ["image 40", "the same"]
    assert len(skipped) == 1
    two, _ = skipping(load_coco_captions, coco, n_captions=2)
    assert list(two.y[:2]) == ["image 40", "the same"]


def test_official_coco_with_an_empty_caption_loses_that_alone(coco):
    file = coco / "annotations" / "captions_val2014.json"
    content = json.loads(file.read_bytes())
    content["annotations"][-1]["caption"] = ""  # the second of image 40
    file.write_text(json.dumps(content))
    val, skipped = skipping(load_coco_captions, coco, "val2014")
    assert list(val.groups) == [40, 42, 42, 43, 43, 44, 44]
    assert len(skipped) == 1


def test_coco_with_broken_annotations(coco):
    file = coco / "annotations" / "captions_val2014.json"
    content = json.loads(file.read_bytes())
    content["annotations"] += [{"image_id": 43}, {"image_id": 1, "caption": "x"}]
    content["images"] += [{"id": 1000}, 5, {"id": [1], "file_name": "x"}]
    file.write_text(json.dumps(content))
    val, skipped = skipping(load_coco_captions, coco, "val2014")
    assert set(val.groups) == {40, 42, 43, 44}
    parts = ["annotations[8]: no", *(f"images[{row}]: no id" for row in (4, 5, 6))]
    parts.append("of image 1,")
    assert all(part in message for part, message in zip(parts, skipped, strict=True))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"images": 3}', "{}", b"\xff"])
def test_coco_with_a_broken_file(tmp_path, content):
    file = write(tmp_path / "dataset_coco.json", content)
    with pytest.raises(ValueError, match="expected is JSON with the lists images") as e:
        load_coco_captions(tmp_path, on_error="skip")
    assert str(file) in str(e.value)


# ------------------------------------------------------------------ DataComp


@pytest.fixture
def shards(tmp_path):
    """Return a folder with two shards, and their arrays."""
    arrays = [
        write_shard(tmp_path / "metadata/small", name, i) for i, name in enumerate("af")
    ]
    return tmp_path, arrays


@pytest.mark.parametrize("features", ["b32", "l14"])
def test_datacomp_as_published(shards, features):
    folder, arrays = shards
    pool = silently(load_datacomp, folder, features=features)
    for found, side in ((pool.X, "img"), (pool.y, "txt")):
        assert isinstance(found, np.memmap)
        assert found.dtype == np.float16
        expected = np.concatenate([part[f"{features}_{side}"] for part in arrays])
        np.testing.assert_array_equal(found, expected)
    assert pool.shards == ["a", "f"]
    assert list(pool.starts) == [0, N_SHARD]
    assert len(pool.texts) == 2 * N_SHARD
    assert pool.texts[0] == ""
    assert pool.texts[-1] == f"text {N_SHARD - 1}\nof f é"
    assert list(pool.texts[1:3]) == ["text 1\nof a é", "text 2\nof a é"]
    picked = pickle.loads(pickle.dumps(pool.texts))[np.array([6, 1])]
    assert list(picked) == ["text 1\nof f é", "text 1\nof a é"]
    with pytest.raises(IndexError):
        pool.texts[2 * N_SHARD]


def test_datacomp_is_converted_once_and_anew_when_a_shard_changes(shards):
    folder, _ = shards
    first = load_datacomp(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        assert load_datacomp(folder).X.filename == first.X.filename
        with pytest.raises(ImportError, match=r'pip install "skmal\[data\]"'):
            load_datacomp(folder, features="l14")
    arrays = write_shard(folder / "metadata/small", "c", seed=2)
    X, y = load_datacomp(folder, return_X_y=True)
    np.testing.assert_array_equal(X[N_SHARD : 2 * N_SHARD], arrays["b32_img"])
    assert len(y) == 3 * N_SHARD
    (made,) = (folder / "metadata/small/skmal-cache/b32").iterdir()
    assert str(made) in str(X.filename)
    assert not os.path.exists(first.X.filename)


def test_datacomp_in_one_of_several_scales(shards):
    folder, _ = shards
    write_shard(folder / "metadata" / "medium", "a")
    with pytest.raises(
        ValueError, match="several sets of shards; pass one of .*/small"
    ):
        load_datacomp(folder)
    assert len(load_datacomp(folder / "metadata" / "medium").X) == N_SHARD


def nan_in_row_3():
    """Return features of which one is not a number."""
    array = np.zeros((N_SHARD, 512), np.float16)
    array[3, 5] = np.nan
    return array


@pytest.mark.parametrize(
    ("fault", "file", "message"),
    [
        ("no npz", "f.npz", "there is no .*f.npz; each shard is"),
        ("no parquet", "f.parquet", "there is no .*f.parquet; each shard is"),
        ("empty npz", "f.npz", "is broken or has another layout"),
        ("empty parquet", "f.parquet", "is broken or has another layout"),
        ("truncated npz", "f.npz", "is broken or has another layout"),
        ("truncated parquet", "f.parquet", "is broken or has another layout"),
        ("flipped npz", "f.npz", "Bad CRC-32"),
        ("columns", "f.parquet", "no column 'text' among"),
        ({"b32_img": np.zeros((4, 512), np.float16)}, "f.npz", r"shape \(4, 512\)"),
        ({"b32_txt": np.zeros((5, 768), np.float16)}, "f.npz", r"shape \(5, 768\)"),
        ({"b32_txt": np.zeros((5, 512))}, "f.npz", "dtype float64, expected are"),
        (
            {"b32_txt": nan_in_row_3()},
            "f.npz",
            "'b32_txt' has NaN or infinity in r.* 3",
        ),
        ({"b32_txt": np.array([None])}, "f.npz", r"'b32_txt' has shape \(1,\)"),
        ("arrays", "f.npz", "no array 'b32_img' among"),
    ],
)
def test_datacomp_with_a_broken_shard(tmp_path, fault, file, message):
    good = [write_shard(tmp_path, name, i) for i, name in enumerate("ag")]
    write_shard(tmp_path, "f", **(fault if isinstance(fault, dict) else {}))
    broken = tmp_path / file
    if fault in ("no npz", "no parquet"):
        broken.unlink()
    elif fault == "columns":
        write_parquet(broken, [{"uid": "x"}] * N_SHARD)
    elif fault == "arrays":
        np.savez(broken, l14_img=np.zeros((5, 768), np.float16))
    elif not isinstance(fault, dict):
        content = bytearray(broken.read_bytes())
        if "flipped" in fault:
            content[1000] ^= 1
        else:
            del content[0 if "empty" in fault else len(content) // 2 :]
        broken.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_datacomp(tmp_path)
    assert str(broken) in str(error.value)
    assert list((tmp_path / "skmal-cache" / "b32").iterdir()) == []
    pool, skipped = skipping(load_datacomp, tmp_path)
    assert pool.shards == ["a", "g"]
    np.testing.assert_array_equal(pool.y, [*good[0]["b32_txt"], *good[1]["b32_txt"]])
    assert pool.texts[-1] == f"text {N_SHARD - 1}\nof g é"
    assert len(skipped) == 1
    with pytest.raises(ValueError, match=message):  # converted already, and still told
        load_datacomp(tmp_path)


def test_datacomp_where_nothing_is_left(tmp_path):
    write_shard(tmp_path, "a", n=1)
    pq = pytest.importorskip("pyarrow.parquet")
    empty = pq.read_table(tmp_path / "a.parquet")[:0]
    pq.write_table(empty, tmp_path / "a.parquet")
    none = np.zeros((0, 512), np.float16)
    np.savez(tmp_path / "a.npz", b32_img=none, b32_txt=none)
    with pytest.raises(ValueError, match="holds no pairs that can be read"):
        load_datacomp(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="holds no shards that can be read\n- .*a.npz"):
        load_datacomp(tmp_path, on_error="skip")
