"""Rounds and fitted learners for tests of strategies."""

import numpy as np
from helpers import make_pairs

from skmal import PairedActiveLearner, RidgeCCA, Round


def fitted(strategy, n_aligned=15, n=80, random_state=0):
    """Return a learner that knows some pairs, and its two open pools."""
    X, y = make_pairs(n)
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=random_state)
    learner.fit(X[:n_aligned], y[:n_aligned])
    return learner, X[n_aligned:], y[n_aligned:]


def make_round(open_, aligned, n_instances=1, seed=0):
    """Return a round of features alone."""
    open_, aligned = (tuple(map(np.float64, pair)) for pair in (open_, aligned))
    rng = np.random.default_rng(seed)
    return Round(open_, aligned, open_, aligned, n_instances, rng)


def round_of_one(inputs, n_instances, n_aligned=0, features=None, seed=0):
    """Return a round in which both modalities are the same."""
    features = inputs if features is None else features
    open_, aligned = (features[n_aligned:],) * 2, (features[:n_aligned],) * 2
    inputs_ = (inputs[n_aligned:],) * 2, (inputs[:n_aligned],) * 2
    rng = np.random.default_rng(seed)
    return Round(open_, aligned, *inputs_, n_instances, rng)
