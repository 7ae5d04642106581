"""The same numbers in every container that people have them in."""

import warnings
from array import array
from collections import deque

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp


def names(rows):
    """Return a name for each column."""
    return [f"f{j}" for j in range(rows.shape[1])]


def string_array(texts, **params):
    """Return an array of NumPy's own strings; before NumPy 2, of objects."""
    own = getattr(np.dtypes, "StringDType", None)
    return np.array(texts, dtype=own(**params) if own else object)


def pandas_frame(rows, dtype=None):
    """Return a data frame of this dtype, or of several in turns."""
    frame = pd.DataFrame(rows, columns=names(rows))
    if isinstance(dtype, list):
        dtype = {c: dtype[j % len(dtype)] for j, c in enumerate(frame.columns)}
    return frame if dtype is None else frame.astype(dtype)


def polars_objects(rows):
    """Return a data frame of polars that holds Python's floats."""
    columns = (pl.Series(column.tolist(), dtype=pl.Object) for column in rows.T)
    return pl.DataFrame(dict(zip(names(rows), columns, strict=True)))


def arrow_table(rows):
    """Return a table of pyarrow."""
    return pa.table(dict(zip(names(rows), rows.T.copy(), strict=True)))


def arrow_chunks(rows):
    """Return a column of lists in chunks of two rows."""
    chunks = (rows[i : i + 2] for i in range(0, len(rows), 2))
    return pa.chunked_array([pa.array(list(chunk)) for chunk in chunks])


def objects_each(rows):
    """Return a one-dimensional array of objects that holds an array per row."""
    array = np.empty(len(rows), dtype=object)
    array[:] = list(rows)
    return array


def matrix(rows):
    """Return a matrix, of which NumPy warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(rows)


SPARSE = [  # every form of SciPy's
    getattr(sp, f"{form}_{kind}")
    for form in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    for kind in ("array", "matrix")
]

CONTAINERS = {
    "list of lists": lambda rows: rows.tolist(),
    "list of tuples": lambda rows: list(map(tuple, rows.tolist())),
    "list of arrays": list,
    "list of both": lambda rows: [rows[0].tolist(), *rows[1:]],
    "list of typed arrays": lambda rows: [array("d", row) for row in rows],
    "list of arrow arrays": lambda rows: list(map(pa.array, rows)),
    "list of views": lambda rows: [memoryview(row.copy()) for row in rows],
    "list of arrays of both": lambda rows: [
        rows[0],
        *(array("d", r) for r in rows[1:]),
    ],
    "deque of deques": lambda rows: deque(map(deque, rows.tolist())),
    "list of series": lambda rows: list(map(pd.Series, rows)),
    "tuple of arrays": tuple,
    "objects": lambda rows: rows.astype(object),
    "objects, an array each": objects_each,
    "matrix": matrix,
    "nothing masked": np.ma.array,
    "pandas": pandas_frame,
    "pandas, another index": lambda rows: pandas_frame(rows).set_axis(
        range(len(rows), 0, -1)
    ),
    "pandas Float64": lambda rows: pandas_frame(rows, "Float64"),
    "pandas ArrowDtype": lambda rows: pandas_frame(rows, "double[pyarrow]"),
    "pandas objects": lambda rows: pandas_frame(rows, object),
    "pandas mixed": lambda rows: pandas_frame(
        rows, ["float64", "Float64", "double[pyarrow]", object]
    ),
    "pandas sparse": lambda rows: pandas_frame(rows, pd.SparseDtype(float, 0)),
    "pandas column": lambda rows: pd.Series(list(rows)),
    "polars": lambda rows: pl.DataFrame(rows, schema=names(rows)),
    "polars objects": polars_objects,
    "polars lists": lambda rows: pl.Series(rows.tolist()),
    "polars arrays": pl.Series,
    "arrow table": arrow_table,
    "arrow batch": lambda rows: arrow_table(rows).to_batches()[0],
    "arrow lists": lambda rows: pa.array(list(rows)),
    "arrow chunks": arrow_chunks,
    "arrow fixed lists": lambda rows: pa.FixedSizeListArray.from_arrays(
        rows.ravel(), rows.shape[1]
    ),
    "arrow table of lists": lambda rows: pa.table({"v": pa.array(list(rows))}),
    "sparse array": sp.csr_array,
    "sparse matrix": sp.csc_matrix,
    "sparse coordinates": sp.coo_array,
}
