"""Images in zip archives, opened where they are."""

import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from ..items._formats import known_suffixes
from ..items._stored import PackedImage, stamp_of

LARGEST_IMAGE = 1 << 28  # bytes
LOCAL_HEADER = 30  # bytes, before the name


def images_in_zip(file: Path) -> tuple[dict[str, PackedImage], dict[str, str]]:
    """Return the images of an archive by their names without folders, and faults.

    What systems leave behind is left out; of two of one name, in different folders,
    none is taken. Nothing is unpacked.
    """
    stamp = stamp_of(file)
    images: dict[str, PackedImage] = {}
    faults: dict[str, str] = {}
    try:
        with zipfile.ZipFile(file) as archive, open(file, "rb") as opened:
            for info in archive.infolist():
                path = PurePosixPath(info.filename)
                name = path.name
                is_image = path.suffix.lower() in known_suffixes()
                if not is_image or name.startswith("._") or "__MACOSX" in path.parts:
                    continue
                if name in images or name in faults:
                    faults[name] = f"{name} stands in {file} twice; keep one"
                elif fault := _fault(info):
                    faults[name] = f"{info.filename} in {file} {fault}"
                else:
                    is_packed = info.compress_type == zipfile.ZIP_DEFLATED
                    images[name] = PackedImage(
                        str(file),
                        info.filename,
                        _start(opened, info.header_offset),
                        info.compress_size,
                        stamp,
                        info.file_size if is_packed else None,
                        info.CRC,
                    )
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as error:
        raise ValueError(
            f"{file} is damaged or no zip archive ({error}); get it anew"
        ) from error
    return {name: images[name] for name in images.keys() - faults.keys()}, faults


def _fault(info: zipfile.ZipInfo) -> str | None:
    """Say why a member is not taken; None: it is."""
    if info.flag_bits & 1:
        return "is encrypted; unpack the archive"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed by another method than deflate; unpack the archive"
    if max(info.file_size, info.compress_size) > LARGEST_IMAGE:
        return f"has {info.file_size:,} bytes; expected are up to {LARGEST_IMAGE:,}"
    return None


def _start(opened: IO[bytes], header: int) -> int:
    """Return where the bytes of a member begin, behind its own header."""
    opened.seek(header)
    head = opened.read(LOCAL_HEADER)
    if not head.startswith(b"PK\3\4") or len(head) < LOCAL_HEADER:
        raise ValueError(f"there is no member at {header}")
    lengths = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:], "little")
    return header + LOCAL_HEADER + sum(lengths)


class ImagePlaces:
    """Where the images of a set are: in folders, or in a zip archive.

    Parameters
    ----------
    path : Path
        The folder of the set.
    folders, archives : tuple of str
        The names that they may have in it.
    """

    def __init__(
        self, path: Path, folders: tuple[str, ...], archives: tuple[str, ...]
    ) -> None:
        self.folders = [path / name for name in folders if (path / name).is_dir()]
        self.archive = next(
            (path / name for name in archives if (path / name).is_file()), None
        )
        self.expected = f"{', '.join(folders[1:])} or {' or '.join(archives)}"
        self._packed: dict[str, PackedImage] | None = None
        self._faults: dict[str, str] = {}

    def find(self, name: str) -> str | PackedImage:
        """Return the image of a name, or raise FileNotFoundError."""
        if name != os.path.basename(name) or "\\" in name:
            raise FileNotFoundError(f"{name!r:.80} is no name of a file without folder")
        for folder in self.folders:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.path.getsize(path):
                return path
        if self.archive is None:
            raise FileNotFoundError(
                f"there is no image {name}; expected are the images in {self.expected}"
            )
        if self._packed is None:
            self._packed, self._faults = images_in_zip(self.archive)
        if name not in self._packed:
            fault = self._faults.get(name, f"there is no {name} in {self.archive}")
            raise FileNotFoundError(fault)
        return self._packed[name]
