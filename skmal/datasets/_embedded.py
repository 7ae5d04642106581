"""Images that a table holds itself, as bytes: written once into one file."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..items._stored import PackedImage
from ._columns import Column, Row
from ._reading import Problems, convert_once
from ._tables import image_bytes_in, read_rows

CACHE = "skmal-cache"
IMAGES, ROWS = "images.bin", "rows.json"
VERSION = 1  # of these files


def rows_with_images(
    file: Path,
    columns: Sequence[Column],
    cache: str | Path | None,
    problems: Problems,
) -> Iterator[tuple[str, Row]]:
    """Yield (place, values by role) for the rows of a table, as `read_rows` does.

    Where its images are bytes, as Hugging Face has them (an Image feature is a struct
    of bytes and path), they are written once into one file of the cache, and the rows
    have a PackedImage each; where only the path is there, they have that.
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
    stamp = images.stat().st_mtime_ns
    for place, row, packed in made["rows"]:
        if packed is not None:
            name, offset, size = packed
            row["image"] = PackedImage(str(images), name, offset, size, stamp)
        yield place, row


def _write(file: Path, columns: Sequence[Column], folder: Path) -> None:
    """Write the images, one after the other, and what else the rows hold."""
    problems = Problems("skip")
    rows: list[tuple[str, Row, Any]] = []
    with open(folder / IMAGES, "wb") as images:
        for place, row in read_rows(file, columns, problems):
            content, name = bytes_and_path(row.pop("image"))
            if content is None:
                rows.append((place, row | {"image": name}, None))
            else:
                packed = name or place, images.tell(), len(content)
                images.write(content)
                rows.append((place, row, packed))
    made = {"rows": rows, "skipped": problems.messages}
    (folder / ROWS).write_text(json.dumps(made, default=str), encoding="utf-8")


def bytes_and_path(image: Any) -> tuple[bytes | None, Any]:
    """Return the bytes of an image and its path; what is not there is None."""
    if isinstance(image, dict):
        return image.get("bytes"), image.get("path")
    return (image, None) if isinstance(image, bytes) else (None, image)
