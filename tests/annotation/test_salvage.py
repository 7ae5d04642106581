"""What is certainly intact of a damaged journal is written, what is lost is named."""

import csv
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from sessions import answer_some, open_keyed, truth

from skmal.annotation._journal import Journal
from skmal.annotation._salvage import salvage
from skmal.cli import main


@pytest.fixture
def path(tmp_path):
    """Return a closed journal with answers, of which one was taken back."""
    folder = tmp_path / "session"
    folder.mkdir()
    with open_keyed(folder, known_pairs=[("x39", "y39")]) as session:
        answer_some(session, 7)
        session.answer(session.next_question(), None, by="bob")
        question = session.next_question()
        session.answer(question, truth(question))
        session.undo()
        session.export(tmp_path / "expected.csv")
    return session.path


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def damage(path, numbers, in_log=True):
    """Change entries in the journal, and in the log."""
    with closing(sqlite3.connect(path)) as connection:
        for n in numbers:
            connection.execute("UPDATE event SET at = at + 1 WHERE id = ?", [n])
        connection.commit()
    if not in_log:
        return
    log = path.with_name("s.skmal.log")
    lines = log.read_bytes().splitlines(keepends=True)
    for n in numbers:
        lines[n] = lines[n].replace(b'"kind"', b'"kine"')
    log.write_bytes(b"".join(lines))


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def seen(folder):
    """Return what tells whether files were written, without opening one."""
    looks = ((file.name, file.stat()) for file in folder.iterdir() if file.is_file())
    return {name: (own.st_size, own.st_mtime_ns) for name, own in looks}


def told(table):
    """Return what a table says, without what only one of the two kinds has."""
    names = "kind", "X", "y", "asked", "by", "at", "seconds", "question", "X_hash"
    return [tuple(row[name] for name in names) for row in read(table)]


def test_of_a_whole_journal_everything_that_stands_is_written(path, tmp_path, capsys):
    before = files(path.parent)
    table = tmp_path / "all.csv"
    assert main(["salvage", str(path), str(table)]) == 0
    assert "9 answers and known pairs are intact" in capsys.readouterr().out
    assert told(table) == told(tmp_path / "expected.csv")
    assert {row["found_in"] for row in read(table)} == {"journal and log"}
    assert files(path.parent) == before


def test_what_is_lost_in_both_is_named_and_the_rest_is_kept(path, tmp_path, capsys):
    salvage(path, tmp_path / "all.csv")
    answers = [int(row["entry"]) for row in read(tmp_path / "all.csv")]
    lost = answers[2:4]
    damage(path, lost)
    damage(path, [answers[5]], in_log=False)
    before = files(path.parent)
    with pytest.raises(ValueError, match="skmal salvage .*s.skmal TABLE.csv"):
        Journal(path)
    table = tmp_path / "rest.csv"
    assert main(["salvage", str(path), str(table)]) == 2
    said = capsys.readouterr().out
    assert "7 answers and known pairs are intact" in said
    for n in lost:
        assert f"  entry {n} (" in said
    assert "UTC" in said
    assert files(path.parent) == before
    rest = [row for n, row in enumerate(told(tmp_path / "all.csv")) if n not in (2, 3)]
    assert told(table) == rest
    where = {int(row["entry"]): row["found_in"] for row in read(table)}
    assert where[answers[5]] == "log"
    assert where[answers[4]] == "journal and log"


@pytest.mark.parametrize("is_log_left", [True, False])
def test_what_one_of_the_two_has_is_enough(path, tmp_path, is_log_left):
    salvage(path, tmp_path / "all.csv")
    if is_log_left:
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    else:
        path.with_name("s.skmal.log").unlink()
    found = salvage(path, tmp_path / "rest.csv")
    assert (found.lost, found.n_rows) == ([], 9)
    assert told(tmp_path / "rest.csv") == told(tmp_path / "all.csv")
    if is_log_left:
        path.unlink()
        assert salvage(path, tmp_path / "rest.csv").n_rows == 9


def test_a_broken_page_hides_none_of_the_others(tmp_path):
    with open_keyed(tmp_path) as session:
        answer_some(session, 30)
    path = session.path
    salvage(path, tmp_path / "all.csv")
    by_entry = {row["entry"]: row for row in read(tmp_path / "all.csv")}
    n_whole = len(by_entry)
    path.with_name("s.skmal.log").unlink()
    data = path.read_bytes()
    page = int.from_bytes(data[16:18], "big")
    n_lost = []
    for first in range(page, len(data), page):
        path.write_bytes(data[:first] + bytes(page) + data[first + page :])
        found = salvage(path, tmp_path / "rest.csv")
        for row in read(tmp_path / "rest.csv"):
            whole = by_entry[row["entry"]]  # the items' names may be lost
            assert all(row[name] in ("", whole[name]) for name in ("X", "y", "X_hash"))
            assert row["question"] == whole["question"]
            assert (row["item"], row["partner"]) == (whole["item"], whole["partner"])
        assert bool(found.lost) or found.n_rows in (0, n_whole)
        n_lost.append(n_whole - found.n_rows)
    assert 0 < min(n for n in n_lost if n) < n_whole / 2


def test_two_branches_are_both_written(path, tmp_path, capsys):
    other = shutil.copytree(path.parent, tmp_path / "other")
    for folder, by in ((path.parent, "ada"), (other, "eve")):
        with open_keyed(folder, known_pairs=[("x39", "y39")]) as session:
            question = session.next_question()
            session.answer(question, truth(question), by=by)
    shutil.copy(other / "s.skmal.log", path.parent)
    assert main(["salvage", str(path), str(tmp_path / "both.jsonl")]) == 0
    assert "two machines" in capsys.readouterr().out
    assert main(["salvage", str(path), str(tmp_path / "both.csv")]) == 0
    found = [(row["by"], row["found_in"]) for row in read(tmp_path / "both.csv")[-2:]]
    assert sorted(found) == [("ada", "journal"), ("eve", "log")]


def test_what_cannot_be_salvaged_is_said(path, tmp_path, capsys):
    for wrong, why in (
        ([tmp_path / "none.skmal", tmp_path / "t.csv"], "there is no journal"),
        ([path, tmp_path / "t.parquet"], "end it in .csv or .jsonl"),
        ([path, path.with_name("s.skmal.log")], "end it in .csv or .jsonl"),
    ):
        assert main(["salvage", *map(str, wrong)]) == 1
        assert why in capsys.readouterr().err
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE event DROP COLUMN hash")
    with pytest.raises(ValueError, match="kept no hashes"):
        salvage(path, tmp_path / "t.csv")
    path.with_name("s.skmal.log").unlink()
    path.write_bytes(b"no journal")
    assert salvage(path, tmp_path / "t.csv").n_rows == 0
    capsys.readouterr()
    assert main(["salvage", str(path), str(tmp_path / "t.csv")]) == 2
    said = capsys.readouterr().out
    assert "all of it is lost" in said
    assert "Nothing is lost" not in said


def test_a_journal_of_a_version_to_come_is_not_half_read(path, tmp_path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="version 99, this one.*upgrade skmal"):
        salvage(path, tmp_path / "t.csv")


def test_a_session_keeps_its_lock_while_its_journal_is_salvaged(path, tmp_path):
    table = tmp_path / "t.csv"
    rival = """
import sys
from skmal.annotation._journal import Journal
from skmal.cli import main
print(main(["salvage", *sys.argv[1:]]))
Journal(sys.argv[1])
"""
    with open_keyed(path.parent, known_pairs=[("x39", "y39")]) as session:
        n = session.progress.n_answers
        before = seen(path.parent)
        with pytest.raises(BlockingIOError, match="in use by this process"):
            salvage(path, table)
        command = [sys.executable, "-c", rival, str(path), str(table)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.stdout.endswith("\n0\n")
        assert "is in use by process" in done.stderr
        assert seen(path.parent) == before
        assert len(read(table)) == n + 1
        question = session.next_question()
        session.answer(question, truth(question))
    assert salvage(path, table).n_rows == n + 2


@pytest.mark.parametrize("end", ["", "-wal", ".log"])
def test_no_table_takes_the_place_of_what_is_salvaged(path, end):
    before = files(path.parent)
    with pytest.raises(ValueError, match="is the session's journal"):
        salvage(path, path.with_name(path.name + end))
    assert files(path.parent) == before


def test_what_was_passed_over_hides_nothing_after_it(tmp_path):
    with open_keyed(tmp_path, overlap=1.0) as session:
        question = session.next_question("ada")
        session.answer(question, truth(question), by="ada")
        session.skip(question, by="bob")
        later = session.next_question("ada")
        session.answer(later, truth(later), by="ada")
    assert salvage(session.path, tmp_path / "table.csv").n_rows == 2
