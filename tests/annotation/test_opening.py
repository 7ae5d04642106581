"""Opening again: the same call goes on, another one is refused."""

import pytest
from sessions import X, Y, answer_some, known, learner, open_keyed, truth

from skmal import AnnotationSession, RandomSampling, RidgeCCA
from skmal.annotation._events import Changed


def test_other_parameters_are_refused(tmp_path):
    pairs = [("x1", "y1")]
    open_keyed(tmp_path, budget=9, known_pairs=pairs).close()
    for params, message in [
        ({"budget": 8}, "budget=8 was passed, but .* begun with 9"),
        ({"batch_size": 3}, "batch_size=3 was passed, but .* begun with 5"),
        ({"learner": learner(random_state=1)}, "random_state=1, but .* begun with 0"),
        ({"learner": learner(query_strategy=RandomSampling())}, "query_strategy="),
        ({"known_pairs": [("x1", "y2")]}, "pass the same"),
        ({"known_pairs": [(1, 1), (1, 2)]}, "names an item twice"),
        ({"known_pairs": [(1, 1), ("x1", "y1")]}, "names a pair twice"),
        ({"known_pairs": ["x1"]}, "pairs .x, y. of rows or keys"),
        ({"budget": 0}, "budget must be an integer of at least 1"),
        ({"training": "later"}, "training must be one of"),
        ({"changed": "no"}, "changed must be one of"),
        ({"features": X}, "features must be a tuple"),
        ({"features": (X,)}, "features must be a tuple"),
        ({"features": (X[1:], None)}, "39 rows for the 40 items of X"),
        ({"learner": learner().fit(X, Y)}, "knows pairs already"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_keyed(tmp_path, **{"known_pairs": pairs} | params)
    with pytest.raises(TypeError, match="must be a PairedActiveLearner, got RidgeCCA"):
        open_keyed(tmp_path, learner=RidgeCCA())
    with pytest.raises(ValueError, match="KernelCCA learns from rows of numbers"):
        AnnotationSession(tmp_path / "t", ["a", "b"], ["c", "d"])
    with open_keyed(tmp_path, known_pairs=pairs) as session:
        assert session.progress.budget == 9


def test_the_journal_says_which_items_have_come_and_gone(tmp_path):
    keys = [f"y{i}" for i in range(40)]
    open_keyed(tmp_path, y_keys=keys[:-1]).close()
    with pytest.warns(UserWarning, match="are (added|missing), 1 in all"):
        session = open_keyed(tmp_path, y_keys=keys[1:])
    with session:
        events, key = session._book.journal.events(), session._book.items.key
    (news,) = (event for event in events if isinstance(event, Changed))
    assert [*map(key, news.added)] == ["y39"]
    assert [*map(key, news.missing)] == ["y0"]


def test_nothing_is_left_of_a_start_that_fails(tmp_path):
    class Broken(RidgeCCA):
        def transform(self, X, y=None):
            raise ValueError("no weights")

    for params, message in [
        ({"learner": learner(estimator=Broken())}, "no weights"),
        (
            {"learner": learner(query_strategy=RandomSampling(5))},
            "modality=5 is asked for",
        ),
        ({"known_pairs": [("x1", "y99")]}, "no item with the key 'y99'"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_keyed(tmp_path, **params)
        assert not [*tmp_path.iterdir()]
    with pytest.raises(ValueError, match="':memory:' would lose every answer"):
        AnnotationSession(":memory:", X, Y)


def test_the_same_answers_are_learned_from_by_another_plan(tmp_path):
    with open_keyed(tmp_path, budget=30) as session:
        answer_some(session, 12)
        pairs = known(session)
        held = session.next_question()
    other = learner(query_strategy=RandomSampling(), random_state=4, batch_size=3)
    plan = {"learner": other, "batch_size": 3, "budget": 20}
    with pytest.raises(ValueError, match="by the new plan: replan=True"):
        open_keyed(tmp_path, **plan)
    with open_keyed(tmp_path, **plan, replan=True) as session:
        assert known(session) == pairs
        progress = session.progress
        assert (progress.budget, progress.found.n, progress.prequential) == (20, 0, [])
        question = session.next_question()
        assert question.id > held.id  # chosen again
        assert session.learner.seed_ == 4
        assert len(session.learner.X_training) == 12
        session.answer(question, truth(question))
        session.answer(held, truth(held))  # an earlier question can be answered
    with open_keyed(tmp_path, **plan) as session:  # it is in the journal
        assert session.progress.n_answers == 14
        assert session.progress.prequential == []
        assert len(answer_some(session, 99)) == 12
        assert len(session.progress.prequential) > 1
    (tmp_path / "s.skmal.weights").rename(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="fitted again, on the"):
        again = open_keyed(tmp_path, **plan, replan=True)  # which changes nothing
    with again:
        assert again.learner.seed_ == 4
        assert len(again._book.ledger.rounds_of_plan) > 2


@pytest.mark.parametrize("training", ["wait", "background"])
def test_another_plan_before_any_answer(tmp_path, training):
    open_keyed(tmp_path).train().close()
    with open_keyed(
        tmp_path, learner=learner(random_state=9), replan=True, training=training
    ) as session:
        session.run(truth)
        assert session.progress.n_pairs == 40
        assert session.learner.seed_ == 9
