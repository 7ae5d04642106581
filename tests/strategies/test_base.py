"""What all strategies have in common: their contract, their seeds, bad input."""

import numpy as np
import pytest
from helpers import STRATEGIES, make_pairs
from rounds import fitted

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    PairedActiveLearner,
    QueryStrategy,
    RandomSampling,
    RidgeCCA,
)
from skmal.strategy_checks import _checks, parametrize_with_strategy_checks


@parametrize_with_strategy_checks(STRATEGIES)
def test_every_strategy_keeps_the_contract(strategy, check, monkeypatch):
    monkeypatch.setattr(_checks, "N_ON_DISK", 12_000)  # enough for blocks of our size
    check(strategy)


def test_two_rounds_never_draw_the_same():
    strategy = RandomSampling(0)
    picks = []
    for n_aligned in (10, 11, 12):
        learner, X, y = fitted(strategy, n_aligned)
        picks.append(tuple(strategy(learner, X[-60:], y[-60:], n_instances=9).indices))
    assert len(set(picks)) == 3


def test_the_strategys_seed_comes_before_the_learners():
    picks = [
        tuple(strategy(*fitted(strategy, random_state=seed), n_instances=9).indices)
        for strategy in (RandomSampling(0, random_state=5), RandomSampling(0))
        for seed in (0, 1)
    ]
    assert picks[0] == picks[1]
    assert picks[2] != picks[3]


@pytest.mark.parametrize(
    ("n_instances", "X_rows", "message"),
    [
        (0, 65, "n_instances must be an integer of at least 1, got 0"),
        (-1, 65, "n_instances must be an integer of at least 1, got -1"),
        (2.0, 65, "n_instances must be an integer of at least 1, got 2.0"),
        (66, 65, "n_instances=66 is above the 65 items of "),
        (8, 0, "X_pool is empty"),
    ],
)
def test_bad_sizes(n_instances, X_rows, message):
    learner, X, y = fitted(None)
    with pytest.raises(ValueError, match=message):
        RandomSampling()(learner, X[:X_rows], y, n_instances=n_instances)


def test_bad_pools():
    strategy = RandomSampling()
    learner, X, y = fitted(strategy)
    broken = y.copy()
    broken[2, 1] = np.nan
    with pytest.raises(ValueError, match="y_pool is missing"):
        strategy(learner, X)
    with pytest.raises(ValueError, match="y_pool contains NaN"):
        strategy(learner, X, broken)
    with pytest.raises(
        ValueError, match="X_pool has 2 features, but PairedActiveLearn"
    ):
        strategy(learner, X[:, :2], y)
    with pytest.raises(
        ValueError, match="y_pool has 2 features, but PairedActiveLearn"
    ):
        strategy(learner, X, y[:, :2])


BAD_PARAMETERS = [
    ("modality", "both", "modality must be one of"),
    ("modality", -1, "modality must be one of"),
    ("modality", 2, "modality=2 is asked for, but there are 2 modalities"),
    ("modality", True, "modality must be one of"),
    ("modality", 1.0, "modality must be one of"),
    ("coreset_size", True, "coreset_size must be an int .*got True"),
    ("metric", "cityblock", "metric must be one of"),
    ("trim", 1.0, "trim must be a share of the pool"),
    ("trim", -0.1, "trim must be a share of the pool"),
    ("trim", "0.3", "trim must be a share of the pool"),
    ("uncertainty", "entropie", "uncertainty must be one of .*got 'entropie'"),
    ("candidates", "closed", "candidates must be one of .*got 'closed'"),
    ("coreset_size", 0.5, "coreset_size must be an int .*got 0.5"),
    ("coreset_size", "2", "coreset_size must be an int .*got '2'"),
    ("coreset_size", 4, "coreset_size=4 is smaller than the batch of 8; raise it"),
    ("random_state", "seed", "random_state must be None, an integer"),
]


@pytest.mark.parametrize(
    ("cls", "parameter", "value", "message"),
    [
        (cls, *bad)
        for cls in (KCenterGreedy, MarginSampling, CoresetMargin)
        for bad in BAD_PARAMETERS
        if bad[0] in cls().get_params()
    ],
)
def test_bad_parameters(cls, parameter, value, message):
    strategy = cls().set_params(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        strategy(*fitted(strategy), n_instances=8)


@pytest.mark.parametrize(
    "strategy", [CoresetMargin(coreset_size=4), KCenterGreedy(trim="a")]
)
def test_bad_parameters_are_told_before_the_first_random_batch(strategy):
    with pytest.raises(
        ValueError, match="coreset_size=4 is smaller|trim must be a sha"
    ):
        strategy(PairedActiveLearner(RidgeCCA()), *make_pairs(), n_instances=8)


def test_a_strategy_without_select_says_so():
    with pytest.raises(TypeError, match="QueryStrategy must define select"):
        QueryStrategy()(*fitted(None))
