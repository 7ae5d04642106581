"""RandomSampling."""

import numpy as np
import pytest
from rounds import fitted

from skmal import (
    RandomSampling,
)


def test_random_sampling_refuses_coverage():
    with pytest.raises(ValueError, match="modality must be one of .*got 'coverage'"):
        RandomSampling("coverage")(*fitted(None))


def test_random_draws_from_both_pools_together():
    strategy = RandomSampling()
    learner, X, y = fitted(strategy, n=200)
    asked = []
    for seed in range(300):
        learner.seed_ = seed
        asked.append(strategy(learner, X[:20], y[:180]).modality)
    assert np.mean(asked) == pytest.approx(0.9, abs=0.05)
