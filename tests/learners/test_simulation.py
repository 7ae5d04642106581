"""The simulated run: several captions per image, streams, and imperfect annotators."""

import numpy as np
import pytest
import sklearn
from helpers import make_pairs
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score

from skmal import (
    MarginSampling,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
    Round,
    Selection,
    SimulatedAnnotator,
)
from skmal.learners import _simulation
from skmal.metrics import mean_reciprocal_rank
from skmal.strategies._base import QueryStrategy


def several_captions(n_images=30, n_captions=3):
    """Return rows of X that repeat, in no order, their captions, and labels."""
    X, y = make_pairs(n_images)
    rng = np.random.default_rng(1)
    groups = rng.permutation(np.arange(n_images).repeat(n_captions))
    noise = rng.normal(size=(len(groups), 5))
    return X[groups], y[groups] + 0.3 * noise, groups


class Watch(QueryStrategy):
    """Draw at random from one modality, and keep what was seen in `log`."""

    log = []

    def __init__(self, modality=0):
        self.modality = modality

    def select(self, round):
        self.log.append(round)
        rows = round.rng.permutation(len(round.open[self.modality]))
        rows = rows[: round.n_instances]
        return Selection(rows, np.zeros(len(rows)), self.modality)


@pytest.fixture
def log():
    Watch.log.clear()
    return Watch.log


def rows_of(items, X):
    """Return, for each item, the first row of X that equals it."""
    return np.array([np.flatnonzero((item == X).all(axis=1))[0] for item in items])


# ---------------------------------------------------------------- groups


@pytest.mark.parametrize("modality", [0, 1])
def test_an_image_stands_once_and_leaves_with_its_last_caption(log, modality):
    X, y, groups = several_captions()
    learner = PairedActiveLearner(
        RidgeCCA(), Watch(modality), budget=90, batch_size=7, random_state=0
    ).fit(X, y, groups)
    assert len(learner.X_training) == len(learner.answers_) == 90
    assert (learner.annotated_iter_ >= 0).all()
    assert learner.termination_condition_ == "budget_spent"
    answers = learner.answers_
    np.testing.assert_array_equal(answers[:, 1], answers[:, 2])  # all pairs are right
    np.testing.assert_array_equal(learner.X_training, X[answers[:, 1]])
    for number, round in enumerate(log, start=1):
        open_captions = answers[answers[:, 0] >= number, 2]
        assert len(round.open_inputs[1]) == len(open_captions)
        images = groups[rows_of(round.open_inputs[0], X)]
        np.testing.assert_array_equal(np.sort(images), np.unique(groups[open_captions]))
    if modality == 0:  # a batch asks about different images
        for number in range(1, learner.n_iter_ + 1):
            asked = groups[answers[answers[:, 0] == number, 1]]
            assert len(set(asked)) == len(asked)


def test_groups_of_one_row_are_no_groups():
    X, y = make_pairs()
    learner = PairedActiveLearner(budget=50, random_state=0).fit(X, y)
    other = clone(learner).fit(X, y, np.random.default_rng(0).permutation(80))
    np.testing.assert_array_equal(learner.annotated_iter_, other.annotated_iter_)
    assert learner.score(X, y, groups=np.arange(80)) == learner.score(X, y)


def test_a_run_with_groups_repeats_and_other_seeds_choose_other_captions():
    X, y, groups = several_captions()
    runs = [
        PairedActiveLearner(budget=40, random_state=seed).fit(X, y, groups)
        for seed in (0, 0, 1)
    ]
    bought = [run.answers_.tolist() for run in runs]
    assert bought[0] == bought[1] != bought[2]


def test_an_images_other_captions_are_not_ahead_of_the_one_named(monkeypatch):
    X, y, groups = several_captions(30, 4)
    learner = PairedActiveLearner(
        RidgeCCA(), RandomSampling(0), budget=70, n_initial=40, random_state=0
    )
    found = learner.fit(X, y, groups).prequential_.mean()
    monkeypatch.setattr(_simulation, "_remember_other_partners", lambda *args: None)
    assert found > learner.fit(X, y, groups).prequential_.mean() + 0.1


def test_score_asks_about_an_image_once():
    X, y, groups = several_captions()
    learner = PairedActiveLearner().fit(X, y, groups)
    expected = mean_reciprocal_rank(*learner.transform(X, y), groups=groups)
    assert learner.score(X, y, groups) == pytest.approx(expected)
    assert learner.score(X, y) < 0.8 * expected
    with pytest.raises(ValueError, match="rows 0 and 1 of X have the same group"):
        learner.score(*make_pairs(), groups=[0] * 80)


def test_a_grid_search_keeps_an_images_captions_in_one_fold():
    X, y, groups = several_captions()
    learner = PairedActiveLearner(budget=30, random_state=0)
    plain = cross_val_score(learner, X, y, groups=groups, cv=GroupKFold(3))
    with sklearn.config_context(enable_metadata_routing=True):
        routed = learner.set_fit_request(groups=True).set_score_request(groups=True)
        search = GridSearchCV(routed, {"batch_size": [4, 8]}, cv=GroupKFold(3))
        search.fit(X, y, groups=groups)
    assert search.best_score_ > plain.mean()  # equal images are no rivals any more
    assert len(search.best_estimator_.answers_) == 30


def test_rows_of_a_group_that_differ_are_refused():
    X, y = make_pairs()
    learner = PairedActiveLearner().fit(X, y)
    before = vars(learner).copy()
    with pytest.raises(ValueError, match="rows 0 and 1 of X have the same group but"):
        learner.fit(X, y, groups=np.arange(80) // 2)
    with pytest.raises(ValueError, match="groups must hold one label for each of the"):
        learner.fit(X, y, groups=[1, 2])
    assert vars(learner) == before


# ---------------------------------------------------------------- streams


def test_each_buffer_is_asked_once_and_discarded(log):
    X, y = make_pairs()
    learner = PairedActiveLearner(
        RidgeCCA(),
        Watch(1),
        budget=60,
        n_initial=10,
        batch_size=4,
        buffer_size=16,
        random_state=0,
    ).fit(X, y)
    assert learner.n_pairs_iter_.tolist() == [10, 14, 18, 22, 26, 30]
    assert learner.termination_condition_ == "stream_ended"
    seen = np.flatnonzero(learner.annotated_iter_ == 0).tolist()
    for round in log:
        X_rows = rows_of(round.open_inputs[0], X).tolist()
        y_rows = rows_of(round.open_inputs[1], y).tolist()
        assert sorted(X_rows) == sorted(y_rows)  # both partners arrive
        assert X_rows != y_rows  # in unrelated orders
        assert not set(X_rows) & set(seen)
        seen += X_rows
    assert [len(round.open[0]) for round in log] == [16, 16, 16, 16, 6]
    learner.set_params(budget=20).fit(X, y)
    assert learner.termination_condition_ == "budget_spent"
    assert len(learner.X_training) == 20


def test_a_buffer_of_everything_is_one_batch_from_the_whole_pool():
    X, y = make_pairs()
    learner = PairedActiveLearner(budget=18, n_initial=10, random_state=0).fit(X, y)
    stream = clone(learner).set_params(buffer_size=70).fit(X, y)
    np.testing.assert_array_equal(learner.annotated_iter_, stream.annotated_iter_)
    with pytest.raises(ValueError, match="buffer_size=7 is below batch_size=8"):
        stream.set_params(buffer_size=7).fit(X, y)


# ---------------------------------------------------------------- annotators


def test_missing_partners_cost_an_answer_and_never_come_back(log):
    X, y = make_pairs()
    learner = PairedActiveLearner(
        RidgeCCA(),
        Watch(0),
        annotator=SimulatedAnnotator(missing_rate=0.25, random_state=0),
        budget=70,
        n_initial=10,
        batch_size=6,
        random_state=0,
    ).fit(X, y, validation_data=(X, y))
    answers = learner.answers_
    alone = answers[:, 2] < 0
    assert alone.sum() == 16 == len(learner.X_unmatched)  # a quarter of 64
    assert (answers[~alone, 1] == answers[~alone, 2]).all()
    assert len(set(answers[:, 1])) == len(answers)  # nothing is asked twice
    for present in learner.annotator.present(80):  # both of each pair at the start
        assert present[answers[:10, 1]].all()
    np.testing.assert_array_equal(learner.X_unmatched, X[answers[alone, 1]])
    assert learner.y_unmatched is None
    assert learner.termination_condition_ == "pool_exhausted"
    assert learner.n_pairs_iter_[-1] == 48
    assert learner.n_answers_iter_[-1] == len(answers) == 64
    assert len(learner.validation_scores_) == len(learner.n_answers_iter_)
    last = log[-1]
    assert len(last.unmatched[0]) == len(last.unmatched_inputs[0]) > 0
    assert last.unmatched[1].shape == (0, last.open[1].shape[1])
    told = rows_of(last.unmatched_inputs[0], X)
    np.testing.assert_array_equal(told, answers[alone, 1][: len(told)])
    assert learner.fit(X, y).answers_.tolist() == answers.tolist()
    assert clone(learner).set_params(annotator=None).fit(X, y).X_unmatched is None


@pytest.mark.parametrize("modality", [0, 1])
def test_wrong_pairs_are_learned_as_they_were_answered(modality):
    X, y = make_pairs()
    learner = PairedActiveLearner(
        RidgeCCA(),
        RandomSampling(modality),
        annotator=SimulatedAnnotator(error_rate=0.3),
        budget=60,
        random_state=0,
    ).fit(X, y)
    _, X_rows, y_rows = learner.answers_.T
    paired = (X_rows >= 0) & (y_rows >= 0)
    np.testing.assert_array_equal(learner.X_training, X[X_rows[paired]])
    np.testing.assert_array_equal(learner.y_training, y[y_rows[paired]])
    wrong = paired & (X_rows != y_rows)
    assert wrong.sum() > 5
    assert not wrong[:10].any()  # the pairs at the start are right
    right = X_rows[paired & ~wrong]
    np.testing.assert_array_equal(
        np.sort(right), np.flatnonzero(learner.annotated_iter_ >= 0)
    )


def test_everything_at_once_spends_what_there_is():
    X, y, groups = several_captions()
    for seed in range(3):
        learner = PairedActiveLearner(
            RidgeCCA(),
            RandomSampling(),
            annotator=SimulatedAnnotator(0.2, 0.2),
            budget=80,
            n_initial=4,
            batch_size=5,
            buffer_size=12,
            random_state=seed,
        ).fit(X, y, groups)
        _, X_rows, y_rows = learner.answers_.T
        assert learner.n_answers_iter_[-1] == len(learner.answers_) <= 80
        named = y_rows[y_rows >= 0]
        assert len(set(named)) == len(named)  # a caption is bought once
        assert len(learner.X_training) == ((X_rows >= 0) & (y_rows >= 0)).sum()


def test_the_annotators_rates_can_be_searched():
    learner = PairedActiveLearner(
        RidgeCCA(), annotator=SimulatedAnnotator(), budget=40, random_state=0
    )
    grid = {"annotator__error_rate": [0.0, 1.0]}
    X, y = make_pairs()
    means = GridSearchCV(learner, grid, cv=KFold(2)).fit(X, y).cv_results_
    assert means["mean_test_score"][0] > means["mean_test_score"][1]


def test_a_function_annotates_and_its_mistakes_are_named():
    X, y = make_pairs()

    def nobody(query, X_ids, y_ids):
        return np.full(len(query.indices), -1)

    learner = PairedActiveLearner(annotator=nobody, budget=30, random_state=0)
    learner.fit(X, y, validation_data=(X, y))
    assert learner.n_pairs_iter_.tolist() == [10, 10, 10, 10]
    assert learner.n_answers_iter_.tolist() == [10, 18, 26, 30]
    assert len(set(learner.validation_scores_)) == 1
    encoder = learner.estimator_
    with pytest.raises(ValueError, match="^30 answers named fewer than the 2 partners"):
        learner.set_params(n_initial=0).fit(X, y)
    assert learner.estimator_ is encoder  # nothing is lost
    learner.set_params(n_initial=None)
    learner.annotator = lambda query, X_ids, y_ids: np.full(len(query.indices), 70)
    with pytest.raises(ValueError, match="holds 70, but the other pool has 70"):
        learner.fit(X, y)
    for wrong in (SimulatedAnnotator, "perfect"):
        learner.annotator = wrong
        with pytest.raises(TypeError, match="annotator must be SimulatedAnnotator"):
            learner.fit(X, y)


def test_unmatched_items_are_kept_by_hand_and_reach_the_strategy(log):
    X, y = make_pairs()
    learner = PairedActiveLearner(RidgeCCA(), Watch(1), random_state=0)
    query = learner.query(X, y, n_instances=3)  # nothing is learned yet
    learner.teach_unmatched(query, [5, -1, -1])
    np.testing.assert_array_equal(learner.y_unmatched, y[query.indices[1:]])
    second = learner.query(X, y, n_instances=3)  # no features, but another draw
    assert second.indices.tolist() != query.indices.tolist()
    learner.teach(X[:20], y[:20]).query(X, y)
    assert [u.shape[0] for u in log[-1].unmatched] == [0, 2]
    np.testing.assert_array_equal(log[-1].unmatched_inputs[1], learner.y_unmatched)
    learner.teach_unmatched(query, [1, 2, 3])
    assert len(learner.y_unmatched) == 2
    with pytest.raises(ValueError, match="use -1 for items without a partner"):
        learner.teach_unmatched(query, [1, 2, -2])
    assert isinstance(log[-1], Round)
    learner.set_params(query_strategy=MarginSampling("alternate")).query(X, y, 2)
