"""What a damaged journal or log has lost, the other gives back, or it is said."""

import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import time
import warnings
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest
from sessions import answer_some, known, open_keyed, truth

from skmal.annotation._events import Answer, Asked, Parameters, Round, Start, Undo
from skmal.annotation._export import export_replies
from skmal.annotation._journal import Journal
from skmal.annotation._reading import reading
from skmal.annotation._registered import Registered
from skmal.annotation._sources import Fingerprint
from skmal.annotation._stored import VERSION

RECORDED = Path(__file__).parent / "recorded"
ENDS = {"journal": "", "wal": "-wal", "log": ".log"}
N_ANSWERS = 20


class Interrupted:
    """A connection that an interrupt reaches just after a commit."""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, statement, *args):
        found = self.connection.execute(statement, *args)
        if statement == "COMMIT":
            raise KeyboardInterrupt
        return found


def begin(path):
    """Return a new journal with items, parameters and questions."""
    journal = Journal(path)
    items = [
        Registered(i, i % 2, f"item-{i}", Fingerprint(f"{i:064x}", i, 10**18 + i))
        for i in range(60)
    ]
    questions = [Asked(i + 1, 2 * i, [1, 3, 5]) for i in range(30)]
    journal.append(Start(Parameters(None, 5, 9, "id", "0.1", 0, {})), items=items)
    journal.append(Round(questions, 2, 0, None, [], "0" * 64))
    return journal


def answer(journal, i):
    """Write an answer down, as the session does."""
    told = Answer(f"person {i % 3}", i + 1, 2 * i, 2 * i + 1, 2 + i)
    return journal.append(told)[0]


def content(journal):
    return journal.events(), journal.items(0), journal.items(1)


def copied(source, folder, ends=("", "-wal", ".log")):
    """Copy a journal and what is beside it; return where it is."""
    folder.mkdir(exist_ok=True, parents=True)
    for end in ends:
        if Path(f"{source}{end}").exists():
            shutil.copyfile(f"{source}{end}", folder / f"s.skmal{end}")
    return folder / "s.skmal"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a closed and a live journal (as a kill leaves it), and what is in them."""
    folder = tmp_path_factory.mktemp("written")
    journal = begin(folder / "s.skmal")
    for i in range(N_ANSWERS):
        event = answer(journal, i)
        if i % 7 == 6:
            journal.append(Undo(event.by, event.number))
        if i == N_ANSWERS // 2:
            half = copied(journal.path, folder / "half"), content(journal)
    live = copied(journal.path, folder / "live")
    expected = content(journal)
    journal.close()
    return {"closed": journal.path, "live": live, "half": half, "content": expected}


def read_again(path):
    """Open a journal that must be whole; return what is in it."""
    with closing(Journal(path)) as journal:
        return content(journal)


def flip(data, at):
    data[at] ^= 0x15
    return data


def zeros(data, at):
    return data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]


def cut(data, at):
    return data[:at]


@pytest.mark.parametrize("how", [flip, zeros, cut])
@pytest.mark.parametrize(
    ("state", "file"),
    [
        ("closed", "journal"),
        ("closed", "log"),
        ("live", "journal"),
        ("live", "wal"),
        ("live", "log"),
    ],
)
def test_a_damaged_file_loses_nothing(written, tmp_path, state, file, how):
    """`benchmarks/damage.py` does this at 200 places."""
    rng = random.Random(f"{state} {file} {how.__name__}")
    for i in range(3):
        path = copied(written[state], tmp_path / str(i))
        target = Path(f"{path}{ENDS[file]}")
        data = bytearray(target.read_bytes())
        target.write_bytes(how(data, int(len(data) * rng.random())))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with reading(path) as journal:
                assert content(journal) == written["content"]
            with closing(Journal(path)) as journal:
                assert content(journal) == written["content"]
                answer(journal, 25)
        if file == "log":
            assert "made anew" in str(told[-1].message)
        assert len(read_again(path)[0]) == len(written["content"][0]) + 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event SET partner = 9 WHERE kind = 'answer' AND question = 4",
        "UPDATE event SET by = 'person 1' WHERE question = 4",
        "UPDATE event SET at = at + 1 WHERE question = 4",
        "UPDATE event SET data = replace(data, 'item-7', 'item-9') WHERE id = 1",
        "UPDATE event SET id = 1000 WHERE question = 4",
        "UPDATE event SET hash = 'x' || substr(hash, 2) WHERE question = 4",
        "UPDATE event SET by = CAST(x'ff00' AS TEXT) WHERE question = 4",
        "DELETE FROM event WHERE question = 4",
        "DELETE FROM event",
        "ALTER TABLE event RENAME TO other",
        "ALTER TABLE event RENAME COLUMN partner TO partners",
        "PRAGMA user_version = 2",
    ],
)
def test_what_another_program_has_changed_is_restored(written, tmp_path, change):
    path = copied(written["closed"], tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    before = path.read_bytes()
    with pytest.warns(UserWarning, match="in what was read"), reading(path) as journal:
        assert content(journal) == written["content"]
    assert path.read_bytes() == before
    with (
        pytest.warns(UserWarning, match="restored from .*s.skmal.log"),
        closing(Journal(path)) as journal,
    ):
        assert content(journal) == written["content"]
    assert read_again(path) == written["content"]
    aside = tmp_path / "s.skmal.damaged-1"
    assert not aside.exists() or aside.read_bytes() == before
    left = {"s.skmal", "s.skmal.log", "s.skmal.damaged-1"}
    assert {file.name for file in tmp_path.iterdir()} <= left


def test_without_a_log_a_change_is_still_noticed(written, tmp_path):
    path = copied(written["closed"], tmp_path, [""])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE event SET partner = 9 WHERE id = 9")
        connection.commit()
    before = path.read_bytes()
    for open_it in (Journal, lambda path: Journal(path, read_only=True)):
        with pytest.raises(ValueError, match=r"lost in both is entry 9 \(after 20"):
            open_it(path)
    assert path.read_bytes() == before
    assert not path.with_name("s.skmal.log").exists()


def test_without_a_log_a_broken_file_is_not_taken_for_whole(written, tmp_path):
    path = copied(written["closed"], tmp_path, [""])
    data = path.read_bytes()
    page = int.from_bytes(data[16:18], "big")
    path.write_bytes(data[: len(data) - page])
    with pytest.raises(ValueError, match="damaged"):
        Journal(path)
    assert path.read_bytes() == data[: len(data) - page]


def test_what_neither_has_is_named(written, tmp_path):
    path = copied(written["closed"], tmp_path)
    log = path.with_name("s.skmal.log")
    lines = log.read_bytes().splitlines(keepends=True)
    for n in (9, 10):
        assert lines[n].startswith(b"%d 0 " % n)  # below the head
        lines[n] = lines[n].replace(b'"kind"', b'"kine"')
    log.write_bytes(b"".join(lines))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE event SET seconds = 99 WHERE id IN (9, 10)")
        connection.commit()
    before = path.read_bytes(), log.read_bytes()
    at = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    message = rf"(?s)are both damaged: .*entry 9 \(after {at}.*entry 10 \(.*before {at}"
    with pytest.raises(ValueError, match=message):
        Journal(path)
    with pytest.raises(ValueError, match="Put a copy of s.skmal or s.skmal.log"):
        export_replies(path, tmp_path / "table.csv")
    assert (path.read_bytes(), log.read_bytes()) == before
    path.unlink()
    with pytest.raises(ValueError, match="s.skmal is missing, and its log .*damaged"):
        Journal(path)
    path.write_bytes(before[0])
    # As it says: a copy of one of the two is enough.
    shutil.copyfile(f"{written['closed']}.log", log)
    with pytest.warns(UserWarning, match="no answer is lost"):
        assert read_again(path) == written["content"]


def test_the_last_that_both_have_damaged_is_named(written, tmp_path):
    path = copied(written["closed"], tmp_path)
    log = path.with_name("s.skmal.log")
    log.write_bytes(log.read_bytes()[:-30] + b"x" * 29 + b"\n")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE event SET at = 0 WHERE id = (SELECT max(id) FROM event)"
        )
        connection.commit()
    last = written["content"][0][-1].number
    with pytest.raises(ValueError, match=f"lost in both is entry {last} "):
        Journal(path)


# ------------------------------------------------------------------------- copies


def test_copies_of_other_times_are_completed(written, tmp_path):
    half, expected = written["half"]
    # A WAL that was not copied; a journal from a backup; a log from a backup; no log.
    lost_wal = copied(written["live"], tmp_path / "wal", ["", ".log"])
    backup = copied(half, tmp_path / "backup", ["", "-wal"])
    shutil.copyfile(f"{written['closed']}.log", f"{backup}.log")
    old_log = copied(written["closed"], tmp_path / "log", [""])
    shutil.copyfile(f"{half}.log", f"{old_log}.log")
    log_alone = copied(written["live"], tmp_path / "alone", [".log"])
    no_log = copied(written["live"], tmp_path / "none", ["", "-wal"])
    empty = copied(written["closed"], tmp_path / "empty", [".log"])
    empty.touch()
    for path, said in (
        (lost_wal, "lacked|could not be read"),
        (backup, r"lacked answer \d+ by 'person 2' \(20.* more: restored"),
        (old_log, r"lacked \d+ entries that"),
        (log_alone, "was missing or could not be read: restored .*another file"),
        (no_log, "was missing: made anew .*nobody can tell"),
        (empty, "lacked|could not be read"),
    ):
        with pytest.warns(UserWarning, match=said):
            assert read_again(path) == written["content"]
        assert read_again(path) == written["content"]
    both = copied(half, tmp_path / "both")
    assert read_again(both) == expected  # a backup of both, and of its WAL


def test_a_wal_of_another_time_is_not_believed(written, tmp_path):
    half, _ = written["half"]
    path = copied(written["closed"], tmp_path)
    shutil.copyfile(f"{half}-wal", f"{path}-wal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read_again(path) == written["content"]
    assert read_again(path) == written["content"]


def test_two_machines_in_one_folder_are_told_apart(written, tmp_path):
    half, _ = written["half"]
    here, there = copied(half, tmp_path / "here"), copied(half, tmp_path / "there")
    for path, by in ((here, "ada"), (there, "bob")):
        with closing(Journal(path)) as journal:
            journal.append(Answer(by, 28, 56, 57, 1.0))
    shutil.copyfile(f"{there}.log", f"{here}.log")  # what a sync client makes of it
    before = here.read_bytes()
    message = "(?s)only the journal has answer .* by 'ada'.*the log has answer .*'bob'"
    with pytest.raises(ValueError, match=f"(?i){message}"):
        Journal(here)
    assert here.read_bytes() == before
    # As it says: what is moved away is no longer in the way.
    os.replace(f"{here}.log", tmp_path / "bob.log")
    with pytest.warns(UserWarning, match="made anew"):
        assert read_again(here)[0][-1].by == "ada"
    os.replace(tmp_path / "bob.log", f"{here}.log")
    here.unlink()
    with pytest.warns(UserWarning, match="restored"):
        assert read_again(here)[0][-1].by == "bob"


def test_an_owner_on_another_machine_is_told(written, tmp_path):
    path = copied(written["closed"], tmp_path)
    owner = path.with_name("s.skmal.owner")
    owner.write_text("process 7 on some-other-machine")
    with pytest.warns(UserWarning, match="last used by process 7 on some-other-mac"):
        assert read_again(path) == written["content"]
    assert not owner.exists()


def test_a_deleted_journal_is_restored_for_a_session(tmp_path):
    with open_keyed(tmp_path) as session:
        question = session.next_question()
        session.answer(question, None)
    (tmp_path / "s.skmal").unlink()
    n = export_replies_with(tmp_path, pytest.warns(UserWarning, match="in what was"))
    assert n == 1
    with pytest.warns(UserWarning, match="restored"):
        session = open_keyed(tmp_path)
    with session:
        assert session.progress.n_none == 1


def export_replies_with(folder, warning):
    with warning:
        return export_replies(folder / "s.skmal", folder / "table.csv")


# ------------------------------------------------------------------- old versions


def old_journal(folder, version):
    """Return a journal as an old version wrote it."""
    path = folder / "s.skmal"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((RECORDED / f"journal-{version}.sql").read_text())
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_journal_gets_a_chain(tmp_path, version):
    path = old_journal(tmp_path, version)
    before = path.read_bytes()
    with reading(path) as journal:
        expected = content(journal)
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["s.skmal"]
    backup = copied(path, tmp_path / "backup")
    assert read_again(path) == expected
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    with closing(Journal(path)) as journal:
        answer(journal, 3)
        now = content(journal)
    assert len(now[0]) == len(expected[0]) + 1
    # The old file with the new log, as from a backup.
    shutil.copyfile(f"{path}.log", f"{backup}.log")
    with pytest.warns(UserWarning, match="lacked .*restored"):
        assert read_again(backup) == now
    assert read_again(backup) == now


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE event SET data = '{' WHERE id = 4", "event 4 of .* cannot be read"),
        ("UPDATE event SET data = '{}' WHERE id = 4", "event 4 of .* cannot be read"),
        ("UPDATE event SET item = 999999 WHERE id = 5", "event 5 of .* does not fit"),
        ("UPDATE event SET undoes = 999 WHERE id = 13", "event 13 of .* does not fit"),
        ("DELETE FROM event WHERE id = 6", "damaged .*not whole"),
        ("UPDATE event SET kind = 'pair' WHERE id = 1", "does not begin as a session"),
    ],
)
def test_a_damaged_old_journal_gets_one_clear_error(tmp_path, change, said):
    path = old_journal(tmp_path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    with pytest.raises(ValueError, match=f"{said}.*(?s:.*)estore it from a copy"):
        open_keyed(tmp_path, known_pairs=[("x3", "y3"), (8, 8)])


# ----------------------------------------------------------------- while it is open


def fail_at(patch, name, n, error):
    """Let the n-th call of a function of the system fail; return the calls so far."""
    calls, function = [], getattr(os, name)

    def failing(*args):
        calls.append(args)
        if len(calls) == n:
            if name == "write":  # a disk that is full takes a part
                function(args[0], args[1][: len(args[1]) // 2])
            raise OSError(error, os.strerror(error))
        return function(*args)

    patch.setattr(os, name, failing)
    return calls


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("name", ["write", "fsync"])
def test_a_log_that_cannot_be_written_takes_nothing(tmp_path, name, error):
    with closing(begin(tmp_path / "s.skmal")) as journal:
        answer(journal, 0)
        before = content(journal)
        with pytest.MonkeyPatch.context() as patch:
            calls = fail_at(patch, name, 1, error)
            with pytest.raises(OSError, match="this step was not taken") as caught:
                answer(journal, 1)
            assert calls
        assert caught.value.errno == error
        assert isinstance(caught.value, PermissionError) == (error == errno.EROFS)
        assert content(journal) == before
        assert answer(journal, 1).number == before[0][-1].number + 1
        expected = content(journal)
    assert read_again(tmp_path / "s.skmal") == expected


def test_a_disk_that_is_full_at_any_byte_takes_nothing(tmp_path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    path, n_refused = tmp_path / "s.skmal", 0
    with closing(begin(path)) as journal:
        wal, log = Path(f"{path}-wal"), Path(f"{path}.log")
        sizes = [file.stat().st_size for file in (wal, log)]
        for room in (*range(0, 400, 40), *range(0, 9000, 900)):
            before = content(journal)
            size = min(sizes) if room < 400 else max(sizes)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, limits[1]))
            try:
                answer(journal, 1)
            except OSError:
                n_refused += 1
                assert content(journal) == before
            else:
                assert len(content(journal)[0]) == len(before[0]) + 1
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        expected = content(journal)
    assert n_refused >= 10
    assert read_again(path) == expected


def test_a_step_that_cannot_be_taken_back_is_the_last(tmp_path):
    path = tmp_path / "s.skmal"
    with closing(begin(path)) as journal:
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, "fsync", 1, errno.EIO)
            fail_at(patch, "ftruncate", 1, errno.EIO)
            with pytest.raises(OSError, match="Input/output"):
                answer(journal, 0)
        with pytest.raises(OSError, match="close the session and open it again"):
            answer(journal, 1)
    with pytest.warns(UserWarning, match="lacked answer 4"):  # it may count
        assert len(read_again(path)[0]) == 3


def test_an_interrupt_leaves_a_step_whole_or_untaken(tmp_path):
    path = tmp_path / "s.skmal"
    with closing(begin(path)) as journal:
        before = content(journal)

        def interrupted():
            for i in range(1001):  # the first are written when the last are asked for
                yield Registered(i, 0, f"new-{i}", Fingerprint("0" * 64, 1, 1))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            journal.append(items=interrupted())
        assert content(journal) == before

        connection = journal._opened
        journal._opened = Interrupted(connection)
        with pytest.raises(KeyboardInterrupt):
            answer(journal, 0)
        journal._opened = connection
        assert len(content(journal)[0]) == len(before[0]) + 1
        answer(journal, 1)
        expected = content(journal)
    assert read_again(path) == expected


def test_an_answer_that_was_interrupted_on_disk_counts_once(tmp_path):
    with open_keyed(tmp_path) as session:
        answer_some(session, 2)
        question = session.next_question()
        journal = session._book.journal
        connection, journal._opened = journal._opened, Interrupted(journal._opened)
        with pytest.raises(KeyboardInterrupt):
            session.answer(question, truth(question))
        journal._opened = connection
        with pytest.raises(ValueError, match="closed"):
            session.answer(question, truth(question))
        assert session.progress.n_answers == 3
        expected = known(session)
    with open_keyed(tmp_path) as session:
        assert session.progress.n_answers == 3
        assert known(session) == expected


@pytest.mark.parametrize("end", ["", ".log"])
@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_vanishes_under_a_session_is_told(tmp_path, end, how):
    path = tmp_path / "s.skmal"
    journal = begin(path)
    answer(journal, 0)
    expected = content(journal)
    target = Path(f"{path}{end}")
    other = copied(path, tmp_path / "other")
    target.unlink()
    if how == "replaced":
        shutil.copyfile(f"{other}{end}", target)
    with pytest.raises(FileNotFoundError, match="deleted, moved or replaced while"):
        answer(journal, 1)
    journal.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is said where it was put back
        assert read_again(path) == expected
    assert read_again(path) == expected


# ------------------------------------------------------------------ kills and rivals


def write_until_killed(path, pipe):
    with closing(Journal(path)) as journal:
        for i in range(10_000):
            number = answer(journal, i % 30).number
            os.write(pipe, f"{number}\n".encode())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_killed_processes_lose_nothing_that_was_told(tmp_path):
    path = tmp_path / "s.skmal"
    begin(path).close()
    told = 0
    for i in range(4):
        reader, writer = os.pipe()
        child = get_context("fork").Process(
            target=write_until_killed, args=(path, writer)
        )
        child.start()
        os.close(writer)
        with os.fdopen(reader) as pipe:
            told = int(pipe.readline())
            with pytest.raises(BlockingIOError, match=f"in use by process {child.pid}"):
                Journal(path)
            time.sleep(0.02 * i)
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            rest = pipe.read().split("\n")[:-1]
        told = int(rest[-1]) if rest else told
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one that was not told may be restored
            with closing(Journal(path)) as journal:
                assert told <= journal.events()[-1].number <= told + 1


def test_a_step_of_which_the_log_has_a_part_was_not_taken(written, tmp_path):
    path = copied(written["closed"], tmp_path)
    with closing(Journal(path)) as journal:
        journal.append(*(Answer("ada", 28, 56, 57, 1.0) for _ in range(3)))
    log = path.with_name("s.skmal.log")
    shutil.copyfile(written["closed"], path)
    whole = log.read_bytes()
    for n_bytes in (5, 200, 700):  # of the end, as a power cut leaves it
        log.write_bytes(whole[:-n_bytes])
        with pytest.warns(UserWarning, match="left out|made anew"):
            assert read_again(path) == written["content"]
    log.write_bytes(whole)
    with pytest.warns(UserWarning, match="lacked answer"):
        assert len(read_again(path)[0]) == len(written["content"][0]) + 3


def test_one_process_at_a_time_restores(written, tmp_path):
    path = copied(written["closed"], tmp_path)
    path.write_bytes(b"not a journal any more")
    with closing(sqlite3.connect(tmp_path / "s.skmal.restoring")) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BlockingIOError, match="being restored by another"):
            Journal(path)
    with pytest.warns(UserWarning, match="could not be read: restored"):
        assert read_again(path) == written["content"]


def test_the_log_is_text_for_people(written):
    head, *lines = Path(f"{written['closed']}.log").read_text().splitlines()
    assert head.startswith("# ")
    last = json.loads(lines[-1].split(" ", 3)[3])
    assert last["kind"] == "answer"
    assert last["by"] == written["content"][0][-1].by
