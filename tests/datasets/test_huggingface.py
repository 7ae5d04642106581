"""Datasets of Hugging Face: its own objects and folders, and parquet as at the hub."""

import json
import pickle
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sets import (
    datasets_library,
    make_jpeg,
    silently,
    skipping,
    write,
    write_parquet,
)
from tiny_clip import quick

from skmal.datasets import load_huggingface, load_pairs

pa = pytest.importorskip("pyarrow")


def hub_rows(numbers, caption="caption"):
    """Return rows with an Image feature and a text, as the hub's parquet has them."""
    return [
        {
            "image": {"bytes": make_jpeg(i), "path": f"{i}.jpg" if i % 2 else None},
            caption: f"text {i}",
            "label": i,
        }
        for i in numbers
    ]


def contents(images):
    """Return the bytes of images."""
    return [image.read() for image in images]


# ------------------------------------------------------------------ tables


@pytest.mark.parametrize("kind", ["struct", "bytes", "several texts"])
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_table_that_holds_its_images(tmp_path, kind, ending):
    rows, groups = hub_rows(range(40)), list(range(40))
    texts = [f"text {i}" for i in range(40)]
    if kind == "bytes":
        rows = [row | {"image": row["image"]["bytes"]} for row in rows]
    if kind == "several texts":
        for i, row in enumerate(rows):
            row["caption"] = [f"text {i}", f"more {i}"]
        groups = np.repeat(groups, 2).tolist()
        texts = [text for row in rows for text in row["caption"]]
    file = tmp_path / f"a.{ending}"
    if ending == "parquet":
        write_parquet(file, rows)
    else:
        table = pa.Table.from_pylist(rows)
        with pa.ipc.new_stream(str(file), table.schema) as to:
            to.write_table(table)
    for cache in (None, tmp_path / "else", None):
        pairs = silently(load_pairs, file, text="caption", cache=cache)
        assert contents(pairs.X) == [make_jpeg(i) for i in groups]
        assert (list(pairs.y), list(pairs.groups)) == (texts, groups)
    assert pairs.X[-1].archive.startswith(str(tmp_path / "skmal-cache"))
    assert {p.name for p in tmp_path.iterdir()} == {file.name, "skmal-cache", "else"}
    assert len(list((tmp_path / "skmal-cache").rglob("*.bin"))) == 1  # not two


def test_images_of_a_table_are_written_anew_when_it_changes(tmp_path):
    file = write_parquet(tmp_path / "a.parquet", hub_rows(range(3)))
    old = load_pairs(file, text="caption").X
    write_parquet(file, hub_rows(range(3, 5)))
    assert contents(load_pairs(file, text="caption").X) == [make_jpeg(3), make_jpeg(4)]
    with pytest.raises(FileNotFoundError):
        old[0].read()


def test_paths_in_a_struct_without_bytes(tmp_path):
    write(tmp_path / "more" / "1.jpg", make_jpeg(1))
    rows = hub_rows([0, 1, 2])
    rows[1]["image"] = {"bytes": None, "path": "more/1.jpg"}
    file = write_parquet(tmp_path / "a.parquet", rows)
    pairs = silently(load_pairs, file, text="caption")
    assert pairs.X[1] == str(tmp_path / "more" / "1.jpg")
    assert contents(pairs.X[[0, 2]]) == [make_jpeg(0), make_jpeg(2)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": None}, "row 1: it has no 'image'; fill it in"),
        ({"image": {"bytes": None, "path": None}}, "row 1: it has no 'image'"),
        (
            {"image": {"bytes": None, "path": "no.jpg"}},
            "row 1: there is no file .*no.j",
        ),
        ({"image": {"bytes": b"<html>", "path": None}}, "row 1: row 1 in .* web page"),
        ({"image": {"bytes": b"", "path": None}}, "row 1: .*the file is empty"),
        (
            {"image": {"bytes": None, "path": "https://example.org/a.jpg"}},
            "row 1: https://example.org/a.jpg is an address, .* img2dataset",
        ),
        ({"caption": None}, "row 1: it has no 'caption'"),
        ({"caption": " "}, "row 1: its 'caption' is blank"),
    ],
)
def test_a_row_that_is_left_out(tmp_path, change, message):
    rows = hub_rows(range(3))
    rows[1] |= change
    folder = tmp_path / "data"
    file = write_parquet(folder / "train-00000-of-00001.parquet", rows)
    for load, source in ((load_pairs, file), (load_huggingface, tmp_path)):
        for _ in range(2):  # out of the table, and out of the cache
            with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
                load(source, text="caption")
            assert str(file) in str(error.value)
        pairs, skipped = skipping(load, source, text="caption")
        assert list(pairs.y) == ["text 0", "text 2"]
        assert len(skipped) == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a red wall", r"its 'caption' is b'a red wall' \(bytes\); it must be a str"),
        (date(2020, 1, 2), r"is datetime.date\(2020, 1, 2\) \(date\); it must be"),
        ([b"a"], r"is b'a' \(bytes\); it must be a string"),
        (3, r"its 'caption' is 3 \(int\); it must be a string"),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_texts_that_are_none(tmp_path, value, message, held):
    path = write(tmp_path / "1.jpg", make_jpeg(1))
    image = {"bytes": make_jpeg(1), "path": "1.jpg"} if held else path.name
    file = write_parquet(tmp_path / "a.parquet", [{"image": image, "caption": value}])
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{file}, row 0: .*{message}"):
            load_pairs(file, text="caption")


def test_rows_of_equal_images_have_the_same_group(tmp_path):
    rows = hub_rows([0, 1, 0, 2, 1])
    rows[2]["image"]["path"] = "another.jpg"
    file = write_parquet(tmp_path / "a.parquet", rows)
    for _ in range(2):
        pairs = silently(load_pairs, file, text="caption")
        assert list(pairs.groups) == [0, 1, 0, 2, 1]
        assert contents(pairs.X) == list(map(make_jpeg, [0, 1, 0, 2, 1]))
    (images,) = tmp_path.rglob("images.bin")
    assert images.read_bytes() == b"".join(map(make_jpeg, range(3)))


def test_an_empty_list_of_texts(tmp_path):
    rows = hub_rows(range(3))
    for row, texts in zip(rows, (["a"], [], ["b", "", "c"]), strict=True):
        row["caption"] = texts
    file = write_parquet(tmp_path / "a.parquet", rows)
    pairs, skipped = skipping(load_pairs, file, text="caption")
    assert (list(pairs.y), list(pairs.groups)) == (["a", "b", "c"], [0, 1, 1])
    assert len(skipped) == 2


# ------------------------------------------------------------------ folders


def test_parquet_as_at_the_hub(tmp_path):
    write_parquet(tmp_path / "data/train-00000-of-00002.parquet", hub_rows(range(2)))
    write_parquet(tmp_path / "data/train-00001-of-00002.parquet", hub_rows(range(2, 5)))
    write_parquet(tmp_path / "data/test-00000-of-00001.parquet", hub_rows([9]))
    write_parquet(tmp_path / ".cache/x-00000-of-00001.parquet", hub_rows([9]))
    train = silently(load_huggingface, tmp_path, "train", text="caption")
    assert contents(train.X) == [make_jpeg(i) for i in range(5)]
    both = silently(load_huggingface, tmp_path, text="caption")
    assert sorted(both.split) == ["test"] + ["train"] * 5
    X, y = load_huggingface(tmp_path, "test", text="caption", return_X_y=True)
    assert (contents(X), list(y)) == ([make_jpeg(9)], ["text 9"])
    with pytest.raises(ValueError, match="there is no split 'val' in .* 'test', 'trai"):
        load_huggingface(tmp_path, "val", text="caption")
    with pytest.raises(ValueError, match=r"no column 'text' among \['image', 'caption"):
        load_huggingface(tmp_path)


def test_parquet_as_the_hub_converts_it(tmp_path):
    write_parquet(tmp_path / "default/train/0000.parquet", hub_rows(range(2)))
    write_parquet(tmp_path / "default/test/0000.parquet", hub_rows([7]))
    both = silently(load_huggingface, tmp_path, text="caption")
    assert list(both.split) == ["test", "train", "train"]


def test_a_split_that_lacks_a_file(tmp_path):
    write_parquet(tmp_path / "train-00001-of-00002.parquet", hub_rows(range(2)))
    write_parquet(tmp_path / "test-00000-of-00001.parquet", hub_rows([7]))
    with pytest.raises(FileNotFoundError, match="holds 1 of the 2 files of .* 'train'"):
        load_huggingface(tmp_path, text="caption")
    pairs, skipped = skipping(load_huggingface, tmp_path, text="caption")
    assert (list(pairs.split), len(skipped)) == (["test", "train", "train"], 1)
    assert len(silently(load_huggingface, tmp_path, "test", text="caption").X) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["en/train-00000-of-00001", "fr/train-00000-of-00001"],
        ["en/train/0000", "fr/train/0000"],
        ["train-00000-of-00001", "train-00000-of-00002", "train-00001-of-00002"],
        ["train", "train-00000-of-00001"],
    ],
)
def test_files_that_are_not_of_one_set(tmp_path, names):
    files = [tmp_path / f"{name}.parquet" for name in names]
    for file in files:
        write_parquet(file, hub_rows([1]))
    write_parquet(tmp_path / "en/test-00000-of-00001.parquet", hub_rows([7]))
    for on_error in ("raise", "skip"):
        with pytest.raises(ValueError, match="files of the split 'train'") as error:
            load_huggingface(tmp_path, text="caption", on_error=on_error)
        assert str(files[0]) in str(error.value)
        assert str(files[1]) in str(error.value)
    assert len(silently(load_huggingface, tmp_path, "test", text="caption").X) == 1


def test_wrong_sources(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*none; pass one"):
        load_huggingface(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="holds no state.json and no dataset_d"):
        load_huggingface(tmp_path)
    for source in (3, {}, {"train": [1, 2]}, None):
        with pytest.raises(TypeError, match=r"source must be a datasets.Dataset"):
            load_huggingface(source)
    for content in ("{", "{}", '{"_data_files": 3}', '{"_data_files": [3]}'):
        write(tmp_path / "state.json", content)
        with pytest.raises(ValueError, match="state.json"):
            load_huggingface(tmp_path)
    for name in ("../a.arrow", "/a.arrow", "..", 3):
        files = {"_data_files": [{"filename": name}]}
        write(tmp_path / "state.json", json.dumps(files))
        with pytest.raises(ValueError, match="is no name of a file in the folder"):
            load_huggingface(tmp_path)


# ------------------------------------------------------------------ the library itself


@pytest.fixture
def datasets():
    """Return the library, without progress bars."""
    library = datasets_library()
    library.disable_progress_bars()
    return library


def dataset_of(datasets, numbers):
    """Return a dataset with an Image feature and two captions an image."""
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "caption": datasets.Sequence(datasets.Value("string")),
        }
    )
    columns = {
        "image": [row["image"] for row in hub_rows(numbers)],
        "caption": [[f"text {i}", f"more {i}"] for i in numbers],
    }
    return datasets.Dataset.from_dict(columns, features=features)


def test_a_dataset_that_was_saved(datasets, tmp_path):
    dataset = dataset_of(datasets, range(6)).select([4, 2, 3])
    dataset.save_to_disk(tmp_path / "one")
    write(tmp_path / "one" / "cache-0.arrow", b"of another")
    several = datasets.DatasetDict(train=dataset, test=dataset_of(datasets, [8]))
    several.save_to_disk(tmp_path / "several")
    for source in (tmp_path / "one", tmp_path / "several"):
        split = "train" if source.name == "several" else None
        pairs = silently(load_huggingface, source, split, text="caption")
        assert contents(pairs.X[::2]) == [make_jpeg(i) for i in (4, 2, 3)]
        assert list(pairs.groups) == [0, 0, 1, 1, 2, 2]
    both = silently(load_huggingface, tmp_path / "several", text="caption")
    assert list(both.split) == ["train"] * 6 + ["test"] * 2
    with pytest.raises(ValueError, match="has one split, without a name; leave out"):
        load_huggingface(tmp_path / "one", "train", text="caption")


def test_the_object_itself(datasets, tmp_path):
    dataset = dataset_of(datasets, range(50)).shuffle(seed=0).select(range(30))
    order = [int(texts[0].split()[1]) for texts in dataset["caption"]]
    pairs = silently(load_huggingface, dataset, text="Caption")
    assert contents(pairs.X[::2]) == [make_jpeg(i) for i in order]
    assert list(pairs.y[::2]) == [f"text {i}" for i in order]
    assert pairs.X[0] is pairs.X[1]
    assert list(pairs.split) == [""] * 60
    again = pickle.loads(pickle.dumps(pairs.X))
    assert contents(again[-2:]) == [make_jpeg(order[-1])] * 2
    encoder = quick(max_epochs=1).fit(pairs.X, pairs.y)
    features = encoder.transform(pairs.X)
    files = [write(tmp_path / f"{i}.jpg", make_jpeg(i)) for i in order]
    np.testing.assert_array_equal(features[::2], encoder.transform(files))
    several = datasets.DatasetDict(train=dataset, test=dataset.select([2]))
    test = silently(load_huggingface, several, "test", text="caption")
    assert contents(test.X) == [make_jpeg(order[2])] * 2
    assert list(test.split) == ["test"] * 2


def test_objects_of_paths_and_of_bytes(datasets, tmp_path):
    files = [str(write(tmp_path / f"{i}.jpg", make_jpeg(i))) for i in range(3)]
    texts = ["a", "b", "c"]
    plain = datasets.Dataset.from_dict({"photo": files, "text": texts})
    cast = plain.cast_column("photo", datasets.Image())
    for dataset in (plain, cast):
        pairs = silently(load_huggingface, dataset, image="photo")
        assert list(pairs.X) == files
    raw = [Path(file).read_bytes() for file in files]
    pairs = load_huggingface(datasets.Dataset.from_dict({"image": raw, "text": texts}))
    assert contents(pairs.X) == raw


def test_broken_rows_of_an_object(datasets):
    columns = {
        "image": [make_jpeg(0), b"<html>", None, make_jpeg(3)],
        "text": ["a", "b", "c", None],
    }
    dataset = datasets.Dataset.from_dict(columns)
    with pytest.raises(ValueError, match="the dataset, row 2: it has no 'image'"):
        load_huggingface(dataset)
    pairs, skipped = skipping(load_huggingface, dataset)
    assert list(pairs.y) == ["a"]
    assert [message.split(":")[0] for message in skipped] == [
        f"the dataset, row {row}" for row in (2, 3, 1)
    ]
    assert "the image in the dataset, row 1: it is a web page" in skipped[2]
    with pytest.raises(ValueError, match=r"no column 'image' among \['text'\]"):
        load_huggingface(dataset.select_columns(["text"]))
    with pytest.raises(TypeError, match="an IterableDataset is streamed"):
        load_huggingface(dataset.to_iterable_dataset())
