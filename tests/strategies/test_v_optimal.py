"""The strategy of V-optimal design, by its parts, and the trust it heeds."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import make_pairs

from skmal import PairedActiveLearner, RandomSampling, RidgeCCA, Round, VOptimalDesign
from skmal._shared.randomness import REMEMBERED
from skmal.arrays._verbs import unit
from skmal.coverage import isolation
from skmal.strategies import greedy_herding, greedy_v_optimal
from skmal.strategies._v_optimal import (
    kernel_features,
    seen_from_mean,
    trusted_uncertainty,
)
from skmal.uncertainty import cross_modal_top1


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


def kept_of(rows, n_left):
    """Return a mask of the rows that are least isolated."""
    kept = np.zeros(len(rows), dtype=bool)
    kept[isolation(rows, 4).argsort()[:n_left]] = True
    return kept


def directions_of(round, modality):
    """Return the open and the aligned rows as directions seen from the mean."""
    rows = [unit(rows[modality]) for rows in (round.open_inputs, round.aligned_inputs)]
    mean = np.concatenate(rows).mean(axis=0)
    return [unit(own - mean) for own in rows]


def weights_of(round, modality, kept):
    """Return how much the uncertainty of each row counts."""
    top1 = cross_modal_top1(round.open[modality], round.open[1 - modality])
    doubt = np.maximum(1 - top1, 1e-3)
    return (doubt / doubt[kept].mean()) ** round.trust


@pytest.mark.parametrize("trust", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("modality", [0, 1])
@pytest.mark.parametrize("gamma", [None, 0.5])
def test_the_design_is_its_parts(trust, modality, gamma):
    round = make_round(trust)
    strategy = VOptimalDesign(modality, gamma=gamma, coverage=0.0)
    selection = strategy.select(round)
    features, known = (
        unit(rows[modality]) for rows in (round.open_inputs, round.aligned_inputs)
    )
    n = len(features)
    kept = kept_of(features, n - int(0.2 * n))
    if gamma is not None:  # rows whose inner products are the kernel's values
        rows = np.concatenate(directions_of(round, modality))
        squares = ((rows[:, None] - rows) ** 2).sum(axis=2)
        w, U = np.linalg.eigh(np.exp(-gamma * squares / 2))
        rows = U * np.sqrt(np.maximum(w, 0))
        features, known = rows[:n], rows[n:]
    weights = weights_of(round, modality, kept)
    picks, gains = greedy_v_optimal(
        features, 5, known, targets=kept, weights=weights, ridge=0.5
    )
    np.testing.assert_array_equal(selection.indices, picks)
    np.testing.assert_allclose(
        selection.utilities, np.minimum.accumulate(gains), rtol=1e-6
    )
    assert (selection.modality, selection.coverage_gap) == (modality, None)


def test_kernel_features_have_the_kernel_as_inner_products():
    round = make_round()
    rows = seen_from_mean(*(unit(r[0]) for r in (round.open_inputs,) * 2))
    rng = np.random.default_rng(0)
    exact, _ = kernel_features(*rows, 2.0, 1000, rng)
    expected = np.exp(-2.0 * (1 - rows[0] @ rows[0].T))
    np.testing.assert_allclose(exact @ exact.T, expected, atol=1e-4)
    # Of some landmarks, those among them are exact, and none is longer than it is.
    some, _ = kernel_features(*rows, 2.0, 40, np.random.default_rng(1))
    lengths = (some**2).sum(axis=1)
    assert lengths.max() < 1 + 1e-9
    assert np.isclose(lengths, 1, atol=1e-4).sum() >= 20


def test_questions_for_coverage_are_those_of_herding():
    round = make_round(n_instances=9)
    alone = replace(round, aligned_inputs=tuple(a[:0] for a in round.aligned_inputs))
    selection = VOptimalDesign(0, coverage=1.0).select(alone)
    rows = unit(round.open_inputs[0])
    kept = np.flatnonzero(kept_of(rows, len(rows) - 12))
    picks, _ = greedy_herding(rows[kept], 9, rows[kept])
    np.testing.assert_array_equal(selection.indices, kept[picks])


def test_both_kinds_of_questions_heed_each_other():
    round = make_round(n_instances=12)
    strategy = VOptimalDesign(0, gamma=None, trim=0.0)
    selection = strategy.select(replace(round, rng=np.random.default_rng(5)))
    share = 0.5 * (1 - 4 * 10 / 70)
    by_coverage = np.random.default_rng(5).random(12) < share
    assert 2 <= by_coverage.sum() <= 10
    rows, known = (unit(r[0]) for r in (round.open_inputs, round.aligned_inputs))
    everything = np.concatenate([rows, known])
    mean = everything.mean(axis=0)
    ridge = 0.5 * ((everything - mean) ** 2).sum() / 70 / 7 * (10 + 12)
    picks = []
    for covers in by_coverage:
        known_now = np.concatenate([known, rows[picks]])
        if covers:
            pick = greedy_herding(rows, 60, rows, aligned=known_now)[0]
            pick = next(row for row in pick if row not in picks)
        else:
            inverse = np.linalg.inv(
                (known_now - mean).T @ (known_now - mean) + ridge * np.eye(7)
            )
            centred = rows - mean
            spread = (everything - mean).T @ (everything - mean)
            gain = [
                c @ inverse @ spread @ inverse @ c / (1 + c @ inverse @ c)
                for c in centred
            ]
            pick = next(row for row in np.argsort(gain)[::-1] if row not in picks)
        picks.append(int(pick))
    assert selection.indices.tolist() == picks


@pytest.mark.parametrize("kinds", [("f8", "f4"), ("f4", "f8"), ("f2", "f4")])
def test_known_rows_and_pools_may_have_two_precisions(kinds):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 3)).astype("f2")
    asked = []
    for one, other in (kinds, ("f4", "f4")):
        open_rows, aligned = rows[20:].astype(other), rows[:20].astype(one)
        round = Round(
            (open_rows,) * 2,
            (aligned,) * 2,
            (open_rows,) * 2,
            (aligned,) * 2,
            4,
            np.random.default_rng(0),
        )
        asked.append(VOptimalDesign(0).select(round).indices.tolist())
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("n_aligned", "n_open", "share"), [(0, 50, 0.5), (10, 70, 0.25), (20, 60, 0.0)]
)
def test_coverage_fades_as_more_is_known(n_aligned, n_open, share):
    rows = np.random.default_rng(0).normal(size=(n_aligned + n_open, 5))
    open_rows, known = (rows[n_aligned:],) * 2, (rows[:n_aligned],) * 2
    rng = np.random.default_rng(0)
    round = Round(open_rows, known, open_rows, known, 20, rng)
    asked = VOptimalDesign(0).select(round).indices
    other = VOptimalDesign(0, coverage=0.0).select(replace(round, rng=rng))
    is_for_coverage = np.random.default_rng(0).random(20) < share
    assert (asked.tolist() == other.indices.tolist()) == (not is_for_coverage.any())


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
        ({"gamma": 0}, "gamma must be a finite number in .0.01, 10000"),
        ({"coverage": 1.5}, "coverage must be a share of the questions"),
        ({"coverage": "a"}, "coverage must be a share of the questions"),
        ({"ridge": -1}, "ridge must be a finite number in .0, 1000000."),
        ({"ridge": "a"}, "ridge must be a finite number in .0, 1000000."),
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
        learner = PairedActiveLearner(Identity(), strategy, random_state=7)
        for n_aligned in (0, 1):
            i = learner.query(rows, rows).indices
            (gallery,) = learner.state()["prequential"]["asked"]["galleries"]
            seed = 7 if n_aligned else 0  # it is drawn with the first answer
            rng = np.random.default_rng([seed, n_aligned, REMEMBERED])
            drawn = np.sort(rng.choice(400, 100, replace=False))
            np.testing.assert_array_equal(gallery["rows"], drawn)
            np.testing.assert_array_equal(gallery["features"], rows[drawn])
            learner.teach(rows[i], rows[i])
        assert learner.prequential_.tolist() == [1, 1]


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
    assert asked[True, 0] <= asked[False, 0] / 4
    assert asked[True, 1] == asked[False, 1]  # nothing was told of y
