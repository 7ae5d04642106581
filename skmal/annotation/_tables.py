"""What a journal knows, as tables that anything reads."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._shared.files import replacing
from ._book import Book
from ._catalogue import Catalogue
from ._events import Answer
from ._ids import Number

COLUMNS: tuple[str, ...] = (
    "kind",
    "X",
    "y",
    "asked",
    "by",
    "at",
    "seconds",
    "question",
    "X_hash",
    "y_hash",
    "X_text",
    "y_text",
)


def rows_of(book: Book) -> Iterator[dict[str, Any]]:
    """Yield a dict per answer and known pair that stands, in order.

    Under the book's lock.
    """
    ledger, items = book.ledger, book.items
    known = [book.journal.items(modality) for modality in (0, 1)]
    by_number = {item.number: item for some in known for item in some.values()}
    for event in ledger.lessons():
        sides: list[Number | None] = [None, None]
        sides[ledger.modality[event.item]] = event.item
        if event.partner in by_number:
            sides[ledger.modality[event.partner]] = event.partner
        x, y = (None if number is None else by_number[number] for number in sides)
        given = event if isinstance(event, Answer) else None
        kind = "known" if given is None else "none" if None in sides else "pair"
        yield {
            "kind": kind,
            "X": x and x.key,
            "y": y and y.key,
            "asked": given and "Xy"[sides.index(given.item)],
            "by": given and given.by,
            "at": datetime.fromtimestamp(event.at, UTC).isoformat(),
            "seconds": given and given.seconds,
            "question": given and given.question,
            "X_hash": x and x.fingerprint.sha256,
            "y_hash": y and y.fingerprint.sha256,
            "X_text": _text(items, sides[0]),
            "y_text": _text(items, sides[1]),
        }


def _text(items: Catalogue, number: Number | None) -> str | None:
    """Return an item's text; None where it is none."""
    if number is None or not items.is_there(number):
        return None
    value = items.item(number).value
    return value if isinstance(value, str) else None


def write_csv(rows: Iterable[dict[str, Any]], path: str | Path) -> None:
    """Write rows as a CSV file with a header."""
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(rows: Iterable[dict[str, Any]], path: str | Path) -> None:
    """Write rows as JSON, one a line."""
    with replacing(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
