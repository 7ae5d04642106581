"""What the readers share: rows of tables, what is broken, what is converted once."""

import csv
import hashlib
import json
import os
import shutil
import stat
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.parameters import check_choice

OnError: TypeAlias = Literal["raise", "skip"]
XAndY: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Row: TypeAlias = dict[str, Any]  # by the names of the columns
Placed: TypeAlias = tuple[str, Row | str]  # a row and where it stands; a str: a fault

ON_ERROR = ("raise", "skip")
ROWS_AT_ONCE = 16  # of a parquet file that holds images
N_SHOWN = 3  # messages that a warning repeats


class Problems:
    """What cannot be read: the first is raised, or all are kept and told at the end."""

    def __init__(self, on_error: OnError) -> None:
        check_choice(on_error, "on_error", ON_ERROR)
        self.on_error: OnError = on_error
        self.messages: list[str] = []

    def add(
        self,
        message: str,
        cause: BaseException | None = None,
        error: type[Exception] = ValueError,
    ) -> None:
        """Raise, or remember what is left out."""
        if self.on_error == "raise":
            raise error(f'{message}; on_error="skip" leaves it out') from cause
        self.messages.append(message)

    def report(self, n_left: int, what: str, path: Path) -> None:
        """Raise where nothing is left, and warn where something was left out."""
        shown = "\n".join(f"- {message}" for message in self.messages[:N_SHOWN])
        if n_left == 0:
            raise ValueError(
                f"{path} holds no {what} that can be read\n{shown}".strip()
            )
        if self.messages:
            warnings.warn(
                f"skipped in {path}: {len(self.messages)}, which the Bunch lists as "
                f"`skipped`; left: {n_left} {what}\n{shown}",
                stacklevel=3,
            )


def check_folder(path: str | Path) -> Path:
    """Return `path` as a Path, or raise unless it is a folder."""
    path = Path(path)
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise FileNotFoundError(f"{path} {what}; pass the folder that holds the set")
    return path


def read_rows(
    file: Path, columns: Sequence[str], problems: Problems
) -> Iterator[tuple[str, Row]]:
    """Yield (place, row) for the rows of a file that have a value in all columns.

    The file ends in .csv, .tsv, .jsonl, .json, .parquet or .arrow, a row is a dict. A
    column "image" may also be called "image_file_name", as Hugging Face's ImageFolder
    wants it.
    """
    rows = READERS[file.suffix.lower()](file, columns)
    while True:
        try:
            place, row = next(rows)
        except StopIteration:
            return
        except (OSError, ValueError, csv.Error) as error:
            problems.add(
                f"{file} cannot be read as {file.suffix[1:]} ({error}); repair it, "
                "correct the names of its columns, or get it anew",
                error,
            )
            return
        if isinstance(row, str):
            problems.add(f"{file}, {place}: {row}")
            continue
        row = {c: row.get(c, row.get(f"{c}_file_name")) for c in columns}
        fault = next(filter(None, map(_fault, row, row.values())), None)
        if fault is None:
            yield place, row
        else:
            problems.add(f"{file}, {place}: {fault}")


def image_fault(path: str) -> str | None:
    """Say what is wrong with an image file, without opening it; None: nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return f"there is no file {path}; put it there, or correct the path"
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return f"{path} is empty or no file; replace it"
    return None


def as_objects(items: Sequence[object]) -> npt.NDArray[Any]:
    """Return a one-dimensional array of these objects; rows of it share them."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def convert_once(
    folder: Path, sources: Iterable[Path], convert: Callable[[Path], object]
) -> Path:
    """Return the subfolder that `convert(subfolder)` filled; made once for its sources.

    It is made anew where the size or the time of a source has changed. It is written
    under another name and then renamed, so that what is there is whole.
    """
    status = [(source.name, source.stat()) for source in sources]
    state = [[name, s.st_size, s.st_mtime_ns] for name, s in status]
    done = folder / hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
    if not done.is_dir():
        unfinished = folder / f"unfinished-{uuid.uuid4().hex}"
        unfinished.mkdir(parents=True)
        try:
            convert(unfinished)
            try:
                unfinished.rename(done)
            except OSError:
                if not done.is_dir():  # else another process was faster
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        for other in folder.iterdir():  # made of sources that have changed since
            if other != done and not other.name.startswith("unfinished"):
                shutil.rmtree(other, ignore_errors=True)
    return done


def import_pyarrow() -> Any:
    """Return pyarrow with its parquet module, or say how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            'parquet and arrow files need pyarrow: pip install "skmal[data]"'
        ) from error
    return pyarrow


def _fault(column: str, value: object) -> str | None:
    """Say what is wrong with a value of a table; None: nothing."""
    if value is None or value == "":
        return f"it has no {column!r}; fill it in"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"its {column!r} is not UTF-8; save the file as UTF-8"
    return None


def _check_columns(found: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        n = sum(name in (column, f"{column}_file_name") for name in found)
        if n != 1:
            raise ValueError(
                f"{'more than one' if n else 'no'} column {column!r} among {found}"
            )


def _csv_rows(file: Path, columns: Sequence[str]) -> Iterator[Placed]:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    # Other encodings get through here, and are found out row by row.
    with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.DictReader(text, delimiter=delimiter, strict=True)
        names = reader.fieldnames or []
        _check_columns(names, columns)
        while True:
            start = reader.reader.line_num + 1  # of the one within, which knows better
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield f"line {start}", f"{error}; quotes may be missing"
                continue
            place = f"line {reader.line_num}"
            if None in row:
                yield (
                    place,
                    f"it has more than {len(names)} fields; quote those that contain "
                    "the separator",
                )
            else:
                yield place, row


def _jsonl_rows(file: Path, columns: Sequence[str]) -> Iterator[Placed]:
    with open(file, encoding="utf-8-sig", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = _as_row(json.loads(line))
            except ValueError as error:
                row = f"it is no JSON ({error})"
            yield f"line {number}", row


def _json_rows(file: Path, columns: Sequence[str]) -> Iterator[Placed]:
    rows = json.loads(file.read_bytes())
    if not isinstance(rows, list):
        raise ValueError(f"it holds a {type(rows).__name__}, not a list of rows")
    for number, row in enumerate(rows):
        yield f"row {number}", _as_row(row)


def _as_row(row: object) -> Row | str:
    """Return a row as it is, or say what is wrong with it."""
    if isinstance(row, dict):
        return row
    return f"it is a {type(row).__name__}, not an object with names and values"


def _parquet_rows(file: Path, columns: Sequence[str]) -> Iterator[Placed]:
    with import_pyarrow().parquet.ParquetFile(file) as table:
        names = table.schema_arrow.names
        _check_columns(names, columns)
        wanted = [n for n in names if n.removesuffix("_file_name") in columns]
        yield from _rows_of(table.iter_batches(ROWS_AT_ONCE, columns=wanted))


def _arrow_rows(file: Path, columns: Sequence[str]) -> Iterator[Placed]:
    pyarrow = import_pyarrow()
    with pyarrow.memory_map(str(file)) as source:
        try:
            batches = pyarrow.ipc.open_stream(source)  # what datasets writes
        except ValueError:
            table = pyarrow.ipc.open_file(source)
            batches = map(table.get_batch, range(table.num_record_batches))
            names = table.schema.names
        else:
            names = batches.schema.names
        _check_columns(names, columns)
        yield from _rows_of(
            batch.slice(start, ROWS_AT_ONCE)
            for batch in batches
            for start in range(0, len(batch), ROWS_AT_ONCE)
        )


def _rows_of(batches: Iterable[Any]) -> Iterator[Placed]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            yield f"row {number}", row
            number += 1


READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[Placed]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".json": _json_rows,
    ".parquet": _parquet_rows,
    ".arrow": _arrow_rows,
}
