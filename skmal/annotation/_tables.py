"""What a journal knows, as tables that anything reads, `load_pairs` among them."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._shared.files import check_folder, replacing
from ._book import Book
from ._events import Complete
from ._ids import Key, Number
from ._ledger import Ledger
from ._records import Proposal
from ._registered import Registered

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
    "image",
    "text",
    "how",
    "confidence",
)


def rows_of(book: Book, proposals: Sequence[Proposal] = ()) -> Iterator[dict[str, Any]]:
    """Yield a dict per answer, "that is all" and known pair that stands, in order.

    Then one per proposal. Under the book's lock.
    """
    items = book.items
    registered = [book.journal.items(modality) for modality in (0, 1)]

    def value(item: Registered) -> Any:
        there = items.is_there(item.number)
        return items.item(item.number).value if there else None

    yield from rows_with(book.ledger, registered, items.kinds, value)
    for one in proposals:
        sides = (
            some[Key(item.key)]
            for some, item in zip(registered, (one.X, one.y), strict=True)
        )
        yield (
            dict.fromkeys(COLUMNS)
            | _about(sides, items.kinds, value)
            | {
                "kind": "pair",
                "how": "proposed",
                "confidence": round(one.confidence, 4),
            }
        )


def rows_with(
    ledger: Ledger,
    registered: Iterable[Mapping[Key, Registered]],
    kinds: tuple[str, str],
    value: Callable[[Registered], Any],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a ledger; `value` returns an item itself, None for unknown."""
    by_number = {item.number: item for some in registered for item in some.values()}
    told = [*ledger.lessons(), *ledger.completions()]
    for event in sorted(told, key=lambda event: event.number):
        sides: list[Number | None] = [None, None]
        sides[ledger.modality[event.item]] = event.item
        partner = None if isinstance(event, Complete) else event.partner
        if partner in by_number:
            sides[ledger.modality[partner]] = partner
        x, y = (None if number is None else by_number[number] for number in sides)
        complete = isinstance(event, Complete)
        given = event if complete else ledger.answer_of(event)
        if complete:
            kind = "all"
        elif given is None:
            kind = "known"
        else:
            kind = "none" if None in sides else "pair"
        yield {
            **dict.fromkeys(COLUMNS),
            **_about((x, y), kinds, value),
            "kind": kind,
            "asked": given and "Xy"[sides.index(given.item)],
            "by": given and given.by,
            "at": datetime.fromtimestamp((given or event).at, UTC).isoformat(),
            "seconds": given and given.seconds,
            "question": given and given.question,
            "how": _how(given),
        }


def _about(
    sides: Iterable[Registered | None],
    kinds: tuple[str, str],
    value: Callable[[Registered], Any],
) -> dict[str, Any]:
    """Return the columns that say which items a row is about."""
    x, y = sides
    values = [None if item is None else value(item) for item in (x, y)]
    texts = [value if isinstance(value, str) else None for value in values]
    image, text = _image_and_text(kinds, values)
    return {
        "X": x and x.key,
        "y": y and y.key,
        "X_hash": x and x.fingerprint.sha256,
        "y_hash": y and y.fingerprint.sha256,
        "X_text": texts[0],
        "y_text": texts[1],
        "image": image,
        "text": text,
    }


def _how(given: Any) -> str:
    """Return how it came to be known."""
    if given is None:
        return "known"
    return "verified" if getattr(given, "verified", False) else "answered"


def _image_and_text(kinds: tuple[str, str], values: list[Any]) -> tuple[Any, Any]:
    """Return the image's file and the text, where the pools are of these."""
    if sorted(kinds) != ["image", "text"]:
        return None, None
    image, text = (values[kinds.index(kind)] for kind in ("image", "text"))
    return image if isinstance(image, Path) else None, text


def check_place(path: str | Path, journal: Path) -> None:
    """Raise where a table would replace the journal or a folder, or lie nowhere."""
    path = Path(path)
    check_folder(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it")
    beside = path.resolve().parent == journal.resolve().parent
    ends = "", "-wal", "-shm", ".log", ".owner", ".token"
    own = [journal.resolve().name + end for end in ends]
    if beside and path.resolve().name in own:
        raise ValueError(f"{path} is the session's journal; export to another file")


def write_table(
    rows: Iterable[dict[str, Any]],
    path: str | Path,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write rows as the name of the file says: JSON for .jsonl, else CSV."""
    if Path(path).suffix.lower() == ".jsonl":
        write_jsonl(rows, path)
    else:
        write_csv(rows, path, columns)


def write_csv(
    rows: Iterable[dict[str, Any]],
    path: str | Path,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write rows as a CSV file with a header."""
    with replacing(path) as file:
        # All in quotes, so that readers cannot take a text of several lines for rows.
        writer = csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(
            {name: _writable(value) for name, value in row.items()}
            for row in _with_paths(rows, path)
        )


def write_jsonl(rows: Iterable[dict[str, Any]], path: str | Path) -> None:
    """Write rows as JSON, one a line."""
    with replacing(path) as file:
        file.writelines(
            _writable(json.dumps(row, ensure_ascii=False)) + "\n"
            for row in _with_paths(rows, path)
        )


def _with_paths(
    rows: Iterable[dict[str, Any]], path: str | Path
) -> Iterator[dict[str, Any]]:
    """Name image files as seen from the folder of the table; others by all their path.

    So a folder with both can be moved.
    """
    folder = Path(os.path.abspath(path)).parent
    for row in rows:
        image = row.get("image")
        if image is not None:
            image = Path(os.path.abspath(image))
            if image.is_relative_to(folder):
                image = image.relative_to(folder)
            row = row | {"image": image.as_posix()}
        yield row


def _writable(value: Any) -> Any:
    """Write halves of characters, which older journals may hold, as Python does."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode()
