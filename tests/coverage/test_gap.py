"""Coverage, k-center and isolation against a few obvious lines in float64."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small import arrays, set_sizes, small_distances

from skmal._shared.sizes import SIZES
from skmal.coverage import (
    coverage_gap,
    distance_to_aligned,
    greedy_k_center,
    isolation,
)
from skmal.coverage._farthest import FarthestRows


def squared_distances(a, b):
    """Return all squared distances by direct differences in float64."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return ((a[:, None] - b) ** 2).sum(axis=-1)


def brute_force_k_center(features, n_centers, aligned=None):
    """Return the picks by the definition."""
    if aligned is None or len(aligned) == 0:
        mean = np.asarray(features).mean(axis=0, dtype=np.float64)
        picks = [int(squared_distances(features, mean[None])[:, 0].argmin())]
        nearest = squared_distances(features, features[picks])[:, 0]
    else:
        picks = []
        nearest = squared_distances(features, aligned).min(axis=1)
    while len(picks) < n_centers:
        left = nearest.copy()
        left[picks] = -1
        picks.append(int(left.argmax()))
        new = squared_distances(features, features[picks[-1:]])[:, 0]
        nearest = np.minimum(nearest, new)
    return np.array(picks)


pools = st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
    lambda dtype: st.tuples(arrays(25, dtype), arrays(6, dtype))
)


def check_picks(features, aligned, with_aligned, n_centers):
    """Raise unless the picks are those of the brute force."""
    n_centers = min(n_centers, len(features))
    aligned = aligned if with_aligned else None
    picks = greedy_k_center(features, n_centers, aligned)
    expected = brute_force_k_center(features, n_centers, aligned)
    np.testing.assert_array_equal(picks, expected)


@settings(max_examples=300, deadline=None)
@given(pools, st.booleans(), st.integers(1, 25))
@example((np.zeros((5, 2)), np.zeros((1, 2))), True, 5)
@example((np.ones((1, 2)), np.zeros((1, 2))), False, 1)
def test_k_center_picks_what_the_brute_force_picks(pool, with_aligned, n_centers):
    check_picks(*pool, with_aligned, n_centers)


@settings(max_examples=250, deadline=None)
@given(pools, st.booleans(), st.integers(1, 25))
def test_k_center_in_small_blocks_picks_what_the_brute_force_picks(
    pool, with_aligned, n_centers
):
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_distances(monkeypatch)
        check_picks(*pool, with_aligned, n_centers)
        squared = squared_distances(*pool).min(axis=1)
        assert coverage_gap(*pool) == np.sqrt(squared.max())
        np.testing.assert_array_equal(distance_to_aligned(*pool), np.sqrt(squared))


@settings(max_examples=200, deadline=None)
@given(pools)
def test_distances_are_those_of_direct_differences(pool):
    features, aligned = pool
    expected = np.sqrt(squared_distances(features, aligned).min(axis=1))
    got = distance_to_aligned(features, aligned)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert coverage_gap(features, aligned) == got.max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("n_aligned", [0, 30])
def test_large_pools_in_small_blocks_are_exact(monkeypatch, dtype, offset, n_aligned):
    small_distances(monkeypatch)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 16))
    features = centres[rng.integers(10, size=600)] + 0.1 * rng.normal(size=(600, 16))
    features = np.concatenate([features, features[:100]]) + offset
    features = features.astype(dtype)
    aligned = features[rng.integers(700, size=n_aligned)]
    picks = greedy_k_center(features, 200, aligned)
    np.testing.assert_array_equal(picks, brute_force_k_center(features, 200, aligned))


def test_binary_grid_needs_the_tie_rule():
    rng = np.random.default_rng(0)
    features = rng.integers(0, 2, size=(400, 30)).astype(np.float32)
    aligned = rng.integers(0, 2, size=(5, 30)).astype(np.float32)
    picks = greedy_k_center(features, 150, aligned)
    np.testing.assert_array_equal(picks, brute_force_k_center(features, 150, aligned))


def test_picks_come_with_their_distances_and_leave_the_input_alone():
    rng = np.random.default_rng(0)
    features, aligned = rng.normal(size=(50, 4)), rng.normal(size=(3, 4))
    before = features.copy(), aligned.copy()
    known = FarthestRows(features, aligned)
    picks = known.pick(np.arange(50), 50, with_distances=True)
    squared = known.exact[picks]
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(aligned, before[1])
    assert sorted(picks) == list(range(50))
    assert (np.diff(squared) <= 0).all()
    centres = np.concatenate([aligned, features[picks[:9]]])
    expected = squared_distances(features[picks[9:10]], centres).min()
    assert squared[9] == expected


def test_cold_start_is_the_item_nearest_the_mean():
    assert greedy_k_center([[0.0], [1.0], [2.0], [11.0]], 2).tolist() == [2, 3]


def test_an_outlier_is_picked_first_and_is_the_most_isolated():
    features = np.concatenate(
        [np.random.default_rng(0).normal(size=(50, 2)), [[99, 99]]]
    )
    assert greedy_k_center(features, 1, aligned=features[:1]) == [50]
    assert isolation(features).argmax() == 50


def brute_force_isolation(features, n_neighbors, landmarks):
    """Return the distances by the definition."""
    squared = squared_distances(features, features[landmarks])
    squared[landmarks, np.arange(len(landmarks))] = np.inf  # the row itself
    return np.sqrt(np.sort(squared, axis=1)[:, n_neighbors - 1])


@pytest.mark.parametrize("rows", [SIZES.rows, 7])
@pytest.mark.parametrize("n_neighbors", [1, 3, 500])
def test_isolation_is_the_distance_to_the_nth_other_row(monkeypatch, rows, n_neighbors):
    set_sizes(monkeypatch, rows=rows)
    features = np.random.default_rng(0).normal(size=(40, 3))
    features[7] = features[8]
    expected = brute_force_isolation(features, min(n_neighbors, 39), np.arange(40))
    np.testing.assert_allclose(isolation(features, n_neighbors), expected, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(pools, st.integers(1, 6), st.integers(2, 9), st.integers(0, 9))
def test_isolation_counts_the_landmarks_drawn(pool, n_neighbors, n_landmarks, seed):
    features, n = pool[0], len(pool[0])
    got = isolation(features, n_neighbors, n_landmarks=n_landmarks, random_state=seed)
    landmarks = np.arange(n)
    if n > n_landmarks:
        rng = np.random.default_rng(seed)
        landmarks = np.sort(rng.choice(n, n_landmarks, replace=False))
    if n == 1:
        assert got.tolist() == [0]
        return
    n_neighbors = min(n_neighbors, len(landmarks) - 1)
    expected = brute_force_isolation(features, n_neighbors, landmarks)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_isolation_does_not_see_an_offset():
    features = np.random.default_rng(0).normal(size=(40, 3))
    np.testing.assert_allclose(
        isolation(features + 1e7), isolation(features), atol=1e-6
    )


def test_distances_between_precisions_are_exact():
    rng = np.random.default_rng(0)
    aligned = (rng.normal(size=(50, 4)) + 1e3).astype(np.float32)
    features = aligned[rng.integers(50, size=200)] + 1e-5 * rng.normal(size=(200, 4))
    expected = np.sqrt(squared_distances(features, aligned).min(axis=1))
    np.testing.assert_allclose(distance_to_aligned(features, aligned), expected)


def test_landmarks_depend_on_the_seed_and_generators_are_not_advanced():
    features = np.random.default_rng(0).normal(size=(500, 3))
    rng = np.random.default_rng(7)
    first, again = (isolation(features, random_state=rng) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    legacy = np.random.RandomState(7)
    first, again = (isolation(features, random_state=legacy) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != isolation(features, random_state=8)).any()
    assert (isolation(features) != isolation(features)).any()  # None: afresh


def test_isolation_of_a_single_row_is_zero():
    assert isolation([[1.0, 2.0]]).tolist() == [0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: greedy_k_center([[0.0]], 2), "n_centers=2 is above the 1 rows"),
        (
            lambda: greedy_k_center([[0.0]], 0),
            "n_centers must be an integer of at least",
        ),
        (lambda: greedy_k_center([[0.0]], 1.5), "n_centers must be an integer"),
        (lambda: greedy_k_center([[0.0]], True), "n_centers must be an integer"),
        (
            lambda: greedy_k_center([[0.0]], 1, [[1.0, 2.0]]),
            "features has 1 columns and",
        ),
        (lambda: greedy_k_center(np.empty((0, 2)), 1), "0 sample"),
        (lambda: greedy_k_center([[np.nan]], 1), "features contains NaN"),
        (lambda: coverage_gap([[0.0]], np.empty((0, 1))), "0 sample"),
        (lambda: coverage_gap([[0.0]], [[np.inf]]), "aligned contains infinity"),
        (lambda: coverage_gap([["a"]], [[1.0]]), "numeric"),
        (lambda: coverage_gap([[1e200]], [[0.0]]), "1e\\+200, whose squares overflow"),
        (
            lambda: isolation(np.full((3, 1), 1e20, "f4")),
            "whose squares overflow float32",
        ),
        (lambda: isolation([[0.0]], 0), "n_neighbors must be an integer of at least 1"),
        (
            lambda: isolation([[0.0]], n_landmarks=1),
            "n_landmarks must be an integer of at least 2, got 1",
        ),
        (
            lambda: isolation([[0.0]], random_state="a"),
            "random_state must be None, an integer",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
