"""match, audit, forecast and stop_when of the learner."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skmal import PairedActiveLearner, Query, RandomSampling, RidgeCCA
from skmal.datasets import make_colorswap
from skmal.learners import _matched
from skmal.matching._matching import Proposals


@pytest.fixture(scope="module")
def pairs():
    return make_colorswap(150, features=True, return_X_y=True, random_state=0)


@pytest.fixture(scope="module")
def audited(pairs):
    learner = PairedActiveLearner(
        RidgeCCA(), audit=0.5, budget=180, batch_size=20, random_state=0
    )
    return learner.fit(*pairs)


def test_partners_of_all_open_items_are_proposed(pairs, audited):
    X, y = (own[audited.annotated_iter_ < 0] for own in pairs)
    order = np.random.default_rng(0).permutation(len(X))
    matching = audited.match(X, y[order])
    right = matching.X_rows == order[matching.y_rows]
    assert len(matching) == len(set(matching.X_rows)) == len(set(matching.y_rows))
    assert len(matching) > 0.95 * len(X)
    assert right.mean() > 0.5
    assert matching.is_trusted
    assert matching.n_checked >= 30
    assert (np.diff(matching.confidence) <= 0).all()
    assert abs(matching.confidence.mean() - right.mean()) < 0.25
    sure = matching.at_least(0.8)
    assert len(sure) == (matching.confidence >= 0.8).sum()


def test_confidence_from_chosen_pairs_is_not_trusted(pairs):
    X, y = pairs
    learner = PairedActiveLearner(
        RidgeCCA(), budget=60, audit=0.2, batch_size=20, random_state=0
    ).fit(X, y)
    chosen = learner.match(X[:50], y[:50])
    assert not chosen.is_trusted
    assert chosen.n_checked == 60  # each pair once, the few random ones too
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:100], y[:100])  # random pairs
    matching = learner.match(X[100:], y[100:])
    assert matching.is_trusted
    none = learner.match(X[100:], y[100:], n_folds=None)
    assert none.n_checked == 0
    assert not none.is_trusted


def test_small_rounds_are_trusted_together(pairs):
    X, y = pairs
    learner = PairedActiveLearner(
        RidgeCCA(), audit=0.25, budget=220, batch_size=4, random_state=0
    ).fit(X, y)
    assert learner._audits.of_rounds(250)[-1][1].size == 1
    matching = learner.match(X[250:], y[250:])
    assert matching.is_trusted
    answers = sum(place >= 0 for place in learner._audits.place)
    assert 30 <= matching.n_checked <= answers  # each pair once


def test_answers_that_are_no_known_pairs_are_not_held_out(pairs, audited):
    X, y = pairs
    audited = audited.from_state(audited.state())
    pools = X[200:], y[200:]
    query = audited.query(*pools, n_instances=10)
    before = audited.audit_.mrr
    rows = query.pairs(query.indices)
    audited.teach(pools[0][rows[0]], pools[1][rows[1]], only_new=True)
    assert audited.audit_.mrr != before
    assert audited.match(*pools).is_random
    fewer = (audited.X_training[:-15], audited.y_training[:-15])
    audited = audited.from_state(audited.state() | {"aligned": fewer}).refit()
    assert audited.match(*pools).is_random


def test_a_refit_ends_the_questions(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), audit=0.5, random_state=0)
    learner.teach(X[:5], y[:5])
    learner.query(X[30:], y[30:], n_instances=10)
    learner.teach(X[5:30], y[5:30], refit=False).refit()  # of more components
    learner.teach(X[30:40], y[30:40])
    assert len(learner.prequential_) == 1  # of the answers before the refit


def test_pairs_chosen_before_anything_was_known_are_not_random(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), random_state=0)
    rows = learner.query(X, y, n_instances=60).indices
    learner.teach(X[rows], y[rows])
    for own in (learner, learner.from_state(learner.state())):
        assert not own.match(X[:100], y[:100]).is_random


def test_items_of_several_rows_have_as_many_partners(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:100], y[:100])
    groups = np.repeat(np.arange(20), 3)
    pool = X[100:120][groups]
    matching = learner.match(pool, y[100:160], groups=groups, n_folds=None)
    assert len(matching) == len(set(matching.X_rows)) == len(set(matching.y_rows))
    free = learner.match(X[100:103], y[100:160], one_to_one=False, n_folds=None)
    assert sorted(free.y_rows) == list(range(60))


def test_random_answers_that_are_left_out_are_random(pairs, audited, monkeypatch):
    kept = []
    calibrate = _matched.calibrate

    def keep(looks, *prior):
        kept.append(looks)
        return calibrate(looks, *prior)

    monkeypatch.setattr(_matched, "calibrate", keep)
    X, y = pairs
    matching = audited.match(X[200:], y[200:])
    looks = kept[0]
    n_audits = sum(place >= 0 for place in audited._audits.place)
    n = len(audited.X_training)
    # A random pair is looked at twice from both sides, and once more than the others.
    assert (~looks.is_chosen).sum() > 3 * n_audits
    assert 0 < looks.is_chosen.sum() <= 2 * (n - n_audits)
    assert looks.weights[looks.is_chosen].min() == 0.5
    assert looks.weights[~looks.is_chosen].min() == 0.25
    assert looks.weights.sum() == pytest.approx(n, abs=0.1 * n)  # each pair once
    assert 0 < matching.error < 0.1


def test_few_random_answers_leave_too_much_open(pairs, audited):
    X, y = pairs
    matching = audited.match(X[200:], y[200:])
    assert matching.is_trusted
    assert not replace(matching, error=0.06).is_trusted
    assert matching.at_least(0.5).error == matching.error


def test_what_looks_like_items_without_a_partner_is_not_proposed(pairs):
    X, y = pairs
    rng = np.random.default_rng(0)
    noise = 3 * rng.normal(size=(80, X.shape[1]))
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:200], y[:200])
    before = learner.match(np.concatenate([X[200:], noise[:40]]), y[200:])
    query = Query(np.arange(40), noise[40:], modality=0)
    learner.teach_unmatched(query, np.full(40, -1))
    after = learner.match(np.concatenate([X[200:], noise[:40]]), y[200:])
    assert len(after) <= len(before)
    assert (after.X_rows >= 100).sum() <= (before.X_rows >= 100).sum()


class OneForAll(RidgeCCA):
    """An encoder that tells nothing apart."""

    def transform(self, X, y=None):
        sides = super().transform(X, y)
        return tuple(np.ones((len(own), 2)) for own in sides)


@pytest.mark.parametrize("one_to_one", [True, False])
def test_ties_tell_no_answers(pairs, one_to_one):
    X, y = pairs
    learner = PairedActiveLearner(OneForAll()).fit(X[:100], y[:100])
    matching = learner.match(X[100:200], y[100:200], one_to_one=one_to_one)
    assert (matching.X_rows == matching.y_rows).mean() < 0.1
    assert matching.confidence.max() < 0.15


def test_confidence_counts_items_without_a_partner(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:200], y[:200])
    before = learner.match(X[200:250], y[200:250])
    confidence = np.zeros((50, 50))
    confidence[before.X_rows, before.y_rows] = before.confidence
    query = Query(np.arange(50), X[250:], modality=0)  # a fifth has none
    learner.teach_unmatched(query, np.full(50, -1))
    after = learner.match(X[200:250], y[200:250])
    assert len(after) > 5
    own = confidence[after.X_rows, after.y_rows]
    assert after.confidence.mean() < own.mean() - 0.02


def test_a_share_of_each_batch_is_drawn(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), audit=0.25, random_state=0)
    learner.teach(X[:30], y[:30])
    query = learner.query(X[30:], y[30:], n_instances=20)
    assert query.audited.sum() == 5
    assert len(set(query.indices)) == 20
    assert np.isnan(query.utilities[query.audited]).all()
    again = pickle.loads(pickle.dumps(query))
    assert np.array_equal(again.audited, query.audited)
    chosen = PairedActiveLearner(RidgeCCA(), random_state=0).teach(X[:30], y[:30])
    plain = chosen.query(X[30:], y[30:], n_instances=20)
    assert plain.audited is None
    own = query.indices[~query.audited]
    left = plain.indices[~np.isin(plain.indices, query.indices[query.audited])]
    assert np.array_equal(own, left[:15])


def test_audits_are_counted_once_and_travel(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), audit=0.5, random_state=0)
    learner.teach(X[:30], y[:30])
    query = learner.query(X[30:], y[30:], n_instances=20)
    partners = np.where(np.arange(20) % 2, query.indices, -1)
    rows = query.pairs(partners)
    learner.teach(X[30:][rows[0]], y[30:][rows[1]])
    learner.teach_unmatched(query, partners)
    estimates = learner.audit_
    assert estimates.n_answers == 10
    assert estimates.without_partner.value == 0.5
    for other in (
        pickle.loads(pickle.dumps(learner)),
        learner.from_state(learner.state()),
    ):
        assert other.audit_ == estimates
    state = learner.state()
    del state["audits"]  # as older learners told it
    assert learner.from_state(state).audit_.n_answers == 0


def test_what_was_asked_before_any_fit_is_no_audit(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), audit=1.0, random_state=0)
    query = learner.query(X, y, n_instances=20)
    partners = np.where(np.arange(20) % 2, query.indices, -1)
    rows = query.pairs(partners)
    learner.teach_unmatched(query, partners)
    learner.teach(X[rows[0]], y[rows[1]])
    assert learner.audit_.n_answers == 0


def test_ranks_are_those_of_the_whole_open_pool(pairs):
    X, y = pairs
    learner = PairedActiveLearner(
        RidgeCCA(), RandomSampling(), audit=1.0, random_state=0
    )
    learner.teach(X[:60], y[:60])
    a, b = learner.transform(X[60:], y[60:])
    query = learner.query(X[60:], y[60:], n_instances=20)
    if query.modality:
        a, b = b, a
    S = a @ b.T
    rank = 1 + (np.diag(S)[:, None] + 1e-6 < S).sum(axis=1)
    rows = query.indices
    learner.teach(X[60:][rows], y[60:][rows])
    assert learner.audit_.mrr.value == pytest.approx((1 / rank[rows]).mean(), abs=0.02)


def test_a_run_stops_when_told(pairs, audited):
    learner = PairedActiveLearner(
        RidgeCCA(),
        audit=0.5,
        budget=180,
        batch_size=20,
        stop_when=lambda own: own.audit_.mrr.low > 0.2,
        random_state=0,
    ).fit(*pairs)
    assert learner.termination_condition_ == "stopped"
    assert learner.n_pairs_iter_[-1] < 180
    assert learner.audit_.mrr.low > 0.2
    assert audited.termination_condition_ == "budget_spent"
    assert audited.forecast(50).is_trusted


@pytest.mark.parametrize("value", [-0.1, 1.5, "all", True])
def test_audit_is_a_share(pairs, value):
    learner = PairedActiveLearner(RidgeCCA(), audit=value, budget=20)
    with pytest.raises(ValueError, match="audit must be"):
        learner.fit(*pairs)


def test_audit_is_checked_before_anything_is_chosen(pairs):
    def strategy(learner, X, y, n_instances=1):
        raise AssertionError("it was asked")

    learner = PairedActiveLearner(RidgeCCA(), strategy).fit(*pairs)
    learner.set_params(audit=2)
    with pytest.raises(ValueError, match="audit must be"):
        learner.query(*pairs)


def test_bad_input_is_told(pairs, audited):
    X, y = pairs
    with pytest.raises(NotFittedError):
        PairedActiveLearner().match(X, y)
    with pytest.raises(ValueError, match="n_folds must be an integer of at least 2"):
        audited.match(X, y, n_folds=1)
    with pytest.raises(ValueError, match="one_to_one must be True or False, got 'no'"):
        audited.match(X, y, one_to_one="no")
    with pytest.raises(ValueError, match=r"call match\(X_pool, y_pool\)"):
        audited.match(X, None)
    with pytest.raises(ValueError, match="n must be an integer of at least 1"):
        audited.forecast(0)
    with pytest.raises(ValueError, match="stop_when must be a function"):
        PairedActiveLearner(stop_when=0.5, budget=20).fit(X, y)


def test_an_equal_item_is_as_right_as_the_partner(pairs):
    X, y = (np.repeat(own[:150], 3, axis=0) for own in pairs)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]  # every pair stands there three times
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:200], y[:200])
    matching = learner.match(X[200:], y[200:])
    proposed = X[200:][matching.X_rows], X[200:][matching.y_rows]
    right = (proposed[0] == proposed[1]).all(axis=1)
    assert right.mean() > 0.5
    assert abs(matching.confidence.mean() - right.mean()) < 0.2


def test_a_pair_is_looked_at_from_the_side_with_fewer_equals():
    found = Proposals(np.arange(3), np.array([2, 1, 0]), np.array([0.9, 0.5, 0.4]))
    same = np.arange(3), np.array([0, 1, 0])  # the first text is there twice
    shares, right, held = _matched._of_held(found, same, n_held=1, n_known=1)
    assert shares.tolist() == [0.9]  # not .4: whose the third picture is is not known
    assert right.tolist() == [True]
    assert held.tolist() == [0]
    same = (np.arange(3),) * 2
    shares, right, held = _matched._of_held(found, same, n_held=1, n_known=1)
    assert shares.tolist() == [0.9, 0.4]
    assert held.tolist() == [0, 0]
    assert not right.any()


@pytest.mark.parametrize("enough", [100, 1000])
def test_answers_are_left_out_before_what_was_known_from_the_start(
    pairs, audited, monkeypatch, enough
):
    left_out = []
    monkeypatch.setattr(_matched, "ENOUGH_OWN", enough)
    monkeypatch.setattr(
        _matched, "_folds", lambda rows, *_: left_out.append(rows) or []
    )
    audited.match(pairs[0][:20], pairs[1][:20])
    first = min(audited._audits.n_before)
    assert 0 < first <= 80
    assert left_out[0][0] == (first if enough == 100 else 0)
