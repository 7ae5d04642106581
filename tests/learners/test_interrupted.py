"""Whoever interrupts a learner finds all of what it did, or nothing of it."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import interrupted_at

import skmal
from skmal import (
    MultimodalActiveLearner,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
    RidgeMCCA,
)

FOLDER = str(Path(skmal.__file__).parent / "learners")

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4))
y = X @ rng.normal(size=(4, 3))


def new_pair_learner():
    return PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)


def fitted(**params):
    return new_pair_learner().set_params(**params).fit(X[:8], y[:8])


def asked():
    learner = fitted()
    learner.query(X[8:], y[8:], n_instances=3)
    return learner


def asked_of_three():
    learner = MultimodalActiveLearner(RidgeMCCA(), RandomSampling(0), random_state=0)
    learner.fit([X[:8], y[:8], X[:8]])
    learner.query([X[8:], y[8:], X[8:]], n_instances=3)
    return learner


QUERY = fitted().query(X[8:], y[8:], n_instances=3)

CASES = {
    "fit": (fitted, lambda learner: learner.fit(X[:20], y[:20])),
    "fit with a budget": (
        lambda: fitted(budget=12, batch_size=4),
        lambda learner: learner.fit(X, y, validation_data=(X, y)),
    ),
    "first teach": (new_pair_learner, lambda learner: learner.teach(X[:3], y[:3])),
    "teach": (asked, lambda learner: learner.teach(X[8:11], y[8:11])),
    "only_new": (asked, lambda learner: learner.teach(X[8:11], y[8:11], only_new=True)),
    "refit": (asked, lambda learner: learner.refit()),
    "query": (fitted, lambda learner: learner.query(X[8:], y[8:], n_instances=3)),
    "unmatched": (
        asked,
        lambda learner: learner.teach_unmatched(QUERY, [1, -1, -1]),
    ),
    "three": (
        asked_of_three,
        lambda learner: learner.teach([X[8:11], y[8:11], X[8:11]]),
    ),
}


def known(learner) -> dict[str, bytes]:
    return {name: pickle.dumps(value) for name, value in vars(learner).items()}


@pytest.mark.parametrize("case", CASES)
def test_an_interrupt_leaves_all_or_nothing(case):
    make: Callable = CASES[case][0]
    act: Callable = CASES[case][1]
    finished = make()
    before = known(finished)
    act(finished)
    after = known(finished)
    stride = 5 if case == "fit with a budget" else 1  # it has many lines
    steps = 0
    while True:
        learner = make()
        try:
            with interrupted_at(steps, FOLDER):
                act(learner)
        except KeyboardInterrupt:
            steps += stride
        else:
            break
        assert known(learner) in (before, after), steps
        assert len(learner.query(*_pools(learner), n_instances=2)) == 2
    assert steps > 3
    assert known(learner) == after


def _pools(learner):
    if isinstance(learner, MultimodalActiveLearner):
        return ([X[8:], y[8:], X[8:]],)
    return X[8:], y[8:]
