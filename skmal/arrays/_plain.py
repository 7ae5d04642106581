"""Numbers out of whatever holds them: one gate for all containers.

What leaves it is NumPy's array of these numbers, so that the same numbers get the same
answer. Tensors, rows that are not in memory, and what is no numbers pass as they are.
"""

from array import array as TypedArray
from collections import deque
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
    describe,
    first_missing,
    first_other,
    is_kind,
    is_missing,
    refuse_missing,
)
from ._sparse import dense, is_sparse
from ._tensors import check_strided, host_array

BUFFERS = (TypedArray, memoryview)


def plain(items: Any, name: str) -> Any:
    """Return numbers as NumPy's array of them, or raise.

    Whatever is no numbers comes back as it is, but for columns of texts, which become
    lists or arrays of str, and arrays of objects that hold an array each, which become
    lists.
    """
    if is_streamed(items) and not is_tensor(items):
        return items
    values = check_strided(items, name) if is_tensor(items) else _values(items, name)
    if _is_complex(values):
        raise ValueError(
            f"Complex data not supported: {name} holds {values.dtype}; pass two columns"
            f" for each, numpy.hstack([{name}.real, {name}.imag])"
        )
    return values


def _is_complex(values: Any) -> bool:
    if is_tensor(values):
        return values.is_complex()
    return isinstance(values, np.ndarray) and values.dtype.kind == "c"


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
    if isinstance(items, (deque, range)):
        return _of_sequence(list(items), name)
    if isinstance(items, BUFFERS):
        return _of_array(np.asarray(items), name)
    if hasattr(items, "__array__"):  # arrays, columns of frames
        return _of_array(refuse_masked(items, name), name)
    return items


def number_rows(items: Any, name: str) -> Any:
    """Return the same where rows of numbers are expected, or raise.

    Texts and times, which NumPy would make numbers of without a word, are refused, and
    so are rows of different lengths, and what holds no rows at all.
    """
    rows = computed(items, name) if is_dask(items) else plain(items, name)
    if is_frame(rows):
        refuse_others(rows, name)
    elif isinstance(rows, np.ndarray):
        _refuse_other_values(rows, name)
    elif isinstance(rows, (list, tuple)):
        _refuse_other_rows(rows, name)
    elif not (is_tensor(rows) or is_streamed(rows)):
        raise ValueError(
            f"{name} is {describe(rows)}, where rows of numbers are needed; pass an "
            "array of shape (n_rows, n_columns)"
        )
    return rows


def check_table(rows: Any, name: str, least: int = 2) -> Any:
    """Return rows, or raise if they are an array of more than two dimensions.

    So too if it has fewer than `least`.
    """
    n = getattr(rows, "ndim", 2)
    if least <= n <= 2:
        return rows
    remedy = (
        f"numpy.reshape({name}, (len({name}), -1)) makes one row of each item"
        if n > 2
        else "reshape(-1, 1) makes one column of it, reshape(1, -1) one row"
    )
    raise ValueError(
        f"{name} has the shape {tuple(rows.shape)}, where rows of numbers are needed, "
        f"(n_rows, n_columns). Reshape your data: {remedy}"
    )


def has_no_rows(items: Any) -> bool:
    """Say whether items have no rows, or rows without columns."""
    if isinstance(items, (list, tuple)):
        return all(is_row(row) and len(row) == 0 for row in items)
    if is_tensor(items):
        return items.numel() == 0
    return 0 in np.shape(items)


def _refuse_other_values(array: npt.NDArray[Any], name: str) -> None:
    """Raise where an array holds what is no number."""
    at = first_other(array)
    if at is None:
        return
    place = ", ".join(
        f"{what} {n}" for what, n in zip(("row", "column"), at, strict=False)
    )
    value = array[at]
    if isinstance(value, (dict, list, set, tuple)):
        raise TypeError(
            f"{name} holds {describe(value)} in {place}; values of the argument must "
            "be neither strings nor containers, but numbers"
        )
    raise ValueError(
        f"{name} holds {describe(value)}, in {place}, where numbers are needed; make "
        f"numbers of it first, with {name}.astype(float), say"
    )


def _refuse_other_rows(rows: Sequence[Any], name: str) -> None:
    """Raise, for a list that is no rows of numbers, and say what is wrong with it."""
    if not len(rows):
        raise ValueError(f"{name} is empty; at least one row is needed")
    for number, row in enumerate(rows):
        if not is_row(row):
            shape = getattr(row, "shape", None)
            what = describe(row) if not shape else f"{describe(row)} of shape {shape}"
            raise ValueError(
                f"{name} holds {what}, in row {number}, where a row of numbers is "
                "needed; pass an array of shape (n_rows, n_columns)"
            )
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"{name} holds rows of different lengths: row 0 has {len(rows[0])} "
                f"features and row {number} has {len(row)}; pass rows of one length"
            )
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if not is_kind(type(value)):
                raise ValueError(
                    f"{name} holds {describe(value)}, in row {number}, column {column},"
                    " where numbers are needed; make numbers of it first, with "
                    f"numpy.array({name}, dtype=float), say"
                )
    raise ValueError(
        f"{name} holds integers that no float can hold; divide or leave them out"
    )


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
    if not (all(map(is_row, items)) or all(map(_is_number, items))):
        return items
    rows = [_row_of(row, name, number) for number, row in enumerate(items)]
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of different lengths
        return items
    numbers = as_numbers(_of_objects(array, name))
    return items if numbers is None else numbers


def _is_number(item: object) -> bool:
    return isinstance(item, (Number, np.bool_))


def is_row(item: Any) -> bool:
    """Say whether an item could be a row of numbers, in one dimension."""
    if is_tensor(item):
        return not item.is_nested and item.ndim == 1
    if isinstance(item, (list, tuple, deque, range, TypedArray)) or is_arrow_column(
        item
    ):
        return True
    if isinstance(item, memoryview):
        return item.ndim == 1
    return hasattr(item, "dtype") and len(getattr(item, "shape", ())) == 1


def _row_of(row: Any, name: str, number: int) -> Any:
    """Return one row in a form that NumPy takes, or raise where it has no value."""
    if is_tensor(row):
        return host_array(check_strided(row, f"{name}[{number}]"))
    if is_arrow_column(row):
        return arrow_column(row, f"{name}[{number}]")
    refuse_masked(row, name, number)
    return row
