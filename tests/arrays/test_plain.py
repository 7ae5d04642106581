"""The gate of all containers: numbers come out as NumPy's, or one error."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from containers import CONTAINERS, SPARSE, string_array
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmal.arrays._plain import check_table, has_no_rows, number_rows, plain

ROWS = np.arange(12.0).reshape(4, 3)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TABLES = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=FLOATS
)


@settings(max_examples=15)
@given(TABLES)
def test_numbers_come_out_of_every_container_as_they_went_in(rows):
    """Bit for bit, in one layout; -0.0 may be stored as nothing in a sparse matrix."""
    for name, hold in CONTAINERS.items():
        got = plain(hold(rows), "X")
        assert got.dtype == np.float64, name
        assert got.flags.c_contiguous, name
        np.testing.assert_array_equal(got, rows, err_msg=name)


@settings(max_examples=15)
@given(TABLES)
def test_every_form_of_sparse_matrix(rows):
    for form in SPARSE:
        got = plain(form(rows), "X")
        assert type(got) is np.ndarray
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, rows)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "?"])
def test_arrays_are_not_copied_and_keep_their_dtype(dtype):
    rows = ROWS.astype(dtype)
    assert np.shares_memory(plain(rows, "X"), rows)
    assert plain(list(rows), "X").dtype == rows.dtype
    assert plain(np.ma.array(rows), "X").dtype == rows.dtype


@pytest.mark.parametrize(
    "value",
    [
        True,
        3,
        2**70,
        1.5,
        np.float32(2),
        np.bool_(True),
        Decimal("1.5"),
        Fraction(1, 4),
    ],
)
def test_objects_that_are_numbers(value):
    rows = np.array([[value, 1.0], [0.0, 2.0]], dtype=object)
    got = plain(rows, "X")
    assert got.dtype.kind == "f"
    np.testing.assert_array_equal(got, [[float(value), 1], [0, 2]])


@pytest.mark.parametrize(
    "items",
    [
        ["a", "b"],
        [[1, 2, 3], [4]],
        [(1, "a"), (2, "b")],
        [np.zeros((2, 2)), np.zeros((2, 2))],
        np.array([["1", "2"]], dtype=object),
        pd.DataFrame({"u": [1.0], "v": ["a"]}),
        object(),
        [],
    ],
)
def test_what_is_no_numbers_stays_what_it_is(items):
    assert plain(items, "X") is items


def test_strings_of_numpy_become_str():
    names = plain(string_array(["a", "bc"]), "X")
    assert names.tolist() == ["a", "bc"]
    assert all(type(name) is str for name in names)


def masked_row(row):
    """Return rows of which one has a masked value."""
    mask = np.zeros(ROWS.shape, bool)
    mask[row, 1] = True
    return np.ma.array(ROWS, mask=mask)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (masked_row(2), "X is masked in row 2, .*its filled"),
        (list(masked_row(2)), "X is masked in row 2, .*its filled"),
        (np.ma.masked_all(3), "X is masked in row 0"),
        (ROWS + 1j, "Complex data not supported: X holds complex128; .* numpy.hstack"),
        ((ROWS + 1j).tolist(), "X holds complex128"),
        ((ROWS + 1j).astype(object), "X holds complex128"),
        (pd.DataFrame(ROWS + 1j), "X holds complex128"),
        ([[1.0, None], [2.0, 3.0]], "X has no value in row 0, column 1, but None"),
        (np.array([[1.0, pd.NA]], dtype=object), "row 0, column 1, but <NA>"),
    ],
)
def test_values_that_are_none_are_refused(items, message):
    with pytest.raises(ValueError, match=message):
        plain(items, "X")


def test_records_are_refused():
    records = np.array([(1.0, 2.0)], dtype=[("u", float), ("v", float)])
    with pytest.raises(TypeError, match="'u', 'v'.*structured_to_unstructured"):
        plain(records, "X")


def test_a_list_of_sparse_rows_is_refused():
    rows = [SPARSE[0](ROWS[:1])] * 2
    with pytest.raises(TypeError, match="pass scipy.sparse.vstack\\(X\\)"):
        plain(rows, "X")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([ROWS[0], ROWS[1], ROWS[2, :2]], "row 0 has 3 features and row 2 has 2"),
        ([[1.0, 2.0], [3.0]], "row 0 has 2 features and row 1 has 1"),
        (np.array([["1", "2"]]), "X holds .*'1'.*, where numbers are needed"),
        (np.array([["1", 2]], dtype=object), "X holds '1', a str"),
        (ROWS.astype("m8[s]"), "X holds .*timedelta64.*, where numbers are needed"),
        (pd.DataFrame({"u": [1.0], "v": ["2"]}), "no numbers in column 'v', but '2'"),
        (pd.DataFrame({"t": [pd.Timestamp(0)]}), "no numbers in column 't'"),
        (ROWS.astype(str).tolist(), "X holds '0.0', a str, in row 0, column 0"),
        ([[1.0, 2.0], [1.0, "2"]], "X holds '2', a str, in row 1, column 1"),
        ([[1, 2], b"ab"], "X holds b'ab', a bytes, in row 1, where a row of numbers"),
        ([{"u": 1.0, "v": 2.0}], "X holds a dict, in row 0, where a row of numbers"),
        (list(ROWS[:, None]), r"an ndarray of shape \(1, 3\), in row 0"),
        ([1, [2]], "X holds an int, in row 0"),
        ([[2**2000, 1]], "X holds integers that no float can hold"),
        ([], "X is empty"),
        (pd.DataFrame({"v": list(ROWS)}), "no numbers in column 'v', but an ndarray"),
    ],
)
def test_rows_of_numbers_are_nothing_else(items, message):
    """NumPy would make numbers of digits and of times without a word."""
    with pytest.raises(ValueError, match=message):
        number_rows(items, "X")


@pytest.mark.parametrize(
    "items",
    [None, 3.0, "ab", {"u": ROWS[:, 0]}, pd.DataFrame(ROWS).groupby(0), object()],
)
def test_what_holds_no_rows_at_all(items):
    with pytest.raises(ValueError, match="X is .*, where rows of numbers are needed"):
        number_rows(items, "X")


def test_rows_of_arrow_have_a_value_everywhere():
    with pytest.raises(ValueError, match=r"X\[1\] has no value in row 0"):
        number_rows([pa.array([1.0]), pa.array([None], pa.float64())], "X")


def test_ranges_are_rows():
    np.testing.assert_array_equal(plain([range(3)] * 2, "X"), [[0, 1, 2]] * 2)


def test_tables_have_two_dimensions():
    assert check_table(ROWS, "X") is ROWS
    with pytest.raises(ValueError, match=r"shape \(4, 3, 1\).*makes one row of each"):
        check_table(ROWS[:, :, None], "X")
    with pytest.raises(ValueError, match=r"X has the shape \(4,\).*one column of it"):
        check_table(ROWS[:, 0], "X")
    assert check_table(ROWS[:, 0], "X", 1).ndim == 1


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], True), ([[]], True), (ROWS[:0], True), (ROWS, False), ([[1], [2, 3]], False)],
)
def test_no_rows(items, expected):
    assert has_no_rows(items) is expected
