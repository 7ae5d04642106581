"""Images that a table holds itself, as bytes: written once into one file."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..items._stored import PackedImage, stamp_of
from ._columns import Column, Row, value_fault
from ._reading import Problems, convert_once
from ._tables import image_bytes_in, read_rows

CACHE = "skmal-cache"
IMAGES, ROWS = "images.bin", "rows.json"
VERSION = 2  # of these files


def rows_with_images(
    file: Path,
    columns: Sequence[Column],
    cache: str | Path | None,
    problems: Problems,
) -> Iterator[tuple[str, Row]]:
    """Yield (place, values by role) for the rows of a table, as `read_rows` does.

    Where its images are bytes, as Hugging Face has them (an Image feature is a struct
    of bytes and path), they are written once into one file of the cache, and the rows
    have a PackedImage each, the same one where the bytes are the same; where only the
    path is there, they have that.
    """
    if not image_bytes_in(file, columns):
        yield from read_rows(file, columns, problems)
        return
    home = file.parent / CACHE if cache is None else Path(cache)
    names = [column.names for column in columns]
    parent = None if cache is None else os.path.realpath(file.parent)
    depends = json.dumps([VERSION, names, parent])
    state = hashlib.sha256(depends.encode()).hexdigest()[:8]

    def convert(folder: Path) -> None:
        _write(file, columns, folder)

    folder = convert_once(home / f"{file.name}-{state}", [file], convert)
    made = json.loads((folder / ROWS).read_bytes())
    for message in made["skipped"]:
        problems.add(message)
    images = folder / IMAGES
    stamp = stamp_of(images)
    known: dict[PackedImage, PackedImage] = {}
    for place, row, packed in made["rows"]:
        if packed is not None:
            name, offset, size = packed
            image = PackedImage(str(images), name, offset, size, stamp)
            row["image"] = known.setdefault(image, image)
        yield place, row


def _write(file: Path, columns: Sequence[Column], folder: Path) -> None:
    """Write the images, one after the other, and what else the rows hold."""
    problems = Problems("skip")
    rows: list[tuple[str, Row, Any]] = []
    known: dict[bytes, tuple[str, int, int]] = {}  # by what their bytes hash to
    with open(folder / IMAGES, "wb") as images:
        for place, row in read_rows(file, columns, problems):
            content, name = bytes_and_path(row.pop("image"))
            if fault := _fault(row, columns):
                problems.add(f"{file}, {place}: {fault}")
            elif content is None:
                rows.append((place, row | {"image": name}, None))
            else:
                key = hashlib.sha256(content).digest()
                if key not in known:
                    known[key] = name or place, images.tell(), len(content)
                    images.write(content)
                rows.append((place, row, known[key]))
    made = {"rows": rows, "skipped": problems.messages}
    (folder / ROWS).write_text(json.dumps(made, default=str), encoding="utf-8")


def _fault(row: Row, columns: Sequence[Column]) -> str | None:
    """Say which value JSON would keep as another: bytes, a date; None: none."""
    for column in columns:
        value = row.get(column.role)
        for one in value if isinstance(value, list) else [value]:
            if column.needed and not isinstance(one, str | None):
                return value_fault(one, column.names[0])
    return None


def bytes_and_path(image: Any) -> tuple[bytes | None, Any]:
    """Return the bytes of an image and its path; what is not there is None."""
    if isinstance(image, dict):
        return image.get("bytes"), image.get("path")
    return (image, None) if isinstance(image, bytes) else (None, image)
