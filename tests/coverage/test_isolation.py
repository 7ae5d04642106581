"""Isolation against its definition in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import pools, set_sizes, sphere, squared_distances

from skmal._shared.sizes import SIZES
from skmal.coverage import greedy_k_center, isolation


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


@settings(max_examples=100)
@given(pools(25), st.integers(1, 6), st.integers(2, 9), st.integers(0, 9))
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


@pytest.mark.parametrize("n_neighbors", [2, 60, 250])
def test_the_nth_is_told_from_others_by_more_than_rounding(n_neighbors):
    features = np.concatenate([1e-7 * sphere(30), sphere(300)])
    expected = brute_force_isolation(features, n_neighbors, np.arange(330))
    np.testing.assert_array_equal(isolation(features, n_neighbors), expected)


def test_isolation_does_not_see_an_offset():
    features = np.random.default_rng(0).normal(size=(40, 3))
    np.testing.assert_allclose(
        isolation(features + 1e7), isolation(features), atol=1e-6
    )


def test_an_outlier_is_picked_first_and_is_the_most_isolated():
    features = np.concatenate(
        [np.random.default_rng(0).normal(size=(50, 2)), [[99, 99]]]
    )
    assert greedy_k_center(features, 1, aligned=features[:1]) == [50]
    assert isolation(features).argmax() == 50


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
