"""Gains and picks of a ridge map's design, against explicit inversion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmal.strategies import greedy_v_optimal, v_optimal_gains


def mean_variance(known, wanted, lam):
    """Return the mean of c' (S'S + lam I)^-1 c - sum of what is not explained."""
    inverse = np.linalg.inv(known.T @ known + lam * np.eye(known.shape[1]))
    # Variance of a ridge estimate's prediction at c, for a prior of precision lam.
    return np.mean([c @ inverse @ c for c in wanted])


def gains_by_hand(features, aligned, targets, ridge, n_picks=1, extra=()):
    """Return each row's gain by inverting with and without it."""
    everything = np.concatenate([features, aligned])
    mean = everything.mean(axis=0)
    centred, known = features - mean, aligned - mean
    wanted = np.concatenate([centred[targets], known])
    trace = np.trace(wanted.T @ wanted) / len(wanted)
    lam = ridge * trace / features.shape[1] * (len(aligned) + n_picks)
    known = np.concatenate([known, centred[list(extra)]])
    before = mean_variance(known, wanted, lam)
    return np.array(
        [
            before - mean_variance(np.concatenate([known, [c]]), wanted, lam)
            for c in centred
        ]
    )


def make_design(seed, n=25, n_aligned=6, d=4):
    """Return features, aligned rows, a mask and weights."""
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.1, 3, size=d)
    features, aligned = (rng.normal(size=(k, d)) * scale for k in (n, n_aligned))
    targets = rng.random(n) < 0.8
    return features, aligned, targets, rng.uniform(0.1, 2, size=n)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 9), st.sampled_from([0.01, 0.1, 3.0]))
def test_gains_are_what_the_mean_variance_falls_by(seed, n_aligned, ridge):
    features, aligned, targets, _ = make_design(seed, n_aligned=n_aligned)
    if not targets.any():
        return
    gains = v_optimal_gains(features, aligned, targets=targets, ridge=ridge)
    expected = gains_by_hand(features, aligned, targets, ridge)
    np.testing.assert_allclose(gains, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_picks_are_those_of_refitting_after_each(seed, dtype):
    features, aligned, targets, weights = make_design(seed)
    arrays = features.astype(dtype), 9, aligned.astype(dtype)
    picks, gains = greedy_v_optimal(*arrays, targets=targets, weights=weights)
    expected = []
    for gain in gains:
        by_hand = weights * gains_by_hand(
            features, aligned, targets, ridge=0.3, n_picks=9, extra=expected
        )
        by_hand[~targets] = by_hand[expected] = -1
        expected.append(int(by_hand.argmax()))
        rel = 1e-6 if dtype == np.float64 else 1e-3
        assert gain == pytest.approx(by_hand.max(), rel=rel)
    assert picks.tolist() == expected


def test_the_first_pick_has_the_largest_gain_and_none_is_picked_twice():
    features, aligned, _, _ = make_design(0)
    picks, gains = greedy_v_optimal(features, len(features), aligned)
    assert sorted(picks) == list(range(len(features)))
    assert (gains > 0).all()
    (pick,), (gain,) = greedy_v_optimal(features, 1, aligned)
    by_row = v_optimal_gains(features, aligned)
    assert pick == by_row.argmax()
    assert gain == pytest.approx(by_row.max())


def test_more_features_than_rows_and_rows_that_are_all_equal():
    rng = np.random.default_rng(0)
    assert len(set(greedy_v_optimal(rng.normal(size=(12, 40)), 5)[0])) == 5
    picks, gains = greedy_v_optimal(np.ones((6, 3)), 6)
    assert picks.tolist() == list(range(6))
    np.testing.assert_array_equal(gains, 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_duplicates_go_to_the_lowest_row(dtype):
    rows = np.random.default_rng(0).normal(size=(40, 33)).astype(dtype)
    order = np.concatenate([np.arange(40), np.arange(40)[::-1]])
    picks, _ = greedy_v_optimal(rows[order], 15)
    assert (picks < 40).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_picks": 0}, "n_picks must be an integer of at least 1"),
        ({"n_picks": 26}, "n_picks=26 is above the 25 rows that are targets"),
        ({"ridge": 0}, "ridge must be a finite number in .0, 1000000., got 0"),
        ({"ridge": True}, "ridge must be a finite number in .0, 1000000., got True"),
        ({"targets": [1] * 25}, "targets must be a boolean mask of the 25 rows"),
        ({"targets": [False] * 25}, "with one true at least"),
        ({"weights": [1.0]}, "weights must hold 25 finite numbers of at least 0"),
        ({"weights": [-1.0] * 25}, "weights must hold 25 finite numbers"),
        ({"weights": [np.nan] * 25}, "weights must hold 25 finite numbers"),
        ({"aligned": [[1.0]]}, "aligned has 1 columns where 4 are expected"),
        ({"features": [[np.nan]]}, "contains NaN"),
    ],
)
def test_bad_arguments_of_the_free_functions(parameters, message):
    features, aligned, *_ = make_design(0)
    given_ = {"features": features, "n_picks": 3, "aligned": aligned, **parameters}
    with pytest.raises(ValueError, match=message):
        greedy_v_optimal(**given_)
    if set(parameters) & {"ridge", "targets", "aligned", "features"}:
        del given_["n_picks"]
        with pytest.raises(ValueError, match=message):
            v_optimal_gains(**given_)
