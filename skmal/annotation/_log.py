"""The log beside the journal: the same entries as lines of text, only ever added to."""

import errno
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from .._shared.files import replacing
from ._chain import Entry, Line, Logged

HEAD = b"# What was written to the skmal journal beside it, for when that is damaged.\n"
LINE = re.compile(rb"(\d{1,15}) (\d{1,9}) ([0-9a-f]{64}) (\{[\x20-\x7e]*\})")


def log_path(journal: Path) -> Path:
    """Return where the log of a journal is."""
    return journal.with_name(journal.name + ".log")


class Log:
    """A file that lines are appended to, each on disk when told.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def read(self) -> Logged:
        """Return what is in the file; nothing where there is none."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Logged({})
        lines: dict[int, Line] = {}
        n_unreadable = n_after = 0
        *whole, rest = content.split(b"\n")
        for text in whole:
            found = LINE.fullmatch(text)
            if found is not None:
                number, n_following, hash_, json = found.groups()
                entry = Entry(json.decode("ascii"), hash_.decode("ascii"))
                lines[int(number)] = Line(entry, int(n_following))
                n_after = 0
            elif text + b"\n" != HEAD or text is not whole[0]:
                n_unreadable += 1
                n_after += 1
        return Logged(lines, n_unreadable, n_after, bool(rest))

    def open(self) -> None:
        """Open the file, which is made where there is none."""
        is_new = not self.path.exists()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags, 0o666)
        if is_new:
            sync_folder(self.path.parent)
        if not self.size():
            self._write(HEAD)

    def size(self) -> int:
        """Return how many bytes there are."""
        assert self._file is not None
        return os.fstat(self._file).st_size

    def append(self, first: int, entries: Sequence[Entry]) -> None:
        """Add entries, of which the first has a number; all are on disk afterwards."""
        assert self._file is not None  # as of whoever holds the journal
        self._write(b"".join(lines_of(first, entries)))
        os.fsync(self._file)

    def take_back(self, size: int) -> None:
        """Remove what has been appended since the file had a size."""
        if self.size() > size:
            assert self._file is not None
            os.ftruncate(self._file, size)
            os.fsync(self._file)

    def _write(self, content: bytes) -> None:
        assert self._file is not None
        while content:
            n = os.write(self._file, content)
            if not n:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            content = content[n:]

    def rewrite(self, entries: Sequence[Entry]) -> None:
        """Put a file with just these entries, each a step, in the place of this."""
        self.close()
        with replacing(self.path, "wb") as file:
            file.write(HEAD)
            file.writelines(lines_of(1, entries, is_one_step=False))
        sync_folder(self.path.parent)

    def is_in_place(self) -> bool:
        """Say whether the file that is open is the one at its path."""
        return self._file is not None and is_same_file(self._file, self.path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lines_of(
    first: int, entries: Sequence[Entry], is_one_step: bool = True
) -> Iterable[bytes]:
    """Yield entries as lines."""
    for i, entry in enumerate(entries):
        n_following = len(entries) - 1 - i if is_one_step else 0
        line = f"{first + i} {n_following} {entry.hash} {entry.content}\n"
        yield line.encode("ascii")


def is_same_file(file: int | os.stat_result, path: Path) -> bool:
    """Say whether an open file, or what was seen of one, is what is at a path."""
    seen = os.fstat(file) if isinstance(file, int) else file
    try:
        there = os.stat(path)
    except OSError:
        return False
    return (seen.st_dev, seen.st_ino) == (there.st_dev, there.st_ino)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk, where the system knows how."""
    with suppress(OSError):  # Windows opens no folders
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
