"""Pools as people have them: folders, files of texts, mappings."""

import pytest
from sessions import X, Y, learner

from skmal import AnnotationSession


def test_a_csv_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("text\n" + "x" * 200_000)
    with pytest.raises(ValueError, match=r"y: .*long.csv is no table of texts"):
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
        assert session.item(0, "8").value == "a hen"
        keys = [item.key for item in session.search("fox", 1)]
        assert keys[1] == keys[0] + "-2"  # the same text twice
    for text, name, message in [
        ("id,text\n1\n", "bad.csv", "line 2: no value in the column 'text'"),
        ("{}\n", "bad.jsonl", "line 1: expected a string"),
        ('{"id": 1, "text": "a"}\n"b"', "half.jsonl", "1 texts without an id"),
        ("id,text\n1,a\n1,b\n", "twice.csv", "two items with the key '1'"),
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
