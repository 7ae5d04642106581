"""Rows picked out of what can be sliced: in any order, with a few rows in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from ._kinds import RowNumbers, Rows


def takes_rows(source: object) -> bool:
    """Say whether rows can be taken by an array of their numbers in any order."""
    return isinstance(source, np.ndarray) or getattr(source, "takes_rows", False)


def take_sliced(source: Rows, rows: RowNumbers | Sequence[int]) -> npt.NDArray[Any]:
    """Return rows, given as a slice or as indices, of what slices, as an array."""
    if isinstance(rows, slice) or takes_rows(source):
        return np.asarray(source[rows])
    return take_in_windows(source, rows)


def in_blocks(source: Rows) -> npt.NDArray[Any]:
    """Return all rows as an array, for which a block at a time is read."""
    array = np.empty(source.shape, source.dtype)
    for start in range(0, len(array), SIZES.rows):
        array[start : start + SIZES.rows] = source[start : start + SIZES.rows]
    return array


def take_in_windows(source: Rows, rows: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return rows, in any order, of what takes slices only, as an array.

    Rows no farther apart than `SIZES.window` are read with what is between them.
    """
    rows = np.asarray(rows)
    block = np.empty((len(rows), source.shape[1]), source.dtype)
    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    first = 0
    while first < len(rows):
        start = ascending[first]
        stop = np.searchsorted(ascending, start + SIZES.window)
        window = np.asarray(source[start : ascending[stop - 1] + 1])
        block[order[first:stop]] = window[ascending[first:stop] - start]
        first = stop
    return block
