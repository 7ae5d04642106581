"""Rows that share an item of X, such as the captions of one image."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from .._shared.types import IntArray, Items
from ..arrays._plain import plain
from ..arrays._verbs import take
from ._containers import numeric_rows


def check_groups(
    groups: npt.ArrayLike, n: int, name: str = "groups"
) -> npt.NDArray[Any]:
    """Return one label per row as an array, or raise."""
    labels = plain(groups, name)
    if isinstance(labels, (list, tuple)):  # NumPy would make strings of all
        of_text = {type(label) for label in labels if isinstance(label, (str, bytes))}
        alike = all(isinstance(label, (str, bytes)) for label in labels)
        if of_text and not (alike and len(of_text) == 1):
            labels = np.fromiter(labels, dtype=object, count=len(labels))
    groups = np.asarray(labels)
    if groups.shape != (n,):
        raise ValueError(
            f"{name} must hold one label for each of the {n} rows, got an array of "
            f"shape {groups.shape}"
        )
    if groups.dtype.kind == "O" and all(isinstance(label, str) for label in groups):
        groups = groups.astype(str)  # a column of strings, or paths from a reader
    if groups.dtype.kind == "O" or (groups != groups).any():
        kinds = sorted({type(label).__name__ for label in groups.tolist()})
        raise ValueError(
            f"{name} must hold labels of one kind without missing values (integers or "
            f"strings), got {' and '.join(kinds)}"
        )
    return groups


def number_groups(groups: npt.ArrayLike | None, n: int) -> tuple[IntArray, IntArray]:
    """Return (item of each row, first row of each item), in order of appearance.

    Without groups, every row is an item of its own.
    """
    if groups is None:
        return np.arange(n), np.arange(n)
    groups = check_groups(groups, n)
    _, first, item = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number[item], first[order]


def check_repeats(X: Items, item: IntArray, first: IntArray) -> None:
    """Raise where rows of X that share an item can be seen to differ.

    Arrays, data frames, strings and paths are compared; other objects are trusted.
    """
    if len(first) == len(item):
        return
    rows = numeric_rows(X)
    if rows is None and isinstance(X, list):
        named = (str, Path)
        differ = next(
            (
                row
                for row, own in enumerate(first[item])
                if isinstance(X[row], named) and X[row] != X[own]
            ),
            None,
        )
    else:
        differ = _first_difference(np.asarray(X) if rows is None else rows, first[item])
    if differ is not None:
        raise ValueError(
            f"rows {first[item[differ]]} and {differ} of X have the same group but "
            "differ; groups say which rows repeat one item of X, as an image with "
            "several captions does (for folds alone, hand them to the splitter)"
        )


def _first_difference(X: npt.NDArray[Any], own: IntArray) -> int | None:
    """Return the first row that differs from row own[row], or None."""
    if X.dtype.kind == "O" and X.ndim == 1 and not isinstance(X[0], (str, Path)):
        return None
    rows = np.flatnonzero(own != np.arange(len(X)))
    for start in range(0, len(rows), SIZES.rows):
        block = rows[start : start + SIZES.rows]
        equal = take(X, block) == take(X, own[block])
        equal = equal.reshape(len(block), -1).all(axis=1)
        if not equal.all():
            return int(block[np.argmin(equal)])
    return None
