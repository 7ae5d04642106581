"""Readers of the field's sets, on tiny files in exactly their layout."""

import errno
import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from sets import (
    N_SHARD,
    make_jpeg,
    quadruples,
    silently,
    skipping,
    write,
    write_parquet,
    write_shard,
)

from skmal.datasets import load_coco_captions, load_colorswap, load_datacomp, load_pairs


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


def test_colorswap_images_of_folders_with_alike_names_are_kept_apart(tmp_path):
    write_parquet(tmp_path / "a-test" / "b.parquet", quadruples(2))
    write_parquet(tmp_path / "a" / "test-b.parquet", quadruples(3, 2))
    X = silently(load_colorswap, tmp_path).X
    assert [Path(name).read_bytes() for name in X[-10:]]
    assert len({str(name) for name in X}) == 10
    assert [Path(name).read_bytes() for name in silently(load_colorswap, tmp_path).X]


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
