"""CSV and its like, read strictly: what could be meant otherwise is refused.

`csv.reader` alone takes a stray quote for the start of a field that ends at the next
one, hundreds of rows later. Here a field may hold line breaks only where none of its
lines could be a row of its own.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from ._columns import Column, Row, UnreadableTable, find_columns
from ._encodings import MARK, lines_of, read_text

Placed: TypeAlias = tuple[str, Row | str]  # where a row stands, and it; a str: a fault

SEPARATORS = ",;\t|"
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
BREAK = re.compile("\r\n|\r|\n")
QUOTES = (
    "a quote may be missing, or one too many; texts with line breaks are safe in a "
    ".jsonl file"
)


MARKED = "it begins with a byte order mark, as joined files do; take that out"


def delimited_rows(file: Path, columns: Sequence[Column]) -> Iterator[Placed]:
    """Yield the rows of a file with the names of its columns in the first line."""
    lines = lines_of(read_text(file))
    head = next((i for i, line in enumerate(lines) if line.strip()), None)
    if head is None:
        raise UnreadableTable("it is empty")
    told = SEPARATOR_LINE.fullmatch(lines[head].strip("\r\n "))
    if told:  # what Excel writes, and reads, above the header
        head = next((i for i in range(head + 1, len(lines)) if lines[i].strip()), head)
    among = told[1] if told else SEPARATORS
    separator, names = _read_header(lines, head, columns, file.suffix.lower(), among)
    places = find_columns(names, columns)
    plain = [name.strip().casefold() for name in names]
    is_quoted = quoted_row(lines, head, separator) is not None
    for first, fields in _records(lines, head + 1, separator, len(names), is_quoted):
        row: Row | str
        if isinstance(fields, str):
            row = fields
        elif [f.strip().casefold() for f in fields] == plain:
            row = "it repeats the names of the columns; take it out"
        elif fields[0].startswith(MARK):
            row = MARKED
        else:
            row = {role: fields[place] for role, place in places.items()}
        yield f"line {first + 1}", row


def is_header(line: str, columns: Sequence[Column]) -> bool:
    """Say whether a line holds the names of these columns, and of others."""
    return any(len(names) > 1 for names in _fitting(_split(line), columns).values())


def _read_header(
    lines: Sequence[str], at: int, columns: Sequence[Column], suffix: str, among: str
) -> tuple[str, list[str]]:
    """Return the separator with which the header has the columns, and their names.

    `among` are the separators that it may be.
    """
    line = lines[at]
    if "\0" in line:
        raise UnreadableTable(
            f"its line {at + 1} holds the character NUL, as UTF-16 without a mark "
            "does; save it as UTF-8"
        )
    headers = _split(line, among)
    fitting = _fitting(headers, columns)
    if not headers or (not fitting and line.count('"') % 2):
        raise UnreadableTable(f"line {at + 1}: its quotes do not match; {QUOTES}")
    if suffix == ".tsv" and "\t" in fitting:
        return "\t", fitting["\t"]
    found = fitting or headers
    n = max(map(len, found.values()))
    best = [separator for separator, names in found.items() if len(names) == n]
    if any(found[separator] != found[best[0]] for separator in best) and fitting:
        raise UnreadableTable(
            f"its columns may be separated by {' or '.join(map(repr, best))}; take one "
            "of them out of the names of the columns"
        )
    return best[0], found[best[0]]


def _split(line: str, among: str = SEPARATORS) -> dict[str, list[str]]:
    """Return what a line holds by each separator that splits it without a fault."""
    headers = {}
    for separator in among:
        try:
            headers[separator] = next(
                csv.reader([line], delimiter=separator, strict=True)
            )
        except (csv.Error, StopIteration):
            continue
    return headers


def _fitting(
    headers: dict[str, list[str]], columns: Sequence[Column]
) -> dict[str, list[str]]:
    """Return those of the headers that hold the columns."""
    fitting = {}
    for separator, names in headers.items():
        try:
            find_columns(names, columns)
        except UnreadableTable:
            continue
        fitting[separator] = names
    return fitting


class _Swallowing(ValueError):
    """A field goes on although a line of it could be a row."""


class _Feed:
    """Lines for a csv.reader, from a place on; it stops where a field swallows rows."""

    def __init__(self, lines: list[str], at: int, separator: str, n: int) -> None:
        self.lines, self.at = lines, at
        self.separator, self.n = separator, n
        self.first = at  # where the row begins that is being read

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        before = self.lines[self.at - 1] if self.at > self.first + 1 else None
        if before is not None and before.count(self.separator) >= self.n - 1:
            raise _Swallowing
        if self.at == len(self.lines):
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


def quoted_row(
    lines: list[str], at: int, separator: str
) -> tuple[list[str], int] | None:
    """Return the fields of a row all of which are in quotes, and the line after it.

    Line breaks in such a row cannot be meant otherwise. None where it is none.
    """
    end, n_quotes = at, 0
    while end < len(lines):
        n_quotes += lines[end].count('"')
        end += 1
        if n_quotes % 2 == 0:
            break
    row = re.sub("(?:\r\n|\r|\n)$", "", "".join(lines[at:end]), count=1)
    field = '"[^"]*(?:""[^"]*)*"'
    between = re.escape(separator)
    if not re.fullmatch(f"{field}(?:{between}{field})*", row):
        return None
    fields = re.findall(f"({field})(?:{between}|$)", row)
    return [found[1:-1].replace('""', '"') for found in fields], end


def _records(
    lines: list[str], at: int, separator: str, n: int, is_quoted: bool
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line that it begins in, fields or a fault) for the rows from `at` on.

    After a fault it goes on in the next line, so that a stray quote costs one row.
    `is_quoted` says that rows may be in quotes as a whole.
    """
    feed = _Feed(lines, at, separator, n)
    reader = csv.reader(feed, delimiter=separator, strict=True)
    while at < len(lines):
        row = quoted_row(lines, at, separator) if is_quoted else None
        if row is not None and len(row[0]) == n:
            yield at, row[0]
            at = feed.at = row[1]
            continue
        feed.first = feed.at = at
        fields: list[str] = []
        try:
            fields = next(reader)
            fault = _fault(fields, lines[at : feed.at], separator, n)
        except _Swallowing:
            fault = f"a field that begins here takes in the rows below; {QUOTES}"
        except csv.Error as error:
            fault = _explained(error)
        if fault is None:
            if fields:  # else an empty line
                yield at, fields
            at = feed.at
        else:
            yield at, fault
            at += 1
            feed = _Feed(lines, at, separator, n)
            reader = csv.reader(feed, delimiter=separator, strict=True)


def _explained(error: csv.Error) -> str:
    if "limit" in str(error):
        return (
            f"a field is longer than {csv.field_size_limit():,} characters; if that is "
            f"a text, put it into a .jsonl file, else {QUOTES}"
        )
    return f"its quotes do not match ({error}); {QUOTES}"


def _fault(fields: list[str], lines: list[str], separator: str, n: int) -> str | None:
    """Say what is wrong with a row that csv.reader has read out of these lines."""
    if not fields:
        return None
    if len(lines) > 1 and _swallows(fields, lines, separator, n):
        return f"a field that begins here may take in the rows below; {QUOTES}"
    if len(fields) > n:
        return (
            f"it has {len(fields)} fields, more than the {n} of the header; quote "
            f"those that contain the separator {separator!r}"
        )
    if len(fields) < n:
        return (
            f"it lacks fields: {len(fields)}, fewer than the {n} of the header; fill "
            f"it up with the separator {separator!r}"
        )
    if _quotes_after_blanks(fields, lines, separator):
        return "a field begins with blanks and a quote; take out the blanks"
    return None


def _swallows(fields: list[str], lines: list[str], separator: str, n: int) -> bool:
    """Say whether a row of several lines could be several rows, of which some are cut.

    It could where a line within a field has as many separators as a row; where the
    first and the last line have; and where the last has an even number of quotes, for
    the quote that ends the field is one of them.
    """
    whole = n - 1
    inner = (line for field in fields for line in BREAK.split(field)[1:])
    return (
        any(line.count(separator) >= whole for line in inner)
        or min(lines[0].count(separator), lines[-1].count(separator)) >= whole
        or lines[-1].count('"') % 2 == 0
    )


def _quotes_after_blanks(fields: list[str], lines: list[str], separator: str) -> bool:
    """Say whether a field that is not in quotes begins with blanks and a quote."""
    places = [
        i
        for i, field in enumerate(fields)
        if field[:1].isspace() and field.lstrip()[:1] == '"'
    ]
    if not places:
        return False
    # What is in quotes keeps its blanks in this:
    kept = next(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    return any(fields[i][0] != " " or kept[i : i + 1] != [fields[i]] for i in places)
