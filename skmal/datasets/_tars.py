"""The members of a tar archive, found without unpacking it.

Nothing of an archive is ever written anywhere, no link in it is followed, and its
headers may claim no more than it holds.
"""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from ._columns import character_fault
from ._reading import leads_out

LARGEST_HEADER = 1 << 20  # bytes, of long names and the like
BLOCK = 512  # bytes; one of zeros is the end
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
# What headers that are damaged, or made to harm, have raised.
BROKEN = (tarfile.TarError, ValueError, OverflowError, RecursionError, LookupError)


class Member(NamedTuple):
    """A file in an archive: its name, and where its bytes are."""

    name: str
    offset: int
    size: int


def members(file: Path) -> Iterator[Member | str]:
    """Yield the files in a tar archive; a str says what is wrong with one, or with all.

    After what is wrong with the archive itself, nothing follows. Folders, and files
    that systems leave behind (`._*`), are left out without a word.
    """
    with open(file, "rb") as opened:
        head = opened.read(BLOCK)
        for magic, name in PACKED.items():
            if head.startswith(magic):
                yield (
                    f"it is compressed ({name}), so that no image in it can be opened "
                    "alone; decompress it once, images in it hardly take more room"
                )
                return
        if not head:
            yield "it is empty"
            return
        size = os.fstat(opened.fileno()).st_size
        opened.seek(0)
        try:
            yield from _members(opened, size)
        except BROKEN as error:
            yield (
                f"it is damaged or no tar archive ({error or type(error).__name__}); "
                "get it anew"
            )


def _members(opened: IO[bytes], size: int) -> Iterator[Member | str]:
    end = 0  # of what has been read
    with tarfile.open(fileobj=_Sparing(opened), mode="r:") as archive:  # type: ignore
        while (found := archive.next()) is not None:
            archive.members.clear()  # else it would keep them all
            if found.size < 0 or found.offset_data <= end:
                raise tarfile.ReadError("a member is said to lie before another")
            end = found.offset_data
            if found.isdir() or PurePosixPath(found.name).name.startswith("._"):
                continue
            if fault := _fault(found, size):
                yield f"the member {found.name!r:.200} {fault}"
            else:
                name = str(PurePosixPath(found.name))  # without ./ at its start
                yield Member(name, found.offset_data, found.size)
        _check_end(opened, archive.offset)


def _check_end(opened: IO[bytes], end: int) -> None:
    """Raise unless an archive ends where tarfile found no other member.

    It finds none either in what is cut, or is no header.
    """
    opened.seek(end)
    if opened.read(BLOCK) != bytes(BLOCK):
        raise tarfile.ReadError(f"neither a member nor its end is at byte {end:,}")
    while piece := opened.read(LARGEST_HEADER):
        if piece.strip(b"\0"):
            raise tarfile.ReadError(
                f"it goes on behind its end at byte {end:,}, as archives do that were "
                "joined into one file"
            )


def _fault(found: tarfile.TarInfo, size: int) -> str | None:
    """Say why a member is not taken; None: it is."""
    if leads_out(found.name):
        return "has a name that leads out of the archive"
    if found.issym() or found.islnk():
        return f"is a link, to {found.linkname!r:.80}; no link is followed"
    if found.issparse() or not found.isreg():
        return "is no plain file"
    if character_fault(found.name, "name"):
        return "has a name that is no UTF-8"
    if found.offset_data + found.size > size:
        return f"is cut: the archive ends within its {found.size:,} bytes"
    return None


class _Sparing:
    """A file, for tarfile, that is not read in large pieces.

    tarfile reads as much as a header claims to take.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, n: int = -1) -> bytes:
        if not 0 <= n <= LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {n:,} bytes")
        return self.file.read(n)
