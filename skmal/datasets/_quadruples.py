"""Tables of quadruples: two images and two captions a row."""

import json
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from ._columns import Column, Row, UnreadableTable, value_fault
from ._reading import Problems, convert_once
from ._tables import read_rows


def unpacked(
    file: Path,
    cache: Path,
    columns: Sequence[Column],
    images: Sequence[str],
    problems: Problems,
) -> tuple[list[tuple[str, Row]], Path]:
    """Return (place, row) of each whole row of a parquet or arrow file, and a folder.

    Its images are written there, once. In the rows, an image is (whether it is in that
    folder, its name there or its path).
    """

    def convert(folder: Path) -> None:
        _write_images(file, folder, columns, images, Problems(problems.on_error))

    folder = convert_once(cache, [file], convert)
    kept = json.loads((folder / "rows.json").read_bytes())
    for message in kept["skipped"]:
        problems.add(message)
    return kept["rows"], folder


def whole_rows(
    file: Path, columns: Sequence[Column], problems: Problems
) -> Iterator[tuple[str, Row]]:
    """Yield (place, row) for the rows that have all values."""
    try:
        for place, row in read_rows(file, columns, problems):
            faults = (
                value_fault(value, name)
                for name, value in row.items()
                if value is None or isinstance(value, str)
            )
            if fault := next(filter(None, faults), None):
                problems.add(f"{file}, {place}: {fault}")
            else:
                yield place, row
    except UnreadableTable as error:
        problems.add(str(error), error)


def _write_images(
    file: Path,
    folder: Path,
    columns: Sequence[Column],
    images: Sequence[str],
    problems: Problems,
) -> None:
    """Write the images of a parquet or arrow file, and rows.json, into a folder."""
    rows = []
    for place, row in whole_rows(file, columns, problems):
        found = {}
        for column in images:
            image = row[column]
            if not isinstance(image, dict):
                image = {"bytes" if isinstance(image, bytes) else "path": image}
            data, name = image.get("bytes"), image.get("path")
            try:
                if data is not None:
                    name = f"{len(rows):05d}-{column}.{_format_of(data)}"
                elif not isinstance(name, str):
                    raise ValueError("neither bytes nor a path are there")
            except Exception as error:  # decoders of damaged files raise many kinds
                problems.add(
                    f"{file}, {place}: {column!r} cannot be read as an image ({error})"
                    "; get the file anew",
                    error,
                )
                break
            if data is not None:
                (folder / name).write_bytes(data)
            found[column] = data is not None, name
        else:
            rows.append((place, row | found))
    kept = {"rows": rows, "skipped": problems.messages}
    text = json.dumps(kept, default=str)
    (folder / "rows.json").write_text(text, encoding="utf-8")


def _format_of(data: bytes) -> str:
    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        return str(image.format).lower()
