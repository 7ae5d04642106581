"""A journal's SQLite file, opened: to be read, or by its one writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ._stored import APPLICATION, VERSION, make_table


def connect(path: Path, read_only: bool) -> sqlite3.Connection:
    """Open a file, which is made where there is none, unless it is only read."""
    # SQLite's name of a file to read, which must be absolute there.
    uri = path.absolute().as_uri() + "?mode=ro"
    connection = sqlite3.connect(
        uri if read_only else path,
        timeout=0.5,
        isolation_level=None,
        check_same_thread=False,
        uri=read_only,
    )
    # What is no text is damaged, which the chain tells; here it need not raise.
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    return connection


def version_of(connection: sqlite3.Connection, path: Path, log: Path) -> int:
    """Return the version of a journal, 0 of a new file.

    Raises
    ------
    ValueError
        If it is something else, or of a version to come.
    """
    version = one(connection, "PRAGMA user_version")
    application = one(connection, "PRAGMA application_id")
    n_tables = one(connection, "SELECT count(*) FROM sqlite_schema")
    back = ""
    if log.exists():
        back = (
            f". If it has been damaged, move it to another place: {log} gives it back"
        )
    if n_tables and application != APPLICATION:
        raise ValueError(
            f"{path} is a SQLite file, but no skmal journal; name another file{back}"
        )
    if version > VERSION:
        raise ValueError(
            f"{path} was written by a newer skmal (journal version {version}, this one "
            f"knows {VERSION}); upgrade skmal. Nothing was changed{back}"
        )
    return version if n_tables else 0


def lock(connection: sqlite3.Connection, version: int) -> None:
    """Keep others out, and make the table of a new file."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with all_or_nothing(connection):  # takes the lock, which stays
        if not version:
            make_table(connection)


@contextmanager
def all_or_nothing(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of what the body writes, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def has_chain(connection: sqlite3.Connection) -> bool:
    """Say whether entries have hashes; those of old versions have none."""
    columns = connection.execute("PRAGMA table_info(event)").fetchall()
    return not columns or any(name == "hash" for _, name, *_ in columns)


def one(connection: sqlite3.Connection, statement: str) -> Any:
    """Return the one value that a statement asks for."""
    return connection.execute(statement).fetchone()[0]
