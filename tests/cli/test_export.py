"""skmal export: the answers of a journal, without a model, from wherever it lies."""

import csv
import shutil

import numpy as np
import pytest
from sessions import answer_some, make_folders, open_keyed

from skmal import AnnotationSession, CLIPEncoder, PairedActiveLearner
from skmal.cli._main import main
from skmal.datasets import load_pairs


@pytest.fixture
def journal(tmp_path):
    """Return a journal with answers, after which the process was as good as killed."""
    images, texts = make_folders(tmp_path)
    learner = PairedActiveLearner(CLIPEncoder("tiny", device="cpu"), random_state=0)
    place = tmp_path / "elsewhere"
    place.mkdir()
    with AnnotationSession(tmp_path / "s.skmal", images, texts, learner) as session:
        for _ in range(3):
            question = session.next_question()
            session.answer(question, question.candidates[0], by="ada")
        session.answer(session.next_question(), None)
        session.export(tmp_path / "expected.csv")
        for end in ("", "-wal"):
            shutil.copy(tmp_path / f"s.skmal{end}", place / f"s.skmal{end}")
    assert (place / "s.skmal-wal").stat().st_size > 0
    return place / "s.skmal"


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def options(folder):
    return ["--images", f"{folder}/images", "--texts", f"{folder}/texts.txt"]


@pytest.mark.parametrize("is_writable", [True, False])
def test_the_table_is_the_one_that_the_session_writes(
    journal, tmp_path, capsys, is_writable
):
    if not is_writable:  # SQLite's index of the log cannot be made
        journal.with_name("s.skmal-shm").mkdir()
    content = journal.read_bytes()
    table = tmp_path / "pairs.csv"
    assert main(["export", str(journal), str(table), *options(tmp_path)]) == 0
    assert f"4 rows: {table}" in capsys.readouterr().out
    assert table.read_text() == (tmp_path / "expected.csv").read_text()
    assert len(load_pairs(table).X) == 3
    assert journal.read_bytes() == content
    assert not journal.with_name("s.skmal.owner").exists()


def test_without_the_items_there_are_keys_and_hashes(journal, tmp_path):
    assert main(["export", str(journal), str(tmp_path / "keys.csv")]) == 0
    expected = read(tmp_path / "expected.csv")
    for row in expected:
        row |= {"X_text": "", "y_text": "", "image": "", "text": ""}
    assert read(tmp_path / "keys.csv") == expected
    assert [row["by"] for row in expected] == ["ada"] * 3 + ["me"]


def test_a_journal_that_is_open_is_left_alone(tmp_path, capsys):
    with open_keyed(tmp_path) as session:
        assert main(["export", str(session.path), str(tmp_path / "t.csv")]) == 1
        assert "is in use by process" in capsys.readouterr().err
        answer_some(session, 2)
    assert main(["export", str(session.path), str(tmp_path / "t.csv")]) == 0


def test_what_cannot_be_exported_is_said(journal, tmp_path, capsys):
    def told(*arguments):
        assert main(["export", *map(str, arguments)]) == 1
        return capsys.readouterr().err

    table = tmp_path / "t.csv"
    assert "there is no journal" in told(tmp_path / "gone", table)
    assert "end it in .csv or .jsonl" in told(journal, tmp_path / "t.parquet")
    assert "no skmal journal" in told(tmp_path / "texts.txt", table)
    for command in "export", "salvage":
        assert main([command, str(journal), str(tmp_path / "none" / "t.csv")]) == 1
        said = capsys.readouterr().err
        assert f"{tmp_path / 'none'} does not exist; make the folder first" in said
        assert "unfinished" not in said
    with_items = [journal, table, "--answers", *options(tmp_path)]
    assert "--answers writes keys, not the items" in told(*with_items)
    keys = [row["X"] for row in read(tmp_path / "expected.csv") if row["X"]]
    (tmp_path / "images" / keys[0]).write_bytes(b"another")
    assert "of --images is not what it was" in told(journal, table, *options(tmp_path))
    assert not table.exists()


def test_proposals_are_marked_and_come_from_the_last_encoder(tmp_path, capsys):
    images, texts = make_folders(tmp_path)
    eyes = np.random.default_rng(0).normal(size=(12, 4))
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", eyes)
    journal = tmp_path / "s.skmal"
    learner = PairedActiveLearner(random_state=7)
    with AnnotationSession(
        journal, images, texts, learner, features=(eyes, eyes), batch_size=5
    ) as session:
        for _ in range(6):
            question = session.next_question()
            partner = question.item.row
            session.answer(question, partner)
        n_events = session._book.ledger.last
        found = session.proposals.next(1)
        assert session._book.ledger.last == n_events
        session.proposals.verify(found)
    table = tmp_path / "pairs.csv"
    given = ["--features", str(tmp_path / "x.npy"), str(tmp_path / "y.npy")]
    command = ["export", str(journal), str(table), *options(tmp_path), "--proposals"]
    assert main([*command, *given]) == 0
    told = capsys.readouterr().out
    assert "not to be trusted, for too few answers" in told
    assert "--audit 0.1" in told
    rows = read(table)
    how = [row["how"] for row in rows]
    assert how[:7] == ["answered"] * 6 + ["verified"]
    assert {*how[7:]} == {"proposed"}
    assert len(load_pairs(table).X) == len(rows) <= 12
    confidence = [float(row["confidence"]) for row in rows[7:]]
    assert confidence == sorted(confidence, reverse=True)
    assert all(row["confidence"] == "" for row in rows[:7])
    assert all(row["X_hash"] and row["text"] for row in rows[7:])
    least = f"{confidence[1]}"
    assert main([*command, *given, "--min-confidence", least]) == 0
    assert len(read(table)) == 7 + sum(own >= confidence[1] for own in confidence)
    assert main(["export", str(journal), str(table)]) == 0
    assert len(read(table)) == 7  # nothing was written to the journal
    journal.unlink()
    assert main([*command, *given]) == 0
    assert f"Note: {journal} was missing" in capsys.readouterr().out
    assert len(read(table)) == len(rows)
    for wrong, why in [
        ([*command], "learned from features"),
        ([*command, *given, "--min-confidence", "2"], "--min-confidence must be"),
        ([*command, "--answers"], "leave out --proposals"),
        ([*command[:3], "--proposals"], "pass --images and --texts"),
        ([*command[:3], "--min-confidence", "0.9"], "add --proposals"),
        ([*command[:3], *given], "add --proposals"),
        (["export", "none.skmal", *command[2:]], "no journal"),
    ]:
        assert main(wrong) != 0
        assert why in capsys.readouterr().err
