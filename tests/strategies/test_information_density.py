"""InformationDensity."""

import numpy as np
import pytest
from rounds import fitted, make_round

from skmal import InformationDensity
from skmal.arrays._verbs import unit


@pytest.mark.parametrize("beta", [0, 1, 2.5])
def test_utilities_are_doubt_times_density_by_brute_force(beta):
    rng = np.random.default_rng(0)
    open_ = rng.normal(size=(2, 20, 4)) + 0.5
    aligned = rng.normal(size=(2, 5, 4))
    selection = InformationDensity(1, beta=beta).select(make_round(open_, aligned, 6))
    own = unit(open_[1])
    gallery = unit(np.concatenate([open_[0], aligned[0]]))
    expected = []
    for row in own:
        chances = np.exp(gallery @ row / 0.07)
        chances /= chances.sum()
        density = max(np.mean([row @ other for other in own]), 0)
        expected.append(-(chances * np.log(chances)).sum() * density**beta)
    best = np.argsort(expected)[::-1][:6]
    np.testing.assert_array_equal(selection.indices, best)
    np.testing.assert_allclose(selection.utilities, np.array(expected)[best])


def test_an_outlier_is_not_asked_about():
    rng = np.random.default_rng(0)
    X = np.array([[1.0, 0, 0]] * 9 + [[-1, 0, 0]]) + 0.05 * rng.normal(size=(10, 3))
    y = rng.normal(size=(10, 3))
    round = make_round((X, y), (X[:0], y[:0]), 9)
    assert 9 not in InformationDensity(0).select(round).indices


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (InformationDensity("both"), "modality must be one of"),
        (
            InformationDensity(beta=-1),
            "beta must be a finite number of at least 0, got",
        ),
        (InformationDensity(candidates="some"), "candidates must be one of"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
