"""Which items cannot be used, and how people are told."""

import csv
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from .._shared.files import replacing
from ..arrays._not_finite import rows_not_finite
from ..arrays._verbs import n_columns, take
from ..items._faults import find_faults
from ..items._sounds import sound_fault
from ..items._texts import is_blank
from ._records import NAMES, SetAside

N_SHOWN = 10  # that a message names
EMPTY = "the text is empty"
MISSING = "there is no value"
NOT_FINITE = "it holds NaN or infinity"


def faults_of(items: Any, kind: str, verbose: int) -> dict[int, str]:
    """Return what is wrong with the images, sounds or texts of a pool, by row."""
    if kind == "image" and isinstance(items, list):
        return find_faults(items, verbose=verbose)
    if kind == "audio":
        faults = {row: sound_fault(path) for row, path in enumerate(items)}
        return {row: fault for row, fault in faults.items() if fault}
    if kind == "text":
        return {row: EMPTY for row, text in enumerate(items) if is_blank(text)}
    return {}


def without_missing(items: Any) -> tuple[Any, dict[int, str]]:
    """Return items with others in place of those that are missing, and which these are.

    Missing are rows with NaN or infinity, in any container of rows in memory, and None
    (or pandas' and NumPy's words for it) among other things than numbers.
    """
    bad = dict.fromkeys(rows_not_finite(items), NOT_FINITE)
    if not bad and hasattr(items, "__len__") and not hasattr(items, "columns"):
        bad = dict.fromkeys(_missing(items), MISSING)
    if not bad:
        return items, {}
    n = items.shape[0] if hasattr(items, "shape") else len(items)
    rows = np.arange(n)
    if len(bad) == n:
        return items, {}
    left = next(row for row in rows if row not in bad)
    rows[list(bad)] = left  # which is never looked at there
    return take(items, rows), bad


def _missing(items: Any) -> list[int]:
    """Return the rows without a value; none where the items are numbers."""
    if n_columns(items) is not None:  # not in memory, it may be
        return []
    if isinstance(items, np.ndarray) and items.dtype.kind != "O":
        return []
    found = list(items)
    missing = [row for row, item in enumerate(found) if _is_missing(item)]
    left = next((item for item in found if not _is_missing(item)), None)
    return [] if left is None or isinstance(left, Real) else missing


def _is_missing(item: Any) -> bool:
    is_nan = isinstance(item, float) and item != item
    return item is None or is_nan or type(item).__name__ in ("NAType", "NaTType")


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
