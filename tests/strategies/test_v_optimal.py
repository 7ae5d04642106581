"""V-optimal design: gains and picks against explicit inversion, and the strategy."""

import numpy as np
import pytest
from helpers import make_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from skmal import PairedActiveLearner, RandomSampling, RidgeCCA, Round, VOptimalDesign
from skmal.arrays._verbs import unit
from skmal.coverage import isolation
from skmal.strategies._v_optimal import (
    greedy_v_optimal,
    trusted_uncertainty,
    v_optimal_gains,
)
from skmal.uncertainty import cross_modal_top1


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


@settings(max_examples=25, deadline=None)
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
        ({"ridge": 0}, "ridge must be a finite number above 0, got 0"),
        ({"ridge": True}, "ridge must be a finite number above 0, got True"),
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


# ---------------------------------------------------------------- the strategy


def make_round(trust=0.0, n=60, n_instances=5, modality=0):
    """Return a round with inputs of other widths than the features."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(n, 7)), rng.normal(size=(n - 5, 6))
    features = rng.normal(size=(n, 4)), rng.normal(size=(n - 5, 4))
    aligned = tuple(f[:10] for f in features)
    known = tuple(f[:10] + 0.1 for f in inputs)
    rng = np.random.default_rng(0)
    return Round(features, aligned, inputs, known, n_instances, rng, trust)


ROWS = np.arange(3, 57)


@pytest.mark.parametrize("trust", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("modality", [0, 1])
def test_the_strategy_is_its_parts(trust, modality):
    round = make_round(trust)
    selection = VOptimalDesign(modality).select(round)
    features, known = (
        unit(rows[modality]) for rows in (round.open_inputs, round.aligned_inputs)
    )
    n = len(features)
    kept = np.sort(isolation(features, 4).argsort()[: n - int(0.2 * n)])
    targets = np.zeros(n, dtype=bool)
    targets[kept] = True
    top1 = cross_modal_top1(round.open[modality], round.open[1 - modality])
    doubt = np.maximum(1 - top1, 1e-3)
    weights = (doubt / doubt[kept].mean()) ** trust
    picks, gains = greedy_v_optimal(
        features, 5, known, targets=targets, weights=weights
    )
    np.testing.assert_array_equal(selection.indices, picks)
    np.testing.assert_allclose(selection.utilities, np.minimum.accumulate(gains))
    assert (selection.modality, selection.coverage_gap) == (modality, None)


def test_trust_decides_how_much_uncertainty_counts():
    assert trusted_uncertainty(make_round(0.0), 0, ROWS) is None
    full = trusted_uncertainty(make_round(1.0), 0, ROWS)
    assert full.mean() == pytest.approx(1)
    np.testing.assert_allclose(trusted_uncertainty(make_round(0.5), 0, ROWS) ** 2, full)


def test_of_a_large_other_pool_a_seeded_sample_serves(monkeypatch):
    everything = trusted_uncertainty(make_round(1.0), 0, ROWS)
    monkeypatch.setattr("skmal.strategies._v_optimal.N_GALLERY", 20)
    samples = [trusted_uncertainty(make_round(1.0), 0, ROWS) for _ in range(2)]
    np.testing.assert_array_equal(*samples)
    assert (samples[0] != everything).any()


def test_the_most_isolated_fifth_is_neither_asked_about_nor_aimed_at():
    rng = np.random.default_rng(0)
    inputs = 0.1 * rng.normal(size=(100, 9))
    inputs[20:, 0] += 1
    inputs[:20] = rng.normal(size=(20, 9))  # in any direction
    pair = inputs, inputs
    empty = inputs[:0], inputs[:0]
    round = Round(pair, empty, pair, empty, 10, np.random.default_rng(0))
    trimmed = VOptimalDesign(0).select(round).indices
    assert trimmed.min() >= 20
    assert VOptimalDesign(0, trim=0).select(round).indices.min() < 20


def test_as_many_as_there_are_can_be_asked_about():
    round = make_round(n_instances=60)
    assert sorted(VOptimalDesign(0).select(round).indices) == list(range(60))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"modality": "both"}, "modality must be one of"),
        ({"trim": 1.0}, "trim must be a share of the pool"),
        ({"ridge": -1}, "ridge must be a finite number above 0"),
        ({"ridge": "a"}, "ridge must be a finite number above 0"),
        ({"gate": 0}, "gate must be a share of the open items"),
        ({"gate": 1.5}, "gate must be a share of the open items"),
        ({"gate": True}, "gate must be a share of the open items"),
    ],
)
def test_bad_parameters(parameters, message):
    learner = PairedActiveLearner(RidgeCCA(), VOptimalDesign(**parameters))
    with pytest.raises(ValueError, match=message):
        learner.query(*make_pairs(), n_instances=3)


# ---------------------------------------------------------------- trust


class Identity(RidgeCCA):
    """An encoder whose features are the rows themselves, from the start."""

    def fit(self, X, y):
        """Learn nothing."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X, y=None):
        """Return the rows."""
        return np.asarray(X, float) if y is None else (np.asarray(X), np.asarray(y))


def circle(n):
    """Return n different directions."""
    angles = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_prequential_is_the_share_of_partners_ranked_near_the_top():
    rows = circle(400)
    learner = PairedActiveLearner(Identity(), RandomSampling(0), random_state=0)
    assert learner.trust_ == 0
    assert len(learner.prequential_) == 0
    shares = []
    for found, missed in [(4, 0), (1, 3), (2, 2)]:
        query = learner.query(rows, rows, n_instances=4)
        partners = query.indices.copy()
        partners[:missed] = (partners[:missed] + 200) % 400  # the last in rank
        assert found + missed == 4
        learner.teach(rows[query.indices], rows[partners])
        shares.append(found / 4)
    np.testing.assert_array_equal(learner.prequential_, shares)
    assert learner.trust_ == ((1.0 + 0.25) / 2 + 0.5) / 2
    before = learner.trust_
    learner.query(rows, rows)
    learner.teach(rows[:0], rows[:0])  # nobody had a partner
    assert learner.trust_ == before


@pytest.mark.parametrize(("step", "found"), [(0, 1), (1, 1), (2, 0), (5, 0)])
def test_one_percent_of_the_open_items_is_near_the_top(step, found):
    rows = circle(250)  # the best 2.5: itself and half of its two equal neighbours
    learner = PairedActiveLearner(Identity(), RandomSampling(0), random_state=0)
    i = learner.query(rows, rows).indices
    learner.teach(rows[i], rows[(i + step) % 250])
    assert learner.prequential_ == [found]


def test_the_strategys_gate_says_what_is_near_the_top():
    rows = circle(250)
    for gate, found in [(0.001, 0), (0.01, 0), (0.1, 1), (1.0, 1)]:
        strategy = VOptimalDesign(0, gate=gate)
        learner = PairedActiveLearner(Identity(), strategy, random_state=0)
        i = learner.query(rows, rows).indices
        learner.teach(rows[i], rows[(i + 5) % 250])
        assert learner.prequential_ == [found]


def test_an_encoder_that_takes_all_for_equal_is_not_trusted():
    rows = np.ones((50, 3))
    learner = PairedActiveLearner(Identity(), RandomSampling(0), random_state=0)
    i = learner.query(rows, rows, n_instances=5).indices
    learner.teach(rows[i], rows[i])
    assert learner.trust_ == 0


def first_rows(learner, X_pool, y_pool, n_instances=1):
    """Choose the first rows of X."""
    return np.arange(n_instances), np.zeros(n_instances)


@pytest.mark.parametrize("strategy", [first_rows, RandomSampling(0)])
def test_partners_are_ranked_by_the_encoder_that_chose(strategy):
    X, y = make_pairs(200)
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=0)
    learner.teach(X[:30:10], y[:30:10])
    assert learner.prequential_.shape == (0,)  # nothing was asked
    learner.query(X[30:], y[30:])
    query = learner.query(X[30:], y[30:], n_instances=20)
    best_two = learner.rank_partners(query, X[30:], y[30:], k=2)  # 1.7 is 1 %
    learner.teach(X[30:][query.indices], y[30:][query.indices], refit=False)
    learner.teach(X[30:][query.indices], y[30:][query.indices])
    expected = np.mean((best_two == query.indices[:, None]).any(axis=1))
    assert 0 < expected < 1
    np.testing.assert_allclose(learner.prequential_, [expected, expected])
    learner.teach(X[:3], y[:3])  # the encoder is another by now
    assert len(learner.prequential_) == 2
    learner.fit(X[:20], y[:20])
    assert (learner.trust_, len(learner.prequential_)) == (0, 0)


@pytest.mark.parametrize("strategy", [first_rows, RandomSampling(0)])
def test_without_an_encoder_nothing_is_ranked(strategy):
    X, y = make_pairs()
    for estimator in (None, RidgeCCA()):
        learner = PairedActiveLearner(estimator, strategy, random_state=0)
        learner.query(X, y, n_instances=5)
        learner.teach(X[:5], y[:5])
        assert learner.trust_ == 0


def test_of_a_large_pool_a_sample_is_kept(monkeypatch):
    monkeypatch.setattr("skmal.learners._core.N_OPEN", 100)
    rows = circle(400)
    for strategy in (first_rows, RandomSampling(0)):
        learner = PairedActiveLearner(Identity(), strategy, random_state=0)
        i = learner.query(rows, rows).indices
        (gallery,) = learner.state()["prequential"]["asked"]["galleries"]
        assert len(gallery["features"]) == 100
        learner.teach(rows[i], rows[i])
        assert learner.prequential_ == [1]


def test_a_simulated_run_measures_trust():
    X, y = make_pairs(300)
    learner = PairedActiveLearner(budget=100, batch_size=20, random_state=0).fit(X, y)
    assert learner.prequential_.shape == (learner.n_iter_,)
    assert 0 < learner.trust_ <= 1


def test_it_turns_away_from_what_looks_like_the_items_without_a_partner():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4))
    rows[:, 0] += np.where(np.arange(200) < 100, 2.0, -2.0)  # two kinds
    some = (rows[150:160], rows[150:160])
    arguments = {
        "open": (rows[20:150], rows[20:150]),
        "open_inputs": (rows[20:150], rows[20:150]),
        "aligned": some,
        "aligned_inputs": some,
        "n_instances": 20,
    }
    asked = {}
    for told in (None, (rows[:20], rows[:0])):  # all of the first kind, in X
        for modality in (0, 1):
            round = Round(
                **arguments,
                rng=np.random.default_rng(0),
                unmatched=told,
                unmatched_inputs=told,
            )
            picks = VOptimalDesign(modality, trim=0.0).select(round).indices
            asked[told is not None, modality] = np.sum(picks < 80)  # of that kind
    assert asked[False, 0] >= 4
    assert asked[True, 0] == 0
    assert asked[True, 1] == asked[False, 1]  # nothing was told of y
