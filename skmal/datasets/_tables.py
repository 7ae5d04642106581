"""Tables as people bring them, row by row: the one strict reader of all of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ._columns import Column, Row, UnreadableTable, find_columns
from ._delimited import Placed, delimited_rows
from ._encodings import lines_of, read_text
from ._reading import Problems, import_pyarrow

ROWS_AT_ONCE = 16  # of a file that holds images
TEXTS_AT_ONCE = 4096


def read_rows(
    file: Path, columns: Sequence[Column], problems: Problems
) -> Iterator[tuple[str, Row]]:
    """Yield (place, values by role) for the rows of a table.

    Its name ends as those in `READERS` do. Rows that cannot be told are problems;
    values are as they stand, for the caller to look at. A column that is not needed and
    not there is not in the row. In .json and .jsonl a string is a row that has nothing
    but the first column. A table without its columns raises `UnreadableTable`.
    """
    check_suffix(file)
    suffix = file.suffix.lower()
    rows = READERS[suffix](file, columns)
    while True:
        try:
            place, row = next(rows)
        except StopIteration:
            return
        except UnreadableTable as error:
            raise UnreadableTable(f"{file}: {error}") from None
        except (OSError, ValueError, NotImplementedError) as error:
            raise UnreadableTable(
                f"{file} cannot be read as {suffix[1:]} ({error}); repair it or get it "
                "anew"
            ) from error
        if isinstance(row, str):
            problems.add(f"{file}, {place}: {row}")
        else:
            yield place, row


def check_suffix(file: Path, others: Sequence[str] = ()) -> None:
    """Raise unless the file is one of the tables, or ends as others that are read."""
    endings = (*others, *READERS)
    suffix = file.suffix.lower()
    if suffix in endings:
        return
    remedy = "save it as one of them"
    if suffix in (".xls", ".xlsx", ".xlsm", ".ods", ".numbers"):
        remedy = 'save it as "CSV UTF-8"'
    raise ValueError(
        f"{file} ends in {file.suffix!r}, but must end in one of {', '.join(endings)}; "
        f"{remedy}"
    )


def _jsonl_rows(file: Path, columns: Sequence[Column]) -> Iterator[Placed]:
    as_row = _RowsOf(columns)
    for number, line in enumerate(lines_of(read_text(file)), start=1):
        if not line.strip():
            continue
        try:
            row = as_row(_parsed(line))
        except (ValueError, RecursionError) as error:
            row = f"it is no JSON ({error})"
        yield f"line {number}", row


def _json_rows(file: Path, columns: Sequence[Column]) -> Iterator[Placed]:
    as_row = _RowsOf(columns)
    try:
        rows = _parsed(read_text(file))
    except RecursionError as error:
        raise UnreadableTable("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        raise UnreadableTable(
            f"it is no JSON ({error}); where it has one object a line, call it .jsonl"
        ) from error
    if not isinstance(rows, list):
        raise UnreadableTable(f"it holds a {type(rows).__name__}, not a list of rows")
    for number, row in enumerate(rows):
        yield f"row {number}", as_row(row)


class _RowsOf:
    """Makes rows of objects, whose columns may come in any order."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self._places: dict[tuple[str, ...], dict[str, str]] = {}  # by the names

    def __call__(self, item: object) -> Row | str:
        if isinstance(item, str) and sum(c.needed for c in self.columns) == 1:
            return {self.columns[0].role: item}
        if not isinstance(item, dict):
            kind = type(item).__name__
            return f"it is a {kind}, not an object with names and values"
        names = tuple(item)
        if names not in self._places:
            try:
                found = find_columns(names, self.columns)
            except UnreadableTable as error:
                return str(error)
            self._places[names] = {role: names[i] for role, i in found.items()}
        return {role: item[name] for role, name in self._places[names].items()}


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the name {twice!r} twice")
    return made


def image_bytes_in(file: Path, columns: Sequence[Column]) -> bool:
    """Say whether a table of columns with types holds images, in place of their paths.

    A file that cannot be read holds none; `read_rows` says what is wrong with it.
    """
    check_suffix(file)
    try:
        if file.suffix.lower() == ".parquet":
            with import_pyarrow().parquet.ParquetFile(file) as table:
                schema = table.schema_arrow
        elif file.suffix.lower() == ".arrow":
            with import_pyarrow().memory_map(str(file)) as source:
                schema = _opened(source)[0]
        else:
            return False
        kind = str(schema.field(_names(schema, columns)["image"]).type)
    except (OSError, ValueError, NotImplementedError):
        return False
    return "binary" in kind or "struct" in kind


def _parquet_rows(file: Path, columns: Sequence[Column]) -> Iterator[Placed]:
    with import_pyarrow().parquet.ParquetFile(file) as table:
        schema = table.schema_arrow
        names = _names(schema, columns)
        wanted = list(names.values())
        batches = table.iter_batches(_at_once(schema, names), columns=wanted)
        yield from _rows_of(batches, names)


def _arrow_rows(file: Path, columns: Sequence[Column]) -> Iterator[Placed]:
    with import_pyarrow().memory_map(str(file)) as source:
        schema, batches = _opened(source)
        names = _names(schema, columns)
        n = _at_once(schema, names)
        wanted = list(names.values())
        yield from _rows_of(_parts(batches, wanted, n), names)


def _opened(source: Any) -> tuple[Any, Iterable[Any]]:
    """Return the schema and the batches of an arrow file."""
    pyarrow = import_pyarrow()
    try:
        batches = pyarrow.ipc.open_stream(source)  # what datasets writes
        return batches.schema, batches
    except ValueError:
        table = pyarrow.ipc.open_file(source)
        batches = map(table.get_batch, range(table.num_record_batches))
        return table.schema, batches


def _parts(batches: Iterable[Any], wanted: list[str], n: int) -> Iterator[Any]:
    """Yield n rows at a time, looked at first: broken ones would end the process."""
    for batch in batches:
        batch = batch.select(wanted)
        batch.validate(full=True)
        yield from (batch.slice(start, n) for start in range(0, len(batch), n))


def _names(schema: Any, columns: Sequence[Column]) -> dict[str, str]:
    """Return by role the names of the columns."""
    found = find_columns(schema.names, columns)
    names = {role: schema.names[place] for role, place in found.items()}
    for name in names.values():
        if schema.names.count(name) > 1:
            raise UnreadableTable(f"it has more than one column {name!r}; rename one")
    return names


def _at_once(schema: Any, names: dict[str, str]) -> int:
    kinds = [str(schema.field(name).type) for name in names.values()]
    images = any("binary" in kind or "struct" in kind for kind in kinds)
    return ROWS_AT_ONCE if images else TEXTS_AT_ONCE


def _rows_of(batches: Iterable[Any], names: dict[str, str]) -> Iterator[Placed]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            yield f"row {number}", {role: row[name] for role, name in names.items()}
            number += 1


READERS: dict[str, Callable[[Path, Sequence[Column]], Iterator[Placed]]] = {
    ".csv": delimited_rows,
    ".tsv": delimited_rows,
    ".json": _json_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".parquet": _parquet_rows,
    ".arrow": _arrow_rows,
}
