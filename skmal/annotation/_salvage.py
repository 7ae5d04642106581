"""What is left for certain of a journal that journal and log have both lost parts of.

Everything is done to copies: what is there stays as it is, for whoever can do better.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from ._chain import Stored, compare, intact
from ._connection import connect, has_chain, one
from ._damage import gone
from ._events import Answer, Complete, Opinion, Pair, Undo, event_of
from ._ids import NONE, Number
from ._journal import check_not_ours
from ._log import Log, log_path
from ._reading import is_there
from ._registered import Registered, registered_in
from ._stored import ITEMS, VERSION, is_damage, read_stored
from ._tables import check_place, write_table

Place: TypeAlias = frozenset[str]  # "journal", "log" or both
Told: TypeAlias = Answer | Opinion | Pair | Complete

COLUMNS = (
    "entry",
    "kind",
    "X",
    "y",
    "asked",
    "by",
    "at",
    "seconds",
    "question",
    "item",
    "partner",
    "X_hash",
    "y_hash",
    "found_in",
)


@dataclass(frozen=True)
class Salvaged:
    """What was found.

    Parameters
    ----------
    n_rows : int
        Of the table.
    n_entries : int
        That are intact, questions and items among them.
    lost : list of str
        The others, each with its number and when it was written.
    is_forked : bool
        Whether journal and log hold entries that the other contradicts.
    """

    n_rows: int
    n_entries: int
    lost: list[str]
    is_forked: bool


def salvage(path: Path, table: Path) -> Salvaged:
    """Write all answers that are certainly intact as a table, and say what is not.

    An entry is intact where its hash, as the journal or the log has it, fits it and the
    hash before it, or where both have it alike.

    Raises
    ------
    FileNotFoundError
        If there is neither a journal nor a log.
    BlockingIOError
        If a session of this process has it open; one of another process may.
    ValueError
        If it is a journal of an old version, without hashes, or of one to come, or if
        the table would take its place.
    """
    if not is_there(path):
        raise FileNotFoundError(f"there is no journal {path}; correct the path")
    check_place(table, path)
    check_not_ours(path)
    with TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        for end in ("", "-wal", ".log"):
            if Path(f"{path}{end}").exists():
                shutil.copyfile(f"{path}{end}", f"{copy}{end}")
        stored, logged = _stored_in(copy, path), Log(log_path(copy)).read()
    if stored is None:
        raise ValueError(
            f"{path} is of a version that kept no hashes, so nothing tells what of it "
            "is intact; restore it from a copy"
        )
    found = intact(stored, logged)
    last = max(stored.entries.keys() | logged.lines.keys(), default=0)
    missing = {*range(1, last + 1), *compare(stored, logged).lost} - {*found}
    rows = list(_rows(found))
    write_table(rows, table, COLUMNS)
    return Salvaged(
        n_rows=len(rows),
        n_entries=len(found),
        lost=[gone(n, stored, logged) for n in sorted(missing)],
        is_forked=any(len(contents) > 1 for contents in found.values()),
    )


def _stored_in(copy: Path, path: Path) -> Stored | None:
    """Return what can be read of a copy of a journal; None of one without hashes."""
    if not copy.exists():
        return Stored({}, False)
    with closing(connect(copy, read_only=False)) as connection:
        try:
            version = one(connection, "PRAGMA user_version")
            if version > VERSION:
                raise ValueError(
                    f"{path} was written by a newer skmal (journal version {version}, "
                    f"this one knows {VERSION}); upgrade skmal"
                )
            return read_stored(connection) if has_chain(connection) else None
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            return Stored({}, False)


def _rows(found: Mapping[int, Mapping[str, Place]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each answer and known pair that nobody took back, in order."""
    told, back, items = list[tuple[Told, Place]](), list[tuple[Undo, Place]](), []
    for contents in found.values():
        for content, place in contents.items():
            row = _filled(content)
            if row["kind"] == ITEMS:
                items.append(row)
                continue
            event = event_of(row)
            if isinstance(event, Undo):
                back.append((event, place))
            elif isinstance(event, Answer | Opinion | Pair | Complete):
                told.append((event, place))
    registered = [registered_in(items, modality) for modality in (0, 1)]
    by_number = {item.number: item for some in registered for item in some.values()}
    undone = {(undo.undoes, where) for undo, place in back for where in place}
    for event, place in told:
        if isinstance(event, Opinion) and event.partner is None:
            continue  # passed over
        if not any((event.number, where) in undone for where in place):
            found_in = " and ".join(sorted(place))
            yield _row(event, by_number) | {"found_in": found_in}


def _filled(content: str) -> dict[str, Any]:
    """Return the columns of an entry, those that are empty as well."""
    names = "by", "question", "item", "partner", "seconds", "undoes", "data"
    return dict.fromkeys(names) | json.loads(content)


def _row(event: Told, items: Mapping[Number, Registered]) -> dict[str, Any]:
    """Return what somebody said, as an export has it."""
    partner = None if isinstance(event, Complete) else event.partner
    sides: list[Registered | None] = [None, None]
    for item in _known((event.item, partner), items):
        sides[item.modality] = item
    x, y = sides
    asked, is_known = items.get(event.item), isinstance(event, Pair)
    return {
        "entry": event.number,
        "kind": _kind(event, partner),
        "X": x and x.key,
        "y": y and y.key,
        "X_hash": x and x.fingerprint.sha256,
        "y_hash": y and y.fingerprint.sha256,
        "asked": "Xy"[asked.modality] if asked and not is_known else None,
        "by": getattr(event, "by", None),
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(),
        "seconds": getattr(event, "seconds", None),
        "question": getattr(event, "question", None),
        "item": event.item,
        "partner": partner,
    }


def _known(
    numbers: Iterable[Number | None], items: Mapping[Number, Registered]
) -> Iterator[Registered]:
    """Yield the items of numbers, as far as their keys are left."""
    for number in numbers:
        if number is not None and number in items:
            yield items[number]


def _kind(event: Told, partner: int | None) -> str:
    """Return what was said, in the words of an export."""
    if isinstance(event, Complete):
        return "all"
    if isinstance(event, Opinion):
        return "second"
    if isinstance(event, Pair):
        return "known"
    return "none" if partner == NONE else "pair"
