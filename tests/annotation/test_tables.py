"""Answers as tables."""

import csv
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sessions import KEYED_X, X, Y, learner, make_folders, open_keyed, truth

from skmal import AnnotationSession
from skmal.annotation._export import export_journal
from skmal.annotation._tables import write_csv, write_jsonl
from skmal.datasets import load_pairs
from skmal.items._texts import is_blank


@pytest.fixture
def session(tmp_path):
    """Return an open session with budget 7 and batches of 5."""
    with open_keyed(tmp_path, budget=7) as session:
        yield session


def test_exports_hold_keys_hashes_and_who(session, tmp_path):
    question = session.next_question("ada")
    session.answer(question, truth(question), by="ada", seconds=2)
    lone = session.next_question()
    session.answer(lone, None)
    session.export(tmp_path / "a.csv")
    session.export(tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    pair, none = map(json.loads, lines)
    assert (pair["kind"], pair["by"], pair["seconds"]) == ("pair", "ada", 2.0)
    assert {pair["X"], pair["y"]} == {question.item.key, truth(question)}
    assert len(pair["X_hash"]) == len(pair["y_hash"]) == 64
    assert none["kind"] == "none"
    assert none["Xy"[1 - lone.modality]] is None
    table = (tmp_path / "a.csv").read_text().splitlines()
    assert table[0].startswith('"kind","X","y","asked","by","at"')
    assert len(table) == 3


def test_exports_hold_the_texts_which_have_no_key_of_their_own(tmp_path):
    texts = [f"text {i}" for i in range(40)]
    with AnnotationSession(
        tmp_path / "s.skmal", KEYED_X, texts, learner(), features=(None, Y)
    ) as session:
        question = session.next_question()
        session.answer(question, question.item.row)
        session.export(tmp_path / "a.jsonl")
    row = json.loads((tmp_path / "a.jsonl").read_text())
    assert row["y_text"] == f"text {question.item.row}"
    assert row["X_text"] is None


@pytest.fixture
def answered(tmp_path):
    """Return an open session about 12 images and texts, 4 pairs, 2 items without."""
    images, _ = make_folders(tmp_path)
    texts = {f"t{i}": f'the {i}., "so;\tto say" ' for i in range(12)}
    texts["t3"] = " a text\nof two lines"
    with AnnotationSession(
        tmp_path / "s.skmal",
        images,
        texts,
        learner(batch_size=12),
        features=(X[:12], Y[:12]),
        known_pairs=[("00.png", "t0")],
    ) as session:
        for n in range(5):
            question = session.next_question()
            number = int(Path(question.item.key).stem.strip("t"))
            partner = f"t{number}", f"{'more/' if number % 2 else ''}{number:02}.png"
            answer = None if n in (1, 3) else partner[question.modality]
            session.answer(question, answer)
        session.answer(session.next_question(), None)
        yield session


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.jsonl"])
@pytest.mark.parametrize("place", ["", "elsewhere"])
def test_exports_are_tables_of_pairs(answered, tmp_path, name, place, recwarn):
    path = tmp_path / place / name
    path.parent.mkdir(exist_ok=True)
    answered.export(path)
    pairs = load_pairs(path)
    known = answered.pairs()
    assert len(known) == 4
    assert list(pairs.y) == [text.value for _, text in known]
    assert [Path(x).resolve() for x in pairs.X] == [x.value for x, _ in known]
    assert pairs.skipped == []
    assert not recwarn
    if not place:  # images lie below: both can be moved together
        moved = shutil.copytree(tmp_path, tmp_path.with_name("moved")) / name
        assert load_pairs(moved).X[0].startswith(str(moved.parent))
        shutil.rmtree(moved.parent)


def test_a_journal_is_exported_with_the_items_that_are_as_they_were(answered, tmp_path):
    known = answered.pairs()
    answered.export(tmp_path / "expected.csv")
    answered.close()
    table = tmp_path / "table.csv"
    pools = [
        {item.key: item.value for item in side} for side in zip(*known, strict=True)
    ]
    export_journal(answered.path, table, *pools)
    expected = load_pairs(tmp_path / "expected.csv")
    assert load_pairs(table).y.tolist() == expected.y.tolist()
    assert load_pairs(table).X.tolist() == expected.X.tolist()
    gone = known[1][1].key
    del pools[1][gone]
    export_journal(answered.path, table, *pools)
    with open(table, encoding="utf-8", newline="") as file:
        without = [
            row["y"] for row in csv.DictReader(file) if row["y"] and not row["text"]
        ]
    assert without == [gone]
    before, changed = table.read_bytes(), known[0][1].key
    pools[1][changed] = "another text"
    with pytest.raises(ValueError, match=f"'{changed}' of y is not what it was when"):
        export_journal(answered.path, table, *pools)
    assert table.read_bytes() == before


def test_exports_of_other_pools_have_no_image(session, tmp_path):
    question = session.next_question()
    session.answer(question, truth(question))
    session.export(tmp_path / "a.csv")
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["image"], row["text"]) == ("", "")
    with pytest.raises(ValueError, match="line 2: it has no 'image'"):
        load_pairs(tmp_path / "a.csv")


@settings(max_examples=15)
@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=9))
def test_exports_hold_every_text_exactly(texts):
    texts = [text for text in texts if not is_blank(text) and "\0" not in text]
    texts.append('two\r\nlines, "and" \u2028 \U0001f600')
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "a, b.png")
        Image.new("RGB", (2, 2)).save(image)
        rows = [
            {"kind": "pair", "y_text": text, "image": image, "text": text}
            for text in texts
        ]
        hashes = dict.fromkeys(("X_hash", "y_hash"), "")
        rows.append({"kind": "all", **hashes, "image": image, "text": None})
        for write, name in ((write_csv, "a.csv"), (write_jsonl, "a.jsonl")):
            write(rows, Path(folder, name))
            assert list(load_pairs(Path(folder, name)).y) == texts


def test_exports_never_fail_on_a_text(tmp_path):
    row = {"kind": "pair", "X_text": "half \ud83d, caf\xe9", "y_text": "\U0001f600"}
    row |= {"image": None, "text": None}
    write_csv([row], tmp_path / "a.csv")
    assert "half \\ud83d, caf\xe9" in (tmp_path / "a.csv").read_text("utf-8")
    write_jsonl([row], tmp_path / "a.jsonl")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8")) == row
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.jsonl"]
