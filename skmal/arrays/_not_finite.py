"""Rows of numbers of which one is missing, masked, NaN or infinite."""

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.types import IntArray
from ._frames import columns_of, is_arrow_table, is_frame
from ._kinds import is_streamed, is_tensor
from ._objects import as_numbers, is_missing
from ._plain import BUFFERS, is_row
from ._sparse import is_sparse
from ._tensors import host_array, is_array_of_values

Bad = npt.NDArray[np.bool_]


def rows_not_finite(items: Any) -> list[int]:
    """Return the rows that hold NaN, infinity, a missing or a masked value.

    It does not depend on the container, and raises for none. The list is empty where
    items hold anything but numbers, or are not in memory.
    """
    bad = _bad(items)
    if bad is None or not bad.ndim or not bad.size:
        return []
    return np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1)).tolist()


def _bad(items: Any) -> Bad | None:
    """Return which values, or rows, are no finite numbers, None without numbers."""
    if is_tensor(items):
        return _bad_of(host_array(items)) if is_array_of_values(items) else None
    if is_streamed(items):
        return None
    if is_sparse(items):
        return _bad_of_sparse(items)
    if is_arrow_table(items) or is_frame(items):
        return _bad_of_columns([_bad(column) for column in columns_of(items)])
    if isinstance(items, (list, tuple, deque)):
        return _bad_of_list(list(items))
    if isinstance(items, np.ma.MaskedArray):
        bad = _bad_of(np.ma.getdata(items))
        return None if bad is None else bad | np.ma.getmaskarray(items)
    if not (isinstance(items, (*BUFFERS, range)) or hasattr(items, "__array__")):
        return None
    array = np.asarray(items)
    if array.dtype.kind == "O" and array.ndim == 1:
        return _bad_of_list(array.tolist())
    return _bad_of(array)


def _bad_of(values: npt.NDArray[Any]) -> Bad | None:
    """Return which values are no finite numbers, None if one is something else."""
    if values.dtype.kind == "O":
        missing = [is_missing(value) for value in values.ravel().tolist()]
        bad = np.array(missing, dtype=bool).reshape(values.shape)
        numbers = as_numbers(values[~bad])
        if numbers is None:
            return None
        bad[~bad] = ~np.isfinite(numbers)
        return bad
    if values.dtype.kind in "fc":
        return ~np.isfinite(values)
    return np.zeros(values.shape, bool) if values.dtype.kind in "biu" else None


def _bad_of_sparse(items: Any) -> Bad | None:
    stored = items.tocoo()
    bad = _bad_of(stored.data)
    if bad is None or len(stored.shape) != 2:
        return None
    rows: IntArray = stored.row
    return np.bincount(rows[bad], minlength=stored.shape[0]) > 0


def _bad_of_columns(columns: list[Bad | None]) -> Bad | None:
    known = [column for column in columns if column is not None]
    return np.stack(known, axis=1) if len(known) == len(columns) > 0 else None


def _bad_of_list(items: list[Any]) -> Bad | None:
    """Return which rows of a list hold a value that is no finite number."""
    if not any(map(is_row, items)):
        return _bad_of_values(items)
    rows = [None if is_missing(row) else row for row in items]
    if not all(row is None or is_row(row) for row in rows):
        return None
    if len({len(row) for row in rows if row is not None}) > 1:
        return None
    of_rows = [np.ones(1, bool) if row is None else _bad(row) for row in rows]
    known = [row.any() for row in of_rows if row is not None]
    return np.array(known, dtype=bool) if len(known) == len(of_rows) else None


def _bad_of_values(items: list[Any]) -> Bad | None:
    """Return which values of a list are no finite numbers."""
    if {*map(type, items)} <= {bool, int, float}:
        return _bad_of(np.array(items))
    return _bad_of(np.fromiter(items, dtype=object, count=len(items)))
