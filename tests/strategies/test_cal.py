"""CAL."""

import numpy as np
import pytest
from rounds import fitted, make_round
from scipy.special import softmax

from skmal import CAL
from skmal.arrays._verbs import unit


@pytest.mark.parametrize("n_neighbors", [1, 4, 50])
def test_utilities_are_divergences_from_the_neighbours_by_brute_force(n_neighbors):
    rng = np.random.default_rng(0)
    open_, aligned = rng.normal(size=(2, 20, 4)), rng.normal(size=(2, 9, 4))
    inputs = rng.normal(size=(2, 20, 3)), rng.normal(size=(2, 9, 3))
    round = make_round(open_, aligned, 20)
    round = type(round)(
        round.open, round.aligned, inputs[0], inputs[1], 20, np.random.default_rng(0)
    )
    selection = CAL(1, n_neighbors=n_neighbors, temperature=0.5).select(round)
    partners = unit(aligned[0])
    expected = []
    for item, own in zip(unit(open_[1]), unit(inputs[0][1]), strict=True):
        q = softmax(partners @ item / 0.5)
        distance = np.linalg.norm(unit(inputs[1][1]) - own, axis=1)
        near = distance.argsort()[:n_neighbors]
        ps = [softmax(partners @ unit(aligned[1])[row] / 0.5) for row in near]
        expected.append(np.mean([(p * np.log(p / q)).sum() for p in ps]))
    best = np.argsort(expected)[::-1]
    np.testing.assert_array_equal(selection.indices, best)
    np.testing.assert_allclose(selection.utilities, np.array(expected)[best], atol=2e-9)


def test_what_is_alike_and_told_apart_comes_first():
    aligned = np.eye(3), np.eye(3)
    open_ = np.eye(3), np.eye(3)
    inputs = np.eye(3)[[0, 1, 1]]  # the encoder tells the last from its neighbour
    round = make_round(open_, aligned, 3)
    round = type(round)(
        open_, aligned, (inputs, inputs), aligned, 3, np.random.default_rng(0)
    )
    selection = CAL(0, n_neighbors=1).select(round)
    assert selection.indices.tolist() == [2, 0, 1]
    assert selection.utilities[0] > 1
    assert selection.utilities[1:].tolist() == [0, 0]


def test_where_nothing_is_known_items_are_drawn():
    X = np.random.default_rng(0).normal(size=(2, 30, 3))
    draws = {
        tuple(CAL(0).select(make_round(X, X[:, :0], 3, seed)).indices)
        for seed in range(3)
    }
    assert len(draws) == 3


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (CAL("both"), "modality must be one of"),
        (CAL(n_neighbors=0), "n_neighbors must be an integer"),
        (CAL(temperature=0.0), "temperature must be a finite number"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
