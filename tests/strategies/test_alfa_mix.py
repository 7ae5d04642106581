"""ALFAMix."""

import numpy as np
import pytest
from rounds import fitted, make_round
from scipy.special import softmax

from skmal import ALFAMix
from skmal.arrays._verbs import unit
from skmal.strategies._alfa_mix import _farthest, _moves_that_change


def test_an_item_changes_where_mixing_by_the_papers_closed_form_changes_it():
    rng = np.random.default_rng(0)
    items, partners = unit(rng.normal(size=(20, 4))), unit(rng.normal(size=(15, 4)))
    anchor = unit(rng.normal(size=(1, 4)))
    moves = _moves_that_change(items, partners, 0.5)
    distance = np.linalg.norm(anchor - items, axis=1)
    np.testing.assert_allclose(_farthest(items, anchor), distance)
    for item, enough, away in zip(items, moves, distance, strict=True):
        best = (partners @ item).argmax()
        gradient = softmax(partners @ item / 0.5) @ partners - partners[best]

        def best_when_mixed(
            epsilon, item=item, gradient=gradient, to_anchor=anchor[0] - item
        ):
            size = np.linalg.norm(to_anchor) / np.linalg.norm(gradient)
            alpha = epsilon * size * gradient / to_anchor
            return (partners @ ((1 - alpha) * item + alpha * anchor[0])).argmax()

        assert best_when_mixed(0.999 * enough / away) == best
        assert best_when_mixed(1.001 * enough / away) != best
    assert np.isfinite(moves).all()


def test_a_sure_item_goes_straight_to_where_another_one_is_as_good():
    # At that temperature the chance of the other one is below rounding.
    moves = _moves_that_change(np.eye(2)[:1], np.eye(2), 0.02)
    np.testing.assert_allclose(moves, np.sqrt(0.5))


def test_items_between_two_partners_are_asked_about():
    partners, known = np.eye(6), np.eye(6)[:1]
    X = np.concatenate([np.eye(6), np.eye(6)[:3] + 0.9 * np.eye(6)[3:]])
    round = make_round((X, partners), (known, known), 3)
    selection = ALFAMix(0).select(round)
    assert sorted(selection.indices.tolist()) == [6, 7, 8]
    assert selection.utilities.tolist() == [0, 0, 0]  # each of another cluster


def test_where_nothing_can_change_the_batch_is_full():
    X = np.random.default_rng(0).normal(size=(30, 5))
    y = np.ones((1, 5))  # a single partner
    round = make_round((X, y), (X[:1], y), 7)
    assert len(set(ALFAMix(0).select(round).indices.tolist())) == 7


def test_where_nothing_is_known_items_are_drawn():
    X = np.random.default_rng(0).normal(size=(2, 30, 3))
    draws = {
        tuple(ALFAMix(0).select(make_round(X, X[:, :0], 3, seed)).indices)
        for seed in range(3)
    }
    assert len(draws) == 3


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (ALFAMix("both"), "modality must be one of"),
        (ALFAMix(temperature=0.0), "temperature must be a finite number"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
