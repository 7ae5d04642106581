"""Arrays on disk that behave as one, and what is wrong with them."""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from skmal import ShardedArray
from skmal.coverage import coverage_gap, greedy_k_center

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(50, 3)).astype(np.float16)
CUTS = [0, 7, 8, 30, 50]


def parts():
    return [ROWS[a:b] for a, b in pairwise(CUTS)]


@pytest.fixture
def files(tmp_path):
    names = []
    for number, part in enumerate(parts()):
        names.append(tmp_path / f"{number}.npy")
        np.save(names[-1], part)
    return names


def test_it_looks_like_one_array(files):
    array = ShardedArray(map(str, files))
    assert array.shape == ROWS.shape
    assert len(array) == 50
    assert array.ndim == 2
    assert array.dtype == np.float16
    assert array.nbytes == ROWS.nbytes
    assert array.starts.tolist() == CUTS[:-1]
    assert "4 shards" in repr(array)
    np.testing.assert_array_equal(np.asarray(array), ROWS)
    assert np.asarray(array, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="without being copied"):
        np.asarray(array, copy=False) if np.__version__ >= "2" else (
            array.__array__(copy=False)
        )


index = st.integers(-50, 49)
anything = st.one_of(
    index,
    st.slices(50),
    st.lists(index, max_size=60).map(lambda rows: np.array(rows, dtype=int)),
    st.lists(st.booleans(), min_size=50, max_size=50).map(np.array),
)


@given(anything)
def test_rows_are_taken_as_from_an_array(rows):
    taken = ShardedArray(parts())[rows]
    np.testing.assert_array_equal(taken, ROWS[rows])
    assert taken.dtype == np.float16


def test_cross_validation_takes_its_rows():
    rows = np.arange(20.0).reshape(10, 2)
    shards = ShardedArray([rows[:3], rows[3:]])
    for got, expected in zip(
        train_test_split(shards, random_state=0),
        train_test_split(rows, random_state=0),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)


def test_what_is_taken_is_a_copy(files):
    array = ShardedArray(files)
    block = array[0:3]
    block[:] = 0
    np.testing.assert_array_equal(array[0:3], ROWS[0:3])


def test_it_pickles_as_names_of_files(files):
    array = ShardedArray(files)
    content = pickle.dumps(array)
    assert ROWS[:7].tobytes() not in content
    np.testing.assert_array_equal(np.asarray(pickle.loads(content)), ROWS)


def test_shards_may_be_of_any_kind_that_slices(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = ROWS[:30]
        array = ShardedArray([file["x"], ROWS[30:]])
        np.testing.assert_array_equal(np.asarray(array), ROWS)
        np.testing.assert_array_equal(array[[40, 3, 3, 29]], ROWS[[40, 3, 3, 29]])


def test_functions_give_what_they_give_for_an_array(files):
    array = ShardedArray(files)
    aligned = ROWS[::9]
    assert coverage_gap(array, aligned) == coverage_gap(ROWS, aligned)
    np.testing.assert_array_equal(
        greedy_k_center(array, 20, aligned), greedy_k_center(ROWS, 20, aligned)
    )


def test_no_shards():
    with pytest.raises(ValueError, match="shards is empty"):
        ShardedArray([])


@pytest.mark.parametrize("shards", ["a.npy", Path("a.npy"), ROWS])
def test_a_single_one_is_no_list(shards):
    with pytest.raises(TypeError, match="got a single .*; put it into a list"):
        ShardedArray(shards)


def test_a_missing_file_is_named(files):
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.npy"):
        ShardedArray([*files, files[0].with_name("gone.npy")])


@pytest.mark.parametrize("size", [0, 40, 200])
def test_a_file_cut_short_is_named_before_anything_is_read(files, size):
    content = files[2].read_bytes()
    files[2].write_bytes(content[:size])
    with pytest.raises(ValueError, match=r"2\.npy is cut short or no \.npy file"):
        ShardedArray(files)


def test_a_file_cut_short_afterwards_is_named(files):
    array = ShardedArray(files)
    array.check_files()
    content = files[2].read_bytes()
    files[2].unlink()  # what is mapped stays readable
    with pytest.raises(ValueError, match=r"2\.npy has 0 bytes"):
        array.check_files()
    files[2].write_bytes(content[:-1])
    with pytest.raises(ValueError, match=r"2\.npy has \d+ bytes, \d+ were there"):
        array.check_files()


def test_pickled_objects_are_no_shards(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"a\.npy is cut short or no"):
        ShardedArray([tmp_path / "a.npy"])


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        (
            np.zeros((2, 4), np.float16),
            "shard 1 has 4 features of float16, but",
        ),
        (np.zeros((2, 3)), "shard 1 has 3 features of float64"),
        (np.zeros((0, 3), np.float16), "shard 1 must be an array of shape"),
        (np.zeros(3, np.float16), "shard 1 must be an array of shape"),
        ([[1.0, 2.0, 3.0]], "shard 1 must be an array of shape"),
        (np.full((2, 3), "a"), "shard 1 holds <U1, not numbers"),
    ],
)
def test_shards_that_do_not_go_together(shard, message):
    with pytest.raises(ValueError, match=message):
        ShardedArray([ROWS, shard])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_with_shard_and_row(dtype, value):
    bad = ROWS[8:30].astype(dtype)
    bad[4, 1] = value
    array = ShardedArray([ROWS[:8].astype(dtype), bad])
    array[:8]
    message = r"shard 1 holds NaN or infinity in its row 4 \(row 12 of all\)"
    with pytest.raises(ValueError, match=message):
        array[3:20]
    with pytest.raises(ValueError, match=message):
        array[[20, 12, 1]]
    with pytest.raises(ValueError, match=message):
        coverage_gap(array, ROWS[:2])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0.5], "rows must be an index, .*, got float64"),
        ([[1]], r"rows must be an index, .* of \(1, 1\)"),
        (np.ones(49, bool), "a mask of 50 rows, got bool"),
        ([50], "there is no row 50 among 50"),
        ([3, -51, 7], "there is no row -51 among 50"),
        (50, "there is no row 50 among 50"),
    ],
)
def test_rows_that_are_none(rows, message):
    with pytest.raises(IndexError, match=message):
        ShardedArray(parts())[rows]
