"""Rows that share an item of X."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from containers import string_array

from skmal._shared.sizes import SIZES
from skmal.items._groups import check_groups, check_repeats, number_groups


def test_items_are_numbered_as_they_appear():
    item, first = number_groups(["b", "a", "b", "c", "a"], 5)
    assert item.tolist() == [0, 1, 0, 2, 1]
    assert first.tolist() == [0, 1, 3]


def test_without_groups_every_row_is_an_item():
    item, first = number_groups(None, 3)
    assert item.tolist() == first.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], r"one label for each of the 3 rows, got an array of shape \(2,\)"),
        ([[1], [2], [3]], r"got an array of shape \(3, 1\)"),
        ([1, 2, np.nan], "without missing values"),
        (["a", None, "b"], "without missing values"),
        (["a", np.nan, "b"], "without missing values"),
        ([1, "1", 2], "labels of one kind .*, got int and str"),
        ([0, 1, "a"], "labels of one kind .*, got int and str"),
        ([b"a", "a", "b"], "labels of one kind .*, got bytes and str"),
        (pd.Series([1, None, 2], dtype="Int64"), "without missing values"),
        (pd.Series(["a", None, "b"], dtype="string"), "without missing values"),
    ],
)
def test_labels_that_are_none_are_named(groups, message):
    with pytest.raises(ValueError, match=f"groups must hold .*{message}"):
        check_groups(groups, 3)


def test_strings_of_any_form_are_labels():
    labels = np.array(["a", "b", "a"], dtype=object)
    assert check_groups(labels, 3).dtype.kind == "U"


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1.0, 2], [3, 4], [1, 2], [3, 5]]),
        ["a.png", "b.png", "a.png", "c.png"],
        [Path("a"), Path("b"), Path("a"), Path("c")],
        np.array(["a", "b", "a", "c"]),
    ],
    ids=["rows", "names", "paths", "array of names"],
)
def test_rows_of_one_group_that_differ_are_named(X, monkeypatch):
    monkeypatch.setattr(SIZES, "rows", 1)  # every block is looked at
    check_repeats(X, *number_groups([0, 1, 0, 2], 4))
    with pytest.raises(ValueError, match="rows 1 and 3 of X have the same group but d"):
        check_repeats(X, *number_groups([0, 1, 0, 1], 4))


def test_other_objects_are_trusted():
    X = [object(), object()]
    check_repeats(X, *number_groups([0, 0], 2))


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series([1, 2, 1], dtype="Int64"),
        pd.Series([1, 2, 1], dtype="int64[pyarrow]"),
        pa.array([1, 2, 1]),
        np.array([1, 2, 1], dtype=object),
        np.ma.array([1, 2, 1]),
        string_array(["1", "2", "1"]),
        pa.array(["1", "2", "1"]),
    ],
)
def test_labels_in_any_container(labels):
    item, first = number_groups(labels, 3)
    assert item.tolist() == [0, 1, 0]
    assert first.tolist() == [0, 1]


def test_masked_labels_are_refused():
    with pytest.raises(ValueError, match="groups is masked in row 1"):
        check_groups(np.ma.array([1, 2, 3], mask=[0, 1, 0]), 3)


@pytest.mark.parametrize("hold", [np.array, list, pd.DataFrame])
def test_repeats_are_compared_in_any_container(hold):
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 5.0]])
    item, first = number_groups([0, 1, 0], 3)
    with pytest.raises(ValueError, match="rows 0 and 2 of X have the same group but"):
        check_repeats(hold(rows), item, first)
