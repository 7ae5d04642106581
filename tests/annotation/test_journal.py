"""The journal: one writer, whole steps, and clear words where it cannot write."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from sessions import answer_some, known, learner, open_keyed, truth

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def session(tmp_path):
    """Return an open session with budget 7 and batches of 5."""
    with open_keyed(tmp_path, budget=7) as session:
        yield session


def test_a_second_session_is_told_who_has_the_journal(session, tmp_path):
    message = f"in use by process {os.getpid()} on .*, this one; close"
    with pytest.raises(BlockingIOError, match=message):
        open_keyed(tmp_path)
    (tmp_path / "s.skmal.owner").write_text("process 0 on another machine")
    with pytest.raises(BlockingIOError, match="0 on another machine; close"):
        open_keyed(tmp_path)
    session.close()
    with open_keyed(tmp_path) as again:
        assert again.progress.n_answers == 0
    with pytest.raises(ValueError, match="is closed; open it again"):
        session.next_question()
    with pytest.raises(ValueError, match="is closed; open it again"):
        session.export(tmp_path / "t.csv")


def test_one_writer_brings_each_step_to_disk(session):
    ways = {"locking_mode": "exclusive", "journal_mode": "wal", "synchronous": 2}
    ask = session._book.journal._one
    assert {name: ask(f"PRAGMA {name}") for name in ways} == ways


def test_other_journals_are_refused_and_left_alone(tmp_path):
    path = tmp_path / "s.skmal"
    open_keyed(tmp_path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(ValueError, match="newer skmal .journal version 7"):
        open_keyed(tmp_path)
    assert path.read_bytes() == content
    path.with_name("s.skmal.log").unlink()  # which would give it back
    path.write_text("my notes, in which nothing is a journal" * 99)
    with pytest.raises(ValueError, match="no skmal journal, or damaged"):
        open_keyed(tmp_path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(ValueError, match="a SQLite file, but no skmal journal"):
        open_keyed(tmp_path)


def test_a_full_disk_takes_nothing_and_loses_nothing(session, tmp_path):
    answer_some(session, 2)
    question, before = session.next_question(), session.progress
    pages = session._book.journal._one("PRAGMA page_count")
    session._book.journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    session.answer(question, truth(question))  # what fits

    def again_and_again():
        for _ in range(2000):
            session.undo()
            session.answer(question, truth(question))

    with pytest.raises(OSError, match=r"is full, so this step was not taken") as caught:
        again_and_again()
    assert caught.value.errno == 28
    stands = session.progress
    assert stands.n_answers in (before.n_answers, before.n_answers + 1)
    session._book.journal._connection.execute("PRAGMA max_page_count = 1000000")
    session.answer(session.next_question(), None)  # there is room again
    session.close()
    with open_keyed(tmp_path) as again:
        assert again.progress.n_answers == stands.n_answers + 1


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    if os.geteuid() != 0:  # root may write anywhere
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match="cannot be written"):
            open_keyed(tmp_path)
        tmp_path.chmod(0o700)
    with pytest.raises(PermissionError, match=r"must exist and be writable"):
        open_keyed(tmp_path / "missing")
    open_keyed(tmp_path).close()
    path = f"file:{tmp_path / 's.skmal'}?mode=ro"
    opened = sqlite3.connect

    def read_only(_, **params):
        return opened(path, **params | {"uri": True})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", read_only)
        with pytest.raises(PermissionError, match="cannot be written"):
            open_keyed(tmp_path)


def test_a_journal_of_the_first_version_goes_on_as_it_was_begun(tmp_path):
    # Written by the version that brought sessions, with all kinds of events. What that
    # version read in it and asked next is beside it.
    then = json.loads((RECORDED / "journal-1.json").read_text())
    with sqlite3.connect(tmp_path / "s.skmal") as connection:
        connection.executescript((RECORDED / "journal-1.sql").read_text())
    connection.close()
    weights = tmp_path / "s.skmal.weights"
    weights.mkdir()
    shutil.copy(RECORDED / "journal-1.joblib", weights / "round-00004.joblib")
    with pytest.warns(UserWarning, match="names a class that is not there"):
        session = open_keyed(tmp_path, known_pairs=[("x3", "y3"), (8, 8)])
    with session:
        progress = session.progress
        for name in ("n_answers", "n_pairs", "n_none", "n_skips", "budget", "n_rounds"):
            assert getattr(progress, name) == then[name]
        assert list(progress.n_open) == then["n_open"]
        assert progress.prequential == then["prequential"]
        assert [list(pair) for pair in known(session)] == then["pairs"]
        asked = []
        for question in session:
            candidates = [candidate.key for candidate in question.candidates]
            key = question.item.key
            asked.append([question.id, question.modality, key, candidates])
            session.answer(question, truth(question))
        # The questions of its batch are in the journal; those of later batches are
        # chosen, and ranked, by today's defaults.
        assert asked[:4] == then["asked"][:4]
        assert len(asked) == len(then["asked"])
        told = session.learner.prequential_.tolist()
        assert told[: len(then["prequential"])] == then["prequential"]
        assert session.learner.seed_ == then["seed"]


def test_a_journal_of_the_second_version_goes_on(tmp_path):
    # Written before questions were asked of two people, with groups and a second plan.
    then = json.loads((RECORDED / "journal-2.json").read_text())
    with sqlite3.connect(tmp_path / "s.skmal") as connection:
        connection.executescript((RECORDED / "journal-2.sql").read_text())
    connection.close()
    keys = [f"x{i}" for i in range(12)], [f"y{i}" for i in range(12)]
    with pytest.warns(UserWarning, match="weights not loaded"):
        session = open_keyed(tmp_path, *keys, learner=learner(batch_size=2))
    with session:
        progress = session.progress
        for name in ("n_answers", "n_pairs", "n_none", "n_skips", "budget", "n_rounds"):
            assert getattr(progress, name) == then[name]
        assert list(progress.n_open) == then["n_open"]
        assert progress.prequential == then["prequential"]
        assert [list(pair) for pair in known(session)] == then["pairs"]
        assert (progress.overlap, progress.agreement.n) == (0, 0)
        question = session.next_question("ada")
        assert [question.id, question.item.key] == then["next"]
        assert len(session.review.replies()) == then["n_answers"]
        session.change_overlap(1.0)
        session.answer(question, None, by="ada")
        assert session.next_question("bob") == question
