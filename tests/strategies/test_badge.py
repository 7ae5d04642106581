"""BADGE: k-means++ on gradients."""

import numpy as np
import pytest
from helpers import make_pairs
from rounds import round_of_one

from skmal import (
    BADGE,
    PairedActiveLearner,
    RidgeCCA,
)
from skmal.arrays._verbs import unit
from skmal.strategies import _badge
from skmal.strategies._badge import assignment_residuals


def test_residuals_are_gradients_of_the_contrastive_loss():
    rng = np.random.default_rng(0)
    queries, gallery = (unit(rng.normal(size=(n, 4))) for n in (9, 12))
    inputs, weights = rng.normal(size=(9, 5)), rng.normal(size=(5, 4))
    pulls = assignment_residuals(queries, gallery, temperature=0.2)

    def loss(weights, i):
        """Return InfoNCE of a linear map that gives query i at `weights`."""
        query = queries[i] + inputs[i] @ (weights - weights_0)
        logits = gallery @ query / 0.2
        likeliest = (gallery @ queries[i]).argmax()
        return np.log(np.exp(logits).sum()) - logits[likeliest]

    weights_0 = weights
    for i in range(9):
        gradient = np.empty((5, 4))
        for j in np.ndindex(5, 4):
            step = np.zeros((5, 4))
            step[j] = 1e-6
            up, down = loss(weights + step, i), loss(weights - step, i)
            gradient[j] = (up - down) / 2e-6
        np.testing.assert_allclose(
            np.outer(inputs[i], pulls[i]) / 0.2, gradient, atol=1e-5
        )


def test_badge_is_kmeans_plusplus_on_the_gradients():
    rng = np.random.default_rng(0)
    features, inputs = rng.normal(size=(2, 60, 4))
    selection = BADGE(0).select(round_of_one(inputs, 12, features=features, seed=5))
    directions = unit(features)
    pulls = assignment_residuals(directions, directions)
    gradients = np.einsum("ij,ik->ijk", pulls, unit(inputs)).reshape(60, -1)
    draws, picks, squared = np.random.default_rng(5), [], []
    distance = (gradients**2).sum(axis=1)
    for step in range(12):
        if step == 0:
            pick = distance.argmax()
        else:
            share = distance.cumsum() / distance.sum()
            pick = np.searchsorted(share, draws.random())
        picks.append(int(pick))
        squared.append(distance[pick])
        to_pick = ((gradients - gradients[pick]) ** 2).sum(axis=1)
        distance = to_pick if step == 0 else np.minimum(distance, to_pick)
        distance[picks] = 0
    assert selection.indices.tolist() == picks
    np.testing.assert_allclose(selection.utilities, np.minimum.accumulate(squared))


def test_equal_gradients_are_gone_through_in_order():
    rows = np.ones((8, 3))
    selection = BADGE(0).select(round_of_one(rows, 8))
    assert selection.indices.tolist() == list(range(8))
    np.testing.assert_array_equal(selection.utilities[1:], 0)


def test_of_a_large_other_pool_a_seeded_sample_serves(monkeypatch):
    monkeypatch.setattr(_badge, "N_GALLERY", 9)
    rows = np.random.default_rng(0).normal(size=(40, 3))
    picks = [BADGE(0).select(round_of_one(rows, 5)).indices.tolist() for _ in range(2)]
    assert picks[0] == picks[1]
    monkeypatch.setattr(_badge, "N_GALLERY", 40)
    assert BADGE(0).select(round_of_one(rows, 5)).indices.tolist() != picks[0]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (BADGE("both"), "modality must be one of"),
        (BADGE(temperature=0), "temperature must be .* of at least 1e-100, got 0"),
        (
            BADGE(temperature=True),
            "temperature must be .* of at least 1e-100, got True",
        ),
        (BADGE(temperature="a"), "temperature must be .* of at least 1e-100, got 'a'"),
    ],
)
def test_bad_parameters(strategy, message):
    with pytest.raises(ValueError, match=message):
        PairedActiveLearner(RidgeCCA(), strategy).query(*make_pairs())


def test_what_was_picked_is_not_picked_again_for_rounding():
    """Distances of equal rows may come out as a little more than zero."""
    rng = np.random.default_rng(0)
    left, right = (np.repeat(rng.normal(size=(4, 5)), 6, axis=0) for _ in range(2))
    for _ in range(20):
        picks, _ = _badge._kmeans_plusplus(left, right, 24, rng.random)
        assert sorted(picks) == list(range(24))
