"""A journal in the place of a damaged one, which is kept."""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ._chain import Entry
from ._log import is_same_file, sync_folder
from ._stored import build


def free_name(path: Path) -> Path:
    """Return a name beside a file that nothing has yet."""
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name


def put_in_place(path: Path, entries: Sequence[Entry], aside: Path | None) -> None:
    """Put a journal with these entries at a path; move what is there aside."""
    fresh = path.with_name(path.name + ".restored")
    build(fresh, entries)
    if aside is not None:
        os.replace(path, aside)
    # SQLite would take what is in the old one's WAL for changes of the new one.
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            if aside is None:
                os.unlink(f"{path}{end}")
            else:
                os.replace(f"{path}{end}", f"{aside}{end}")
    os.replace(fresh, path)
    sync_folder(path.parent)


@contextmanager
def alone(path: Path, seen: os.stat_result | None) -> Iterator[None]:
    """Let one process at a time replace a journal, and only the one that was seen.

    A damaged file has no lock of its own, so a file beside it has.

    Raises
    ------
    BlockingIOError
        If another process is at it, or has done it.
    """
    beside = path.with_name(path.name + ".restoring")
    busy = BlockingIOError(
        errno.EAGAIN, f"{path} is being restored by another process; try again"
    )
    with closing(sqlite3.connect(beside, timeout=0.5, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise busy from error
        try:
            is_there = path.exists() if seen is None else not is_same_file(seen, path)
            if is_there:
                raise busy
            yield
        finally:
            lock.close()  # Windows removes no file that is open
            with suppress(OSError):
                beside.unlink()
