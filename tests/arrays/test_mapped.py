"""Pools that are not in memory: what learners do with them."""

from functools import cache

import numpy as np
import pytest
from helpers import OnDisk, h5py_dataset, make_pairs, memory_map
from small import set_sizes

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    MaxHerding,
    PairedActiveLearner,
    RidgeCCA,
    ShardedArray,
    TypiClust,
    VOptimalDesign,
)
from skmal.arrays import _mapped
from skmal.arrays._kinds import is_streamed
from skmal.arrays._verbs import take
from skmal.items._containers import check_items
from skmal.items._encoding import encode
from skmal.strategies import _round
from skmal.strategies import _v_optimal as design

X, y = (rows.astype(np.float16) for rows in make_pairs(300))
X_pool, y_pool = X[20:], y[20:250]


def learner_with(strategy):
    learner = PairedActiveLearner(RidgeCCA(3), strategy, random_state=0)
    return learner.fit(X[:20], y[:20])


def shards(rows):
    return ShardedArray([rows[:100], rows[100:130], rows[130:]])


def dask_array(rows, folder):
    array = pytest.importorskip("dask.array")
    return array.from_array(rows, chunks=(90, -1))


def two_rounds(strategy, *pools):
    """Return what a learner asks and proposes in two rounds, and its trust."""
    learner, answers = learner_with(strategy), []
    for _ in range(2):
        query = learner.query(*pools, n_instances=6)
        partners = learner.rank_partners(query, *pools, k=4)
        learner.teach(X[20:][query.indices], y[20:][query.indices])
        answers.append((query, partners, learner.trust_))
    return answers


@cache
def two_rounds_of_arrays(strategy):
    return two_rounds(strategy, X_pool, y_pool)


@pytest.mark.parametrize(
    "open_pool", [lambda r, _: shards(r), memory_map, h5py_dataset, dask_array]
)
def test_answers_are_those_of_arrays(monkeypatch, tmp_path, strategy, open_pool):
    set_sizes(monkeypatch, rows=64, window=20)
    expected = two_rounds_of_arrays(strategy)
    pools = open_pool(X_pool, tmp_path), open_pool(y_pool, tmp_path)
    got = two_rounds(strategy, *pools)
    for (before, *others), (query, partners, trust) in zip(expected, got, strict=True):
        assert query.modality == before.modality
        np.testing.assert_array_equal(query.indices, before.indices)
        np.testing.assert_array_equal(query.instances, before.instances)
        # Features of other blocks may be rounded to the next float32: unit rows move by
        # eps at most, similarities by two, and margins, which are small, by four.
        np.testing.assert_allclose(
            query.utilities, before.utilities, rtol=1e-5, atol=4 * np.finfo("f4").eps
        )
        assert isinstance(query.instances, np.ndarray)
        np.testing.assert_array_equal(partners, others[0])
        assert trust == others[1]


def test_one_pool_may_be_in_memory_and_the_other_not():
    learner = learner_with(CoresetMargin())
    expected = learner.query(X_pool, y_pool, n_instances=5)
    for pools in ((shards(X_pool), y_pool), (X_pool, shards(y_pool))):
        query = learner.query(*pools, n_instances=5)
        np.testing.assert_array_equal(query.indices, expected.indices)


def test_no_more_than_a_block_is_encoded_at_a_time(monkeypatch):
    set_sizes(monkeypatch, rows=40, window=40)
    monkeypatch.setattr("skmal.learners._core.N_OPEN", 30)
    most = []

    class Watched(RidgeCCA):
        def transform(self, X, y=None):
            most.append(max(len(X), 0 if y is None else len(y)))
            return super().transform(X, y)

    learner = PairedActiveLearner(Watched(3), CoresetMargin(), random_state=0)
    learner.fit(X[:20], y[:20])
    pools = OnDisk(X_pool), OnDisk(y_pool)
    expected = learner.query(X_pool, y_pool, n_instances=6)
    most.clear()
    query = learner.query(*pools, n_instances=6)
    np.testing.assert_array_equal(query.indices, expected.indices)
    assert max(most) <= 40
    assert max(pool.most for pool in pools) <= 40


def test_ordinary_arrays_are_not_streamed():
    rows = np.zeros((2, 2))
    assert not is_streamed(rows)
    assert not is_streamed([[0.0]])
    assert not is_streamed(np.memmap)
    assert is_streamed(ShardedArray([rows]))


class LikeJax(OnDisk):
    """An array in memory of another library."""

    def __dlpack__(self):
        """Be exchanged."""

    def __array__(self, dtype=None, copy=None):
        """Return all rows."""
        return self.array


def test_arrays_in_memory_of_other_libraries_are_not_streamed():
    assert is_streamed(OnDisk(X_pool))
    assert not is_streamed(LikeJax(X_pool))
    items = check_items(LikeJax(X_pool), "X_pool", streamed=True)
    assert isinstance(items, np.ndarray)


def test_features_of_float16_rows_are_float32():
    learner = learner_with(CoresetMargin())
    for pools in ((X_pool, y_pool), (shards(X_pool), shards(y_pool))):
        features = encode(learner.estimator_, *pools)
        assert [part.dtype for part in features] == [np.float32] * 2
        assert [part.shape for part in features] == [(280, 3), (230, 3)]
        assert take(features[0], np.array([5, 2])).shape == (2, 3)


def test_all_of_a_streamed_feature_can_be_asked_for():
    features = encode(learner_with(None).estimator_, shards(X_pool), y_pool)
    whole = encode(learner_with(None).estimator_, X_pool, y_pool)
    np.testing.assert_allclose(np.asarray(features[0]), whole[0], atol=1e-6)


def test_an_encoder_without_pairs_gets_a_random_batch():
    query = PairedActiveLearner(random_state=0).query(
        shards(X_pool), shards(y_pool), n_instances=4
    )
    assert len(set(query.indices)) == 4


def test_strategies_that_need_all_features_say_what_does_not_fit(monkeypatch):
    monkeypatch.setattr(_round, "memory_limit", lambda: 8000)
    learner = learner_with(TypiClust())
    with pytest.raises(MemoryError, match="TypiClust looks at all features at once"):
        learner.query(shards(X_pool), shards(y_pool), n_instances=4)
    assert len(learner.query(X_pool, y_pool, n_instances=4).indices) == 4
    learner = learner_with(KCenterGreedy())
    assert len(learner.query(shards(X_pool), y_pool, n_instances=4).indices) == 4


def test_the_default_looks_at_some_items_of_a_very_large_pool(monkeypatch):
    monkeypatch.setattr(design, "N_DRAWN", 60)
    learner = learner_with(VOptimalDesign(0))
    queries = [
        learner.query(pool, y_pool, n_instances=9)
        for pool in (X_pool, shards(X_pool), X_pool)
    ]
    for query in queries[1:]:
        np.testing.assert_array_equal(query.indices, queries[0].indices)
    assert len(set(queries[0].indices)) == 9
    assert queries[0].indices.max() > 60  # drawn from all of the pool
    monkeypatch.setattr(design, "N_DRAWN", 5)
    assert len(learner.query(X_pool, y_pool, n_instances=9).indices) == 9


def test_a_bad_value_is_named_before_anything_is_asked(tmp_path):
    bad = X_pool.copy()
    bad[150, 2] = np.nan
    learner = learner_with(CoresetMargin())
    with pytest.raises(ValueError, match="shard 2 holds NaN or infinity in its row 20"):
        learner.query(shards(bad), shards(y_pool), n_instances=4)
    with pytest.raises(ValueError, match="the array holds NaN or infinity in its row"):
        learner.query(OnDisk(bad), y_pool, n_instances=4)
    with pytest.raises(ValueError, match="X_pool holds NaN or infinity"):
        learner.query(memory_map(bad, tmp_path), y_pool, n_instances=4)


@pytest.mark.parametrize("open_pool", [memory_map, dask_array])
@pytest.mark.parametrize("row", [0, 100])
def test_bad_values_are_named_wherever_they_are(tmp_path, open_pool, row):
    bad = y_pool.copy()
    bad[row, 1] = np.nan
    learner, y_bad = learner_with(CoresetMargin()), open_pool(bad, tmp_path)
    told = "; leave out" if row == 0 else ", first in row 100; leave out"
    with pytest.raises(ValueError, match=f"^y_pool holds NaN or infinity{told}"):
        learner.query(shards(X_pool), y_bad)


@pytest.mark.parametrize("strategy", [VOptimalDesign(1), MaxHerding(1)])
def test_bad_values_are_named_by_strategies_that_look_at_the_rows(tmp_path, strategy):
    bad = y_pool.copy()
    bad[100, 1] = np.nan
    learner = learner_with(strategy)
    with pytest.raises(
        ValueError, match="^y_pool holds NaN or infinity, first in row 100"
    ):
        learner.query(shards(X_pool), memory_map(bad, tmp_path))


def test_dask_arrays_of_memory_maps_are_encoded_as_arrays(tmp_path):
    dask, array = pytest.importorskip("dask"), pytest.importorskip("dask.array")

    def mapped(rows):
        opened = dask.delayed(memory_map)(rows, tmp_path)
        return array.from_delayed(opened, rows.shape, rows.dtype)

    strategy = CoresetMargin("relative_coverage")
    expected = learner_with(strategy).query(X_pool, y_pool, n_instances=6)
    query = learner_with(strategy).query(mapped(X_pool), mapped(y_pool), n_instances=6)
    np.testing.assert_array_equal(query.indices, expected.indices)


@pytest.mark.parametrize("open_other", [lambda rows, _: rows, memory_map])
def test_one_pool_may_be_on_dask_and_the_other_not(tmp_path, open_other):
    strategy = MarginSampling(0)  # compares a whole pool with the other one
    expected = learner_with(strategy).query(X_pool, y_pool, n_instances=6)
    query = learner_with(strategy).query(
        dask_array(X_pool, tmp_path), open_other(y_pool, tmp_path), n_instances=6
    )
    np.testing.assert_array_equal(query.indices, expected.indices)


def test_a_file_cut_short_is_named_before_anything_is_read(tmp_path):
    np.save(tmp_path / "a.npy", X_pool)
    pool = ShardedArray([tmp_path / "a.npy"])
    (tmp_path / "a.npy").unlink()
    with pytest.raises(ValueError, match=r"a\.npy has 0 bytes"):
        learner_with(None).query(pool, y_pool)
    pool = memory_map(X_pool, tmp_path)
    (tmp_path / "6.npy").unlink()
    with pytest.raises(ValueError, match=r"6\.npy has 0 bytes"):
        learner_with(None).query(pool[:200], y_pool)


def test_pools_of_other_features_or_without_rows():
    learner = learner_with(CoresetMargin())
    with pytest.raises(ValueError, match="X_pool has 5 features"):
        learner.query(shards(y_pool), shards(y_pool))
    with pytest.raises(ValueError, match=r"X_pool has the shape \(0, 6\); it is empty"):
        learner.query(OnDisk(X_pool[:0]), y_pool)


def test_aligned_rows_to_learn_from_may_be_shards():
    learner = learner_with(None)
    learner.teach(shards(X_pool), y[20:])
    assert len(learner.X_training) == 300
    assert learner.score(shards(X), y) > 0.5


def test_progress_is_shown_where_it_is_asked_for(capsys):
    learner = learner_with(CoresetMargin(trim=0.1))
    for verbose, shown in [(0, False), (1, False), (2, True)]:
        learner.set_params(verbose=verbose)
        learner.query(shards(X_pool), shards(y_pool), n_instances=4)
        err = capsys.readouterr().err
        for words in ("coverage gap", "isolation", "k-center", "similarities"):
            assert (words in err) == shown


class CountingCCA(RidgeCCA):
    """Counts the rows of each width that it transforms."""

    def transform(self, X, y=None):
        for rows in (X, y):
            self.rows_[rows.shape[1]] = self.rows_.get(rows.shape[1], 0) + len(rows)
        return super().transform(X, y)

    def fit(self, X, y):
        self.rows_ = {}
        return super().fit(X, y)


@pytest.mark.parametrize("kept", [True, False])
def test_a_query_has_each_row_transformed_once_where_features_fit(monkeypatch, kept):
    set_sizes(monkeypatch, rows=64, window=20)
    expected = learner_with(CoresetMargin()).query(X_pool, y_pool, n_instances=6)
    learner = PairedActiveLearner(CountingCCA(3), CoresetMargin(), random_state=0)
    rows = learner.fit(X[:20], y[:20]).estimator_.rows_
    monkeypatch.setattr(_mapped, "SHARE", 4 if kept else np.inf)
    query = learner.query(shards(X_pool), shards(y_pool), n_instances=6)
    np.testing.assert_array_equal(query.indices, expected.indices)
    extra = 20 + 1 + 20  # of known items, and first rows beside others
    for own in (X_pool, y_pool):
        assert (rows[own.shape[1]] <= len(own) + extra + 60) == kept


def test_rows_that_were_kept_are_those_made(monkeypatch):
    rng, asked = np.random.default_rng(0), []

    def double(rows):
        asked.append(rows[:, 0].astype(int))
        return 2 * rows

    source = np.arange(90.0).reshape(30, 3)
    rows = _mapped.Mapped(source, double, 3, np.float64, keep=True)
    for _ in range(20):
        some = rng.integers(30, size=5)
        np.testing.assert_array_equal(rows[some], 2 * source[some])
        some = slice(*np.sort(rng.integers(31, size=2)))
        block = rows[some]
        np.testing.assert_array_equal(block, 2 * source[some])
        block[:] = 0  # is the reader's own
    np.testing.assert_array_equal(np.asarray(rows), 2 * source)
    numbers = np.concatenate([np.unique(own) for own in asked]) // 3
    np.testing.assert_array_equal(np.sort(numbers), np.arange(30))
