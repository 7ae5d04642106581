"""The choice of a modality, which many strategies share."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import make_pairs
from rounds import fitted, make_round

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
)
from skmal.coverage import coverage_gap


def test_coverage_asks_the_modality_with_the_larger_gap():
    near, far = [[0.0, 0], [1, 0]], [[0.0, 0], [5, 0]]
    origin = [[0.0, 0]]
    for open_, modality in [((near, far), 1), ((far, near), 0), ((near, near), 0)]:
        selection = KCenterGreedy().select(make_round(open_, (origin, origin)))
        assert selection.modality == modality
        gaps = tuple(coverage_gap(features, origin) for features in open_)
        assert selection.coverage_gap == gaps


def test_relative_coverage_does_not_see_the_scale_of_a_modality():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 3))
    shrunk = 0.001 * np.concatenate([features, [[9.0, 9, 9]]])  # but with an outlier
    round = make_round((features, shrunk), (features[:1], shrunk[:1]))
    assert KCenterGreedy("coverage").select(round).modality == 0
    selection = KCenterGreedy("relative_coverage").select(round)
    assert selection.modality == 1
    gaps = [
        coverage_gap(rows, rows[:1]) / np.sqrt(2 * rows.var(axis=0).sum())
        for rows in (features, shrunk)
    ]
    np.testing.assert_allclose(selection.coverage_gap, gaps)


def test_rows_that_are_all_equal_have_no_scale():
    far, origin = [[0.25, 0]] * 3, [[0.0, 0]]
    round = make_round((far, [[0.0, 0], [1, 0]]), (origin, origin))
    selection = KCenterGreedy("relative_coverage").select(round)
    np.testing.assert_allclose(selection.coverage_gap, [0.25, np.sqrt(2)])


def test_at_random_every_open_item_counts_once():
    round = make_round(([[0.0]], [[0.0]] * 3), ([[0.0]], [[0.0]]))
    for seed in range(9):
        rng = np.random.default_rng(seed)
        item = np.random.default_rng(seed).integers(4)
        selection = RandomSampling("random").select(replace(round, rng=rng))
        assert selection.modality == (item > 0)


@pytest.mark.parametrize("modality", ["coverage", "relative_coverage"])
def test_gaps_that_differ_by_rounding_are_a_tie(modality):
    for seed in range(20):
        features = np.random.default_rng(seed).normal(size=(30, 5))
        order = np.random.default_rng(seed).permutation(25)
        other = features[5:][order]
        round = make_round((features[5:], other), (features[:5], features[:5]))
        assert KCenterGreedy(modality).select(round).modality == 0


def test_alternate_takes_turns():
    asked = []
    for n_aligned in (8, 12, 16, 20):
        strategy = KCenterGreedy("alternate")
        learner, X, y = fitted(strategy, n_aligned)
        asked.append(strategy(learner, X, y, n_instances=4).modality)
    assert asked == [0, 1, 0, 1]


@pytest.mark.parametrize(("n_unmatched", "modality"), [(0, 1), (1, 1), (2, 0), (4, 1)])
def test_items_without_a_partner_were_asked_about_as_well(n_unmatched, modality):
    rows = np.arange(6.0)[:, None]
    round = replace(
        make_round((rows, rows), (rows[:2], rows[:2]), n_instances=2),
        unmatched=(rows[:n_unmatched], rows[:0]),
    )
    assert RandomSampling("alternate").select(round).modality == modality


def test_alternate_starts_with_X_also_without_pairs():
    for strategy in (RandomSampling("alternate"), CoresetMargin("alternate")):
        for seed in range(5):
            learner = PairedActiveLearner(RidgeCCA(), random_state=seed)
            assert strategy(learner, *make_pairs(), n_instances=8).modality == 0
