"""Frames of pandas and polars, tables and columns of pyarrow."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmal.arrays._plain import plain

DTYPES = ["float64", "float32", "int8", "bool", "Float64", "Int64", "boolean", "object"]
DTYPES += ["double[pyarrow]", "int32[pyarrow]", "bool[pyarrow]", "category"]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(DTYPES), min_size=1, max_size=5), st.booleans())
def test_columns_of_any_dtypes_are_numbers(dtypes, same_names):
    """Also where two have the same name."""
    columns = [pd.Series([1, 0, 1]).astype(dtype) for dtype in dtypes]
    frame = pd.concat(columns, axis=1)
    frame.columns = ["u"] * len(dtypes) if same_names else range(len(dtypes))
    got = plain(frame, "X")
    assert got.dtype.kind in "biuf"
    np.testing.assert_array_equal(got, np.tile([[1], [0], [1]], len(dtypes)))


MISSING = {
    "Float64": pd.DataFrame({"u": [1.0, 2.0], "v": [1.0, pd.NA]}, dtype="Float64"),
    "Int64": pd.DataFrame({"u": [1, 2], "v": [1, pd.NA]}, dtype="Int64"),
    "boolean": pd.DataFrame({"u": [True, True], "v": [True, pd.NA]}, dtype="boolean"),
    "arrow dtype": pd.DataFrame(
        {"u": [1.0, 2], "v": [1.0, None]}, dtype="double[pyarrow]"
    ),
    "objects, NA": pd.DataFrame({"u": [1.0, 2], "v": [1.0, pd.NA]}, dtype=object),
    "objects, None": pd.DataFrame({"u": [1.0, 2], "v": [1.0, None]}, dtype=object),
    "floats": pd.DataFrame({"u": [1.0, 2.0], "v": [1.0, np.nan]}),
    "times": pd.DataFrame({"u": [1.0, 2.0], "v": [pd.Timestamp(0), pd.NaT]}),
    "mixed": pd.DataFrame({"u": ["a", "b"], "v": pd.array([1, pd.NA], "Int64")}),
    "polars null": pl.DataFrame({"u": [1, 2], "v": [1, None]}),
    "polars NaN": pl.DataFrame({"u": [1.0, 2.0], "v": [1.0, float("nan")]}),
    "polars texts": pl.DataFrame({"u": [1.0, 2.0], "v": ["a", None]}),
    "arrow table": pa.table({"u": [1, 2], "v": [1, None]}),
    "arrow batch": pa.RecordBatch.from_pydict({"u": [1, 2], "v": [True, None]}),
}


@pytest.mark.parametrize("frame", MISSING.values(), ids=MISSING.keys())
def test_missing_values_are_named_by_row_and_column(frame):
    kind = type(frame).__name__
    with pytest.raises(
        ValueError, match=f"X, a {kind}, has no value in row 1, column 'v'"
    ):
        plain(frame, "X")


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame(index=range(3)),
        pd.DataFrame({"u": []}),
        pl.DataFrame(),
        pl.DataFrame({"u": []}),
        pa.table({}),
        pa.table({"u": pa.array([], pa.float64())}),
    ],
)
def test_tables_without_rows_or_columns(frame):
    message = f"X is a {type(frame).__name__} of shape .* one row and one column"
    with pytest.raises(ValueError, match=message):
        plain(frame, "X")


def test_tables_of_arrow_that_hold_other_things():
    table = pa.table({"u": [1.0, 2.0], "text": ["a", "b"]})
    with pytest.raises(TypeError, match="column 'text' holds no numbers, but string"):
        plain(table, "X")
    assert plain(table.select(["text"]), "X") == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", "b"]), ["a", "b"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        (pa.array(["a", "a"]).dictionary_encode(), ["a", "a"]),
        (pa.array([[1.0], [2.0, 3.0]]), [[1.0], [2.0, 3.0]]),
        (pa.array([["a"], ["b"]]), [["a"], ["b"]]),
    ],
)
def test_columns_of_arrow_that_are_no_numbers_become_lists(column, expected):
    assert plain(column, "X") == expected


@pytest.mark.parametrize("kind", [pa.int8(), pa.float32(), pa.bool_()])
def test_columns_of_arrow_that_are_numbers(kind):
    got = plain(pa.array([1, 0], pa.int8()).cast(kind), "X")
    np.testing.assert_array_equal(got, [1, 0])


@pytest.mark.parametrize(
    ("column", "place"),
    [
        (pa.array([1.0, None]), "row 1"),
        (pa.array(["a", None]), "row 1"),
        (pa.chunked_array([["a"], [None]]), "row 1"),
        (pa.array([[1.0, 2.0], None]), "row 1"),
        (pa.array([[1.0, 2.0], [3.0, None]]), "row 1, column 1"),
    ],
)
def test_missing_values_in_columns_of_arrow(column, place):
    with pytest.raises(ValueError, match=f"X has no value in {place}, but None"):
        plain(column, "X")


def test_slices_of_arrow_lists():
    """A slice shares the values of what it was cut from."""
    rows = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(plain(rows[1:], "X"), [[3, 4], [5, 6]])
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(range(6)), 2)
    np.testing.assert_array_equal(plain(fixed[1:], "X"), [[2, 3], [4, 5]])


def test_lazy_frames_are_to_be_collected():
    with pytest.raises(TypeError, match="X is a LazyFrame of polars, .* its collect"):
        plain(pl.DataFrame({"u": [1.0]}).lazy(), "X")


def test_frames_of_dask_are_to_become_arrays():
    dask_frames = pytest.importorskip("dask.dataframe")
    frame = dask_frames.from_pandas(pd.DataFrame({"u": [1.0, 2.0]}), npartitions=2)
    for items in (frame, frame["u"]):
        with pytest.raises(
            TypeError, match=r"of dask, .* to_dask_array\(lengths=True\)"
        ):
            plain(items, "X")
    rows = plain(frame.to_dask_array(lengths=True), "X")
    assert rows.shape == (2, 1)
