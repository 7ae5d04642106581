"""PairedActiveLearner: the loop, the simulated run, and what it refuses."""

import pickle
from functools import partial
from itertools import cycle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import STRATEGIES, make_pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from names_encoder import CAPTIONS, FILES, NamesEncoder
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cross_decomposition import PLSSVD
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
)
from skmal.metrics import mean_reciprocal_rank, retrieval_scores

# ---------------------------------------------------------------- the loop


def test_query_teach_until_everything_is_known(strategy):
    X, y = make_pairs()
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=0)
    learner.fit(X[:10], y[:10])
    X_pool, y_pool = X[10:], y[10:][::-1]  # rows of the pools do not belong together
    while len(X_pool):
        query = learner.query(X_pool, y_pool, n_instances=min(14, len(X_pool)))
        partners = len(X_pool) - 1 - query.indices
        i, j = query.pairs(partners)
        learner.teach(X_pool[i], y_pool[j])
        X_pool, y_pool = np.delete(X_pool, i, axis=0), np.delete(y_pool, j, axis=0)
    order = np.lexsort(learner.X_training.T)
    expected = np.lexsort(X.T)
    np.testing.assert_array_equal(learner.X_training[order], X[expected])
    np.testing.assert_array_equal(learner.y_training[order], y[expected])
    assert learner.score(X, y) > 0.8


def test_the_loop_works_from_nothing():
    X, y = make_pairs()
    learner = PairedActiveLearner(random_state=0)
    assert learner.X_training is None
    assert learner.y_training is None
    query = learner.query(X, y, n_instances=8)
    learner.teach(X[query.indices], y[query.indices])
    assert len(learner.X_training) == 8
    assert learner.query(X, y, n_instances=8).utilities.max() > 0


def test_teach_refits_on_all_pairs_so_far(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:20], y[:20])
    learner.teach(X[20:50], y[20:50])
    expected = RidgeCCA().fit(X[:50], y[:50])
    np.testing.assert_array_equal(learner.transform(X), expected.transform(X))


def test_teach_without_refit_keeps_the_pairs_for_later(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:20], y[:20])
    before = learner.transform(X)
    learner.teach(X[20:30], y[20:30], refit=False)
    np.testing.assert_array_equal(learner.transform(X), before)
    learner.teach(X[30:40], y[30:40])
    expected = RidgeCCA().fit(X[:40], y[:40]).transform(X)
    np.testing.assert_array_equal(learner.transform(X), expected)


def test_teach_only_new_is_modals(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:20], y[:20])
    learner.teach(X[20:40], y[20:40], only_new=True)
    expected = RidgeCCA().fit(X[20:40], y[20:40]).transform(X)
    np.testing.assert_array_equal(learner.transform(X), expected)
    assert len(learner.X_training) == 20


def test_teaching_nothing_changes_nothing(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:20], y[:20])
    before = vars(learner).copy()
    learner.teach(X[:0], y[:0])
    learner.teach([], [])
    assert vars(learner) == before
    fresh = PairedActiveLearner().teach([], [])
    assert fresh.X_training is None


def test_estimator_and_strategy_are_never_changed(pairs):
    X, y = pairs
    estimator, strategy = RidgeCCA(), CoresetMargin()
    learner = PairedActiveLearner(estimator, strategy, budget=30, random_state=0)
    learner.fit(X, y).query(X, y)
    assert vars(estimator) == vars(RidgeCCA())
    assert vars(strategy) == vars(CoresetMargin())
    assert learner.estimator is estimator


def test_training_data_is_read_only(pairs):
    learner = PairedActiveLearner().fit(*pairs)
    with pytest.raises(AttributeError):
        learner.X_training = None


def test_a_warm_starting_encoder_goes_on_and_others_start_anew():
    for warm_start, n_fits in [(True, 3), (False, 1)]:
        learner = PairedActiveLearner(NamesEncoder(warm_start=warm_start))
        learner.fit(FILES[:20], CAPTIONS[:20])
        learner.teach(FILES[20:30], CAPTIONS[20:30])
        learner.teach(FILES[30:40], CAPTIONS[30:40])
        assert learner.estimator_.n_fits_ == n_fits
        assert learner.estimator_.seen_ == 40
        learner.fit(FILES, CAPTIONS)
        assert learner.estimator_.n_fits_ == 1


def test_the_seed_reaches_the_encoder_unless_it_has_its_own():
    learner = PairedActiveLearner(NamesEncoder(), random_state=7)
    assert learner.fit(FILES, CAPTIONS).estimator_.random_state == 7
    learner.set_params(estimator__random_state=3).fit(FILES, CAPTIONS)
    assert learner.estimator_.random_state == 3


def test_rank_partners_finds_them_best_first(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:40], y[:40])
    for modality in (0, 1):
        learner.set_params(query_strategy=RandomSampling(modality))
        query = learner.query(X[40:], y[40:], n_instances=6)
        ranked = learner.rank_partners(query, X[40:], y[40:], k=3)
        assert ranked.shape == (6, 3)
        assert np.mean(ranked[:, 0] == query.indices) > 0.6
        x, y_ = learner.transform(X[40:], y[40:])
        similarity = (x @ y_.T if modality == 0 else y_ @ x.T)[query.indices]
        values = np.take_along_axis(similarity, ranked, axis=1)
        assert (np.diff(values, axis=1) <= 0).all()
        np.testing.assert_allclose(values[:, 0], similarity.max(axis=1))
    assert learner.rank_partners(query, X[40:], y[40:], k=1000).shape == (6, 40)
    fresh = PairedActiveLearner()
    with pytest.raises(NotFittedError):
        fresh.rank_partners(fresh.query(X, y), X, y)


def test_modal_arguments_are_accepted(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), random_state=0).fit(X[:20], y[:20])
    triple = learner.query(X, y, n_instances=3, return_metrics=True)
    query = learner.query(X, y, n_instances=3)
    np.testing.assert_array_equal(triple[0], query.indices)
    np.testing.assert_array_equal(triple[1], query.instances)
    np.testing.assert_array_equal(triple[2], query.utilities)


def test_a_query_unpacks_and_pickles(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), KCenterGreedy(1)).fit(X[:20], y[:20])
    query = pickle.loads(pickle.dumps(learner.query(X, y, n_instances=3)))
    indices, instances = query
    np.testing.assert_array_equal(instances, y[indices])
    assert query.modality == 1


# ---------------------------------------------------------------- callables


class Modal(tuple):
    """A plain pair with a modality."""

    modality = 1


def first_rows(learner, X_pool, y_pool, n_instances=1):
    """Choose the first rows of X."""
    return np.arange(n_instances), np.zeros(n_instances)


def test_a_function_of_one_pool_is_no_strategy(pairs):
    def uncertainty_sampling(classifier, X, n_instances=1, **measure):
        raise AssertionError

    learner = PairedActiveLearner(query_strategy=uncertainty_sampling)
    with pytest.raises(TypeError, match=r"uncertainty_sampling cannot .* second pool"):
        learner.query(*pairs)


def test_a_function_is_a_strategy(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA(), first_rows).fit(X, y)
    query = learner.query(X, y, n_instances=3)
    assert (query.modality, query.coverage_gap) == (0, None)
    np.testing.assert_array_equal(query.instances, X[:3])
    learner.query_strategy = lambda *a, n_instances: Modal(first_rows(*a, n_instances))
    np.testing.assert_array_equal(learner.query(X, y, n_instances=3).instances, y[:3])
    clone(PairedActiveLearner(RidgeCCA(), first_rows, budget=30)).fit(X, y)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "must return \\(indices, utilities\\), got NoneType"),
        (([0, 1], [0.0, 0.0], 3), "must return \\(indices, utilities\\), got tuple"),
        (([0, 0], [0.0, 0.0]), "must return 2 different rows below 80"),
        (([0], [0.0]), "must return 2 different rows"),
        (([0, 1], [0.0]), "as many utilities"),
        (([0, 80], [0.0, 0.0]), "different rows below 80"),
        (([-1, 0], [0.0, 0.0]), "different rows below 80"),
        (([0.0, 1.0], [0.0, 0.0]), "different rows below 80"),
        (Modal(([0, 81], [0.0, 0.0])), "different rows below 80"),
    ],
)
def test_a_function_that_breaks_the_contract(pairs, result, message):
    learner = PairedActiveLearner(RidgeCCA(), lambda *a, **k: result).fit(*pairs)
    with pytest.raises(ValueError, match=message):
        learner.query(*pairs, n_instances=2)


def test_a_function_is_not_asked_for_more_than_there_is(pairs):
    learner = PairedActiveLearner(RidgeCCA(), first_rows).fit(*pairs)
    with pytest.raises(
        ValueError, match="n_instances=81 is above the 80 items of X_pool"
    ):
        learner.query(*pairs, n_instances=81)


def test_a_modality_that_does_not_exist(pairs):
    wrong = Modal(([0], [0.0]))
    wrong.modality = 2
    learner = PairedActiveLearner(RidgeCCA(), lambda *a, **k: wrong).fit(*pairs)
    with pytest.raises(ValueError, match="modality must be 0 or 1, got 2"):
        learner.query(*pairs)


# ---------------------------------------------------------------- odd starts


def test_a_first_single_answer_is_kept_until_there_are_two(pairs):
    X, y = pairs
    learner = PairedActiveLearner(random_state=0)
    for n in (1, 2, 3):
        (row,), _ = learner.query(X, y)  # one question at a time, modAL's default
        learner.teach(X[[row]], y[[row]])
        assert len(learner.X_training) == n
        assert hasattr(learner, "estimator_") == (n >= 2)
    one_by_one = PairedActiveLearner(
        budget=5, n_initial=0, batch_size=1, random_state=0
    ).fit(X, y, validation_data=(X, y))
    assert one_by_one.n_pairs_iter_.tolist() == [2, 3, 4, 5]
    assert len(one_by_one.validation_scores_) == 4
    assert one_by_one.n_iter_ == 5


def test_pairs_kept_without_refit_do_not_make_a_fitted_learner(pairs):
    learner = PairedActiveLearner().teach(*pairs, refit=False)
    with pytest.raises(NotFittedError):
        check_is_fitted(learner)


def test_what_is_taught_is_copied(pairs):
    X, y = (array.copy() for array in pairs)
    learner = PairedActiveLearner().teach(X, y)
    X[:] = 0
    np.testing.assert_array_equal(learner.X_training, pairs[0])


def test_a_frozen_encoder_is_never_refitted(pairs):
    frozen = FrozenEstimator(RidgeCCA().fit(*pairs))
    learner = PairedActiveLearner(frozen, budget=20, random_state=0).fit(*pairs)
    expected = frozen.transform(pairs[0])
    np.testing.assert_array_equal(learner.transform(pairs[0]), expected)


class Failing(NamesEncoder):
    """An encoder that goes on from where it was, and fails on the way."""

    def fit(self, X, y):
        super().fit(X, y)
        if len(X) > 30:
            raise MemoryError("half-way")
        return self


def test_a_warm_start_that_fails_half_way_changes_nothing():
    learner = PairedActiveLearner(Failing(warm_start=True)).fit(
        FILES[:20], CAPTIONS[:20]
    )
    with pytest.raises(MemoryError):
        learner.teach(FILES[20:40], CAPTIONS[20:40])
    assert len(learner.X_training) == learner.estimator_.seen_ == 20
    assert learner.estimator_.n_fits_ == 1


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_generators_in_parameters_are_not_consumed(pairs, make):
    strategy = RandomSampling(random_state=make(0))
    learner = PairedActiveLearner(RidgeCCA(), strategy, budget=30, random_state=make(1))
    first = learner.fit(*pairs).annotated_iter_
    np.testing.assert_array_equal(first, learner.fit(*pairs).annotated_iter_)


# ---------------------------------------------------------------- simulated runs


def test_fit_without_a_budget_learns_from_everything(pairs):
    X, y = pairs
    learner = PairedActiveLearner(PLSSVD(n_components=2)).fit(X, y)
    assert learner.n_iter_ == 0
    assert (learner.annotated_iter_ == 0).all()
    assert learner.modality_iter_.shape == (0,)
    assert learner.coverage_gap_iter_.shape == (0, 2)
    np.testing.assert_array_equal(learner.X_training, X)
    np.testing.assert_array_equal(learner.y_training, y)
    expected = PLSSVD(n_components=2).fit(X, y).transform(X, y)
    assert learner.score(X, y) == mean_reciprocal_rank(*expected)


def test_the_attributes_retell_the_run(strategy):
    X, y = make_pairs()
    validation = make_pairs(40, seed=1)
    learner = PairedActiveLearner(
        PLSSVD(n_components=2),
        strategy,
        budget=35,
        n_initial=12,
        batch_size=8,
        random_state=0,
    ).fit(X, y, validation_data=validation)
    assert learner.n_iter_ == 3
    assert learner.n_pairs_iter_.tolist() == [12, 20, 28, 35]
    counts = np.bincount(learner.annotated_iter_ + 1)
    assert counts.tolist() == [45, 12, 8, 8, 7]
    assert learner.modality_iter_.shape == (3,)
    assert set(learner.modality_iter_) <= {0, 1}
    assert learner.coverage_gap_iter_.shape == (3, 2)
    assert learner.validation_scores_.shape == (4,)
    assert learner.validation_scores_[-1] == learner.score(*validation)
    for round, first in enumerate([0, 12, 20, 28]):
        rows = np.flatnonzero(learner.annotated_iter_ == round)
        bought = learner.X_training[first : first + len(rows)]
        assert {tuple(row) for row in bought} == {tuple(row) for row in X[rows]}
    matches = [np.flatnonzero((row == X).all(axis=1))[0] for row in learner.X_training]
    np.testing.assert_array_equal(learner.y_training, y[matches])  # true pairs


def test_the_two_pools_come_in_unrelated_orders(pairs):
    seen = []

    def watch(learner, X_pool, y_pool, n_instances=1):
        X_rows = [
            int(np.flatnonzero((pairs[0] == row).all(axis=1))[0]) for row in X_pool
        ]
        y_rows = [
            int(np.flatnonzero((pairs[1] == row).all(axis=1))[0]) for row in y_pool
        ]
        seen.append((X_rows, y_rows))
        return first_rows(learner, X_pool, y_pool, n_instances)

    PairedActiveLearner(RidgeCCA(), watch, budget=30, random_state=0).fit(*pairs)
    for X_rows, y_rows in seen:
        assert sorted(X_rows) == sorted(y_rows) != X_rows
        assert np.mean(np.array(X_rows) == np.array(y_rows)) < 0.2


def test_gaps_are_kept_where_they_were_compared(pairs):
    learner = PairedActiveLearner(
        RidgeCCA(), KCenterGreedy(), budget=40, random_state=0
    )
    gaps = learner.fit(*pairs).coverage_gap_iter_
    assert (gaps > 0).all()
    np.testing.assert_array_equal(learner.modality_iter_, gaps[:, 1] > gaps[:, 0])
    learner.set_params(query_strategy=RandomSampling())
    assert np.isnan(learner.fit(*pairs).coverage_gap_iter_).all()


def run(random_state, strategy=None, **kwargs):
    """Return a simulated run on the small pairs."""
    learner = PairedActiveLearner(
        RidgeCCA(), strategy, budget=50, random_state=random_state, **kwargs
    )
    return learner.fit(*make_pairs(), validation_data=make_pairs(40, seed=1))


def test_the_same_seed_gives_the_same_run_whatever_the_global_generator(strategy):
    np.random.seed(0)
    one = run(3, strategy)
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    other = run(3, strategy)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(one.annotated_iter_, other.annotated_iter_)
    np.testing.assert_array_equal(one.validation_scores_, other.validation_scores_)
    for a, b in zip(
        one.transform(*make_pairs()), other.transform(*make_pairs()), strict=True
    ):
        assert a.tobytes() == b.tobytes()


def test_other_seeds_and_other_coreset_sizes_give_other_runs():
    bought = [
        tuple(run(seed, CoresetMargin(coreset_size=size)).annotated_iter_)
        for seed, size in [(0, 1.0), (0, 1.5), (0, 2.0), (0, 5.0), (1, 2.0)]
    ]
    assert len(set(bought)) == 5


def test_a_cold_start_asks_at_random_first(pairs):
    learner = PairedActiveLearner(
        RidgeCCA(), budget=30, n_initial=0, batch_size=10, random_state=0
    ).fit(*pairs, validation_data=pairs)
    assert learner.n_pairs_iter_.tolist() == [10, 20, 30]
    assert (learner.annotated_iter_ != 0).all()
    assert len(learner.validation_scores_) == 3
    assert np.isnan(learner.coverage_gap_iter_[0]).all()


@settings(max_examples=30)
@given(
    st.integers(4, 30),
    st.integers(2, 40),
    st.integers(1, 9),
    st.sampled_from([None, 2, 3]),
)
def test_any_budget_is_spent_exactly(n, budget, batch_size, n_initial):
    if n_initial is not None and n_initial > min(budget, n):
        return
    X, y = make_pairs(n)
    learner = PairedActiveLearner(
        RidgeCCA(),
        budget=budget,
        n_initial=n_initial,
        batch_size=batch_size,
        random_state=0,
    ).fit(X, y)
    assert len(learner.X_training) == min(budget, n)
    assert (learner.annotated_iter_ >= 0).sum() == min(budget, n)
    assert learner.annotated_iter_.max() == learner.n_iter_


def test_scoring_may_return_one_number_or_many(pairs):
    X, y = pairs

    def table(learner, X, y):
        return retrieval_scores(*learner.transform(X, y))

    learner = PairedActiveLearner(budget=30, random_state=0)
    learner.fit(X, y, validation_data=(X, y), scoring=table)
    assert [set(s) for s in learner.validation_scores_] == (
        [{"mrr", "recall@1", "recall@5", "recall@10"}] * 4
    )
    learner.fit(X, y, validation_data=(X, y), scoring=lambda *_: 0.5)
    assert learner.validation_scores_.tolist() == [0.5] * 4


def test_progress_is_silent_unless_asked_for(pairs, capsys):
    learner = PairedActiveLearner(budget=30, random_state=0).fit(*pairs)
    assert capsys.readouterr() == ("", "")
    learner.set_params(verbose=1).fit(*pairs)
    assert "30/30" in capsys.readouterr().err


# ---------------------------------------------------------------- containers


CONTAINERS = {
    "lists": (FILES, CAPTIONS),
    "arrays": (np.array(FILES), np.array(CAPTIONS)),
    "pandas": (pd.Series(FILES, index=range(60, 0, -1)), pd.Series(CAPTIONS)),
    "polars": (pl.Series(FILES), pl.Series(CAPTIONS)),
    "mixed": (FILES, pd.DataFrame({"caption": CAPTIONS})["caption"]),
}


@pytest.mark.parametrize(  # each strategy with one of the containers
    ("strategy", "name"), zip(STRATEGIES, cycle(CONTAINERS), strict=False), ids=repr
)
def test_file_names_and_captions_in_any_container(name, strategy):
    X, y = CONTAINERS[name]
    learner = PairedActiveLearner(NamesEncoder(), strategy, budget=40, random_state=0)
    learner.fit(X, y)
    expected = clone(learner).fit(FILES, CAPTIONS)
    np.testing.assert_array_equal(learner.annotated_iter_, expected.annotated_iter_)
    assert learner.score(X, y) > 0.5
    query = learner.query(X, y, n_instances=5)
    source = (FILES, CAPTIONS)[query.modality]
    assert list(query.instances) == [source[i] for i in query.indices]
    learner.teach(X[:2], y[:2])
    assert len(learner.X_training) == 42


class Lengths(TransformerMixin, BaseEstimator):
    """An encoder of arrays of any length."""

    def fit(self, X, y):
        assert isinstance(X, list)
        self.fitted_ = True
        return self

    def transform(self, X, y=None):
        assert isinstance(X, list)
        features = np.array([[len(item), item.sum()] for item in X], dtype=float)
        return features if y is None else (features, y[:, :2])


def test_recordings_of_any_length_stay_a_list(pairs):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=n) for n in [100] * 40 + [99, 101] * 20]
    learner = PairedActiveLearner(Lengths(), budget=60, random_state=0)
    learner.fit(X, pairs[1])
    learner.fit(X[:10], pairs[1][:10]).teach(X[-2:], pairs[1][-2:])
    learner.teach(X[50:51], pairs[1][50:51])
    assert len(learner.X_training) == 13


def test_answers_in_another_container_join_those_known(pairs):
    X, y = pairs
    frames = [pd.DataFrame(X), pl.DataFrame(X, schema=[str(i) for i in range(6)])]
    for known in (X, *frames):
        for new in (X, X.tolist(), *frames):
            names = [list(f.columns) for f in (known, new) if hasattr(f, "columns")]
            if len(names) == 2 and names[0] != names[1]:
                continue
            learner = PairedActiveLearner().fit(known, y).teach(new[:3], y[:3])
            assert type(learner.X_training) is type(known)
            np.testing.assert_array_equal(np.asarray(learner.X_training)[80:], X[:3])


def test_items_that_cannot_join_are_refused(pairs):
    learner = PairedActiveLearner().fit(*pairs)
    before = vars(learner).copy()
    with pytest.raises(ValueError, match="cannot be added to those known so far"):
        learner.teach(np.array(["a", "b"]), pairs[1][:2])
    with pytest.raises(ValueError, match="cannot be added to those known so far"):
        learner.teach(np.ones((2, 6, 1)), pairs[1][:2])
    assert vars(learner) == before


@pytest.mark.parametrize("method", ["query", "teach", "score"])
def test_columns_in_another_order_are_refused(pairs, method):
    X, y = (pd.DataFrame(a).rename(columns="f{}".format) for a in pairs)
    learner = PairedActiveLearner().fit(X, y)
    with pytest.raises(ValueError, match="feature names .*should match those"):
        getattr(learner, method)(X, y[y.columns[::-1]])
    with pytest.raises(ValueError, match="feature names .*should match those"):
        getattr(learner, method)(X[X.columns[::-1]], y)


def test_set_output_names_the_encoders_features(pairs):
    learner = PairedActiveLearner().set_output(transform="pandas").fit(*pairs)
    frame = learner.transform(pairs[0])
    assert list(frame.columns[:2]) == ["kernelcca0", "kernelcca1"]
    assert learner.score(*pairs) > 0.5
    assert len(learner.query(*pairs).indices) == 1


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_numeric_data_frames(pairs, frame):
    X, y = pairs
    X_frame = frame({f"x{i}": X[:, i] for i in range(6)})
    y_frame = frame({f"y{i}": y[:, i] for i in range(5)})
    learner = PairedActiveLearner(RidgeCCA(), budget=40, random_state=0)
    learner.fit(X_frame, y_frame)
    expected = clone(learner).fit(X, y)
    np.testing.assert_array_equal(learner.annotated_iter_, expected.annotated_iter_)
    assert learner.n_features_in_ == 6
    if frame is pd.DataFrame:  # the only one whose names scikit-learn reads
        assert list(learner.feature_names_in_) == [f"x{i}" for i in range(6)]
    learner.teach(X_frame[:3], y_frame[:3])
    assert learner.X_training.shape == (43, 6)


# ---------------------------------------------------------------- bad input


def with_value(array, value):
    """Return a copy with one value replaced."""
    array = array.copy()
    array[5, 1] = value
    return array


BAD_PAIRS = [
    (lambda X, y: (X, y[:-1]), "X has 80 rows and y has 79"),
    (lambda X, y: (X[:-1], y), "X has 79 rows and y has 80"),
    (lambda X, y: (with_value(X, np.nan), y), "X contains NaN"),
    (lambda X, y: (X, with_value(y, np.inf)), "y contains infinity"),
    (lambda X, y: (X, None), "PairedActiveLearner requires y to be passed"),
    (lambda X, y: (X, "caption"), "y must be a sequence of items"),
    (lambda X, y: (X[:0], y), "X is empty"),
]


@pytest.mark.parametrize("method", ["fit", "teach"])
@pytest.mark.parametrize(("spoil", "message"), BAD_PAIRS)
def test_bad_pairs_leave_the_learner_as_it_was(pairs, method, spoil, message):
    learner = PairedActiveLearner(budget=30, random_state=0).fit(*pairs)
    before = vars(learner).copy()
    with pytest.raises(ValueError, match=message):
        getattr(learner, method)(*spoil(*pairs))
    assert vars(learner) == before


def test_an_encoder_that_fails_leaves_the_pairs_as_they_were(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X, y)
    before = vars(learner).copy()
    learner.estimator = RidgeCCA(reg=-1)
    with pytest.raises(ValueError, match="reg must be"):
        learner.teach(X, y)
    assert vars(learner) == {**before, "estimator": learner.estimator}


@pytest.mark.parametrize("method", ["query", "teach", "transform", "score"])
def test_other_feature_counts_than_fit_saw(pairs, method):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X, y)
    with pytest.raises(
        ValueError, match="has 2 features, but .* is expecting 6 features"
    ):
        getattr(learner, method)(X[:, :2], y)
    with pytest.raises(
        ValueError, match="has 2 features, but .* is expecting 5 features"
    ):
        getattr(learner, method)(X, y[:, :2])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"budget": 0}, "budget must be an integer of at least 2, got 0"),
        ({"budget": 1.5}, "budget must be an integer of at least 2, or a share of"),
        (
            {"budget": 20, "n_initial": 21},
            "n_initial=21 is above the budget of 20 pairs",
        ),
        (
            {"budget": 200, "n_initial": 81},
            "n_initial=81 is above the budget of 80 pairs",
        ),
        ({"budget": 20, "n_initial": -1}, "n_initial must be an integer of at least 0"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
        ({"budget": 20, "batch_size": "8"}, "batch_size must be an integer"),
        ({"random_state": "seed"}, "random_state must be None, an integer"),
        (
            {"budget": 40, "query_strategy": CoresetMargin(coreset_size=4)},
            "coreset_size=4 is smaller than the batch of 8; raise it",
        ),
    ],
)
def test_bad_parameters(pairs, parameters, message):
    with pytest.raises(ValueError, match=message):
        PairedActiveLearner(**parameters).fit(*pairs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, X, y: s.query(X), "y_pool is missing"),
        (
            lambda s, X, y: s.query(X, 8),
            "y_pool must be a sequence of items, got the sin",
        ),
        (lambda s, X, y: s.query(X[:0], y), "X_pool is empty"),
        (
            lambda s, X, y: s.query(X, y, n_instances=0),
            "n_instances must be an integer",
        ),
        (
            lambda s, X, y: s.query(X, y, n_instances=81),
            "n_instances=81 is above the 80",
        ),
        (lambda s, X, y: s.query(with_value(X, np.nan), y), "X_pool contains NaN"),
        (
            lambda s, X, y: s.rank_partners(s.query(X, y), X, y, k=0),
            "k must be an integ",
        ),
        (lambda s, X, y: s.score(X, y[:-1]), "X has 80 rows and y has 79"),
    ],
)
def test_bad_calls(pairs, call, message):
    learner = PairedActiveLearner(budget=30, random_state=0).fit(*pairs)
    before = vars(learner).copy()
    with pytest.raises(ValueError, match=message):
        call(learner, *pairs)
    after = vars(learner).copy()
    for name in ("_prequential", "_audits"):  # of a query that went well
        after.pop(name)
        before.pop(name)
    assert after == before


def test_calls_with_the_wrong_kind_of_object(pairs):
    learner = PairedActiveLearner(budget=30, random_state=0).fit(*pairs)
    with pytest.raises(TypeError, match="query must be what query\\(\\) returned"):
        learner.rank_partners(([0], None), *pairs)
    for wrong in ("coreset-margin", CoresetMargin):
        with pytest.raises(TypeError, match="query_strategy must be a strategy, such"):
            PairedActiveLearner(RidgeCCA(), wrong).query(*pairs)
        with pytest.raises(TypeError, match="query_strategy must be a strategy, such"):
            PairedActiveLearner(RidgeCCA(), wrong).fit(*pairs)
    with pytest.raises(ValueError, match="validation_data must be a tuple"):
        learner.fit(*pairs, validation_data=(*pairs, 3))
    with pytest.raises(ValueError, match="scoring must be a callable .*got 'mrr'"):
        learner.fit(*pairs, validation_data=pairs, scoring="mrr")
    with pytest.raises(ValueError, match="got 1 sample, but at least 2 pairs"):
        learner.fit(pairs[0][:1], pairs[1][:1])
    with pytest.raises(TypeError, match="StandardScaler.transform takes X alone"):
        PairedActiveLearner(StandardScaler()).fit(*pairs)


def test_a_strategy_that_fixes_the_batch_is_refused(pairs):
    strategy = partial(CoresetMargin(), n_instances=3)
    learner = PairedActiveLearner(RidgeCCA(), strategy)
    for call in (learner.fit, learner.query):
        with pytest.raises(TypeError, match=r"fixes n_instances=3, .* query\(..., n_"):
            call(*pairs)
    free = PairedActiveLearner(RidgeCCA(), partial(CoresetMargin())).fit(*pairs)
    assert len(free.query(*pairs, n_instances=3).indices) == 3


def test_one_row_is_no_rows(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X, y)
    before = vars(learner).copy()
    with pytest.raises(ValueError, match=r"X is one row of 6 numbers .* X\[\[0\]\]"):
        learner.teach(X[40], y[40])
    with pytest.raises(ValueError, match="y is one row of 5 numbers"):
        learner.teach(X[:5], y[40])
    with pytest.raises(ValueError, match="X_pool is one row of 6 numbers"):
        learner.query(X[40], y)
    assert vars(learner) == before
    assert len(learner.teach(X[[40]], y[[40]]).X_training) == 81


def test_parameters_of_a_default_cannot_be_set():
    learner = PairedActiveLearner()
    with pytest.raises(ValueError, match=r"pass query_strategy=VOptimalDesign\(\)"):
        learner.set_params(query_strategy__modality=0)
    with pytest.raises(ValueError, match=r"estimator is None; pass estimator=\w+\(\)"):
        learner.set_params(budget=20, estimator__reg=0.5)
    assert learner.budget is None
    learner.set_params(query_strategy=CoresetMargin(), query_strategy__modality=0)
    assert learner.query_strategy.modality == 0


@pytest.mark.parametrize("method", ["transform", "score"])
def test_nothing_works_before_fit_but_asking(pairs, method):
    with pytest.raises(NotFittedError):
        getattr(PairedActiveLearner(), method)(*pairs)
    assert not hasattr(PairedActiveLearner(), "n_features_in_")


ANYTHING = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(width=32), max_size=4),
    st.lists(st.text(max_size=2), max_size=4),
    st.lists(st.lists(st.floats(width=32), max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=2),
    st.sampled_from(
        [
            np.empty((0, 6)),
            np.ones((4, 6)),
            np.ones((4, 5)),
            np.ones(4),
            np.full((4, 6), np.nan),
            np.ones((4, 6), complex),
            np.array(None),
            object(),
        ]
    ),
)


# scikit-learn's own check for infinity sums +inf and -inf.
@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce")
@settings(max_examples=300)
@given(
    st.sampled_from(["fit", "teach", "query", "score", "transform"]), ANYTHING, ANYTHING
)
def test_anything_else_is_refused_cleanly_and_changes_nothing(method, X, y):
    learner = PairedActiveLearner(RidgeCCA(), random_state=0).fit(*make_pairs(20))
    before = vars(learner).copy()
    try:
        getattr(learner, method)(X, y)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 10
        assert vars(learner) == before
