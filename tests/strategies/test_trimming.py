"""Which items are left alone: the most isolated ones, and never the whole batch."""

import numpy as np
import pytest
from rounds import fitted, make_round

from skmal import CoresetMargin, KCenterGreedy, VOptimalDesign
from skmal.arrays._verbs import unit
from skmal.coverage import isolation
from skmal.strategies._trimming import least_isolated, least_isolated_directions


def test_trim_keeps_the_most_isolated_rows_out():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(90, 3)), 20 * rng.normal(size=(10, 3))])
    round = make_round(
        (features, features), (features[:5], features[:5]), n_instances=9
    )
    outliers = set(range(90, 100))
    assert set(KCenterGreedy().select(round).indices) <= outliers
    trimmed = KCenterGreedy(trim=0.1).select(round).indices
    assert not set(trimmed) & set(isolation(features).argsort()[-10:])


def test_equally_isolated_rows_are_trimmed_from_the_highest_row():
    grid = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4), axis=-1).reshape(-1, 4)
    for rows in (grid, grid + 0.1, unit(grid + 0.5)[:1].repeat(16, axis=0)):
        round = make_round((rows, rows), (rows[:1], rows[:1]), n_instances=8)
        strategy = CoresetMargin(0, trim=0.5, coreset_size=8)
        assert sorted(strategy.select(round).indices) == list(range(8))


def test_one_far_outlier_does_not_hide_the_others_from_trim():
    rng = np.random.default_rng(0)
    features = np.concatenate(
        [30 * rng.normal(size=(20, 3)), rng.normal(size=(180, 3))]
    )
    features[50] = 1e8
    round = make_round((features, features), (features[60:65], features[60:65]), 30)
    strategy = CoresetMargin(0, trim=0.105, coreset_size=30)
    assert strategy.select(round).indices.min() >= 20
    assert 50 not in strategy.select(round).indices


def test_trim_leaves_at_least_a_batch():
    learner, X, y = fitted(None)
    for strategy in (KCenterGreedy(trim=0.9), CoresetMargin(trim=0.9)):
        assert len(strategy(learner, X, y, n_instances=60).indices) == 60


@pytest.mark.parametrize(
    ("leave", "n_neighbors", "n_landmarks"),
    [(least_isolated, 5, 2000), (least_isolated_directions, 4, 400)],
)
def test_isolation_is_looked_at_as_far_as_it_says(leave, n_neighbors, n_landmarks):
    rows = unit(np.random.default_rng(0).normal(size=(2100, 2)))
    round = make_round((rows, rows), (rows[:1], rows[:1]), n_instances=9, seed=3)
    isolated = isolation(
        rows,
        n_neighbors,
        n_landmarks=n_landmarks,
        random_state=np.random.default_rng(3),
    )
    for trim in (0.1, 0.5, 0.999):
        n_left = max(2100 - int(trim * 2100), 9)
        expected = np.sort(isolated.argsort(kind="stable")[:n_left])
        np.testing.assert_array_equal(leave(rows, trim, round), expected)


@pytest.mark.parametrize("radius", [1e-9, 1.0, 1e9])
def test_isolations_that_differ_by_rounding_alone_are_ties(radius):
    angles = np.pi * np.arange(16) / 8
    ring = np.column_stack([np.cos(angles), np.sin(angles)])  # all equally isolated
    round = make_round((ring, ring), (ring[:1], ring[:1]))
    assert least_isolated(radius * ring, 0.5, round).tolist() == list(range(8))
    lengths = radius * np.random.default_rng(0).uniform(0.1, 9, (16, 1))
    for dtype in (np.float32, np.float64):
        rows = unit((lengths * ring).astype(dtype))
        left = least_isolated_directions(rows, 0.5, round)
        assert left.tolist() == list(range(8))
    ring[0] *= 1.001
    left = least_isolated(radius * ring, 0.1, round)
    assert left.tolist() == list(range(1, 16))


def test_trim_looks_at_the_space_in_which_a_strategy_chooses():
    rng = np.random.default_rng(0)
    features = np.eye(3)[np.zeros(100, int)] + 0.1 * rng.normal(size=(100, 3))
    features[:3] *= 100  # far away, in the direction of all others
    features[3:6] = 0.01 * np.eye(3)[1] + features[3:6] / 1000  # near, in another one
    round = make_round((features,) * 2, (features[50:60],) * 2, n_instances=97)
    by_distance = KCenterGreedy(0, trim=0.03).select(round).indices
    assert sorted(by_distance) == list(range(3, 100))
    by_direction = VOptimalDesign(0, trim=0.03).select(round).indices
    assert sorted(by_direction) == [0, 1, 2, *range(6, 100)]
