"""Dask arrays as pools give what the same rows in one NumPy array give."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from dask_tasks import D, block, load_or_die
from helpers import make_pairs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from small import pools, set_sizes, small_distances

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
)
from skmal.arrays import _dask
from skmal.arrays._distances import mean_row
from skmal.arrays._kinds import is_dask
from skmal.coverage import (
    _farthest_dask,
    coverage_gap,
    distance_to_aligned,
    greedy_k_center,
    isolation,
)
from skmal.items._encoding import encode
from skmal.metrics import nearest_rows
from skmal.strategies._round import Round
from skmal.uncertainty import (
    _nearest,
    cross_modal_entropy,
    cross_modal_margin,
    cross_modal_top1,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

N, N_ALIGNED, N_PICKS = 20_000, 200, 200  # of the pool that CI picks from


@pytest.fixture(autouse=True)
def _one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def small(monkeypatch):
    """Make blocks, bands and shares so small that a few rows walk every path."""
    small_distances(monkeypatch)
    set_sizes(monkeypatch, rows=8, steps=4, survivors=4)


def cut(rows, places):
    """Return a dask array of the rows, cut at these places."""
    edges = [0, *sorted({place % len(rows) for place in places} - {0}), len(rows)]
    return da.from_array(rows, chunks=(tuple(np.diff(edges)), -1))


# -------------------------------------------------------------------- functions


@settings(max_examples=25)
@given(pools(20), st.booleans(), st.integers(1, 20), st.sets(st.integers(1, 19)))
@example((np.zeros((5, 2)), np.zeros((1, 2))), True, 5, {2})
@example((np.ones((1, 2)), np.zeros((1, 2))), False, 1, set())
def test_coverage_is_that_of_one_array(pool, with_aligned, n_centers, places):
    features, aligned = pool
    n_centers, cuts = min(n_centers, len(features)), cut(features, places)
    with pytest.MonkeyPatch.context() as monkeypatch:
        small(monkeypatch)
        start = aligned if with_aligned else None
        np.testing.assert_array_equal(
            greedy_k_center(cuts, n_centers, start),
            greedy_k_center(features, n_centers, start),
        )
        assert coverage_gap(cuts, aligned) == coverage_gap(features, aligned)
        np.testing.assert_array_equal(
            distance_to_aligned(cuts, aligned), distance_to_aligned(features, aligned)
        )
        for n_landmarks in (5, 50):
            np.testing.assert_array_equal(
                *(
                    isolation(x, 2, n_landmarks=n_landmarks, random_state=0)
                    for x in (cuts, features)
                )
            )


@settings(max_examples=20)
@given(pools(20), st.sets(st.integers(1, 19)), st.sets(st.integers(1, 5)))
def test_uncertainty_is_that_of_one_array(pool, gallery_places, query_places):
    gallery, queries = pool
    cut_gallery, cut_queries = cut(gallery, gallery_places), cut(queries, query_places)
    for score in (cross_modal_margin, cross_modal_top1, cross_modal_entropy):
        expected = score(queries, gallery)
        for q, g in [
            (queries, cut_gallery),
            (cut_queries, gallery),
            (cut_queries, cut_gallery),
        ]:
            np.testing.assert_allclose(score(q, g), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_margins_are_equal_to_the_last_bit(dtype):
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(20, 16)).astype(dtype)
    gallery = rng.normal(size=(3000, 16)).astype(dtype)
    cuts = da.from_array(gallery, chunks=(700, 5))
    for score in (cross_modal_margin, cross_modal_top1):
        np.testing.assert_array_equal(score(queries, cuts), score(queries, gallery))


def test_rows_far_out_whose_bounds_are_rough_are_not_left_behind():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        aligned = rng.normal(scale=0.1, size=(401, 3)).astype(np.float32)
        X = rng.uniform(-1, 1, size=(300, 3)).astype(np.float32)
        aligned[0] = [7000 + 200 * seed, 0, 0]
        X[137] = aligned[0] + np.float32([0, 1.2, 1.2])  # the farthest

        picks = greedy_k_center(da.from_array(X, chunks=(150, -1)), 5, aligned)
        assert (picks == greedy_k_center(X, 5, aligned)).all()


def test_of_copies_none_is_picked_twice_however_many_stages_it_takes(monkeypatch):
    small(monkeypatch)
    features = np.zeros((300, 2))
    features[:10, 0] = 2.0 ** np.arange(10)  # then all that is left are copies
    cuts = cut(features, {70, 200, 260})
    picks = greedy_k_center(cuts, 30, np.zeros((1, 2)))
    assert picks.tolist() == [*range(9, -1, -1), *range(10, 30)]


@pytest.mark.parametrize(
    ("new", "exact", "stop", "n_sure"),
    [
        ([5, 7, 9], [3, 2, 1], 3, 3),
        ([5, 7, 9], [3, 2, 1], 2, 2),  # from that step on others may be farther
        ([5, 7, 9], [3, 2, 1], 0, 0),
        ([5, 8, 9], [3, 2.5, 1.5], 3, 2),  # 7 is not a centre yet: 2 is to be reached
        ([5, 8, 9], [3, 2.5, 2], 3, 3),
        ([7, 5, 9], [3, 2.5, 1], 3, 1),
        ([7, 5, 9], [3, 3, 1], 3, 3),
        ([4], [2.9], 3, 0),
    ],
)
def test_picks_are_certain_while_no_row_that_stayed_may_be_farther(
    new, exact, stop, n_sure
):
    guess, distances = np.array([5, 7, 9]), np.array([3.0, 2.0, 1.0])
    new, exact = np.array(new), np.array(exact, dtype=float)
    certain = _farthest_dask._certain(guess, distances, stop, new, exact)
    assert certain == n_sure


def test_large_grids_full_of_ties_need_the_tie_rule():
    rng = np.random.default_rng(0)
    features = rng.integers(0, 2, size=(3000, 20)).astype(np.float32)
    aligned = features[:4]
    for start in (aligned, None):
        np.testing.assert_array_equal(
            greedy_k_center(da.from_array(features, chunks=(470, -1)), 90, start),
            greedy_k_center(features, 90, start),
        )


def test_the_mean_of_partitions_is_that_of_one_array_to_the_last_bit():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5000, 7)).astype(np.float32)
    rows = np.flatnonzero(rng.random(5000) < 0.9)
    sums = []
    for start, stop in pairwise([0, 100, 1500, 1501, 1502, 4700, 5000]):
        some = rows[(rows >= start) & (rows < stop)] - start
        packed = _farthest_dask._pack(some, stop - start)
        first = int(np.searchsorted(rows, start))
        sums.append(_farthest_dask._block_sums(features[start:stop], packed, first))
    mean = _farthest_dask._total(sums) / len(rows)
    np.testing.assert_array_equal(mean, mean_row(features, rows, "features"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: coverage_gap(x[x[:, 0] > 0], [[0.0]]), "compute_chunk_sizes()"),
        (
            lambda x: coverage_gap(x, [[0.0]]),
            "features has 2 columns and aligned has 1",
        ),
        (lambda x: greedy_k_center(x, 10), "n_centers=10 is above the 9 rows"),
        (lambda x: greedy_k_center(x[:0], 1), "features must hold numbers.*shape"),
        (lambda x: greedy_k_center(x[:, 0], 1), "features must hold numbers.*shape"),
        (lambda x: greedy_k_center(x.astype(str), 1), "features must hold numbers"),
        (lambda x: greedy_k_center(x / 0, 1), "features contains"),
        (lambda x: coverage_gap(x / 0, [[0.0, 0]]), "features contains"),
        (lambda x: cross_modal_margin([[1.0, 0]], x / 0), "gallery contains"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in divide")
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(da.arange(18.0, chunks=6).reshape(9, 2))


def test_rows_are_taken_in_the_order_asked_for():
    rows = np.arange(40).reshape(20, 2)
    wanted = [7, 19, 0, 7]
    got = _dask.take(da.from_array(rows, chunks=(6, 1)), wanted)
    np.testing.assert_array_equal(got, rows[wanted])


# -------------------------------------------------------------------- encoders, rounds


class Doubling(BaseEstimator):
    """Return the first columns twice as large; break where told to."""

    def __init__(self, broken=False):
        self.broken = broken

    def transform(self, X, y):
        """Return features of both."""
        features = 2.0 * X[:, :2], 2.0 * y[:, :2]
        if self.broken and len(X) > 1:
            features[0][0] = np.nan
        return features


def test_features_of_a_dask_pool_are_those_of_one_array(pairs):
    X, y = pairs
    encoder = RidgeCCA().fit(X[:40], y[:40])
    expected = encoder.transform(X, y)
    got = encode(encoder, cut(X, {7, 30}), da.from_array(y, chunks=(50, 2)))
    for features, values in zip(got, expected, strict=True):
        assert is_dask(features)
        assert features.shape == values.shape
        assert features.dtype == values.dtype
        np.testing.assert_allclose(features.compute(), values, rtol=1e-12)
    X_features, y_features = encode(encoder, cut(X, {7, 30}), y[:9])
    assert is_dask(X_features)
    np.testing.assert_allclose(y_features, expected[1][:9], rtol=1e-12)


def test_partners_are_looked_for_in_blocks_of_a_partition(pairs, monkeypatch):
    X, _ = pairs
    expected = nearest_rows(X[:5], X, 7)
    widths = []

    def best_k(parts, k):
        widths.append(sum(similarity.shape[1] for similarity, _ in parts))
        return original(parts, k)

    original = _nearest._best_k
    monkeypatch.setattr(_nearest, "_best_k", best_k)
    set_sizes(monkeypatch, rows=8)
    got = nearest_rows(X[:5], da.from_array(X, chunks=(60, -1)), 7)
    np.testing.assert_array_equal(got, expected)
    n_parts = -(-len(X) // 60)
    assert max(widths[:-1]) <= 8 + 7  # rows of a block, and the best so far
    assert widths[-1] <= 7 * n_parts


def test_features_of_a_dask_pool_are_checked(pairs):
    X, y = (da.from_array(items, chunks=(30, -1)) for items in pairs)
    features, _ = encode(Doubling(), X, y)
    np.testing.assert_array_equal(features.compute(), 2 * pairs[0][:, :2])
    broken, _ = encode(Doubling(broken=True), X, y)
    with pytest.raises(ValueError, match="Doubling.transform returned NaN"):
        broken.compute()


@pytest.mark.parametrize(
    "strategy",
    [
        RandomSampling(),
        KCenterGreedy(),
        KCenterGreedy(0, trim=0.2, metric="cosine"),
        CoresetMargin(),
        CoresetMargin("relative_coverage", coreset_size=3.0, trim=0.3),
        CoresetMargin(1, uncertainty="entropy", candidates="open"),
        MarginSampling(),
        MarginSampling(0, uncertainty="top1", candidates="open"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("n_aligned", [0, 50])
def test_strategies_choose_what_they_choose_of_arrays(strategy, n_aligned):
    pairs = make_pairs(1650)
    features = RidgeCCA(n_components=3).fit(*(p[:50] for p in pairs)).transform(*pairs)
    aligned = tuple(f[:n_aligned] for f in features)
    pools = features[0][50:], features[1][150:]
    chunked = tuple(da.from_array(f, chunks=(600, 2)) for f in pools)
    chosen = [
        strategy.select(
            Round(
                open=pool,
                aligned=aligned,
                open_inputs=pool,
                aligned_inputs=aligned,
                n_instances=20,
                rng=np.random.default_rng(0),
            )
        )
        for pool in (pools, chunked)
    ]
    assert chosen[0].modality == chosen[1].modality
    np.testing.assert_array_equal(chosen[0].indices, chosen[1].indices)
    np.testing.assert_allclose(chosen[0].utilities, chosen[1].utilities, atol=1e-9)
    if chosen[0].coverage_gap:
        np.testing.assert_allclose(chosen[0].coverage_gap, chosen[1].coverage_gap)


# -------------------------------------------------------------------- the CI pool


def pool_of(load, n_chunks, dtype=np.float16):
    """Return the CI pool as a dask array whose chunks are made by tasks."""
    edges = np.linspace(0, N, n_chunks + 1).astype(int).tolist()
    return da.concatenate(
        [
            da.from_delayed(dask.delayed(load)(a, b), (b - a, D), dtype)
            for a, b in pairwise(edges)
        ]
    )


@pytest.fixture(scope="module")
def ci_picks():
    """Return the CI pool, the aligned items, and what one process picks."""
    pool, aligned = block(0, N), block(N, N + N_ALIGNED)
    return pool, aligned, greedy_k_center(pool, N_PICKS, aligned)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Return the client of a cluster of two worker processes."""
    config = {
        # Long enough for a busy machine; a worker may wait for a killed one as long.
        "distributed.comm.timeouts.connect": "60s",
        "distributed.scheduler.no-workers-timeout": "300s",  # rather than for ever
    }
    with (
        dask.config.set(config),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.parametrize("n_workers", [2, 4])
def test_threads_pick_the_same(ci_picks, n_workers):
    _, aligned, expected = ci_picks
    with dask.config.set(scheduler="threads", num_workers=n_workers):
        picks = greedy_k_center(pool_of(block, n_workers), N_PICKS, aligned)
    np.testing.assert_array_equal(picks, expected)


def test_few_barriers_and_few_rows_however_many_picks(ci_picks, monkeypatch):
    pool, aligned, _ = ci_picks
    cuts = da.from_array(pool, chunks=(9000, -1))
    compute, barriers = dask.compute, []
    monkeypatch.setattr(dask, "compute", lambda *a: barriers.append(a) or compute(*a))
    for n_picks in (1, 30, N_PICKS):
        rows = _farthest_dask.DaskFarthestRows(cuts, aligned)
        rows.largest_distance()
        rows.pick(np.arange(N), n_picks)
        assert rows.n_barriers == len(barriers) <= 6
        assert rows.n_travelled < N / 4
        barriers.clear()


# -------------------------------------------------------------------- a cluster


@pytest.mark.parametrize("n_chunks", [2, 4])
def test_a_cluster_picks_the_same(ci_picks, client, n_chunks):
    _, aligned, expected = ci_picks
    with client.as_current(), dask.config.set(scheduler=None):
        picks = greedy_k_center(pool_of(block, n_chunks).persist(), N_PICKS, aligned)
    np.testing.assert_array_equal(picks, expected)


def test_a_cluster_one_of_whose_workers_is_killed_picks_the_same(
    ci_picks, client, tmp_path
):
    _, aligned, expected = ci_picks
    before = set(client.scheduler_info()["workers"])
    with client.as_current(), dask.config.set(scheduler=None):
        pool = pool_of(partial(load_or_die, folder=tmp_path), 4)
        picks = greedy_k_center(pool, N_PICKS, aligned)
    np.testing.assert_array_equal(picks, expected)
    assert len(list((tmp_path / "0").iterdir())) > 3  # somebody made up for it
    client.wait_for_workers(2)
    assert set(client.scheduler_info()["workers"]) != before


def test_a_grid_search_on_a_cluster_scores_the_same(pairs, client):
    search = GridSearchCV(
        PairedActiveLearner(RidgeCCA(), CoresetMargin(), budget=30, random_state=0),
        {"query_strategy__coreset_size": [1.0, 2.0]},
        cv=2,
    )
    expected = search.fit(*pairs).cv_results_["mean_test_score"]
    with client.as_current(), parallel_config("dask"):
        got = search.fit(*pairs).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(got, expected)
