"""Answers as tables."""

import json

import pytest
from sessions import KEYED_X, Y, learner, open_keyed, truth

from skmal import AnnotationSession


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
    session.export_csv(tmp_path / "a.csv")
    session.export_jsonl(tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    pair, none = map(json.loads, lines)
    assert (pair["kind"], pair["by"], pair["seconds"]) == ("pair", "ada", 2.0)
    assert {pair["X"], pair["y"]} == {question.item.key, truth(question)}
    assert len(pair["X_hash"]) == len(pair["y_hash"]) == 64
    assert none["kind"] == "none"
    assert none["Xy"[1 - lone.modality]] is None
    table = (tmp_path / "a.csv").read_text().splitlines()
    assert table[0].startswith("kind,X,y,asked,by,at")
    assert len(table) == 3


def test_exports_hold_the_texts_which_have_no_key_of_their_own(tmp_path):
    texts = [f"text {i}" for i in range(40)]
    with AnnotationSession(
        tmp_path / "s.skmal", KEYED_X, texts, learner(), features=(None, Y)
    ) as session:
        question = session.next_question()
        session.answer(question, question.item.row)
        session.export_jsonl(tmp_path / "a.jsonl")
    row = json.loads((tmp_path / "a.jsonl").read_text())
    assert row["y_text"] == f"text {question.item.row}"
    assert row["X_text"] is None
