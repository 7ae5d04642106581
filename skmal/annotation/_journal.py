"""The journal: a SQLite file to which events are appended, each on disk when told.

Beside it lies a log of the same entries, as lines of text. SQLite does not notice that
a byte of its file has changed; a chain of hashes does, and what one of the two has lost
is restored from the other.
"""

import errno
import json
import os
import sqlite3
import time
import warnings
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ._chain import Compared, Entry, Logged, Stored, compare
from ._connection import all_or_nothing, connect, has_chain, lock, one, version_of
from ._damage import check_whole, is_beginning, sentences
from ._events import Event, columns_of, event_of
from ._ids import EventId, Key
from ._journal_errors import clear_errors, clear_log_errors
from ._log import Log, is_same_file, log_path
from ._owner import Owner
from ._registered import Registered, data_of, registered_in
from ._restoring import alone, free_name, put_in_place
from ._stored import (
    ITEMS,
    VERSION,
    chained,
    give_chain,
    insert,
    is_damage,
    read_stored,
    read_unchained,
    row_of,
    rows_of,
)

# What this process has open to write, by device and number of the file.
_WRITTEN: set[tuple[int, int]] = set()


class Journal:
    """A SQLite file in WAL mode with synchronous commits and one writer, and its log.

    What `append` returned from is on disk, in both; what it raised
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
        self._owner = Owner(self.path)
        self._read_only = read_only
        self._log = Log(log_path(self.path))
        self._opened: sqlite3.Connection | None = None
        self._written: tuple[int, int] | None = None  # of what is locked
        self._kept: list[Entry] = []  # of a journal that is only read
        self._n, self._hash = 0, ""  # of the last entry
        self._new: list[Entry] = []  # of the step that is being taken
        self._is_unsure = False  # after a step that could not be taken back
        try:
            with clear_errors(self.path, self._owner):
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
    def n_entries(self) -> int:
        """Return how many entries there are, those on disk and no others."""
        return self._n

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None
        return self._opened

    # ---------------------------------------------------------------- opening

    def _connect(self) -> int:
        """Open the file, and return the version of what is in it; 0 of a new one."""
        self._opened = connect(self.path, self._read_only)
        return version_of(self._opened, self.path, self._log.path)

    def _lock(self, version: int) -> None:
        lock(self._connection, version)
        self._seen = os.stat(self.path)
        self._written = self._seen.st_dev, self._seen.st_ino
        _WRITTEN.add(self._written)

    def _stored(self) -> tuple[Stored, list[Entry]]:
        """Return what SQLite holds, and items that are to be entries from now on."""
        try:
            version = self._connect()
            if not self._read_only:
                self._lock(version)
            if not has_chain(self._connection):
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
        is_old = self._opened is not None and not has_chain(self._connection)
        is_replaced = not (is_journal or is_old or is_beginning(stored, entries))
        aside = free_name(self.path) if is_replaced and seen is not None else None
        with alone(self.path, seen) if is_replaced else nullcontext():
            # The log first: as long as that is whole, the journal can be made anew.
            if not is_log and entries:
                with clear_log_errors(self._log.path):
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
        with clear_log_errors(self._log.path):
            self._log.open()
        self._n, self._hash = len(entries), entries[-1].hash if entries else ""
        if is_old and not logged.lines:
            told = []  # it never had a log
        else:
            told = sentences(compared, stored, logged, self.path, self._log.path, aside)
        return told + self._owner.take()

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
        with all_or_nothing(self._connection):
            if is_old:
                give_chain(self._connection, entries)
            else:
                for entry in entries[len(stored.entries) :]:
                    insert(self._connection, row_of(entry))

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

    def append(self, *events: Event, items: Iterable[Registered] = ()) -> list[Event]:
        """Write items, new or changed, and events, all of it or nothing.

        Return the events with number and time.
        """
        with clear_errors(self.path, self._owner):
            self._check_in_place()
            before = self._n, self._hash, self._log.size()
            self._new = []
            # Nothing stands between what is raised and taking back: a generator that
            # an interrupt has left waiting would do so only when it is collected.
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for data in data_of(items):
                    self._insert({"kind": ITEMS, "data": data})
                written = [self._insert_event(event) for event in events]
                if self._new:  # on disk in the log before it counts
                    with clear_log_errors(self._log.path):
                        self._log.append(before[0] + 1, self._new)
                self._connection.execute("COMMIT")
            except BaseException:
                self._take_back(*before)
                raise
            return written

    def _take_back(self, n: int, hash_: str, size: int) -> None:
        """Leave no trace of a step, in either place, unless it was taken after all."""
        self._is_unsure = True
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            self._connection.execute("ROLLBACK")
        # An interrupt may have come between the commit and us.
        if self._one("SELECT coalesce(max(id), 0) FROM event") == n:
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
        with clear_errors(self.path, self._owner):
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
        with clear_errors(self.path, self._owner):
            return registered_in(self._rows(), modality)

    def close(self) -> None:
        """Give the lock back."""
        if not self._read_only:
            self._owner.give_back()
        self._disconnect()

    def _disconnect(self) -> None:
        self._log.close()
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if self._written is not None:
            _WRITTEN.discard(self._written)
            self._written = None

    def _one(self, statement: str) -> Any:
        return one(self._connection, statement)


def check_not_ours(path: Path) -> None:
    """Raise where this process has a journal open to write.

    Whoever closes another look at a file, as after copying it, loses all locks that the
    process has on it, and a second session could open it.
    """
    if not path.exists():
        return
    seen = path.stat()
    if (seen.st_dev, seen.st_ino) in _WRITTEN:
        raise BlockingIOError(
            errno.EAGAIN,
            f"{path} is in use by this process; close that session first, in a "
            "notebook by session.close()",
        )
