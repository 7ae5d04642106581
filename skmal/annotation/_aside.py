"""Which items cannot be used, and how people are told."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._shared.files import replacing
from ..items._faults import find_faults
from ._records import NAMES, SetAside

N_SHOWN = 10  # that a message names
EMPTY = "the text is empty"
NOT_FINITE = "it holds NaN or infinity"


def faults_of(items: Any, kind: str, name: str, verbose: int) -> dict[int, str]:
    """Return what is wrong with the images or texts of a pool, by row."""
    if kind == "image" and isinstance(items, list):
        return find_faults(items, verbose=verbose, desc=f"looking at {name}")
    if kind == "text":
        blank = (row for row, text in enumerate(items) if not text.strip())
        return dict.fromkeys(blank, EMPTY)
    return {}


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
