"""What SQLite holds of a journal: its table, and entries in and out of it."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from ._chain import Entry, Stored, content_of, link

VERSION = 3  # of what is in a journal; one of a newer version is refused
APPLICATION = 0x736B6D61  # "skma", by which `file` and we know the format
ITEMS = "items"  # the kind of entries that register items; all others are events
ITEMS_AT_ONCE = 1000

COLUMNS = {
    "id": "INTEGER PRIMARY KEY",
    "at": "REAL NOT NULL",
    "kind": "TEXT NOT NULL",
    "by": "TEXT",
    "question": "INTEGER",
    "item": "INTEGER",
    "partner": "INTEGER",
    "seconds": "REAL",
    "undoes": "INTEGER",
    "data": "TEXT",
    "hash": "TEXT",
}

# How SQLite calls what a damaged file leads to.
DAMAGE = "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_IOERR_SHORT"


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether a file is damaged, by what SQLite says in reading it."""
    code = getattr(error, "sqlite_errorname", "")
    return code.startswith(DAMAGE) or code == "SQLITE_ERROR"  # "no such table", say


def make_table(connection: sqlite3.Connection) -> None:
    """Within a transaction: make a new file a journal without entries."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE event ({columns})")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def rows_of(connection: sqlite3.Connection) -> Iterable[dict[str, Any]]:
    """Return all rows, in order."""
    return _as_rows(connection.execute("SELECT * FROM event ORDER BY id"))


def _as_rows(found: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column for column, *_ in found.description]
    for row in found:
        yield dict(zip(names, row, strict=True))


def chained(connection: sqlite3.Connection, row: dict[str, Any], before: str) -> Entry:
    """Within a transaction: add a row with its hash; return what SQLite made of it."""
    insert(connection, row)
    (made,) = _as_rows(
        connection.execute("SELECT * FROM event WHERE id = ?", [row["id"]])
    )
    content = content_of(made)
    entry = Entry(content, link(before, content))
    connection.execute(
        "UPDATE event SET hash = ? WHERE id = ?", [entry.hash, row["id"]]
    )
    return entry


def insert(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    """Within a transaction: add a row."""
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(
        f"INSERT INTO event ({columns}) VALUES ({marks})", list(row.values())
    )


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry as a row."""
    return dict.fromkeys(COLUMNS) | json.loads(entry.content) | {"hash": entry.hash}


def read_stored(connection: sqlite3.Connection) -> Stored:
    """Return all entries that can be read, and whether the file is whole."""
    entries: dict[int, Entry] = {}
    try:
        is_sound = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
        is_sound &= _read_into(entries, rows_of(connection))
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        is_sound = False
        _read_around_damage(connection, entries)
    return Stored(entries, is_sound)


def _read_into(entries: dict[int, Entry], rows: Iterable[dict[str, Any]]) -> bool:
    """Add rows to entries; say whether all of them were some."""
    is_sound = True
    for row in rows:
        number, hash_ = row.get("id"), row.get("hash")
        if isinstance(number, int) and isinstance(hash_, str):
            entries[number] = Entry(content_of(row), hash_)
        else:
            is_sound = False
    return is_sound


def _read_around_damage(
    connection: sqlite3.Connection, entries: dict[int, Entry]
) -> None:
    """Add those of a damaged file whose own pages can be read, one by one."""
    try:
        (last,) = connection.execute("SELECT max(id) FROM event").fetchone()
        (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    except sqlite3.Error:
        return
    # What says which is the last may be damaged, but each has 64 bytes of hash.
    for number in range(1, 1 + min(last or 0, n_pages * page // 64)):
        if number not in entries:
            with suppress(sqlite3.Error):
                found = connection.execute("SELECT * FROM event WHERE id = ?", [number])
                _read_into(entries, _as_rows(found))


def read_unchained(connection: sqlite3.Connection) -> tuple[Stored, list[Entry]]:
    """Return events and items of a journal of an old version as entries of a chain.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is not whole, or an event is missing.
    """
    rows = list(rows_of(connection))
    is_whole = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
    n = len(rows)
    if not is_whole or [row["id"] for row in rows] != list(range(1, n + 1)):
        error = sqlite3.DatabaseError("its table of events is not whole")
        error.sqlite_errorname = "SQLITE_CORRUPT"
        raise error
    found = connection.execute(
        "SELECT id, modality, key, hash, size, mtime_ns FROM item ORDER BY id"
    )
    at = rows[-1]["at"] if rows else 0.0
    for data in items_as_data(found.fetchall()):
        rows.append({"id": len(rows) + 1, "at": at, "kind": ITEMS, "data": data})
    entries, before = list[Entry](), ""
    for content in map(content_of, rows):
        before = link(before, content)
        entries.append(Entry(content, before))
    return Stored(dict(enumerate(entries[:n], 1)), True), entries[n:]


def items_as_data(items: Iterable[tuple[Any, ...]]) -> Iterable[str]:
    """Yield items as the data of entries, many in each."""
    rows = [list(item) for item in items]
    for start in range(0, len(rows), ITEMS_AT_ONCE):
        yield json.dumps(rows[start : start + ITEMS_AT_ONCE], default=repr)


def give_chain(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Within a transaction: make a journal of an old version one of this."""
    connection.execute("ALTER TABLE event ADD COLUMN hash TEXT")
    connection.execute("DELETE FROM event")
    for entry in entries:
        insert(connection, row_of(entry))
    connection.execute("DROP TABLE item")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def build(path: Path, entries: Iterable[Entry]) -> None:
    """Write a new journal in one step, and bring it to disk."""
    for end in ("", "-journal", "-wal", "-shm"):  # of a process that was killed at it
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{end}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        make_table(connection)
        for entry in entries:
            insert(connection, row_of(entry))
        connection.execute("COMMIT")
