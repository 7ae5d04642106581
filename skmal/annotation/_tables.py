"""What a journal knows, as tables that anything reads."""

import csv
import json
from datetime import UTC, datetime

from .._shared.files import replacing

COLUMNS = (
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


def rows_of(ledger, journal, items):
    """Yield a dict per answer and known pair that stands, in order.

    `items` is the Catalogue, for the texts, which the journal does not hold.
    """
    known = [journal.items(modality) for modality in (0, 1)]
    name = {v[0]: (key, v[1]) for items in known for key, v in items.items()}
    for event in ledger.answers():
        sides = [None, None]
        sides[ledger.modality[event.item]] = event.item
        if event.partner in name:
            sides[ledger.modality[event.partner]] = event.partner
        (x, x_hash), (y, y_hash) = (name.get(number, (None, None)) for number in sides)
        is_pair = None not in (x, y)
        yield {
            "kind": "known" if event.kind == "pair" else "pair" if is_pair else "none",
            "X": x,
            "y": y,
            "asked": None if event.kind == "pair" else "Xy"[sides.index(event.item)],
            "by": event.by,
            "at": datetime.fromtimestamp(event.at, UTC).isoformat(),
            "seconds": event.seconds,
            "question": event.question,
            "X_hash": x_hash,
            "y_hash": y_hash,
            "X_text": _text(items, sides[0]),
            "y_text": _text(items, sides[1]),
        }


def _text(items, number):
    """Return an item's text; None where it is none."""
    if number is None or items.row[number] < 0:
        return None
    value = items.item(number).value
    return value if isinstance(value, str) else None


def write_csv(rows, path):
    """Write rows as a CSV file with a header."""
    with replacing(path) as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(rows, path):
    """Write rows as JSON, one a line."""
    with replacing(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
