"""The journal: a SQLite file to which events are appended, each on disk when told."""

import errno
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ._events import Event, columns_of, event_of
from ._ids import EventId, Key, Number
from ._sources import Fingerprint

VERSION = 2  # of what is in it; a journal of a newer one is refused
APPLICATION = 0x736B6D61  # "skma", by which `file` and we know the format

TABLES = """
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    modality INTEGER NOT NULL,
    key TEXT NOT NULL,
    hash TEXT NOT NULL,
    size INTEGER,
    mtime_ns INTEGER,
    UNIQUE (modality, key)
);
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    by TEXT,
    question INTEGER,
    item INTEGER,
    partner INTEGER,
    seconds REAL,
    undoes INTEGER,
    data TEXT
);
"""


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
    """A SQLite file in WAL mode with synchronous commits and one writer.

    What `append` or `write_items` returned from is on disk; what they raised from has
    left no trace. SQLite's exclusive lock keeps others out, and ends with the process.
    With `read_only` it takes no lock, and nothing can be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, read_only: bool = False
    ) -> None:
        if str(path) == ":memory:":
            raise ValueError("':memory:' would lose every answer; name a file")
        self.path: Path = Path(path)
        self._owner = self.path.with_name(self.path.name + ".owner")
        self._me = f"process {os.getpid()} on {socket.gethostname()}"
        self._read_only = read_only
        # SQLite's name of a file to read, which must be absolute there.
        name = self.path.absolute().as_uri() + "?mode=ro" if read_only else self.path
        with self._clear_errors():
            self._connection = sqlite3.connect(
                name,
                timeout=0.5,
                isolation_level=None,
                check_same_thread=False,
                uri=read_only,
            )
        try:
            with self._clear_errors():
                self._check_format()
                if not read_only:
                    self._lock()
        except BaseException:
            self._connection.close()
            raise

    def _check_format(self) -> None:
        """Raise unless it is a journal that we know, or a new file."""
        version = self._one("PRAGMA user_version")
        application = self._one("PRAGMA application_id")
        n_tables = self._one("SELECT count(*) FROM sqlite_schema")
        if n_tables and application != APPLICATION:
            raise ValueError(
                f"{self.path} is a SQLite file, but no skmal journal; name another file"
            )
        if version > VERSION:
            raise ValueError(
                f"{self.path} was written by a newer skmal (journal version {version}, "
                f"this one knows {VERSION}); upgrade skmal. Nothing was changed"
            )

    def _lock(self) -> None:
        """Keep others out, and make the tables of a new file."""
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction():  # takes the lock, which stays
            if not self._one("SELECT count(*) FROM sqlite_schema"):
                for statement in TABLES.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            # Every time, so that a place that cannot be written is noticed now.
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
        with suppress(OSError):  # tells others who it is; the lock itself is SQLite's
            self._owner.write_text(self._me)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of what the body writes, or nothing."""
        with self._clear_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back already
                    self._connection.execute("ROLLBACK")
                raise

    def append(self, *events: Event) -> list[Event]:
        """Write events in one transaction; return them with number and time."""
        with self.transaction():
            return self.write(events)

    def write(self, events: Iterable[Event]) -> list[Event]:
        """Within a transaction: write events; return them with number and time."""
        return [self._insert(event) for event in events]

    def _insert(self, event: Event) -> Event:
        at = time.time()
        row = {"at": at} | columns_of(event)
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        cursor = self._connection.execute(
            f"INSERT INTO event ({columns}) VALUES ({marks})", list(row.values())
        )
        number = cursor.lastrowid
        assert number is not None  # as after every insertion
        return replace(event, number=EventId(number), at=at)

    def events(self) -> list[Event]:
        """Return all events, in order."""
        with self._clear_errors():
            found = self._connection.execute("SELECT * FROM event ORDER BY id")
            names = [column for column, *_ in found.description]
            rows = found.fetchall()
        return [event_of(dict(zip(names, row, strict=True))) for row in rows]

    def write_items(self, items: Iterable[Registered]) -> None:
        """Within a transaction: add items, or update those that are there."""
        self._connection.executemany(
            "INSERT INTO item (id, modality, key, hash, size, mtime_ns) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "hash = excluded.hash, size = excluded.size, mtime_ns = excluded.mtime_ns",
            (
                (
                    item.number,
                    item.modality,
                    item.key,
                    item.fingerprint.sha256,
                    item.fingerprint.size,
                    item.fingerprint.mtime_ns,
                )
                for item in items
            ),
        )

    def items(self, modality: int) -> dict[Key, Registered]:
        """Return the items of a modality by key, in the order of their numbers."""
        with self._clear_errors():
            rows = self._connection.execute(
                "SELECT id, key, hash, size, mtime_ns FROM item WHERE modality = ? "
                "ORDER BY id",
                [modality],
            ).fetchall()
        return {
            key: Registered(number, modality, key, Fingerprint(*file))
            for number, key, *file in rows
        }

    def close(self) -> None:
        """Give the lock back."""
        if not self._read_only:
            with suppress(OSError):
                self._owner.unlink()  # while the lock is ours
        self._connection.close()

    def _one(self, statement: str) -> Any:
        return self._connection.execute(statement).fetchone()[0]

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Say of SQLite's errors what they mean and what helps."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            raise self._explain(code, error) from error

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
            return OSError(
                errno.ENOSPC,
                f"the disk of {self.path} is full, so this step was not taken; all "
                "before it is kept. Make room and try again",
            )
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
    if not path.is_file():
        raise FileNotFoundError(f"there is no journal {path}; correct the path")
    try:
        journal = Journal(path, read_only=True)
    except PermissionError:  # SQLite wants to put a file beside it
        with TemporaryDirectory() as folder:
            for end in ("", "-wal"):  # the latter has the last answers after a crash
                beside = path.with_name(path.name + end)
                if beside.exists():
                    shutil.copyfile(beside, Path(folder, "journal" + end))
            with closing(Journal(Path(folder, "journal"))) as journal:
                yield journal
    else:
        with closing(journal):
            yield journal
