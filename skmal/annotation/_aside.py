"""Which items cannot be used, and how people are told."""

import csv
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from .._shared.files import replacing
from ..items._faults import find_faults
from ..items._texts import is_blank
from ._records import NAMES, SetAside

N_SHOWN = 10  # that a message names
EMPTY = "the text is empty"
MISSING = "there is no value"
NOT_FINITE = "it holds NaN or infinity"


def faults_of(items: Any, kind: str, name: str, verbose: int) -> dict[int, str]:
    """Return what is wrong with the images or texts of a pool, by row."""
    if kind == "image" and isinstance(items, list):
        return find_faults(items, verbose=verbose, desc=f"looking at {name}")
    if kind == "text":
        return {row: EMPTY for row, text in enumerate(items) if is_blank(text)}
    return {}


def without_missing(items: Any) -> tuple[Any, dict[int, str]]:
    """Return items with others in place of those that are missing, and which these are.

    Missing are rows with NaN or infinity, and None (or pandas' and NumPy's words for
    it) among other things than numbers.
    """
    if isinstance(items, np.ndarray) and items.dtype.kind != "O":
        return without_nan(items)
    if isinstance(items, str) or not hasattr(items, "__len__"):
        return items, {}
    found = list(items)
    missing = [row for row, item in enumerate(found) if _is_missing(item)]
    left = next((item for item in found if not _is_missing(item)), None)
    if not missing or left is None or isinstance(left, Real):
        return items, {}
    for row in missing:
        found[row] = left  # which is never looked at
    return found, dict.fromkeys(missing, MISSING)


def _is_missing(item: Any) -> bool:
    is_nan = isinstance(item, float) and item != item
    return item is None or is_nan or type(item).__name__ in ("NAType", "NaTType")


def without_nan(rows: Any) -> tuple[Any, dict[int, str]]:
    """Return rows with zeros where some hold NaN or infinity, and which these were.

    What is no array of floats comes back as it is.
    """
    if not (isinstance(rows, np.ndarray) and rows.dtype.kind == "f" and rows.ndim > 1):
        return rows, {}
    is_finite = np.isfinite(rows).all(axis=tuple(range(1, rows.ndim)))
    if is_finite.all():
        return rows, {}
    rows = rows.copy()
    rows[~is_finite] = 0
    return rows, dict.fromkeys(np.flatnonzero(~is_finite).tolist(), NOT_FINITE)


def describe(
    faults: Mapping[int, str], keys: Sequence[str], name: str, of: int = N_SHOWN
) -> str:
    """Return how many items of a pool have a fault, and the first of them."""
    shown = [f"- {keys[row]}: {why}" for row, why in list(faults.items())[:of]]
    if len(faults) > of:
        shown.append(f"- and {len(faults) - of:,} more")
    what = "item" if len(faults) == 1 else "items"
    lines = "\n".join(shown)
    return f"{len(faults):,} {what} of {name} cannot be used\n{lines}"


def list_path(journal: Path) -> Path:
    """Return the file beside a journal that lists what is set aside."""
    return journal.with_name(f"{journal.name}.set-aside.csv")


def write_list(journal: Path, aside: Sequence[SetAside]) -> None:
    """Write the list, or remove one that has become empty."""
    path = list_path(journal)
    if not aside:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow(("pool", "key", "reason"))
        writer.writerows((NAMES[one.modality], one.key, one.reason) for one in aside)
