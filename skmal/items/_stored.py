"""Images that are no files of their own: members of archives, rows of tables."""

import os
import zlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path


def stamp_of(file: Path | int) -> tuple[int, int]:
    """Return what changes with a file: its time in nanoseconds, and its size."""
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size


class StoredImage:
    """An image whose bytes are read when they are wanted."""

    __slots__ = ()

    def read(self) -> bytes:
        """Return the bytes, as an image file would hold them."""
        raise NotImplementedError

    def identity(self) -> Hashable:
        """Return what images have in common that are the same bytes of one file."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class PackedImage(StoredImage):
    """An image inside an archive, which is opened there and never unpacked.

    What `load_webdataset` and others return in place of paths. It goes wherever a path
    of an image goes, and into pickles as these few values.

    Parameters
    ----------
    archive : str
        The path of the archive.
    name : str
        The name of the member, for messages.
    offset : int
        Where its bytes begin in the archive.
    size : int
        How many they are.
    stamp : tuple of two int
        When the archive was last changed, in nanoseconds, and how many bytes it had,
        when the member was found. An archive that has changed since is not read.
    unpacked : int, default=None
        How many bytes they become where a zip archive compresses them (deflate); None:
        they are stored as they are.
    crc : int, default=None
        Their checksum (CRC-32), where the archive has one; None: it has none.
    """

    archive: str
    name: str
    offset: int
    size: int
    stamp: tuple[int, int]
    unpacked: int | None = None
    crc: int | None = None

    def read(self) -> bytes:
        """Return the bytes of the image file.

        Returns
        -------
        bytes
            As in the archive, decompressed.

        Raises
        ------
        FileNotFoundError
            If the archive is gone.
        ValueError
            If it has changed since the member was found, or the bytes are damaged.
        """
        with open(self.archive, "rb") as file:
            if stamp_of(file.fileno()) != self.stamp:
                raise ValueError(
                    "the archive has changed since it was read; load it again"
                )
            file.seek(self.offset)
            content = file.read(self.size)
        if len(content) < self.size:
            raise ValueError("the archive ends within it")
        if self.unpacked is not None:
            try:
                content = zlib.decompressobj(-15).decompress(content, self.unpacked + 1)
            except zlib.error as error:
                raise ValueError(f"it is damaged in the archive ({error})") from error
            if len(content) != self.unpacked:
                raise ValueError("it has another size than the archive says")
        if self.crc is not None and zlib.crc32(content) != self.crc:
            raise ValueError("it is damaged in the archive (its checksum is another)")
        return content

    def identity(self) -> Hashable:
        """Return what tells it from other images.

        Returns
        -------
        tuple
            Of the archive and where the image is in it.
        """
        try:
            status = os.stat(self.archive)
        except OSError:  # whoever reads it says so
            return self.archive, self.offset
        return "packed", status.st_dev, status.st_ino, self.offset

    def __str__(self) -> str:
        return f"{self.name} in {self.archive}"
