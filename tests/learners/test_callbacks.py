"""Callbacks of a run, and what they see of it."""

import numpy as np
import pytest
from helpers import make_pairs

from skmal import MultimodalActiveLearner, PairedActiveLearner, RandomSampling, RidgeCCA
from skmal.experiments import Plan, Pool, run

X, Y = make_pairs(90)


def paired(**parameters):
    return PairedActiveLearner(RidgeCCA(), budget=0.5, random_state=0, **parameters)


def test_a_callback_sees_the_run_so_far_and_changes_nothing():
    seen = []

    def watch(learner):
        assert learner.termination_condition_ == "running"
        points = learner.n_answers_iter_, learner.validation_scores_
        seen.append((learner.n_iter_, learner.annotated_iter_, *points))

    told = {"validation_data": (X[60:], Y[60:])}
    watched = paired().fit(X[:60], Y[:60], callbacks=[watch], **told)
    alone = paired().fit(X[:60], Y[:60], **told)
    for name in ("answers_", "validation_scores_", "annotated_iter_"):
        np.testing.assert_array_equal(getattr(watched, name), getattr(alone, name))
    assert watched.termination_condition_ == "budget_spent"
    n_answers = [10, 18, 26, 30]  # half of 60
    assert [n_iter for n_iter, *_ in seen] == [0, 1, 2, 3]
    for i, (_, annotated, n_answers_iter, scores) in enumerate(seen):
        assert n_answers_iter.tolist() == n_answers[: i + 1]
        assert (annotated >= 0).sum() == n_answers[i]
        np.testing.assert_array_equal(scores, alone.validation_scores_[: i + 1])


def test_a_callback_that_fails_leaves_the_learner_as_it_was():
    learner = paired().fit(X, Y)
    before = learner.answers_
    with pytest.raises(ZeroDivisionError):
        learner.fit(X[:60], Y[:60], callbacks=[lambda _: 1 / 0])
    assert learner.answers_ is before
    with pytest.raises(ValueError, match="callbacks must be functions .* got 3"):
        learner.fit(X, Y, callbacks=[3])
    for alone in (print, None):
        with pytest.raises(ValueError, match="callbacks must be a list of functions"):
            learner.fit(X, Y, callbacks=alone)
    assert learner.answers_ is before


def test_callbacks_out_of_an_iterator_are_called():
    seen = []
    paired().fit(X, Y, callbacks=iter([seen.append]))
    assert len(seen) > 1


def test_learners_of_more_modalities_and_experiments_have_them_too():
    n_pairs = []
    MultimodalActiveLearner(budget=20, random_state=0).fit(
        [X, Y, X], callbacks=[lambda learner: n_pairs.append(learner.n_pairs_iter_[-1])]
    )
    assert n_pairs == [10, 18, 20]
    for known in (None, (X[:0], Y[:0])):  # `fit` asks, or `run` does
        n_pairs.clear()
        curve = run(
            Pool(X, Y, X, Y, lambda *_: {"score": 0.0}, known=known),
            RidgeCCA(),
            RandomSampling(),
            0,
            Plan(n_initial=10, batch_size=10, budget=30),
            callbacks=[lambda learner: n_pairs.append(len(learner.X_training))],
        )
        assert n_pairs == curve.n_pairs == [10, 20, 30]


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, -0.1])
def test_a_budget_is_a_number_of_answers_or_a_share(share):
    with pytest.raises(ValueError, match="integer of at least 2, or a share of the"):
        paired().set_params(budget=share).fit(X, Y)
    for little in (0.001, np.float32(0.001)):
        assert len(paired().set_params(budget=little).fit(X, Y).answers_) == 2
