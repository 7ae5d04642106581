"""The journal: a SQLite file to which events are appended, each on disk when told.

Beside it lies a log of the same entries, as lines of text. SQLite does not notice that
a byte of its file has changed; a chain of hashes does, and what one of the two has lost
is restored from the other.
"""

import errno
import json
import os
import shutil
import socket
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ._chain import Compared, Entry, Logged, Stored, compare
from ._damage import check_whole, is_beginning, sentences
from ._events import Event, columns_of, event_of
from ._ids import EventId, Key, Number
from ._log import Log, is_same_file, log_path
from ._restoring import alone, free_name, put_in_place
from ._sources import Fingerprint
from ._stored import (
    APPLICATION,
    ITEMS,
    VERSION,
    chained,
    give_chain,
    insert,
    is_damage,
    items_as_data,
    make_table,
    read_stored,
    read_unchained,
    row_of,
    rows_of,
)

READ_ONLY = errno.EACCES, errno.EPERM, errno.EROFS


@dataclass(frozen=True, slots=True)
class Registered:
    """What the journal knows of an item.

    Parameters
    ----------
    number : int
        Given once, for ever.
    modality : int
        0 for X, 1 for y.
    key : str
        What people know it by.
    fingerprint : Fingerprint
        What tells that it has not changed.
    """

    number: Number
    modality: int
    key: Key
    fingerprint: Fingerprint


class Journal:
    """A SQLite file in WAL mode with synchronous commits and one writer, and its log.

    What `append` or `write_items` returned from is on disk, in both; what they raised
    from has left no trace. SQLite's exclusive lock keeps others out, and ends with the
    process. On opening, journal and log are compared; what one lacks is restored from
    the other, and a warning says so. With `read_only` it takes no lock, and nothing is
    written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, read_only: bool = False
    ) -> None:
        if str(path) == ":memory:":
            raise ValueError("':memory:' would lose every answer; name a file")
        self.path: Path = Path(path)
        self._owner = self.path.with_name(self.path.name + ".owner")
        self._host = socket.gethostname()
        self._me = f"process {os.getpid()} on {self._host}"
        self._read_only = read_only
        self._log = Log(log_path(self.path))
        self._opened: sqlite3.Connection | None = None
        self._kept: list[Entry] = []  # of a journal that is only read
        self._n, self._hash = 0, ""  # of the last entry
        self._new: list[Entry] = []  # of the step that is being taken
        self._is_unsure = False  # after a step that could not be taken back
        # Of a step that raised, for it was interrupted when all of it was on disk.
        self.taken: list[Event] = []
        try:
            with self._clear_errors():
                told = self._read() if read_only else self._take()
        except BaseException:
            self._disconnect()
            raise
        try:
            for sentence in told:
                warnings.warn(sentence, stacklevel=5)  # at whoever opens the session
        except BaseException:  # where warnings are errors
            self.close()
            raise

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None
        return self._opened

    # ---------------------------------------------------------------- opening

    def _connect(self) -> int:
        """Open the file, and return the version of what is in it; 0 of a new one."""
        # SQLite's name of a file to read, which must be absolute there.
        uri = self.path.absolute().as_uri() + "?mode=ro"
        self._opened = sqlite3.connect(
            uri if self._read_only else self.path,
            timeout=0.5,
            isolation_level=None,
            check_same_thread=False,
            uri=self._read_only,
        )
        # What is no text is damaged, which the chain tells; here it need not raise.
        self._opened.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        return self._check_format()

    def _check_format(self) -> int:
        """Raise unless it is a journal that we know, or a new file."""
        version = self._one("PRAGMA user_version")
        application = self._one("PRAGMA application_id")
        n_tables = self._one("SELECT count(*) FROM sqlite_schema")
        back = ""
        if self._log.path.exists():
            back = (
                f". If it has been damaged, move it to another place: {self._log.path} "
                "gives it back"
            )
        if n_tables and application != APPLICATION:
            raise ValueError(
                f"{self.path} is a SQLite file, but no skmal journal; name another "
                f"file{back}"
            )
        if version > VERSION:
            raise ValueError(
                f"{self.path} was written by a newer skmal (journal version {version}, "
                f"this one knows {VERSION}); upgrade skmal. Nothing was changed{back}"
            )
        return version if n_tables else 0

    def _lock(self, version: int) -> None:
        """Keep others out, and make the table of a new file."""
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("BEGIN IMMEDIATE")  # takes the lock, which stays
        try:
            if not version:
                make_table(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        self._seen = os.stat(self.path)

    def _stored(self) -> tuple[Stored, list[Entry]]:
        """Return what SQLite holds, and items that are to be entries from now on."""
        try:
            version = self._connect()
            if not self._read_only:
                self._lock(version)
            if not self._has_chain():
                return read_unchained(self._connection)
            stored = read_stored(self._connection)
            is_ours = version in (0, VERSION)
            return Stored(stored.entries, stored.is_sound and is_ours), []
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            if not self._log.path.exists():
                raise ValueError(
                    f"{self.path} is no skmal journal, or damaged ({error}); name "
                    "another file, or restore it from a copy"
                ) from error
            self._disconnect()
            return Stored({}, False), []

    def _has_chain(self) -> bool:
        """Say whether entries have hashes; those of old versions have none."""
        columns = self._connection.execute("PRAGMA table_info(event)").fetchall()
        return not columns or any(name == "hash" for _, name, *_ in columns)

    def _take(self) -> list[str]:
        """Open to write, restore what is lacking, and return what is to be told."""
        seen = os.stat(self.path) if self.path.exists() else None
        if seen is None and self._log.path.exists():
            stored, items = Stored({}, False), []
        else:
            stored, items = self._stored()
        logged = self._log.read()
        compared = self._compared(stored, items, logged)
        entries, (is_journal, is_log) = compared.entries, compared.is_same
        is_old = self._opened is not None and not self._has_chain()
        is_replaced = not (is_journal or is_old or is_beginning(stored, entries))
        aside = free_name(self.path) if is_replaced and seen is not None else None
        with alone(self.path, seen) if is_replaced else nullcontext():
            # The log first: as long as that is whole, the journal can be made anew.
            if not is_log and entries:
                with self._clear_log_errors():
                    self._log.rewrite(entries)
            if is_replaced:
                self._disconnect()
                put_in_place(self.path, entries, aside)
        if is_replaced:
            self._lock(self._connect())
        elif is_old or not is_journal:
            self._complete(stored, entries, is_old)
        if self._one("SELECT count(*) FROM event") != len(entries):
            raise BlockingIOError(errno.EAGAIN, f"{self.path} is in use by another")
        # So that a place that cannot be written is noticed now.
        self._connection.execute(f"PRAGMA user_version = {VERSION}")
        with self._clear_log_errors():
            self._log.open()
        self._n, self._hash = len(entries), entries[-1].hash if entries else ""
        if is_old and not logged.lines:
            told = []  # it never had a log
        else:
            told = sentences(compared, stored, logged, self.path, self._log.path, aside)
        return told + self._own()

    def _compared(self, stored: Stored, items: list[Entry], logged: Logged) -> Compared:
        """Compare journal and log, and raise where something is lost."""
        if items and not logged.lines:
            stored = Stored(
                stored.entries | dict(enumerate(items, len(stored.entries) + 1)), True
            )
        compared = compare(stored, logged)
        check_whole(compared, stored, logged, self.path, self._log.path)
        return compared

    def _complete(self, stored: Stored, entries: list[Entry], is_old: bool) -> None:
        """Write what the journal lacks, all or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if is_old:
                give_chain(self._connection, entries)
            else:
                for entry in entries[len(stored.entries) :]:
                    insert(self._connection, row_of(entry))
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _own(self) -> list[str]:
        """Say to others who has it; return a sentence where another machine said so."""
        told: list[str] = []
        with suppress(OSError):
            before = self._owner.read_text()
            host = before.rpartition(" on ")[2]
            if host != self._host:
                told.append(
                    f"{self.path} was last used by {before}, and not closed there; two "
                    "machines must not write to one folder at the same time: close "
                    "it there first"
                )
        with suppress(OSError):  # the lock itself is SQLite's
            self._owner.write_text(self._me)
        return told

    def _read(self) -> list[str]:
        """Open to read, and return what is to be told."""
        stored, items = Stored({}, False), list[Entry]()
        if self.path.exists():
            stored, items = self._stored()
        logged = self._log.read()
        compared = self._compared(stored, items, logged)
        self._kept = compared.entries
        if not logged.lines:
            return []
        return [
            f"{sentence} (in what was read; the files are as they were)"
            for sentence in sentences(
                compared, stored, logged, self.path, self._log.path, None
            )
        ]

    # ---------------------------------------------------------------- writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of what the body writes, or nothing."""
        self.taken = []
        with self._clear_errors():
            self._check_in_place()
            before = self._n, self._hash, self._log.size()
            self._new = []
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                if self._new:  # on disk in the log before it counts
                    with self._clear_log_errors():
                        self._log.append(before[0] + 1, self._new)
                self._connection.execute("COMMIT")
            except BaseException:
                self._take_back(*before)
                raise

    def _take_back(self, n: int, hash_: str, size: int) -> None:
        """Leave no trace of a step, in either place, unless it was taken after all."""
        self._is_unsure = True
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            self._connection.execute("ROLLBACK")
        # An interrupt may have come between the commit and us.
        is_taken = self._one("SELECT coalesce(max(id), 0) FROM event") > n
        if is_taken:
            rows = map(row_of, self._new)
            self.taken = [event_of(row) for row in rows if row["kind"] != ITEMS]
        else:
            self._log.take_back(size)
            self._n, self._hash = n, hash_
        self._is_unsure = False

    def _check_in_place(self) -> None:
        """Raise where what is written would not be found again."""
        if self._is_unsure:
            raise OSError(
                errno.EIO,
                f"a step could not be taken back in {self._log.path}; close the "
                "session and open it again",
            )
        if is_same_file(self._seen, self.path) and self._log.is_in_place():
            return
        raise FileNotFoundError(
            errno.ENOENT,
            f"{self.path} or {self._log.path.name} was deleted, moved or replaced "
            "while it was in use, so this step was not taken; all before it is kept. "
            "Close the session and open it again: what one of the two has, the other "
            "gets back",
        )

    def append(self, *events: Event) -> list[Event]:
        """Write events in one transaction; return them with number and time."""
        with self.transaction():
            return self.write(events)

    def write(self, events: Iterable[Event]) -> list[Event]:
        """Within a transaction: write events; return them with number and time."""
        return [self._insert_event(event) for event in events]

    def _insert_event(self, event: Event) -> Event:
        number, at = self._insert(columns_of(event))
        return replace(event, number=EventId(number), at=at)

    def _insert(self, columns: dict[str, Any]) -> tuple[int, float]:
        """Add an entry; return its number and time."""
        number, at = self._n + 1, time.time()
        entry = chained(
            self._connection, {"id": number, "at": at} | columns, self._hash
        )
        self._n, self._hash = number, entry.hash
        self._new.append(entry)
        return number, at

    def write_items(self, items: Iterable[Registered]) -> None:
        """Within a transaction: add items, or update those that are there."""
        rows = (
            (
                item.number,
                item.modality,
                item.key,
                item.fingerprint.sha256,
                item.fingerprint.size,
                item.fingerprint.mtime_ns,
            )
            for item in items
        )
        for data in items_as_data(rows):
            self._insert({"kind": ITEMS, "data": data})

    # ---------------------------------------------------------------- reading

    def _rows(self) -> Iterable[dict[str, Any]]:
        """Return all entries as rows, in order."""
        if self._read_only:
            return map(row_of, self._kept)
        return rows_of(self._connection)

    def events(self) -> list[Event]:
        """Return all events, in order.

        Raises
        ------
        ValueError
            If one cannot be read, in a journal of an old version, say.
        """
        events: list[Event] = []
        with self._clear_errors():
            for row in self._rows():
                if row["kind"] != ITEMS:
                    events.append(self._event_of(row))
        return events

    def _event_of(self, row: dict[str, Any]) -> Event:
        try:
            return event_of(row)
        except (LookupError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"event {row.get('id')} of {self.path} cannot be read "
                f"({type(error).__name__}: {error}): the file is damaged. Restore it "
                "from a copy"
            ) from error

    def items(self, modality: int) -> dict[Key, Registered]:
        """Return the items of a modality by key, in the order of their numbers."""
        found: dict[int, Registered] = {}
        with self._clear_errors():
            for row in self._rows():
                if row["kind"] != ITEMS:
                    continue
                for number, m, key, *file in json.loads(row["data"]):
                    if m == modality:  # a later one stands for those before it
                        found[number] = Registered(number, m, key, Fingerprint(*file))
        return {item.key: item for _, item in sorted(found.items())}

    def close(self) -> None:
        """Give the lock back."""
        if not self._read_only:
            with suppress(OSError):
                self._owner.unlink()  # while the lock is ours
        self._disconnect()

    def _disconnect(self) -> None:
        self._log.close()
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _one(self, statement: str) -> Any:
        return self._connection.execute(statement).fetchone()[0]

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Say of SQLite's errors, and of the log's, what they mean and what helps."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            raise self._explain(code, error) from error

    @contextmanager
    def _clear_log_errors(self) -> Iterator[None]:
        """Say of the system's errors in writing the log what they mean."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise self._is_full(self._log.path) from error
            kind = PermissionError if error.errno in READ_ONLY else OSError
            raise kind(
                error.errno,
                f"{self._log.path} cannot be written ({error.strerror}), so this step "
                "was not taken; all before it is kept. The folder must be writable",
            ) from error

    @staticmethod
    def _is_full(path: Path) -> OSError:
        return OSError(
            errno.ENOSPC,
            f"the disk of {path} is full, so this step was not taken; all before it is "
            "kept. Make room and try again",
        )

    def _explain(self, code: str, error: sqlite3.Error) -> Exception:
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            try:
                owner = self._owner.read_text()
            except OSError:
                owner = "another process"
            if owner == self._me:
                owner += ", this one"  # a cell that is run again, say
            return BlockingIOError(
                errno.EAGAIN,
                f"{self.path} is in use by {owner}; close that session first, in a "
                "notebook by session.close(). Several people can answer on one "
                "session's page",
            )
        if code == "SQLITE_FULL":
            return self._is_full(self.path)
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return PermissionError(
                errno.EACCES,
                f"{self.path} cannot be written ({error}), so nothing would be kept; "
                "the folder must exist and be writable",
            )
        if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return ValueError(
                f"{self.path} is no skmal journal, or damaged ({error}); name another "
                "file, or restore it from a copy"
            )
        return OSError(
            errno.EIO, f"{self.path} could not be read or written: {error} ({code})"
        )


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Journal]:
    """Yield a journal that nobody has open, also from where nothing can be written."""
    path = Path(path)
    if not is_there(path):
        raise FileNotFoundError(f"there is no journal {path}; correct the path")
    try:
        journal = Journal(path, read_only=True)
    except PermissionError:  # SQLite wants to put a file beside it
        with TemporaryDirectory() as folder:
            for end in ("", "-wal", ".log"):  # after a crash all three are needed
                beside = path.with_name(path.name + end)
                if beside.exists():
                    shutil.copyfile(beside, Path(folder, path.name + end))
            copy = Journal(Path(folder, path.name), read_only=True)
            with closing(copy) as journal:
                yield journal
    else:
        with closing(journal):
            yield journal


def is_there(path: Path) -> bool:
    """Say whether there is a journal, or a log from which to restore it."""
    return path.is_file() or (not path.exists() and log_path(path).is_file())
