"""Learners on items that are not in memory: what they learn, and how much they read."""

import tracemalloc

import numpy as np
import pytest
from helpers import h5py_dataset, make_pairs, memory_map
from small import set_sizes

from skmal import (
    BADGE,
    CoresetMargin,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RidgeCCA,
    RidgeMCCA,
    ShardedArray,
    TypiClust,
    VOptimalDesign,
)

X, y = (rows.astype(np.float32) for rows in make_pairs(160))


def shards(rows, _):
    return ShardedArray([rows[:90], rows[90:]])


def dask_array(rows, _):
    array = pytest.importorskip("dask.array")
    return array.from_array(rows, chunks=(60, -1))


KINDS = [memory_map, h5py_dataset, shards, dask_array]


@pytest.mark.parametrize(
    ("strategy", "on_disk"),
    zip([VOptimalDesign(), CoresetMargin(), BADGE(), TypiClust()], KINDS, strict=True),
)
def test_a_simulated_run_is_that_of_arrays(monkeypatch, tmp_path, strategy, on_disk):
    set_sizes(monkeypatch, rows=32, window=8)
    groups = np.arange(160) // 2
    first = X[groups * 2]

    def run(x, own):
        learner = PairedActiveLearner(
            RidgeCCA(3), strategy, budget=40, batch_size=10, random_state=0
        )
        return learner.fit(x, own, groups, validation_data=(x, own))

    expected = run(first, y)
    learner = run(on_disk(first, tmp_path), on_disk(y, tmp_path))
    np.testing.assert_array_equal(learner.answers_, expected.answers_)
    np.testing.assert_allclose(learner.validation_scores_, expected.validation_scores_)
    assert isinstance(learner.X_training, np.ndarray)
    assert not isinstance(learner.X_training, np.memmap)


def test_a_function_gets_arrays(tmp_path):
    def first_rows(learner, X_pool, y_pool, *, n_instances):
        assert X_pool[:, 0].shape == (len(y_pool),)
        return np.arange(n_instances), np.zeros(n_instances)

    learner = PairedActiveLearner(RidgeCCA(3), first_rows, budget=20, batch_size=5)
    learner.fit(memory_map(X, tmp_path), memory_map(y, tmp_path))
    assert len(learner.X_training) == 20


@pytest.mark.parametrize("on_disk", [memory_map, dask_array])
def test_so_is_one_of_three_modalities(tmp_path, on_disk):
    Xs = [X, y, np.hstack([X, y])]

    def run(items):
        learner = MultimodalActiveLearner(
            RidgeMCCA(3), budget=40, batch_size=10, random_state=0
        )
        return learner.fit(items, validation_data=items)

    expected, learner = run(Xs), run([on_disk(rows, tmp_path) for rows in Xs])
    np.testing.assert_array_equal(learner.answers_, expected.answers_)
    np.testing.assert_allclose(learner.validation_scores_, expected.validation_scores_)
    pools = [on_disk(rows, tmp_path) for rows in Xs]
    before, query = expected.query(Xs, 5), learner.query(pools, 5)
    np.testing.assert_array_equal(query.indices, before.indices)
    assert learner.score(pools) == pytest.approx(expected.score(Xs))


@pytest.mark.parametrize("on_disk", KINDS)
def test_the_score_is_that_of_arrays(tmp_path, on_disk):
    learner = PairedActiveLearner(RidgeCCA(3)).fit(X[:50], y[:50])
    groups = np.arange(160) // 2
    first = X[groups * 2]
    items = on_disk(first, tmp_path), on_disk(y, tmp_path)
    assert learner.score(*items) == pytest.approx(learner.score(first, y))
    grouped = learner.score(*items, groups=groups)
    assert grouped == pytest.approx(learner.score(first, y, groups=groups))


@pytest.mark.parametrize("on_disk", [memory_map, h5py_dataset])
def test_what_is_not_finite_is_found_before_the_run(tmp_path, on_disk):
    bad = y.copy()
    bad[130, 1] = np.nan
    learner = PairedActiveLearner(RidgeCCA(3), budget=20, random_state=0)
    with pytest.raises(ValueError, match=r"y holds NaN or infinity, first in row 1"):
        learner.fit(on_disk(X, tmp_path), on_disk(bad, tmp_path))


def test_a_run_and_a_score_read_a_part_of_the_pools_at_a_time(monkeypatch, tmp_path):
    set_sizes(monkeypatch, nearest_values=2**17)
    rng = np.random.default_rng(0)
    pools, of_both = [], 0
    for name in "Xy":
        rows = rng.normal(size=(4000, 400)).astype(np.float32)
        of_both += rows.nbytes
        np.save(tmp_path / name, rows)
        pools.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    del rows
    learner = PairedActiveLearner(
        RidgeCCA(4), CoresetMargin(), budget=20, batch_size=10, random_state=0
    )
    peaks = []
    for use in (learner.fit, learner.score):
        tracemalloc.start()
        use(*pools)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < of_both / 2, peaks
