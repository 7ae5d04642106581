"""Pairs of image files and texts out of tables of one's own."""

import json
import os
from pathlib import Path

import pytest
from sets import make_jpeg, silently, skipping, write, write_parquet

from skmal.datasets import load_pairs
from skmal.items._images import check_images, check_readable


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


@pytest.mark.parametrize("closing", [False, True])
def test_a_stray_quote_costs_one_pair(tmp_path, closing):
    write(tmp_path / "a.jpg", make_jpeg(0))
    texts = [f"text {i}" for i in range(1000)]
    lines = [f"a.jpg,{text}" for text in texts]
    lines[500] = 'a.jpg,"text 500'
    if closing:
        lines[800] += '"'
        texts[800] += '"'
    file = write(tmp_path / "pairs.csv", "\n".join(["image,text", *lines]))
    with pytest.raises(ValueError, match="line 502: a field that begins here"):
        load_pairs(file)
    pairs, skipped = skipping(load_pairs, file)
    assert len(skipped) == 1
    assert list(pairs.y) == texts[:500] + texts[501:]


def test_pairs_from_every_kind_of_table(tmp_path):
    write(tmp_path / "a.jpg", make_jpeg(0))
    rows = [{"File_Name": "a.jpg", " TEXT": f"one, {i}"} for i in range(3)]
    lines = "\n".join(map(json.dumps, rows))
    for file in (
        write(
            tmp_path / "a.csv",
            "file_name;text\na.jpg;one, 0\na.jpg;one, 1\na.jpg;one, 2",
        ),
        write(tmp_path / "a.json", json.dumps(rows)),
        write(tmp_path / "a.ndjson", lines.encode("utf-16")),
        write_parquet(tmp_path / "a.parquet", rows),
    ):
        pairs = silently(load_pairs, file)
        assert list(pairs.y) == ["one, 0", "one, 1", "one, 2"]
        assert list(pairs.groups) == [0, 0, 0]


def test_own_tables_may_have_a_kind_none(tmp_path):
    write(tmp_path / "a.jpg", make_jpeg(0))
    file = write(tmp_path / "a.csv", "kind,image,text\nnone,a.jpg,x\n")
    assert list(load_pairs(file).y) == ["x"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pairs.csv", "", "pairs.csv: it is empty"),
        ("pairs.csv", "image,text\n", "holds no pairs that can be read"),
        ("pairs.csv", "img,text\na,b\n", r"no column 'image' among \['img', 'text'\]"),
        (
            "pairs.csv",
            "URL,TEXT\nhttps://e.org/a.jpg,b\n",
            "addresses .* img2dataset --u",
        ),
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
