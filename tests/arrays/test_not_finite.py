"""Rows that hold NaN, infinity, a missing or a masked value."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from containers import CONTAINERS, string_array

from skmal.arrays._not_finite import rows_not_finite

torch = pytest.importorskip("torch")

NAN, INF = np.nan, np.inf
ROWS = np.array([[1.0, 2.0], [NAN, 1.0], [3.0, 4.0], [5.0, -INF]])
NONE = [[1.0, 2.0], [None, 1.0], [3.0, 4.0], [5.0, None]]
MASKED = np.ma.array(np.ones((4, 2)), mask=[[0, 0], [1, 0], [0, 0], [0, 1]])


@pytest.mark.parametrize("container", CONTAINERS)
def test_in_every_container(container):
    hold = CONTAINERS[container]
    assert rows_not_finite(hold(ROWS)) == [1, 3]
    assert rows_not_finite(hold(np.ones((2, 2)))) == []


@pytest.mark.parametrize(
    "items",
    [
        NONE,
        np.array(NONE, dtype=object),
        pd.DataFrame(NONE, columns=["u", "v"]),
        pd.DataFrame(NONE, columns=["u", "v"]).astype("Float64"),
        pd.DataFrame(NONE, columns=["u", "v"]).astype("double[pyarrow]"),
        pd.DataFrame(NONE, columns=["u", "v"]).astype(object),
        pd.DataFrame({"u": [1, pd.NA, 2, 3], "v": [1, 2, 3, pd.NA]}, dtype="Int64"),
        pl.DataFrame(NONE, schema=["u", "v"], orient="row"),
        pa.table({"u": [1, None, 2, 3], "v": [1.0, 2.0, 3.0, None]}),
        pa.table({"u": [True, None, True, None]}),
        pa.array(NONE),
        pl.Series(NONE),
        [[1.0], None, [2.0], [NAN]],
        pd.Series([[1.0], None, [2.0], [NAN]]),
        pa.array([[1.0], None, [2.0], [None]]),
        [torch.ones(1), torch.tensor([NAN]), torch.ones(1), torch.tensor([INF])],
        torch.tensor(ROWS),
        torch.tensor(ROWS, requires_grad=True),
        torch.tensor(ROWS, dtype=torch.bfloat16),
        MASKED,
        list(MASKED),
        sp.csr_array(ROWS),
        sp.lil_matrix(ROWS),
        ROWS.astype(np.float16),
        ROWS + 0j,
        [1.0, None, 2, NAN],
    ],
)
def test_missing_values_of_every_kind(items):
    assert rows_not_finite(items) == [1, 3]


@pytest.mark.parametrize(
    "items",
    [
        None,
        [],
        "ab",
        3.0,
        ["a", None],
        [["1", None]],
        [[1.0, NAN], [1.0]],
        [["a", 1.0, None]],
        np.array(["a", "b"]),
        string_array(["a"]),
        np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
        pd.DataFrame({"u": [1.0, None], "v": ["a", "b"]}),
        pd.DataFrame({"u": [1.0, None], "t": [pd.Timestamp(0), None]}),
        pl.DataFrame({"u": [1.0]}).lazy(),
        pa.table({"u": ["a", None]}),
        pa.array(["a", None]),
        {"u": [NAN]},
        [object(), None],
        [np.ones((2, 2)), np.ones((3, 2))],
        torch.empty((2, 2), device="meta"),
        np.array(7.0),
        np.ones((3, 2), dtype=int),
        range(3),
    ],
)
def test_what_holds_no_numbers_or_none_that_is_missing(items):
    assert rows_not_finite(items) == []
