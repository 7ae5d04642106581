"""What errors in writing a journal and its log mean, and what helps."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._owner import Owner

READ_ONLY = errno.EACCES, errno.EPERM, errno.EROFS


@contextmanager
def clear_errors(path: Path, owner: Owner) -> Iterator[None]:
    """Say of SQLite's errors what they mean and what helps."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "")
        raise _explained(code, error, path, owner) from error


@contextmanager
def clear_log_errors(log: Path) -> Iterator[None]:
    """Say of the system's errors in writing the log what they mean."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _full(log) from error
        kind = PermissionError if error.errno in READ_ONLY else OSError
        raise kind(
            error.errno,
            f"{log} cannot be written ({error.strerror}), so this step was not taken; "
            "all before it is kept. The folder must be writable",
        ) from error


def _full(path: Path) -> OSError:
    return OSError(
        errno.ENOSPC,
        f"the disk of {path} is full, so this step was not taken; all before it is "
        "kept. Make room and try again",
    )


def _explained(code: str, error: sqlite3.Error, path: Path, owner: Owner) -> Exception:
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BlockingIOError(
            errno.EAGAIN,
            f"{path} is in use by {owner.name()}; close that session first, in a "
            "notebook by session.close(). Several people can answer on one session's "
            "page",
        )
    if code == "SQLITE_FULL":
        return _full(path)
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return PermissionError(
            errno.EACCES,
            f"{path} cannot be written ({error}), so nothing would be kept; the folder "
            "must exist and be writable",
        )
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return ValueError(
            f"{path} is no skmal journal, or damaged ({error}); name another file, or "
            "restore it from a copy"
        )
    return OSError(errno.EIO, f"{path} could not be read or written: {error} ({code})")
