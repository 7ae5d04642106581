"""Tables of numbers: frames of pandas and polars, tables and columns of pyarrow."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._objects import as_numbers, describe, refuse_missing
from ._sparse import check_dense_size


def is_frame(items: object) -> bool:
    """Say whether `items` is a two-dimensional pandas or polars data frame."""
    if is_arrow_table(items) or type(items).__name__ == "LazyFrame":
        return False  # polars warns where a lazy frame is asked for its columns
    return hasattr(items, "columns") and hasattr(items, "shape")


def is_arrow_table(items: object) -> bool:
    """Say whether `items` is a table of pyarrow, or a batch of its rows."""
    pyarrow = sys.modules.get("pyarrow")
    return bool(pyarrow) and isinstance(items, (pyarrow.Table, pyarrow.RecordBatch))


def is_arrow_column(items: object) -> bool:
    """Say whether `items` is a column of pyarrow."""
    pyarrow = sys.modules.get("pyarrow")
    return bool(pyarrow) and isinstance(items, (pyarrow.Array, pyarrow.ChunkedArray))


def refuse_uncomputed(items: object, name: str) -> None:
    """Raise where a table is no rows yet, but a plan of how to compute them."""
    kind, library = type(items).__name__, type(items).__module__.split(".")[0]
    if library in ("dask", "dask_expr") and hasattr(items, "to_dask_array"):
        remedy = "to_dask_array(lengths=True)"
    elif kind == "LazyFrame":
        remedy = "collect()"
    else:
        return
    raise TypeError(
        f"{name} is a {kind} of {library}, whose rows are not computed yet; pass its "
        f"{remedy}"
    )


def columns_of(table: Any) -> list[npt.NDArray[Any]]:
    """Return the columns of a table as arrays of numbers or objects."""
    if is_arrow_table(table):
        return [np.asarray(column) for column in table.columns]
    if hasattr(table, "iloc"):  # pandas may have two columns of one name
        return [table.iloc[:, j].to_numpy() for j in range(table.shape[1])]
    return [table[column].to_numpy() for column in table.columns]


def frame_rows(frame: Any, name: str) -> npt.NDArray[Any] | None:
    """Return a data frame as an array of its numbers, None if a column holds others.

    Raise where it has no rows or no columns, or where a value is missing.
    """
    _check_not_empty(frame, name)
    dtypes = list(frame.dtypes)
    sparse = [
        t.subtype for t in dtypes if hasattr(t, "subtype") and hasattr(t, "fill_value")
    ]
    if sparse:
        check_dense_size(frame.shape, np.result_type(*sparse), name)
    if all(isinstance(t, np.dtype) and t.kind in "biuf" for t in dtypes):
        values = frame.to_numpy(dtype=np.result_type(*dtypes))
        refuse_missing(values, _named(frame, name), list(frame.columns))
        return np.ascontiguousarray(values)
    return _joined(columns_of(frame), list(frame.columns), _named(frame, name))


def refuse_others(frame: Any, name: str) -> None:
    """Raise, naming the first column of a data frame that holds no numbers."""
    for column, values in zip(frame.columns, columns_of(frame), strict=True):
        if as_numbers(values) is None:
            raise ValueError(
                f"{_named(frame, name)} has no numbers in column {column!r}, but "
                f"{describe(values[0])}; leave it out, or make numbers of it first"
            )


def arrow_rows(table: Any, name: str) -> Any:
    """Return a table of pyarrow as an array of its numbers, or its single column."""
    _check_not_empty(table, name)
    names = table.schema.names
    columns = columns_of(table)
    rows = _joined(columns, names, _named(table, name))
    if rows is not None:
        return rows
    if len(names) == 1:
        return arrow_column(table.column(0), name)
    (field, *_) = (
        field
        for field, column in zip(table.schema, columns, strict=True)
        if as_numbers(column) is None
    )
    raise TypeError(
        f"{name} is a {type(table).__name__} of pyarrow, and its column {field.name!r} "
        f"holds no numbers, but {field.type}; select the columns of numbers, or one of "
        "texts, or pass its to_pandas() to an encoder that takes data frames"
    )


def arrow_column(column: Any, name: str) -> Any:
    """Return a column of pyarrow as an array of numbers, or as a list of what it is.

    Lists of numbers, all of one length, become rows.
    """
    pyarrow = sys.modules["pyarrow"]
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
    refuse_missing(_nulls(column), name)
    kinds, kind = pyarrow.types, column.type
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind):
        return column.to_numpy(zero_copy_only=False)
    if (
        kinds.is_list(kind)
        or kinds.is_large_list(kind)
        or kinds.is_fixed_size_list(kind)
    ):
        lengths, values = column.value_lengths().to_numpy(), column.flatten()
        if values.null_count and (lengths == lengths[0]).all():
            refuse_missing(_nulls(values).reshape(len(column), -1), name)
        values = arrow_column(values, name)
        if isinstance(values, np.ndarray) and (lengths == lengths[0]).all():
            return values.reshape(len(column), -1)
    return column.to_pylist()


def as_texts(items: Any) -> Any:
    """Return a column or a list of pyarrow's values as a list of Python's."""
    if is_arrow_column(items):
        return items.to_pylist()
    pyarrow = sys.modules.get("pyarrow")
    if not pyarrow:
        return items
    return [
        item.as_py() if isinstance(item, pyarrow.Scalar) else item for item in items
    ]


def _named(table: object, name: str) -> str:
    return f"{name}, a {type(table).__name__},"


def _nulls(column: Any) -> npt.NDArray[Any]:
    """Return None where a column of pyarrow has no value, and anything elsewhere."""
    nulls = np.zeros(len(column), dtype=object)
    nulls[column.is_null().to_numpy(zero_copy_only=False)] = None
    return nulls


def _joined(
    columns: Sequence[npt.NDArray[Any]], names: Sequence[Any], name: str
) -> npt.NDArray[Any] | None:
    """Return columns as one array of numbers, None if one of them holds others."""
    numbers = []
    for values, column in zip(columns, names, strict=True):
        refuse_missing(values[:, None], name, [column])
        numbers.append(as_numbers(values))
    if any(values is None or values.ndim != 1 for values in numbers):
        return None
    return np.ascontiguousarray(np.stack(numbers, axis=1))


def _check_not_empty(table: Any, name: str) -> None:
    if 0 in table.shape:
        raise ValueError(
            f"{name} is a {type(table).__name__} of shape {tuple(table.shape)}; at "
            "least one row and one column are needed"
        )
