"""Reading blocks of anything that slices, and what is asked of such pools."""

import threading

import numpy as np
import pytest
from helpers import OnDisk, h5py_dataset, memory_map
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from small import set_sizes

from skmal.arrays import _threads
from skmal.arrays._blocks import check_rows, read
from skmal.arrays._verbs import stacked as stack
from skmal.coverage import (
    coverage_gap,
    distance_to_aligned,
    greedy_k_center,
    isolation,
)
from skmal.uncertainty import (
    cross_modal_entropy,
    cross_modal_margin,
    cross_modal_top1,
)

rng = np.random.default_rng(0)
POOL = rng.normal(size=(300, 6)).astype(np.float16)
ALIGNED = rng.normal(size=(12, 6)).astype(np.float16)


@pytest.mark.parametrize(
    "open_pool", [lambda a, _: OnDisk(a), memory_map, h5py_dataset]
)
def test_pools_on_disk_give_the_answers_of_arrays(monkeypatch, tmp_path, open_pool):
    set_sizes(monkeypatch, plain=3, band=8, centres=4, first_centres=2)
    set_sizes(monkeypatch, rows=40, window=40)
    pool = open_pool(POOL, tmp_path)
    array = POOL.astype(np.float64)
    for function in (
        lambda x: coverage_gap(x, ALIGNED),
        lambda x: distance_to_aligned(x, ALIGNED),
        lambda x: greedy_k_center(x, 50, ALIGNED),
        lambda x: greedy_k_center(x, 50),
        lambda x: isolation(x, n_landmarks=30, random_state=0),
        lambda x: isolation(x),
    ):
        np.testing.assert_array_equal(function(pool), function(array))
    for score in (cross_modal_margin, cross_modal_entropy):
        expected = score(array, ALIGNED.astype(np.float64))
        np.testing.assert_allclose(score(pool, ALIGNED), expected, atol=1e-12)
        expected = score(ALIGNED.astype(np.float64), array)
        np.testing.assert_allclose(score(ALIGNED, pool), expected, atol=1e-12)


def test_no_more_than_a_block_is_read_at_a_time(monkeypatch):
    few = {"rows": 40, "window": 40, "queries": 40, "similarities": 40 * len(ALIGNED)}
    set_sizes(monkeypatch, **few)
    pool = OnDisk(POOL)
    coverage_gap(pool, ALIGNED)
    distance_to_aligned(pool, ALIGNED)
    isolation(pool, n_landmarks=30)
    cross_modal_margin(pool, ALIGNED)
    cross_modal_margin(ALIGNED, pool)
    cross_modal_entropy(ALIGNED, pool)
    assert pool.most == 40


@pytest.mark.parametrize("row", [0, 150, 299])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: coverage_gap(x, ALIGNED),
        lambda x: distance_to_aligned(x, ALIGNED),
        lambda x: greedy_k_center(x, 5, ALIGNED),
        lambda x: greedy_k_center(x, 5),
        isolation,
    ],
)
def test_bad_values_are_found_wherever_they_are(monkeypatch, row, value, function):
    set_sizes(monkeypatch, rows=40, window=40)
    broken = POOL.astype(np.float32)
    broken[row, 3] = value
    message = {"nan": "features contains NaN", "inf": "features contains infinity"}
    message = message.get(str(value), "features holds values up to 1e\\+20")
    with pytest.raises(ValueError, match=message):
        function(OnDisk(broken))


@pytest.mark.parametrize("row", [0, 299])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_values_in_a_gallery_are_found(monkeypatch, row, value):
    set_sizes(monkeypatch, rows=40, window=40)
    broken = POOL.astype(np.float32)
    broken[row, 3] = value
    for score in (cross_modal_margin, cross_modal_entropy):
        with pytest.raises(ValueError, match="gallery contains"):
            score(ALIGNED, OnDisk(broken))
        with pytest.raises(ValueError, match="queries contains"):
            score(OnDisk(broken), ALIGNED)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.empty((0, 3)), "0 sample"),
        (np.empty((3, 0)), "0 feature"),
        (np.array([["a"]]), "numbers are needed"),
        (np.zeros(3), r"shape .3,., where rows"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(array, message):
    with pytest.raises(ValueError, match=message):
        check_rows(OnDisk(array) if array.ndim == 2 else array, "features")


def test_rows_come_in_the_order_asked_for(monkeypatch):
    set_sizes(monkeypatch, rows=7)
    rows = rng.permutation(300)[:90]
    expected = POOL[rows].astype(np.float32)
    np.testing.assert_array_equal(read(OnDisk(POOL), rows), expected)
    np.testing.assert_array_equal(read(POOL, rows), expected)
    assert read(POOL, rows).dtype == np.float32


def test_stacked_rows_are_those_of_a_concatenation():
    stacked, whole = stack(POOL, ALIGNED), np.concatenate([POOL, ALIGNED])
    assert (stacked.shape, stacked.dtype) == (whole.shape, whole.dtype)
    for start, stop in [(0, 5), (290, 305), (300, 312), (0, 312), (298, 900)]:
        np.testing.assert_array_equal(stacked[start:stop], whole[start:stop])


def with_threads(monkeypatch, n_threads):
    """Let so many threads look at pools of any size, in blocks of a few rows."""
    monkeypatch.setattr(_threads, "_blas_threads", lambda: n_threads)
    set_sizes(monkeypatch, rows=8, large=1, candidates=2, centres=4)
    set_sizes(monkeypatch, plain=2, stale=2, first_centres=2, band=2)


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.booleans())
def test_answers_do_not_depend_on_the_number_of_threads(seed, grid):
    rng = np.random.default_rng(seed)
    pool = rng.normal(size=(rng.integers(2, 64), 4)).astype(np.float16)
    if grid:
        pool = np.sign(pool)
    aligned = rng.normal(size=(9, 4)).astype(np.float32)
    answers = []
    for n_threads in (1, 3):
        with pytest.MonkeyPatch.context() as monkeypatch:
            with_threads(monkeypatch, n_threads)
            answers.append(
                [
                    coverage_gap(pool, aligned),
                    distance_to_aligned(pool, aligned),
                    greedy_k_center(pool, len(pool) // 2, aligned),
                    greedy_k_center(pool, len(pool) // 2),
                    isolation(pool, n_landmarks=20, random_state=0),
                    cross_modal_margin(aligned, pool),
                    cross_modal_top1(aligned, pool),
                    cross_modal_entropy(aligned, pool),
                ]
            )
    for one, three in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, three)


def test_threads_share_the_blocks_and_an_error_arrives_as_itself(monkeypatch):
    with_threads(monkeypatch, 2)
    at_once = threading.Barrier(2, timeout=300)

    class Waits(OnDisk):
        def __getitem__(self, rows):
            if len(reads := self.array[rows]) == 8 and rows.start < 16:
                at_once.wait()  # breaks unless two threads are here
            return reads

    assert isolation(Waits(POOL[:64]), n_landmarks=2, random_state=0).shape == (64,)

    class Breaks(OnDisk):
        def __getitem__(self, rows):
            if rows.start >= 40:
                raise OSError(f"row {rows.start} is gone")
            return super().__getitem__(rows)

    with pytest.raises(OSError, match="row 40 is gone"):
        coverage_gap(Breaks(POOL), ALIGNED)


def test_the_memory_cap_comes_before_the_first_row_and_limits_the_threads(monkeypatch):
    with_threads(monkeypatch, 1000)

    class Huge:
        shape, dtype = (12_800_000, 6), np.dtype(np.float16)

        def __getitem__(self, rows):
            raise AssertionError("read")

    with (
        config_context(working_memory=100),
        pytest.raises(
            MemoryError, match=r"coverage of 12800000 rows needs \d+ MiB.*co"
        ),
    ):
        coverage_gap(Huge(), ALIGNED)
    assert _threads.count_threads(Huge(), 0, 2**20, "it") == 1000
    with config_context(working_memory=9):
        assert _threads.count_threads(Huge(), 2**20, 2**20, "it") == 8
        assert _threads.count_threads(Huge(), 2**20, 2**20, "it", 2**21) == 6
        assert _threads.count_threads(Huge(), 9 * 2**20, 2**20, "it") == 1
    with config_context(working_memory=1):  # blocks come on top of it, if they must
        assert coverage_gap(POOL, ALIGNED) == coverage_gap(POOL.astype(float), ALIGNED)
        cross_modal_margin(POOL, ALIGNED)


def test_every_half_is_widened_as_numpy_does_it():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for block in (halves[halves.view(np.uint16) & 0x7C00 < 0x7C00], halves):
        widened = read(block[:, None], slice(0, len(block)))[:, 0]
        expected = block.astype(np.float32).view(np.uint32)
        np.testing.assert_array_equal(widened.view(np.uint32), expected)
    swapped = halves[:500].astype(">f2")[:, None]
    np.testing.assert_array_equal(read(swapped, slice(0, 500))[:, 0], halves[:500])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_bars_are_shown_to_those_who_ask(monkeypatch, capsys, n_threads):
    with_threads(monkeypatch, n_threads)
    for function, name in [
        (lambda v: coverage_gap(POOL, ALIGNED, verbose=v), "coverage gap: 100%"),
        (lambda v: distance_to_aligned(POOL, ALIGNED, verbose=v), "distances: 100%"),
        (lambda v: greedy_k_center(POOL, 9, ALIGNED, verbose=v), "k-center: 100%"),
        (lambda v: isolation(POOL, verbose=v), "isolation: 100%"),
        (lambda v: cross_modal_margin(ALIGNED, POOL, verbose=v), "12/12: 100%"),
        (lambda v: cross_modal_top1(ALIGNED, POOL, verbose=v), "12/12: 100%"),
        (lambda v: cross_modal_entropy(ALIGNED, POOL, verbose=v), "8/12: 100%"),
    ]:
        function(0)
        assert capsys.readouterr().err == ""
        function(1)
        assert name in capsys.readouterr().err
