"""Each call of the table in docs/data.md runs, on tiny files of what it says."""

import re
from io import BytesIO

import numpy as np
import pytest
from helpers import ROOT
from PIL import Image
from sets import (
    datasets_library,
    make_jpeg,
    quadruples,
    sample_members,
    write,
    write_coco,
    write_flickr,
    write_parquet,
    write_samples,
    write_shard,
    write_tar,
    write_winoground,
)

from skmal import AnnotationSession, PairedActiveLearner, datasets

PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
TABLE = re.search(r"\| what you have \|.*?\n\n", PAGE, re.DOTALL)[0]
CALLS = re.findall(r"`(load_\w+\(.*?\))`", TABLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with all that the table speaks of."""
    pytest.importorskip("pyarrow")
    folder = tmp_path_factory.mktemp("data")
    for i in range(3):
        write(folder / "photos" / f"{i}.jpg", make_jpeg(i))
    write(folder / "texts.txt", "a\nb\nc")
    write(folder / "pairs.csv", "image,text\nphotos/0.jpg,a\nphotos/1.jpg,b")
    rows = [{"image": {"bytes": make_jpeg(i), "path": None}} for i in range(3)]
    named = [row | {"caption": f"text {i}"} for i, row in enumerate(rows)]
    texts = [row | {"text": f"text {i}"} for i, row in enumerate(rows)]
    write_parquet(folder / "saved" / "data" / "train-00000-of-00001.parquet", named)
    write_parquet(folder / "pairs.parquet", texts)
    write_samples(folder / "shards" / "0.tar", range(3))
    write_coco(folder / "coco", ["test"])
    write_flickr(folder / "flickr30k", ["test"])
    write_parquet(folder / "colorswap/data/test-00000-of-00001.parquet", quadruples(1))
    write_winoground(folder / "winoground" / "data", 1)
    write_shard(folder / "datacomp" / "metadata" / "small", "00")
    members = sample_members(1, json=b'{"uid": "%032x"}' % 1)
    write_tar(folder / "datacomp" / "shards" / "00000000.tar", members)
    return folder


def export(folder):
    """Let a session answer a question and export."""
    features = np.eye(3), np.eye(3)
    learner = PairedActiveLearner(random_state=0)
    photos, texts = folder / "photos", ["a", "b", "c"]
    with AnnotationSession(
        folder / "a.db", photos, texts, learner, features=features, budget=3
    ) as session:
        session.run(lambda question: question.item.row)
        session.export(folder / "export.csv")


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_the_table(folder, monkeypatch, call):
    monkeypatch.chdir(folder)
    names = {name: getattr(datasets, name) for name in datasets.__all__}
    if "dataset," in call:
        library = datasets_library()
        pixels = BytesIO()
        Image.new("RGB", (8, 8)).save(pixels, "PNG")
        columns = {"image": [pixels.getvalue()], "caption": ["a"]}
        made = library.Dataset.from_dict(columns)
        names["dataset"] = library.DatasetDict(train=made)
    if "export" in call:
        export(folder)
    found = eval(call, names)
    assert len(found.X if hasattr(found, "X") else found) > 0


def test_every_reader_is_in_the_table():
    readers = {name for name in datasets.__all__ if name.startswith("load_")}
    named = {call.partition("(")[0] for call in CALLS}
    assert named == readers - {"load_glyphs"}  # which come with the package
