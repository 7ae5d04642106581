"""What a session's learner knows after a training."""

import numpy as np
import pytest
from sessions import X, Y, answer_some, learner, open_keyed, truth

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation._training import Features
from skmal.arrays._verbs import unit
from skmal.metrics import nearest_rows

SHUFFLED = np.random.default_rng(1).permutation(40)  # row i of Y_POOL is Y[SHUFFLED[i]]
Y_POOL = Y[SHUFFLED]


def test_a_session_learns_what_the_learner_would(tmp_path):
    with AnnotationSession(tmp_path / "s", X, Y_POOL, learner(), budget=15) as session:
        partner = {
            0: lambda i: np.flatnonzero(i == SHUFFLED)[0],
            1: SHUFFLED.__getitem__,
        }
        for question in session:
            row = partner[question.modality](question.item.row)
            session.answer(question, int(row))
        rows = np.array([(x.row, y.row) for x, y in session.pairs()])
        np.testing.assert_array_equal(rows[:, 0], SHUFFLED[rows[:, 1]])
        alone = learner().fit(X[rows[:, 0]], Y_POOL[rows[:, 1]])
        np.testing.assert_allclose(session.learner.transform(X), alone.transform(X))


def test_a_pair_taken_back_leaves_the_encoder_with_the_next_training(tmp_path):
    with open_keyed(tmp_path, budget=10) as session:
        answer_some(session, 5)
        session.train()
        wrong = session.undo()
        session.train()
        assert len(session.learner.X_training) == 4
        session.answer(wrong, truth(wrong))
        session.train()
        rows = [(x.row, y.row) for x, y in session.pairs()]
        i, j = np.array(rows).T
        alone = learner().fit(X[i], Y[j])
        np.testing.assert_allclose(session.learner.transform(X), alone.transform(X))
        for _ in range(4):
            session.undo()
        session.train()
        assert not hasattr(session.learner, "estimator_")


@pytest.mark.parametrize("k", [1, 5, 17, 40])
def test_candidates_are_the_nearest_and_ties_go_to_the_lowest_row(k):
    rng = np.random.default_rng(0)
    few = rng.standard_normal((4, 96))
    pool = few[rng.permutation(np.repeat(np.arange(4), 8))]  # 8 copies of 4 rows
    asked = few + 0.1 * rng.standard_normal((4, 96))
    rows = np.arange(4), np.arange(len(pool)) + 3
    features = Features(rows, tuple(unit(f).astype(np.float32) for f in (asked, pool)))
    every = np.ones(len(pool), bool)
    np.testing.assert_array_equal(
        features.nearest(0, rows[0], k, every), nearest_rows(asked, pool, k) + 3
    )
    some = rng.permutation(every.cumsum() % 2 == 0)
    np.testing.assert_array_equal(
        features.nearest(0, rows[0], k, some),
        rows[1][some][nearest_rows(asked, pool[some], min(k, some.sum()))],
    )


def test_candidates_stay_while_a_training_takes_long(tmp_path):
    params = {"learner": learner(batch_size=1), "n_candidates": 3}
    with open_keyed(tmp_path, training="background", **params) as session:
        answer_some(session, 3)
        session.wait()
        with session._trainer._one_at_a_time:  # as while it learns
            while (n_open := min(session.progress.n_open)) > 0:
                question = session.next_question()
                assert len(question.candidates) == min(3, n_open)
                session.answer(question, truth(question))
        session.wait()


class Listens(PairedActiveLearner):
    """Keeps what it is told of items without a partner."""

    told = ()

    def teach_unmatched(self, query, partners):
        assert (partners == -1).all()
        self.told = (*self.told, (query.modality, *query.indices))


def test_the_learner_is_told_of_items_without_a_partner(tmp_path):
    listens = Listens(batch_size=2, random_state=0)
    with open_keyed(tmp_path, learner=listens, budget=4) as session:
        asked, items = [], session._book.items
        for question in session:
            number = items.number(question.modality, question.item)
            asked.append((question.modality, items.row[number]))
            session.answer(question, None)
        told = [(m, row) for m, *rows in session.learner.told for row in rows]
        assert sorted(told) == sorted(asked)
        assert session.progress.n_pairs == 0
    with open_keyed(tmp_path, learner=listens) as session:
        assert len(session.learner.told) == len({m for m, _ in asked})
