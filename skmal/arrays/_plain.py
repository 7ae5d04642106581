"""Numbers out of whatever holds them: one gate for all containers.

What leaves it is NumPy's array of these numbers, so that the same numbers get the same
answer. Tensors, rows that are not in memory, and what is no numbers pass as they are.
"""

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.masks import refuse_masked
from ._dask_chunks import computed
from ._frames import (
    arrow_column,
    arrow_rows,
    frame_rows,
    is_arrow_column,
    is_arrow_table,
    is_frame,
    refuse_others,
    refuse_uncomputed,
)
from ._kinds import is_dask, is_streamed, is_tensor
from ._objects import (
    as_numbers,
    first_missing,
    first_other,
    is_missing,
    refuse_missing,
)
from ._sparse import dense, is_sparse
from ._tensors import check_strided, host_array


def plain(items: Any, name: str) -> Any:
    """Return numbers as NumPy's array of them, or raise.

    Whatever is no numbers comes back as it is, but for columns of texts, which become
    lists or arrays of str, and arrays of objects that hold an array each, which become
    lists.
    """
    if is_tensor(items):
        return check_strided(items, name)
    if is_streamed(items):
        return items
    values = _values(items, name)
    if isinstance(values, np.ndarray) and values.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds {values.dtype}; pass two columns"
            f" for each, numpy.hstack([{name}.real, {name}.imag])"
        )
    return values


def _values(items: Any, name: str) -> Any:
    refuse_uncomputed(items, name)
    if is_sparse(items):
        return dense(items, name)
    if is_arrow_table(items):
        return arrow_rows(items, name)
    if is_arrow_column(items):
        return arrow_column(items, name)
    if is_frame(items):
        rows = frame_rows(items, name)
        return items if rows is None else rows
    if isinstance(items, (list, tuple)):
        return _of_sequence(items, name)
    if hasattr(items, "__array__"):  # arrays, columns of frames
        return _of_array(refuse_masked(items, name), name)
    return items


def number_rows(items: Any, name: str) -> Any:
    """Return the same where rows of numbers are expected, or raise.

    Texts and times, which NumPy would make numbers of without a word, are refused, and
    so are rows of different lengths.
    """
    rows = computed(items, name) if is_dask(items) else plain(items, name)
    if is_frame(rows):
        refuse_others(rows, name)
    elif isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.size:
        other = first_other(rows)
        if other is not None:
            raise ValueError(
                f"{name} holds {other!r}, a {type(other).__name__}, where numbers are "
                f"needed; make numbers of it first, with {name}.astype(float), say"
            )
    elif isinstance(rows, (list, tuple)) and len(rows) and all(map(_is_row, rows)):
        first, *others = map(len, rows)
        for row, length in enumerate(others, start=1):
            if length != first:
                raise ValueError(
                    f"{name} holds rows of different lengths: row 0 has {first} "
                    f"features and row {row} has {length}; pass rows of one length"
                )
    return rows


def has_no_rows(items: Any) -> bool:
    """Say whether items have no rows, or rows without columns."""
    try:
        return 0 in np.shape(items)
    except ValueError:  # rows of different lengths
        return False


def _of_array(items: Any, name: str) -> Any:
    array = np.asarray(items)
    if array.dtype.names is not None:
        raise TypeError(
            f"{name} is an array of records with the fields {array.dtype.names}; pass "
            "numpy.lib.recfunctions.structured_to_unstructured of it"
        )
    if array.dtype.kind == "T":  # StringDType
        array = array.astype(object)
    if array.dtype.kind != "O" or not array.size:
        return array
    if array.ndim == 1 and isinstance(array[0], (list, tuple, np.ndarray)):
        return _of_sequence(array.tolist(), name)
    return _of_objects(array, name)


def _of_objects(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return objects as numbers if they are, raise if some are and others missing."""
    numbers = as_numbers(array)
    if numbers is not None:
        return numbers
    if array.ndim > 1 and first_missing(array) is not None:
        present = [value for value in array.ravel() if not is_missing(value)]
        if as_numbers(np.array(present, dtype=object)) is not None:
            refuse_missing(array, name)
    return array


def _of_sequence(items: Sequence[Any], name: str) -> Any:
    """Return a list of numbers, or of equally long rows of them, as an array."""
    if not items:
        return items
    if is_sparse(items[0]):
        raise TypeError(
            f"{name} is a list of sparse rows; pass scipy.sparse.vstack({name})"
        )
    if not (all(map(_is_row, items)) or all(map(_is_number, items))):
        return items
    rows = [host_array(row) if is_tensor(row) else row for row in items]
    for number, row in enumerate(rows):
        refuse_masked(row, name, number)
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of different lengths
        return items
    numbers = as_numbers(_of_objects(array, name))
    return items if numbers is None else numbers


def _is_number(item: object) -> bool:
    return isinstance(item, (Number, np.bool_))


def _is_row(item: Any) -> bool:
    """Say whether an item could be a row of numbers, in one dimension."""
    if isinstance(item, (list, tuple)):
        return True
    return hasattr(item, "dtype") and len(getattr(item, "shape", ())) == 1
