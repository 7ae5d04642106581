"""Pools as people have them: folders, files of texts, mappings."""

from pathlib import Path

import numpy as np
import pytest
from bad_images import picture
from PIL import Image
from scipy.sparse import csr_matrix, dok_matrix
from sessions import X, Y, learner

from skmal import AnnotationSession
from skmal.annotation._sources import read_pool
from skmal.datasets import load_images, load_texts


def test_a_csv_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("text\n" + "x" * 200_000)
    with pytest.raises(ValueError, match=r"long.csv, line 2: a field is longer than"):
        AnnotationSession(tmp_path / "s.skmal", X, path)


def test_keys_are_strings(tmp_path):
    with pytest.raises(TypeError, match="a number means a row"):
        AnnotationSession(tmp_path / "s.skmal", {7: "a", 0: "b"}, ["c", "d"])
    with pytest.raises(ValueError, match="no valid Unicode"):
        AnnotationSession(tmp_path / "s.skmal", {"\udce9": "a"}, ["c", "d"])
    assert not (tmp_path / "s.skmal").exists()


def test_texts_come_from_csv_and_jsonl(tmp_path):
    csv, jsonl = tmp_path / "t.csv", tmp_path / "t.jsonl"
    csv.write_text("id,text,n\n7,a fox,1\n8,a hen,2\n", encoding="utf-8")
    lines = ['"a fox"', "", '{"text": "a hen"}', '"a fox"']
    jsonl.write_text("\n".join(lines), encoding="utf-8")
    params = {"learner": learner(batch_size=1), "features": (X[:2], Y[:3])}
    with AnnotationSession(tmp_path / "s", csv, jsonl, **params) as session:
        assert session.items.get(0, "8").value == "a hen"
        keys = [item.key for item in session.items.search("fox", 1)]
        assert keys[1] == keys[0] + "-2"  # the same text twice
    for text, name, message in [
        ("id,text\n1\n", "bad.csv", "line 2: it lacks fields"),
        ("{}\n", "bad.jsonl", "line 1: it has no column 'text'"),
        ('{"id": 1, "text": "a"}\n"b"', "half.jsonl", "line 2: it has no id"),
        ("id,text\n1,a\n1,b\n", "twice.csv", "line 3: the id '1' stands in line 2"),
    ]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            AnnotationSession(tmp_path / "t", tmp_path / name, jsonl, **params)
    (tmp_path / "latin.txt").write_bytes("Füchse".encode("latin-1"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        AnnotationSession(tmp_path / "t", tmp_path / "latin.txt", jsonl, **params)
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        AnnotationSession(tmp_path / "t", tmp_path / "gone", jsonl, **params)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no images"):
        AnnotationSession(tmp_path / "t", tmp_path / "empty", jsonl, **params)
    assert not (tmp_path / "t").exists()


def save(folder, *names):
    """Write small pictures, all different, of these names; return the folder."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(i, side=8).save(folder / name)
    return folder


@pytest.mark.parametrize(
    "rows",
    [
        "id,text\n1,a red cup, on a blue table\n",
        "text,id\na red cup, on a blue table,1\n",
        "id;caption\n1;ein Fuchs\n",
        "a red cup\na blue cup\n",
        "ID,Caption,photographer\n1,a cup,Ada\n",
        "id,text\n1,a cup\n2,\n",
    ],
)
def test_a_table_that_could_be_misread_is_refused_before_a_journal_is_made(
    tmp_path, rows
):
    table = tmp_path / "texts.csv"
    table.write_text(rows, encoding="utf-8")
    with pytest.raises(ValueError, match="texts.csv"):
        AnnotationSession(tmp_path / "s", X[:2], table, features=(X[:2], Y[:2]))
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("ending", [".dat", ".xlsx", "", ".md"])
def test_other_endings_are_no_texts(tmp_path, ending):
    path = tmp_path / f"texts{ending}"
    path.write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"\.csv"):
        read_pool(path, "y")


def test_columns_by_any_case_and_separator(tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text(" Text ; ID \nein Fuchs;7\n", encoding="utf-16")
    pool = read_pool(table, "y")
    assert (pool.keys, pool.items, pool.kind) == (["7"], ["ein Fuchs"], "text")
    named = load_texts(table, text="id", id="text")
    assert read_pool(named, "y").keys == ["ein Fuchs"]


def test_a_folder_of_texts_is_a_pool_of_texts(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "a.txt").write_text("a fox\n", encoding="utf-8")
    (tmp_path / "more" / "b.txt").write_text("a hen", encoding="utf-8")
    pool = read_pool(tmp_path, "y")
    assert pool.keys == ["a.txt", "more/b.txt"]
    assert (pool.items, pool.kind) == (["a fox", "a hen"], "text")


def test_what_a_folder_of_images_holds_besides_is_told(tmp_path):
    images = save(
        tmp_path / "images", "a.png", "b/c.JPG", "__MACOSX/._a.png", ".x/y.png"
    )
    (images / "notes.pdf").write_bytes(b"%PDF")
    (images / "b" / "again").symlink_to(images)
    (images / "same.png").symlink_to("a.png")
    pool = read_pool(images, "X")
    assert pool.keys == ["a.png", "b/c.JPG"]
    assert "1 .pdf" in pool.left_out
    with pytest.warns(
        UserWarning, match="left out of the folder of X: 1 .pdf, 2 links"
    ):
        AnnotationSession(
            tmp_path / "s", images, ["a", "b"], features=(X[:2], Y[:2])
        ).close()


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        (["a.png", "b c.JPEG", "d.webp"], "image"),
        (["a fox", "a hen in b.png"], "text"),
        ([Path("a.png"), Path("b")], "image"),
        ({"1": Path("a.xyz")}, "image"),
        ({"1": "a", "2": "b"}, "text"),
        (["a.avif", "b.png"], "image"),
        (np.zeros((2, 8, 8), np.uint8), "image"),
        ([Image.new("L", (8, 8)), Path("b.png")], "image"),
        (np.zeros((2, 8)), "other"),
        ([np.zeros(3), np.zeros(4)], "other"),
    ],
)
def test_kinds_of_items(tmp_path, monkeypatch, items, kind):
    monkeypatch.chdir(save(tmp_path, "a.png", "b.png", "b c.JPEG", "d.webp"))
    for name in ("b", "a.xyz", "a.avif"):
        picture(3, side=8).save(name, "PNG")
    assert read_pool(items, "X").kind == kind


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["a.xyz", "b.png"], "'a.xyz'|'b.png'"),
        (["a.png", ""], "names of files and other strings"),
        ([Path("a.png"), "https://e.org/b.png"], "e.org"),
        (["https://e.org/a.png"], "e.org"),
        (np.zeros((32, 32, 3), np.uint8), r"\(32, 32, 3\)"),
        (["a.svg", "b.svg"], "'a.svg'"),
        (["texts.here", "a fox"], "'texts.here'"),
        (["a", 1, "c"], "a int in row 1, 1, where"),
        ([b"a", b"b"], "a bytes in row 0"),
        ([Path("a.png"), 5], "a int in row 1"),
        (["a fox", "a\0hen"], r"X\[1\] holds a zero character at 1"),
    ],
)
def test_what_could_be_two_things_is_refused(tmp_path, monkeypatch, items, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.here").write_text("a file")
    with pytest.raises((ValueError, TypeError), match=message):
        read_pool(items, "X")


def test_texts_from_a_table_may_read_like_names_of_files(tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("text\na.png\na fox\n", encoding="utf-8")
    assert read_pool(table, "y").kind == "text"
    assert read_pool(load_texts(table), "y").kind == "text"
    with pytest.raises(ValueError, match="names of files and other strings"):
        read_pool(["a.png", "a fox"], "y")


def test_images_come_from_a_table_as_well(tmp_path):
    save(tmp_path / "pictures", "a.png", "b.png")
    table = tmp_path / "images.tsv"
    table.write_text("Photo\tid\npictures/b.png\t7\npictures/a.png\t5\n")
    pool = read_pool(load_images(table, image="photo"), "X")
    assert (pool.keys, pool.kind) == (["7", "5"], "image")
    assert [path.name for path in pool.items] == ["b.png", "a.png"]


def test_a_damaged_pil_image_is_set_aside(tmp_path):
    path = tmp_path / "a.jpg"
    picture().save(path)
    path.write_bytes(path.read_bytes()[:-300])
    with Image.open(path) as damaged:
        pool = read_pool([picture(1, side=8), damaged], "X", "skip")
    assert [*pool.faults] == [1]
    assert len(set(pool.keys)) == 2


def test_equal_numbers_have_equal_keys_in_any_container():
    rows = np.array([[0.0, 1.5], [2.0, -0.5]])
    keys = read_pool(rows, "X").keys
    negative = rows.copy()
    negative[0, 0] = -0.0
    for same in (
        negative,
        rows.astype(np.float32),
        rows.astype(">f8"),
        rows.tolist(),
        csr_matrix(rows),
        dok_matrix(rows),
    ):
        assert read_pool(same, "X").keys == keys


def test_features_that_are_no_numbers_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"numbers, which features\[1\] does not hold"):
        AnnotationSession(
            tmp_path / "s", X[:2], ["a", "b"], features=(X[:2], ["c", "d"])
        )
