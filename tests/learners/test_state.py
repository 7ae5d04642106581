"""What a learner knows, handed on: state, from_state, refit, ask, select, remember."""

import pickle
import pickletools
from dataclasses import replace

import numpy as np
import pytest
from helpers import make_pairs
from names_encoder import CAPTIONS, FILES, NamesEncoder

from skmal import (
    CoresetMargin,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
)
from skmal.strategies import _base


def asked_learner(n=30, **parameters):
    """Return a learner that knows 30 pairs and asked, its pools and the query."""
    X, y = make_pairs(200)
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)
    learner.set_params(**parameters).teach(X[:n], y[:n])
    learner.query(X[n:], y[n:], n_instances=9)
    learner.teach(X[n : n + 9], y[n : n + 9])
    pools = X[n + 9 :], y[n + 9 :]
    return learner, pools, learner.query(*pools, n_instances=9)


def test_a_state_of_three_modalities_is_refused():
    X, y = make_pairs(20)
    state = MultimodalActiveLearner().fit([X, y, X]).state()
    with pytest.raises(ValueError, match="the state is of 3 modalities"):
        PairedActiveLearner().from_state(state)


def same(state, other):
    """Say whether two states hold the same."""
    if isinstance(state, dict):
        return state.keys() == other.keys() and all(
            same(state[key], other[key]) for key in state
        )
    if isinstance(state, (list, tuple)):
        return len(state) == len(other) and all(map(same, state, other))
    if isinstance(state, np.ndarray):
        return np.array_equal(state, other)
    if isinstance(state, RidgeCCA):
        return np.array_equal(state.x_weights_, other.x_weights_)
    return state == other


def test_a_learner_of_the_same_state_goes_on_alike():
    learner, pools, query = asked_learner()
    before = learner.state()
    other = learner.from_state(before)
    assert other is not learner
    assert repr(other.get_params()) == repr(learner.get_params())
    assert same(other.state(), before)
    other.teach(pools[0][query.indices], pools[1][query.indices])
    assert len(other.prequential_) == len(learner.prequential_) + 1 == 2
    other.teach_unmatched(query, np.full(9, -1))
    assert all(learner.state()[name] is before[name] for name in ("estimator", "seed"))
    assert same(learner.state(), before)  # nothing that both hold was changed
    learner.teach(pools[0][query.indices], pools[1][query.indices])
    np.testing.assert_array_equal(learner.prequential_, other.prequential_)
    np.testing.assert_array_equal(
        learner.transform(pools[0]), other.transform(pools[0])
    )


def test_the_state_of_a_learner_that_knows_nothing():
    fresh = PairedActiveLearner(random_state=3)
    assert fresh.state() == {
        "seed": None,
        "estimator": None,
        "aligned": None,
        "unmatched": (None, None),
        "audits": {
            "n_before": (),
            "place": (),
            "rank": (),
            "pending": (),
            "n_open": 0,
        },
        "prequential": {"shares": [], "asked": None, "has_asked": False},
    }
    learner, _, _ = asked_learner()
    other = learner.from_state(fresh.state())
    assert not hasattr(other, "estimator_")
    assert (other.X_training, other.X_unmatched, other.trust_) == (None, None, 0)
    with pytest.raises(ValueError, match=r"the state lacks \['aligned'\]"):
        other.from_state({k: v for k, v in fresh.state().items() if k != "aligned"})


def test_entries_of_a_state_may_be_replaced():
    X, y = make_pairs(200)
    learner, _, _ = asked_learner()
    fewer = learner.from_state(learner.state() | {"aligned": (X[:20], y[:20])})
    expected = learner.transform(X)
    np.testing.assert_array_equal(fewer.transform(X), expected)  # until it is refitted
    fewer.refit()
    np.testing.assert_array_equal(
        fewer.transform(X), RidgeCCA().fit(X[:20], y[:20]).transform(X)
    )
    np.testing.assert_array_equal(learner.transform(X), expected)


def test_refit_goes_on_from_a_warm_start_and_needs_two_pairs():
    learner = PairedActiveLearner(NamesEncoder(warm_start=True), random_state=7)
    assert not hasattr(learner.refit(), "estimator_")
    learner.teach(FILES[:1], CAPTIONS[:1])
    assert not hasattr(learner.refit(), "estimator_")
    learner.teach(FILES[1:9], CAPTIONS[1:9], refit=False)
    first = learner.refit().estimator_
    assert (first.n_fits_, first.seen_, first.random_state) == (1, 9, 7)
    assert learner.refit().estimator_.n_fits_ == 2
    assert first.n_fits_ == 1  # it went on from a copy


def test_what_was_asked_can_be_remembered_anew():
    learner, pools, query = asked_learner()
    state = learner.state()
    lost = state | {"prequential": state["prequential"] | {"asked": None}}
    partners = pools[0][query.indices], pools[1][query.indices]
    assert len(learner.from_state(lost).teach(*partners).prequential_) == 1
    rebuilt = learner.from_state(lost).remember(query, *pools).teach(*partners)
    np.testing.assert_array_equal(
        rebuilt.prequential_, learner.teach(*partners).prequential_
    )
    with pytest.raises(TypeError, match="query must be what query"):
        learner.remember((query.indices, query.instances), *pools)


def test_ask_hands_out_the_round_and_select_chooses_from_it():
    learner, pools, _ = asked_learner(query_strategy=CoresetMargin())
    query, seen = learner.ask(*pools, 6)
    np.testing.assert_array_equal(query.indices, learner.query(*pools, 6).indices)
    assert [len(features) for features in seen.open] == list(map(len, pools))
    modality = query.modality
    left = [np.arange(len(features)) for features in seen.open]
    left[modality] = np.delete(left[modality], query.indices)
    rest = replace(
        seen,
        open=tuple(f[rows] for f, rows in zip(seen.open, left, strict=True)),
        open_inputs=tuple(
            f[rows] for f, rows in zip(seen.open_inputs, left, strict=True)
        ),
        n_instances=3,
    )
    chosen = learner.select(rest)
    assert len(chosen.indices) == 3
    if chosen.modality == modality:
        assert not np.isin(left[modality][chosen.indices], query.indices).any()
    learner.set_params(query_strategy=CoresetMargin(coreset_size=2))
    with pytest.raises(ValueError, match="coreset_size=2 is smaller than the batch"):
        learner.select(rest)
    learner.set_params(query_strategy=lambda *pools, n_instances: (range(2), [0, 0]))
    assert learner.ask(*pools, 2)[1] is None
    with pytest.raises(TypeError, match="is a function, and chooses from pools"):
        learner.select(rest)


@pytest.mark.parametrize("n_modalities", [2, 3])
def test_pickles_name_no_private_classes(n_modalities):
    learner, pools, query = asked_learner()
    if n_modalities == 3:
        Xs = [*pools, pools[0][:, :3]]
        learner = MultimodalActiveLearner(random_state=0).fit([X[:20] for X in Xs])
        learner.query(Xs, 4)
    for thing in (learner, query):
        code = pickle.dumps(thing)
        strings = [arg for _, arg, _ in pickletools.genops(code) if type(arg) is str]
        assert "skmal" in strings
        own = [text for text in strings if text.startswith("skmal.")]
        assert not [text for text in own if "._" in text]
    again = pickle.loads(pickle.dumps(learner))
    assert same(again.state()["prequential"], learner.state()["prequential"])
    assert learner.state()["prequential"]["asked"] is not None


def test_a_query_checks_its_pools_once(monkeypatch):
    seen = []

    def counted(items, name, **kwargs):
        seen.append(name)
        return check(items, name, **kwargs)

    check = _base.check_items
    monkeypatch.setattr(_base, "check_items", counted)
    monkeypatch.setattr("skmal.strategies._round.check_items", counted)
    learner, pools, _ = asked_learner()
    seen.clear()
    learner.query(*pools, 3)
    assert seen == ["X_pool", "y_pool"]


@pytest.mark.parametrize("wrong", [0, 1.5, True, "3", 200])
def test_one_error_for_a_number_of_instances(wrong):
    learner, pools, _ = asked_learner()
    three = MultimodalActiveLearner(None, RandomSampling(0))
    calls = [
        lambda: learner.query(*pools, wrong),
        lambda: three.query(list(pools), wrong),
        lambda: RandomSampling(0)(learner, *pools, n_instances=wrong),
        lambda: learner.set_params(query_strategy=lambda *p, n_instances: None).query(
            *pools, wrong
        ),
    ]
    messages = []
    for call in calls:
        with pytest.raises(ValueError, match="n_instances") as error:
            call()
        messages.append(str(error.value).replace("pools[0]", "X_pool"))
    assert len(set(messages)) == 1, messages
