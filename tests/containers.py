"""The same numbers in every container that people have them in."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp


def object_rows(rows):
    """Return a one-dimensional array of objects that holds an array per row."""
    array = np.empty(len(rows), dtype=object)
    array[:] = list(rows)
    return array


def names(rows):
    """Return a name for each column."""
    return [f"f{j}" for j in range(rows.shape[1])]


def mixed_frame(rows):
    """Return a data frame whose columns have different dtypes."""
    kinds = ["float64", "Float64", "double[pyarrow]", object]
    frame = pd.DataFrame(rows, columns=names(rows))
    return frame.astype({c: kinds[j % 4] for j, c in enumerate(frame.columns)})


def arrow_table(rows):
    return pa.table(dict(zip(names(rows), rows.T.copy(), strict=True)))


def arrow_lists(rows):
    return pa.array(list(rows))


CONTAINERS = {
    "list of lists": lambda rows: rows.tolist(),
    "list of arrays": list,
    "list of tuples": lambda rows: list(map(tuple, rows.tolist())),
    "list of mixed": lambda rows: [rows[0].tolist(), *rows[1:]],
    "list of series": lambda rows: [pd.Series(row) for row in rows],
    "tuple of arrays": tuple,
    "fortran": np.asfortranarray,
    "objects": lambda rows: rows.astype(object),
    "objects, an array each": object_rows,
    "matrix": np.matrix,
    "masked": np.ma.array,
    "pandas": lambda rows: pd.DataFrame(rows, columns=names(rows)),
    "pandas, other index": lambda rows: pd.DataFrame(rows, np.arange(len(rows))[::-1]),
    "pandas Float64": lambda rows: pd.DataFrame(rows).astype("Float64"),
    "pandas arrow": lambda rows: pd.DataFrame(rows).astype("double[pyarrow]"),
    "pandas objects": lambda rows: pd.DataFrame(rows).astype(object),
    "pandas mixed": mixed_frame,
    "pandas sparse": lambda r: pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(r)),
    "pandas column": lambda rows: pd.Series(list(rows)),
    "polars": lambda rows: pl.DataFrame(rows, schema=names(rows)),
    "polars objects": lambda rows: pl.DataFrame(
        {c: pl.Series(r.tolist(), dtype=pl.Object) for c, r in zip(names(rows), rows.T, strict=True)}
    ),
    "polars lists": lambda rows: pl.Series(rows.tolist()),
    "polars arrays": lambda rows: pl.Series(rows),
    "arrow table": arrow_table,
    "arrow batch": lambda rows: arrow_table(rows).to_batches()[0],
    "arrow lists": arrow_lists,
    "arrow chunks": lambda rows: pa.chunked_array([arrow_lists(rows[i : i + 2]) for i in range(0, len(rows), 2)]),
    "arrow fixed lists": lambda rows: pa.FixedSizeListArray.from_arrays(rows.ravel(), rows.shape[1]),
    "arrow list table": lambda rows: pa.table({"v": arrow_lists(rows)}),
    **{
        f"sparse {kind.__name__}": kind
        for kind in (
            sp.csr_array, sp.csc_array, sp.coo_array, sp.lil_array, sp.dok_array,
            sp.bsr_array, sp.dia_array, sp.csr_matrix, sp.csc_matrix, sp.coo_matrix,
            sp.lil_matrix, sp.dok_matrix, sp.bsr_matrix, sp.dia_matrix,
        )
    },
}
