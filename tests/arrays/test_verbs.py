"""Each verb does for rows of every kind what NumPy does for one array."""

import numpy as np
import pytest
import torch
from helpers import OnDisk, h5py_dataset, memory_map
from small import set_sizes

from skmal import ShardedArray
from skmal.arrays._blocks import check_rows, read
from skmal.arrays._mapped import Mapped
from skmal.arrays._verbs import (
    alike,
    check_streamed,
    mapped,
    n_bytes_unread,
    n_columns,
    per_part,
    per_query,
    per_row,
    stacked,
    take,
    total_variance,
    unit,
    whole,
)

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(50, 4)).astype(np.float32)
ROWS[[3, 20]] = 0
OTHERS = rng.normal(size=(9, 4)).astype(np.float32)
PICKED = np.array([7, 0, 49, 7, 18])


def dask_array(rows, _):
    return pytest.importorskip("dask.array").from_array(rows, chunks=(17, 3))


IN_MEMORY = {
    "array": lambda rows, _: rows,
    "tensor": lambda rows, _: torch.tensor(rows),
}
STREAMED = {
    "dask": dask_array,
    "memory map": memory_map,
    "shards": lambda rows, _: ShardedArray([rows[:5], rows[5:]]),
    "h5py": h5py_dataset,
    "slices": lambda rows, _: OnDisk(rows),
    "mapped": lambda rows, _: Mapped(OnDisk(rows / 2), lambda x: 2 * x, 4, rows.dtype),
}
KINDS = IN_MEMORY | STREAMED


@pytest.fixture(params=KINDS)
def rows(request, tmp_path, monkeypatch):
    """Return the rows in one of their kinds, to be looked at in small blocks."""
    set_sizes(monkeypatch, rows=8, window=8)
    return KINDS[request.param](ROWS, tmp_path)


@pytest.fixture(params=STREAMED)
def streamed(request, tmp_path):
    """Return the rows in a kind that is not in memory."""
    return STREAMED[request.param](ROWS, tmp_path)


@pytest.fixture(params=IN_MEMORY)
def in_memory(request, tmp_path):
    """Return the rows in a kind that is."""
    return IN_MEMORY[request.param](ROWS, tmp_path)


def numbers(rows):
    """Return rows of any kind as one array."""
    return read(check_rows(rows, "rows"), slice(0, len(rows)))


def assert_same(rows, expected):
    """Raise unless rows of any kind hold these numbers."""
    np.testing.assert_array_equal(numbers(rows), expected)


def test_take(rows):
    assert_same(take(rows, PICKED), ROWS[PICKED])
    assert_same(take(rows, PICKED.tolist()), ROWS[PICKED])
    assert_same(take(rows, slice(5, 30)), ROWS[5:30])


def test_read(rows):
    pool = check_rows(rows, "rows")
    for some in (PICKED, np.arange(4, 20), slice(4, 20)):
        block = read(pool, some)
        assert type(block) is np.ndarray
        np.testing.assert_array_equal(block, ROWS[some])


def test_unit(rows):
    lengths = np.linalg.norm(ROWS, axis=1, keepdims=True)
    expected = np.divide(ROWS, lengths, out=np.zeros_like(ROWS), where=lengths > 0)
    np.testing.assert_allclose(numbers(unit(rows)), expected, rtol=1e-6)
    if not isinstance(rows, torch.Tensor):
        assert_same(unit(rows), unit(ROWS))


def test_stacked(rows):
    others = torch.tensor(OTHERS) if isinstance(rows, torch.Tensor) else OTHERS
    both, expected = stacked(rows, others), np.concatenate([ROWS, OTHERS])
    assert both.shape == expected.shape
    assert_same(both, expected)
    some = np.array([55, 3, 49, 50, 3])
    np.testing.assert_array_equal(read(both, some), expected[some])
    np.testing.assert_array_equal(read(both, slice(45, 53)), expected[45:53])


def test_mapped(rows):
    def together(X, y):
        return 2 * X, 3 * y

    def alone(m, first, some):
        assert [len(row) for row in first] == [1, 1]
        return (2, 3)[m] * some

    for pools, names in [((rows, OTHERS), "Xy"), ((OTHERS, rows), "Xy")]:
        results = mapped(together, alone, pools, names)
        for m, pool in enumerate(pools):
            expected = OTHERS if pool is OTHERS else ROWS
            assert results[m].shape == expected.shape
            assert_same(results[m], (2, 3)[m] * expected)


def test_mapped_in_memory_is_one_call(in_memory):
    calls = []

    def together(*pools):
        calls.append(pools)
        return pools

    assert mapped(together, None, (in_memory, OTHERS), "Xy")[0] is in_memory
    assert len(calls) == 1


def test_mapped_on_disk_reads_blocks_only(monkeypatch):
    set_sizes(monkeypatch, rows=8, window=8)
    rows, lengths = OnDisk(ROWS), []

    def alone(m, first, some):
        lengths.append(len(some))
        return some

    X, _ = mapped(None, alone, (rows, OTHERS), "Xy")
    assert (rows.most, lengths) == (1, [1, 1, 9])  # the first of each; all in memory
    total_variance(X)
    assert (rows.most, max(lengths[3:])) == (8, 8)


def test_per_row(rows):
    def function(some, start, factor, verbose=0):
        block = read(some, slice(0, some.shape[0]))
        return factor * block.sum(axis=1) + np.arange(start, start + len(block))

    values = per_row(function, check_rows(rows, "rows"), 2, verbose=0)
    np.testing.assert_array_equal(values, 2 * ROWS.sum(axis=1) + np.arange(50))


def test_per_part(rows):
    def function(part, start, column):
        values = np.asarray(part[:, column])
        return values.max(), start + values.argmax()

    assert per_part(function, max, rows, 1) == (ROWS[:, 1].max(), ROWS[:, 1].argmax())


def test_per_part_gives_arrays_of_a_block(streamed, monkeypatch):
    set_sizes(monkeypatch, rows=8)

    def function(part, start):
        assert type(part) is np.ndarray
        return [(start, len(part))]

    def merge(answers):
        return [part for answer in answers for part in answer]

    starts, lengths = zip(*per_part(function, merge, streamed), strict=True)
    assert (sum(lengths), max(lengths)) == (50, 8)
    assert list(starts) == [sum(lengths[:i]) for i in range(len(lengths))]


@pytest.mark.parametrize("asked", [False, True])
def test_per_query(rows, asked):
    def function(queries, gallery, factor, verbose=0):
        q, g = (read(x, slice(0, x.shape[0])) for x in (queries, gallery))
        return np.stack([factor * (q @ g.T).max(axis=1), q[:, 0]])

    pool = check_rows(rows, "rows")
    queries, gallery = (pool, OTHERS) if asked else (OTHERS, pool)
    expected = ROWS @ OTHERS.T if asked else OTHERS @ ROWS.T
    best, first = per_query(
        function, lambda answers: answers.max(axis=0), queries, gallery, 2, verbose=0
    )
    np.testing.assert_allclose(best, 2 * expected.max(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(first, (ROWS if asked else OTHERS)[:, 0])


def test_total_variance(rows):
    expected = ROWS.astype(np.float64).var(axis=0).sum()
    np.testing.assert_allclose(total_variance(rows), expected, rtol=1e-12)


def test_what_is_not_in_memory(streamed):
    pool = check_streamed(streamed, "X")
    assert len(pool) == 50
    assert_same(pool, ROWS)
    assert n_columns(streamed) == 4
    assert n_bytes_unread(streamed) == ROWS.nbytes
    assert type(whole(pool)) is np.ndarray
    np.testing.assert_array_equal(whole(pool), ROWS)


def test_what_is_in_memory(in_memory):
    assert check_streamed(in_memory, "X") is None
    assert n_bytes_unread(in_memory) == 0
    assert whole(in_memory) is in_memory


def test_lists_are_in_memory_and_have_no_columns():
    assert check_streamed(["a", "b"], "X") is None
    assert n_columns(["a", "b"]) is None
    assert n_columns(np.array(["a", "b"])) is None
    assert n_columns(np.array([["a", "b"]])) is None
    assert n_columns(ROWS) == 4
    assert take(["a", "b", "c"], [2, 0]) == ["c", "a"]


def test_alike():
    tensor = torch.tensor(OTHERS)
    assert alike(tensor, torch.tensor(ROWS)) is tensor
    assert type(alike(tensor, ROWS)) is np.ndarray
    assert alike(OTHERS, ROWS) is OTHERS
