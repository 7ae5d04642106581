"""Round, Selection and Query."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cross_decomposition import PLSSVD

from skmal import PairedActiveLearner, Query, RandomSampling, RidgeCCA, Selection
from skmal._shared.randomness import draw_seed
from skmal.strategies._round import open_round


@pytest.mark.parametrize("copier", [copy.copy, lambda s: pickle.loads(pickle.dumps(s))])
def test_selection_and_query_keep_their_attributes(copier):
    selection = copier(Selection([3, 1], [0.9, 0.4], 1, (0.1, 0.2)))
    assert tuple(selection) == ([3, 1], [0.9, 0.4])
    assert (selection.modality, selection.coverage_gap) == (1, (0.1, 0.2))
    query = copier(Query([3, 1], ["a", "b"], 1, [0.9, 0.4], (0.1, 0.2)))
    assert tuple(query) == ([3, 1], ["a", "b"])
    assert (query.modality, query.utilities) == (1, [0.9, 0.4])
    assert query.coverage_gap == (0.1, 0.2)


def test_repr_shows_the_modality():
    assert repr(Selection([3], [0.5], 1)) == (
        "Selection(indices=[3], utilities=[0.5], modality=1)"
    )
    assert repr(Query([3], ["a"])) == "Query(indices=[3], instances=['a'], modality=0)"


def test_pairs_drop_items_without_a_partner():
    asked_x = Query(np.array([4, 7, 2]), None, modality=0)
    x, y = asked_x.pairs([10, -1, 12])
    assert (x.tolist(), y.tolist()) == ([4, 2], [10, 12])
    asked_y = Query(np.array([4, 7, 2]), None, modality=1)
    x, y = asked_y.pairs(np.array([10, -1, 12]))
    assert (x.tolist(), y.tolist()) == ([10, 12], [4, 2])
    x, y = asked_y.pairs([-1, -1, -1])
    assert np.ones((20, 3))[x].shape == (0, 3)  # an empty index array still indexes


@pytest.mark.parametrize(
    ("partners", "message"),
    [
        ([1, 2], "one integer row for each of the 3 items"),
        ([1, 2, 3.5], "got float64 of shape"),
        ([[1, 2, 3]], "shape \\(1, 3\\)"),
        ([1, -2, 3], "partners holds -2; use -1"),
        (["a", "b", "c"], "one integer row"),
        ([True, False, True], "got bool"),
    ],
)
def test_pairs_reject_other_answers(partners, message):
    with pytest.raises(ValueError, match=message):
        Query(np.array([4, 7, 2]), None).pairs(partners)


@pytest.mark.parametrize("modality", [0, 1])
def test_pairs_are_rows_of_the_pool_that_was_asked_of(modality):
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(modality), random_state=0)
    rng = np.random.default_rng(0)
    query = learner.query(rng.normal(size=(9, 3)), rng.normal(size=(7, 3)), 3)
    n = (7, 9)[modality]
    query.pairs([n - 1, n - 1, -1])  # an image may have two captions
    with pytest.raises(ValueError, match=f"holds 99, but the other pool has {n} rows"):
        pickle.loads(pickle.dumps(query)).pairs([0, 99, 1])
    with pytest.raises(ValueError, match=f"holds {n}, .* pass rows from 0 to {n - 1}"):
        query.pairs([0, n, 1])


@pytest.mark.parametrize("estimator", [None, RidgeCCA()])
@pytest.mark.parametrize("m", [0, 1])
def test_what_no_encoder_could_learn_from_is_not_asked_about(estimator, m):
    pools = [np.eye(4), np.eye(4)]
    pools[m] = [f"a{i}.png" for i in range(4)]
    learner = PairedActiveLearner(estimator, RandomSampling(), random_state=0)
    name = "KernelCCA" if estimator is None else "RidgeCCA"
    message = f"{'Xy'[m]}_pool holds no rows of numbers, and {name} learns from nothing"
    with pytest.raises(ValueError, match=message):
        learner.query(*pools)


def test_round_holds_features_and_inputs_of_both_modalities(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), random_state=3).fit(X[:20], y[:20])
    round = open_round(learner, X[20:], y[30:], n_instances=4)
    assert [f.shape for f in round.open] == [(60, 5), (50, 5)]
    assert [f.shape for f in round.aligned] == [(20, 5), (20, 5)]
    np.testing.assert_array_equal(round.open_inputs[0], X[20:])
    np.testing.assert_array_equal(round.open_inputs[1], y[30:])
    np.testing.assert_array_equal(round.aligned_inputs[1], y[:20])
    assert round.rng.integers(1000) == np.random.default_rng([3, 20]).integers(1000)


def test_a_round_of_images_and_texts_holds_what_their_encoder_offers():
    class Towers(TransformerMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def transform(self, X, y=None):
            return np.ones((len(X), 2)), np.ones((len(y), 2))

        def unimodal_features(self, X, y):
            return np.ones((len(X), 5)), np.ones((len(y), 4))

    learner = PairedActiveLearner(Towers())
    names = [f"{i}.png" for i in range(9)]
    assert [f.shape for f in open_round(learner, names, names, 1).open_inputs] == [
        (9, 5),
        (9, 4),
    ]
    round = open_round(learner.fit(names[:3], names[:3]), names[3:], names[3:], 1)
    assert [f.shape for f in round.open_inputs] == [(6, 5), (6, 4)]
    assert [f.shape for f in round.aligned_inputs] == [(3, 5), (3, 4)]


def test_an_encoder_that_cannot_transform_yet_gives_features_without_columns(pairs):
    X, y = pairs
    for estimator in (None, RidgeCCA(), PLSSVD(n_components=2)):
        round = open_round(PairedActiveLearner(estimator), X, y[:30], n_instances=4)
        assert [f.shape for f in round.open] == [(80, 0), (30, 0)]
        assert [f.shape for f in round.aligned] == [(0, 0), (0, 0)]
        assert round.open_inputs[1].shape == (30, 5)


def test_pairs_known_but_not_learned_from_still_count(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), random_state=0)
    learner.teach(X[:6], y[:6], refit=False)
    assert len(open_round(learner, X[6:], y[6:], n_instances=4).aligned[0]) == 6


def test_seeds_come_from_everything_that_scikit_learn_takes():
    assert draw_seed(7) == draw_seed(np.int64(7)) == 7
    generators = np.random.default_rng(0), np.random.default_rng(0)
    assert draw_seed(generators[0]) == draw_seed(generators[1])
    states = np.random.RandomState(0), np.random.RandomState(0)
    assert draw_seed(states[0]) == draw_seed(states[1])
    assert draw_seed(None) != draw_seed(None)
    for wrong in (-1, 1.5, "seed", [1]):
        with pytest.raises(ValueError, match="random_state must be None, an integer"):
            draw_seed(wrong)


class SequenceEncoder(TransformerMixin, BaseEstimator):
    """An encoder of sequences of any lengths: their mean and their sum."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def transform(self, X, y):
        return tuple(np.array([[np.mean(r), np.sum(r)] for r in Z]) for Z in (X, y))


@pytest.mark.parametrize("ragged", ["open", "aligned", "unmatched", None])
def test_rows_in_a_list_are_numbers_everywhere_or_nowhere(ragged):
    """One length here and another there are sequences, which the encoder knows."""

    def rows(part, n):
        lengths = [3] * n if part != ragged else [3, 4] * (n // 2)
        return [np.arange(length, dtype=float) for length in lengths]

    learner = PairedActiveLearner(SequenceEncoder(), random_state=0)
    learner.teach(rows("aligned", 4), np.eye(4))
    X, y = rows("open", 8), np.eye(4)
    query = Query(np.arange(2), rows("unmatched", 2), 0)
    learner.teach_unmatched(query, [-1, -1])
    seen = open_round(learner, X, y, n_instances=2)
    width = 3 if ragged is None else 2
    assert seen.open_inputs[0].shape == (8, width)
    assert seen.aligned_inputs[0].shape == (4, width)
    assert seen.unmatched_inputs[0].shape == (2, width)
    assert seen.open_inputs[1].shape == (4, 4)
    learner.query(X, y, n_instances=2)
