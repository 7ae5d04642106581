"""Greedy k-center against its definition in float64."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small import pools, small_distances, sphere, squared_distances

from skmal.coverage import coverage_gap, distance_to_aligned, greedy_k_center
from skmal.coverage._farthest import FarthestRows


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


@settings(max_examples=150)
@given(pools(16), st.booleans(), st.integers(1, 16))
@example((np.zeros((5, 2)), np.zeros((1, 2))), True, 5)
@example((np.ones((1, 2)), np.zeros((1, 2))), False, 1)
def test_k_center_picks_what_the_brute_force_picks(pool, with_aligned, n_centers):
    features = pool[0]
    n_centers = min(n_centers, len(features))
    aligned = pool[1] if with_aligned else None
    expected = brute_force_k_center(features, n_centers, aligned)
    picks = greedy_k_center(features, n_centers, aligned)
    np.testing.assert_array_equal(picks, expected)
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_distances(monkeypatch)
        picks = greedy_k_center(features, n_centers, aligned)
        np.testing.assert_array_equal(picks, expected)
        squared = squared_distances(*pool).min(axis=1)
        assert coverage_gap(*pool) == np.sqrt(squared.max())
        np.testing.assert_array_equal(distance_to_aligned(*pool), np.sqrt(squared))


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


@pytest.mark.parametrize("is_small", [False, True])
def test_binary_grid_needs_the_tie_rule(monkeypatch, is_small, capsys):
    if is_small:  # bands of 4 rows, which ties cross
        small_distances(monkeypatch)
    rng = np.random.default_rng(0)
    features = rng.integers(0, 2, size=(400, 30)).astype(np.float32)
    aligned = rng.integers(0, 2, size=(5, 30)).astype(np.float32)
    picks = greedy_k_center(features, 150, aligned)
    assert capsys.readouterr() == ("", "")  # no progress unasked
    np.testing.assert_array_equal(picks, brute_force_k_center(features, 150, aligned))


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize("n_aligned", [0, 1])
def test_picks_that_differ_by_rounding_alone_are_in_order(
    monkeypatch, is_small, n_aligned
):
    if is_small:
        small_distances(monkeypatch)
    rows = np.concatenate([sphere(150), -sphere(150)])  # as far from their mean
    for features in (rows, np.concatenate([1e-3 * rows[:40], rows[:20]])):
        aligned = 1e-7 * sphere(n_aligned)
        picks = greedy_k_center(features, 30, aligned)
        expected = brute_force_k_center(features, 30, aligned)
        np.testing.assert_array_equal(picks, expected)


@pytest.mark.parametrize("n_aligned", [0, 3])
def test_picks_come_with_their_distances_and_leave_the_input_alone(n_aligned):
    features = np.concatenate([sphere(40), 1e-7 * sphere(40)])
    aligned = sphere(40 + n_aligned)[40:]
    before = features.copy(), aligned.copy()
    known = FarthestRows(features, aligned if n_aligned else None)
    picks = known.pick(np.arange(80), 80, with_distances=True)
    squared = known.exact[picks]
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(aligned, before[1])
    assert sorted(picks) == list(range(80))
    assert (np.diff(squared) <= 0).all()
    for i, pick in enumerate(picks):
        centres = np.concatenate([aligned, features[picks[:i]]])
        expected = squared_distances(features[[pick]], centres).min(initial=np.inf)
        assert squared[i] == expected


def test_cold_start_is_the_item_nearest_the_mean():
    assert greedy_k_center([[0.0], [1.0], [2.0], [11.0]], 2).tolist() == [2, 3]


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
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
