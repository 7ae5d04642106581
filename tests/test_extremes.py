"""Numbers as small and as large as floats get: right answers, or one clear error."""

import numpy as np
import pytest
from helpers import make_pairs

from skmal import (
    BADGE,
    ContrastiveProjection,
    CoresetMargin,
    KernelCCA,
    MaxHerding,
    PairedActiveLearner,
    RidgeCCA,
    UncertaintyHerding,
    VOptimalDesign,
)
from skmal.strategies import greedy_herding, greedy_v_optimal, v_optimal_gains
from skmal.uncertainty import cross_modal_entropy

EXTREMES = [5e-324, 1e-200, 1e-160, 1e-20, 1e20, 1e160, 1.7e308, 10**400]
DTYPES = [np.float32, np.float64]
FUNCTIONS = {
    "herding, bandwidth": lambda X, y, v: greedy_herding(X, 4, X, bandwidth=v),
    "herding, weights": lambda X, y, v: greedy_herding(X, 4, X, weights=[v] * len(X)),
    "design, ridge": lambda X, y, v: greedy_v_optimal(X, 4, ridge=v),
    "design, weights": lambda X, y, v: greedy_v_optimal(X, 4, weights=[v] * len(X)),
    "gains, ridge": lambda X, y, v: (v_optimal_gains(X, ridge=v),),
    "entropy, temperature": lambda X, y, v: (cross_modal_entropy(X, X, temperature=v),),
    "cca, reg": lambda X, y, v: RidgeCCA(reg=v).fit(X, y).transform(X, y),
    "kernel, reg": lambda X, y, v: KernelCCA(reg=v).fit(X, y).transform(X, y),
    "heads, learning_rate": lambda X, y, v: (
        ContrastiveProjection(learning_rate=v, max_epochs=2).fit(X, y).transform(X, y)
    ),
    "heads, weight_decay": lambda X, y, v: (
        ContrastiveProjection(weight_decay=v, max_epochs=2).fit(X, y).transform(X, y)
    ),
}
STRATEGIES = {
    "bandwidth": MaxHerding,
    "bandwidth, weighted": UncertaintyHerding,
    "ridge": VOptimalDesign,
    "gate": VOptimalDesign,
    "coverage": VOptimalDesign,
    "trim": VOptimalDesign,
    "temperature": BADGE,
    "coreset_size": CoresetMargin,
}


def answer(function):
    """Return what a function gives; None where it says which number is wrong."""
    try:
        return function()
    except ValueError as error:
        words = str(error)
        assert " must " in words or "diverged with" in words, words
        return None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", EXTREMES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_encoders(name, value, dtype):
    X, y = make_pairs(40, dtype=dtype)
    for found in answer(lambda: FUNCTIONS[name](X, y, value)) or ():
        assert np.isfinite(found).all()
        if found.dtype.kind == "i":
            assert len(np.unique(found)) == 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", EXTREMES)
@pytest.mark.parametrize("name", STRATEGIES)
def test_strategies(name, value, dtype):
    X, y = make_pairs(60, dtype=dtype)
    strategy = STRATEGIES[name](**{name.split(",")[0]: value})
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=0)
    learner.fit(X[:20], y[:20])
    query = answer(lambda: learner.query(X[20:], y[20:], n_instances=4))
    if query is not None:
        assert len(np.unique(query.indices)) == 4
        assert np.isfinite(query.utilities).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_accepted_still_tells_rows_apart(dtype):
    X, _ = make_pairs(40, dtype=dtype)
    largest, smallest = (greedy_v_optimal(X, 4, ridge=r)[0] for r in (1e6, 1e-200))
    centred = X - X.mean(axis=0)
    np.testing.assert_array_equal(  # no map: what lies along the largest spread
        largest[0], np.argmax(np.einsum("ij,jk,ik->i", centred, X.T @ centred, centred))
    )
    assert (smallest != np.arange(4)).any()
    assert (np.diff(v_optimal_gains(X, ridge=1e-200)) != 0).all()
    for bandwidth in (1e-100, 1e100):
        gains = greedy_herding(X, 4, X, bandwidth=bandwidth)[1]
        first = 1 / 40 if bandwidth < 1 else 1
        assert gains[0] == pytest.approx(first)
