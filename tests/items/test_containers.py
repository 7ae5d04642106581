"""What people pass as X and y."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from containers import CONTAINERS as CONTAINERS_OF_NUMBERS
from containers import string_array
from hypothesis import given
from hypothesis import strategies as st

from skmal.arrays._not_finite import rows_not_finite
from skmal.arrays._verbs import take
from skmal.items._containers import (
    check_items,
    check_pairs,
    check_same_features,
    join,
    n_features,
    n_rows,
    numeric_rows,
)

CONTAINERS = {
    "array": np.array(["a", "b", "c"]),
    "list": ["a", "b", "c"],
    "paths": [Path("a"), Path("b"), Path("c")],
    "pandas column": pd.Series(["a", "b", "c"], index=[5, 6, 7]),
    "polars column": pl.Series(["a", "b", "c"]),
    "pandas frame": pd.DataFrame({"u": [1.0, 2, 3], "v": [4.0, 5, 6]}, index=[5, 6, 7]),
    "polars frame": pl.DataFrame({"u": [1.0, 2, 3], "v": [4.0, 5, 6]}),
    "rows": [[1, 2], [3, 4], [5, 6]],
    "images": np.zeros((3, 4, 4), np.uint8),
    "list of images": [np.zeros((4, 4), np.uint8)] * 3,
    "ragged images": [np.zeros((4, k), np.uint8) for k in (1, 2, 3)],
    "objects": [object(), object(), object()],
    "tuple": ("a", "b", "c"),
    "tokens": [[1, 2, 3], [4], [5, 6]],
    "records": [(1, "a"), (2, "b"), (3, "c")],
    "mixed": [1, "a", 2],
    "list of rows": [np.zeros(2), np.ones(2), np.ones(2)],
    "ragged rows": [np.zeros(1), np.ones(2), np.ones(3)],
    "column of rows": pd.Series([np.zeros(2), np.ones(2), np.ones(2)]),
    "column of ragged rows": pd.Series([np.zeros(1), np.ones(2), np.ones(3)]),
    "sparse": sp.csr_array([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0]]),
    "arrow table": pa.table({"u": [1.0, 2, 3], "v": [4.0, 5, 6]}),
    "arrow column": pa.array(["a", "b", "c"]),
    "arrow chunks": pa.chunked_array([["a"], ["b", "c"]]),
    "StringDType": string_array(["a", "b", "c"]),
    "nullable frame": pd.DataFrame({"u": [1.0, 2, 3]}, dtype="Float64"),
    "records of a frame": pd.DataFrame({"u": [1.0, 2, 3], "v": ["a", "b", "c"]}),
}


def as_list(items):
    """Return any container as a list that can be compared."""
    if hasattr(items, "rows"):
        return items.rows()
    if hasattr(items, "iloc"):
        return items.values.tolist()
    return [i.tolist() if isinstance(i, np.ndarray) else i for i in items]


@pytest.mark.parametrize("items", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_every_container_can_be_taken_and_joined(items):
    items = check_items(items, "X")
    assert len(items) == 3
    both = join(take(items, [2]), take(items, np.array([0, 1])))
    assert type(both) is type(items)
    expected = as_list(items)
    assert as_list(both) == [expected[2], expected[0], expected[1]]


def test_arrays_are_not_copied():
    X = np.ones((3, 2), np.float32)
    assert np.shares_memory(check_items(X, "X"), X)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (None, "X_pool is None"),
        ("cat.png", "X_pool must be a sequence of items, got the single str 'cat.png'"),
        (Path("cat.png"), "put it into a list"),
        (7, "got the single int 7"),
        ([], "X_pool is empty"),
        (np.empty((0, 3)), "X_pool is empty"),
        (pd.Series([], dtype=object), "X_pool is empty"),
        ([[1.0, np.nan]], "X_pool contains NaN"),
        (np.array([[np.inf]]), "X_pool contains infinity"),
        ([np.ones(2), np.array([1.0, np.nan])], "X_pool contains NaN"),
        (pd.DataFrame({"u": [1.0, np.nan]}), "X_pool, .* row 1, column 'u', but nan"),
        (pl.DataFrame({"u": [1.0, float("nan")]}), "X_pool, .* row 1, column 'u'"),
        (pd.DataFrame({"u": [np.inf]}), "X_pool contains infinity"),
        (pd.DataFrame(), r"X_pool is a DataFrame of shape \(0, 0\)"),
        (pa.array(["a", None]), "X_pool has no value in row 1"),
        (string_array(["a", None], na_object=None), "no value in row 1"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "X_pool is masked in row 1"),
        (np.array(7.0), "X_pool must be a sequence of items, got one ndarray"),
        (pd.Series(["a", None]), "X_pool has no value in row 1"),
        (["a", None], "X_pool has no value in row 1"),
        ({"a": 1}, "X_pool must be a sequence"),
        (iter("abc"), "X_pool must be a sequence"),
    ],
)
def test_bad_items_are_named(items, message):
    with pytest.raises(ValueError, match=message):
        check_items(items, "X_pool")


def test_pairs_need_equal_lengths():
    with pytest.raises(ValueError, match="X has 2 rows and y has 3"):
        check_pairs(["a", "b"], ["c", "d", "e"], "Learner")
    with pytest.raises(ValueError, match="Learner requires y to be passed"):
        check_pairs(["a", "b"], None, "Learner")


@given(st.integers(1, 5), st.integers(1, 5))
def test_feature_counts(got, expected):
    X, fitted = np.ones((2, got)), np.ones((3, expected))
    if got == expected:
        check_same_features(X, fitted, "X", "Learner")
    else:
        with pytest.raises(ValueError, match=f"X has {got} features, but Learner is "):
            check_same_features(X, fitted, "X", "Learner")


def test_only_numeric_rows_have_features():
    assert n_features(np.ones((2, 3))) == 3
    assert n_features(pd.DataFrame({"u": [1]})) == 1
    assert n_features(["a"]) is None
    assert n_features(np.ones((2, 4, 4))) is None
    assert n_features(None) is None


NUMBERS = np.array([[0.0, 1.0], [2.0, 3.0]])


@pytest.mark.parametrize("container", CONTAINERS_OF_NUMBERS)
def test_numeric_rows_do_not_depend_on_the_container(container):
    items = check_items(CONTAINERS_OF_NUMBERS[container](NUMBERS), "X")
    np.testing.assert_array_equal(numeric_rows(items), NUMBERS)


@pytest.mark.parametrize(
    "items",
    [
        None,
        ["a"],
        np.ones(3),
        np.ones((2, 2, 2)),
        [np.ones(2), np.ones(3)],
        [np.ones((2, 2))],
        np.array([["a", "b"]], dtype=object),
        pd.DataFrame({"u": [1.0], "v": ["a"]}),
        pd.DataFrame({"t": [pd.Timestamp(0)]}),
    ],
)
def test_what_are_no_numeric_rows(items):
    assert numeric_rows(items) is None


def test_frames_stay_frames_and_lists_of_arrays_stay_lists():
    frame = pd.DataFrame(NUMBERS).astype("Float64")
    assert check_items(frame, "X") is frame
    rows = check_items(tuple(NUMBERS), "X")
    assert type(rows) is list
    assert all(got is row for got, row in zip(rows, rows, strict=True))


def test_texts_become_str():
    for texts in (string_array(["a"]), pa.array(["a"])):
        items = check_items(texts, "y")
        assert [type(item) for item in items] == [str]


def test_rows_of_one_length_may_be_followed_by_others():
    rows = check_items(pd.Series([np.ones(2), np.ones(2)]), "X")
    both = join(rows, check_items([np.ones(3), np.ones(1)], "X"))
    assert list(map(len, both)) == [2, 2, 3, 1]


def test_frames_are_added_to_lists_row_by_row():
    both = join([np.zeros(2)], pd.DataFrame(NUMBERS, columns=["u", "v"]))
    np.testing.assert_array_equal(both, np.vstack([[0, 0], NUMBERS]))


def test_columns_that_do_not_go_together_are_named():
    first, second = pl.DataFrame({"u": [1.0]}), pl.DataFrame({"u": ["a"]})
    with pytest.raises(ValueError, match="DataFrame cannot be added to those known"):
        join(first, second)
    with pytest.raises(ValueError, match="row 0 has 2 features and row 1 has 3"):
        join(NUMBERS, [np.ones(2), np.ones(3)])


def test_numbers_of_rows():
    assert n_rows(sp.csr_array((3, 2))) == 3
    assert n_rows(["a"]) == 1
    assert n_rows(pl.DataFrame({"u": [1]}).lazy()) is None


def test_frames_of_times_or_arrays_are_items_but_no_numbers():
    times = pd.DataFrame({"u": [1.0], "t": [pd.Timestamp(0)]})
    cells = pd.DataFrame({"v": [np.ones(2), np.ones(2)]})
    for frame in (times, cells, times.assign(t=pd.Timedelta("1D"))):
        assert check_items(frame, "X") is frame
        assert numeric_rows(frame) is None


def test_groups_of_a_frame_are_no_items():
    with pytest.raises(ValueError, match="X must be a sequence.*got DataFrameGroupBy"):
        check_items(pd.DataFrame({"u": [1, 2], "v": [1, 2]}).groupby("u"), "X")


def test_looking_for_rows_is_in_the_layer_below():
    assert rows_not_finite([[1.0], [np.nan]]) == [1]
