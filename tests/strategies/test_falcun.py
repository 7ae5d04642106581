"""FALCUN."""

import numpy as np
import pytest
from rounds import fitted, make_round
from scipy.special import softmax

from skmal import FALCUN
from skmal.arrays._verbs import unit


def test_draws_are_those_of_the_papers_rule_by_brute_force():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=(12, 4))
    round = make_round((X, y), (X[:0], y[:0]), 8)
    selection = FALCUN(0, gamma=3.0, temperature=0.5).select(round)

    draws = np.random.default_rng(0)
    chances = softmax(unit(X) @ unit(y).T / 0.5, axis=1)
    best = np.sort(chances, axis=1)
    uncertainty = 1 - (best[:, -1] - best[:, -2])
    left, picks, relevances = list(range(30)), [], []
    for _ in range(8):
        distance = [
            min([np.abs(chances[row] - chances[p]).sum() for p in picks])
            if picks
            else uncertainty[row]
            for row in left
        ]
        if picks:  # uncertainty is a distance too, at the start
            distance = np.minimum(distance, uncertainty[left])
        scaled = (distance - np.min(distance)) / np.ptp(distance)
        relevance = uncertainty[left] + scaled
        weights = (relevance / relevance.max()) ** 3
        at = np.searchsorted(weights.cumsum(), draws.random() * weights.sum())
        picks.append(left.pop(at))
        relevances.append(relevance[at])
    assert selection.indices.tolist() == picks
    np.testing.assert_allclose(
        selection.utilities, np.minimum.accumulate(relevances), atol=1e-5
    )


def test_with_a_large_power_sure_items_are_left():
    partners = np.eye(6)
    X = np.concatenate([np.eye(6), np.eye(6)[:3] + np.eye(6)[3:]])  # sure, and torn
    round = make_round((X, partners), (X[:0], partners[:0]), 3)
    chosen = FALCUN(0, gamma=100.0).select(round).indices
    assert sorted(chosen.tolist()) == [6, 7, 8]


@pytest.mark.parametrize("X", [np.zeros((5, 3)), np.ones((5, 3))])
def test_where_all_are_equally_relevant_the_batch_is_full(X):
    y = np.eye(3)[:1]  # a single partner: no doubt at all
    round = make_round((X, y), (X[:0], y[:0]), 5)
    assert sorted(FALCUN(0).select(round).indices.tolist()) == list(range(5))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (FALCUN("both"), "modality must be one of"),
        (FALCUN(gamma=-1.0), "gamma must be a finite number"),
        (FALCUN(temperature=0.0), "temperature must be a finite number"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
