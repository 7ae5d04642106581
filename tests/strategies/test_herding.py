"""Herding: gains and picks against a kernel matrix, and both strategies."""

import numpy as np
import pytest
from helpers import make_pairs
from rounds import fitted
from small import set_sizes

from skmal import MaxHerding, PairedActiveLearner, RidgeCCA, Round, UncertaintyHerding
from skmal.arrays._verbs import unit
from skmal.strategies import _herding as herding
from skmal.strategies._bandwidth import WIDTHS, tuned_bandwidth
from skmal.strategies._herding import greedy_herding
from skmal.uncertainty import cross_modal_top1


def picks_by_hand(candidates, n_picks, demand, aligned, weights, bandwidth):
    """Return picks and gains from the whole kernel matrix."""

    def kernel(rows):
        squared = ((rows[:, None] - demand) ** 2).sum(axis=-1)
        return np.exp(-squared / (2 * bandwidth**2))

    covered = kernel(aligned).max(axis=0, initial=0)
    similar = kernel(candidates)
    picks, gains = [], []
    for _ in range(n_picks):
        added = np.maximum(similar, covered) @ weights - covered @ weights
        added[picks] = -1
        picks.append(int(added.argmax()))
        gains.append(added.max() / len(demand))
        covered = np.maximum(covered, similar[picks[-1]])
    return picks, gains


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bandwidth", [0.3, 1.0])
@pytest.mark.parametrize("n_kept", [0, 10**6])
def test_picks_are_those_of_the_whole_kernel_matrix(
    seed, bandwidth, n_kept, monkeypatch
):
    monkeypatch.setattr(herding, "N_KEPT", n_kept)
    set_sizes(monkeypatch, gains=7)
    rng = np.random.default_rng(seed)
    candidates, demand, aligned = (rng.normal(size=(n, 2)) for n in (60, 90, 10 * seed))
    weights = rng.uniform(0, 2, size=90)
    picks, gains = greedy_herding(
        candidates, 30, demand, aligned=aligned, weights=weights, bandwidth=bandwidth
    )
    expected, added = picks_by_hand(candidates, 30, demand, aligned, weights, bandwidth)
    assert picks.tolist() == expected
    np.testing.assert_allclose(gains, added, atol=1e-12)
    assert (np.diff(gains) <= 0).all()


def test_duplicates_go_to_the_lowest_row_and_then_in_order():
    rows = np.random.default_rng(0).normal(size=(20, 3))
    order = np.concatenate([np.arange(20), np.arange(20)[::-1]])
    picks, gains = greedy_herding(rows[order], 40, rows)
    assert set(picks[:20]) == set(range(20))
    np.testing.assert_array_equal(gains[20:], 0)
    assert picks[20:].tolist() == list(range(20, 40))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_picks": 0}, "n_picks must be an integer of at least 1"),
        ({"n_picks": 5}, "n_picks=5 is above the 4 rows to pick from"),
        ({"demand": [[1.0]]}, "demand has 1 columns where 2 are expected"),
        ({"aligned": [[1.0]]}, "aligned has 1 columns where 2 are expected"),
        (
            {"weights": [1.0]},
            "weights must hold 3 finite numbers of at least 0 and at most 1e.100",
        ),
        ({"weights": [1, 1, -1]}, "weights must hold 3 finite numbers"),
        ({"weights": [1, 1, np.inf]}, "weights must hold 3 finite numbers"),
        (
            {"bandwidth": 0},
            "bandwidth must be a finite number in .1e-100, 1e.100., got 0",
        ),
        ({"bandwidth": True}, "bandwidth must be .* in .1e-100, 1e.100., got True"),
    ],
)
def test_bad_arguments(arguments, message):
    good = {"candidates": np.ones((4, 2)), "n_picks": 2, "demand": np.ones((3, 2))}
    with pytest.raises(ValueError, match=message):
        greedy_herding(**{**good, **arguments})


def make_round(n_instances=5):
    """Return a round of inputs and features."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(50, 4)), rng.normal(size=(40, 3))
    features = rng.normal(size=(50, 2)), rng.normal(size=(40, 2))
    aligned = tuple(f[:8] for f in features), tuple(f[:8] + 1 for f in inputs)
    return Round(
        features, aligned[0], inputs, aligned[1], n_instances, np.random.default_rng(0)
    )


@pytest.mark.parametrize("modality", [0, 1])
def test_both_strategies_are_their_free_function(modality):
    round = make_round()
    rows, known = (unit(f[modality]) for f in (round.open_inputs, round.aligned_inputs))
    picks, gains = greedy_herding(rows, 5, rows, aligned=known)
    selection = MaxHerding(modality).select(round)
    np.testing.assert_array_equal(selection.indices, picks)
    np.testing.assert_array_equal(selection.utilities, gains)
    assert selection.modality == modality

    doubt = 1 - cross_modal_top1(round.open[modality], round.open[1 - modality])
    weighted = greedy_herding(rows, 5, rows, aligned=known, weights=doubt)[0]
    selection = UncertaintyHerding(modality).select(round)
    np.testing.assert_array_equal(selection.indices, weighted)
    assert weighted.tolist() != picks.tolist()


def test_large_pools_are_sampled_and_still_give_a_whole_batch(monkeypatch):
    monkeypatch.setattr(herding, "N_DEMAND", 10)
    monkeypatch.setattr(herding, "N_CANDIDATES", 12)
    for strategy in (MaxHerding(0), UncertaintyHerding(0)):
        few = [strategy.select(make_round()).indices.tolist() for _ in range(2)]
        assert few[0] == few[1]
        assert max(few[0]) > 12
        everything = strategy.select(make_round(n_instances=50)).indices
        assert sorted(everything) == list(range(50))


@pytest.mark.parametrize("cls", [MaxHerding, UncertaintyHerding])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"modality": "both"}, "modality must be one of"),
        ({"bandwidth": -1}, "bandwidth must be .* in .1e-100, 1e.100., got -1"),
        ({"bandwidth": "1"}, "bandwidth must be .* in .1e-100, 1e.100., got '1'"),
        ({"bandwidth": "Tuned"}, "got 'Tuned'; or pass 'tuned'"),
    ],
)
def test_bad_parameters(cls, parameters, message):
    learner = PairedActiveLearner(RidgeCCA(), cls(**parameters))
    with pytest.raises(ValueError, match=message):
        learner.query(*make_pairs())


def test_a_tuned_bandwidth_is_that_of_the_least_error_left_out():
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, np.pi, size=40)
    items = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    wavy = np.stack([np.sin(9 * angles), np.cos(9 * angles)], axis=1)
    for partners in (wavy, items):
        errors = []
        for width in WIDTHS:
            error = 0
            for row in range(40):
                rest = np.delete(np.arange(40), row)
                squared = ((items[rest] - items[row]) ** 2).sum(axis=1)
                weights = np.exp(-squared / (2 * width**2))
                foretold = weights @ partners[rest] / weights.sum()
                error += ((partners[row] - foretold) ** 2).sum()
            errors.append(error)
        assert tuned_bandwidth(items, partners, rng) == WIDTHS[np.argmin(errors)]
    assert tuned_bandwidth(items, np.ones_like(items), rng) == 2.0  # the widest
    assert tuned_bandwidth(items[:9], wavy[:9], rng) == 0.5


def test_a_tuned_bandwidth_is_used():
    learner, X, y = fitted(MaxHerding(0, bandwidth="tuned"), n_aligned=20)
    width = tuned_bandwidth(
        unit(learner.X_training), unit(learner.y_training), np.random.default_rng(0)
    )
    assert width != 0.5
    tuned = learner.query(X, y, n_instances=5)
    by_hand = learner.set_params(query_strategy=MaxHerding(0, bandwidth=width))
    np.testing.assert_array_equal(
        tuned.indices, by_hand.query(X, y, n_instances=5).indices
    )
