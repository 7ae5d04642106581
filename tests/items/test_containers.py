"""What people pass as X and y."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmal.arrays._verbs import take
from skmal.items._containers import (
    check_items,
    check_pairs,
    check_same_features,
    join,
    n_features,
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
        (pd.DataFrame({"u": [1.0, np.nan]}), "NaN"),
        (pl.DataFrame({"u": [1.0, float("nan")]}), "NaN"),
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
