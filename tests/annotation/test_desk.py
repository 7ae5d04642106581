"""Questions handed out, answers taken, skips and steps back."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sessions import known, learner, open_keyed, truth

from skmal import Item, RandomSampling


@pytest.fixture
def session(tmp_path):
    """Return an open session with budget 7 and batches of 5."""
    with open_keyed(tmp_path, budget=7) as session:
        yield session


def test_none_costs_one_and_the_item_leaves(session):
    question = session.next_question()
    session.answer(question, None)
    progress = session.progress
    assert (progress.n_answers, progress.n_none, progress.n_pairs) == (1, 1, 0)
    sides = [40, 40]
    sides[question.modality] = 39
    assert progress.n_open == tuple(sides)
    assert session.undo().item.key == question.item.key
    assert session.progress.n_open == (40, 40)


def test_a_skipped_item_comes_back_only_when_the_others_have_run_out(tmp_path):
    keys = [f"x{i}" for i in range(12)], [f"y{i}" for i in range(12)]
    fixed = learner(query_strategy=RandomSampling(0), batch_size=2)
    with open_keyed(tmp_path, *keys, learner=fixed) as session:
        skipped = session.next_question()
        session.skip(skipped)
        assert session.progress.n_answers == 0
        later = []
        for question in session:
            later.append(question.item.key)
            session.answer(question, None)
        assert later.count(skipped.item.key) == 1
        assert later[-1] == skipped.item.key


def test_nobody_is_asked_when_the_other_pool_is_used_up(tmp_path):
    about_x = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, y_keys=["y0", "y1"], learner=about_x) as session:
        skipped = session.next_question()
        session.skip(skipped)
        second = session.next_question()
        session.answer(second, second.candidates[0])
        third = session.next_question()
        session.answer(skipped, third.candidates[0])
        assert session.progress.n_open == (38, 0)
        assert session.next_question() is None


def test_undo_goes_back_step_by_step_for_each_person(session):
    mine, theirs = session.next_question("me"), session.next_question("you")
    assert mine.id != theirs.id
    assert session.next_question("me") == mine  # a page loaded again
    session.answer(mine, truth(mine), by="me")
    session.answer(theirs, truth(theirs), by="you")
    second = session.next_question("me")
    session.skip(second, by="me")
    assert session.undo("me").id == second.id
    assert session.undo("me").id == mine.id
    assert session.undo("me") is None
    assert known(session) == [tuple(sorted([theirs.item.key, truth(theirs)]))]
    assert session.next_question("me").id == mine.id


def test_the_time_of_an_answer_begins_anew_with_a_step_back(session, monkeypatch):
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("skmal.annotation._desk.time", clock)
    question = session.next_question()
    now[0] = 5.0
    session.skip(question)
    now[0] = 9.0
    assert session.undo() == question
    now[0] = 11.5
    session.answer(question, truth(question))
    assert session.review.replies()[0].seconds == 2.5


def test_two_persons_never_overspend_the_budget(session):
    held = [session.next_question(by) for by in "abcdefgh"]
    assert [q is None for q in held] == [False] * 5 + [False] * 3
    assert len({q.id for q in held[:5]}) == 5  # the batch; then two heads on one
    for by, question in zip("abcde", held, strict=False):
        session.answer(question, truth(question), by=by)
    with pytest.raises(ValueError, match=r"closed \(answer: a\)"):
        session.answer(held[5], truth(held[5]), by="f")
    for by in "abcdefgh":
        if (question := session.next_question(by)) is not None:
            session.answer(question, truth(question), by=by)
    assert session.progress.n_answers == 7
    session.change_budget(9)
    assert session.next_question() is not None


def test_who_was_asked_within_the_budget_is_heard_though_it_is_spent(session):
    held = {by: session.next_question(by) for by in "abc"}
    session.change_budget(1)
    session.answer(held["a"], truth(held["a"]), by="a")
    with pytest.raises(ValueError, match=r"budget of 1 answers has 0 left.*take 1"):
        session.answer(held["b"], truth(held["b"]), by="d")  # who was not asked
    session.skip(held["c"], by="c")
    session.undo("c")
    with pytest.raises(ValueError, match=r"has 0 left.*take 1"):
        session.answer(held["c"], truth(held["c"]), by="c")  # passed over, and let go
    assert session.progress.n_answers == 1
    session.answer(held["b"], truth(held["b"]), by="b")
    assert session.progress.n_answers == 2
    assert [session.next_question(by) for by in "abc"] == [None] * 3
    session.change_budget(3)
    session.answer(held["c"], truth(held["c"]), by="d")
    assert session.progress.n_answers == 3


def test_an_answer_takes_the_place_of_anybodys_skip(session):
    question = session.next_question("a")
    session.skip(question, by="b")
    session.answer(question, truth(question), by="a")
    assert (session.progress.n_answers, session.progress.n_skips) == (1, 0)
    with pytest.raises(ValueError, match=r"closed \(answer: a\)"):
        session.skip(question, by="b")
    assert session.undo("b") is None
    assert session.undo("a").id == question.id


def test_what_cannot_be_an_answer_changes_nothing(session):
    first = session.next_question()
    session.answer(first, truth(first))
    second = session.next_question()
    other = "yx"[second.modality]
    taken = truth(first) if second.modality == first.modality else first.item.key
    for partner, message in [
        (taken, "belongs to"),
        ("nobody", "no item with the key 'nobody'"),
        (40, "row 40 is beyond the 40 items"),
        (1.5, f"row of an item of {'X' if other == 'x' else 'y'} must be an integer"),
        (True, "must be an integer"),
    ]:
        with pytest.raises(ValueError, match=message):
            session.answer(second, partner)
    with pytest.raises(ValueError, match="no question 999"):
        session.answer(999, None)
    with pytest.raises(ValueError, match="is closed"):
        session.skip(first)
    assert session.progress.n_answers == 1
    with pytest.raises(RuntimeError, match="neither answered nor skipped"):
        list(session)
    session.answer(second.id, Item(truth(second), 0, None))
    assert session.progress.n_pairs == 2


@pytest.mark.parametrize("kind", [np.array, pd.Series, list, tuple])
def test_several_partners_may_come_in_an_array(tmp_path, kind):
    with open_keyed(tmp_path, groups="both") as session:
        question = session.next_question()
        session.answer(question, kind([3, 4]))
        assert session.progress.n_pairs == 2
        session.run(lambda question: kind([5, 6]) if question.id == 2 else None)
        assert session.progress.n_pairs == 4


@pytest.mark.parametrize("told", [np.array([3, 4]), pd.Series([3, 4]), np.array([])])
def test_an_array_for_an_item_with_one_partner_is_refused_in_words(tmp_path, told):
    with open_keyed(tmp_path) as session:
        question = session.next_question()
        for answer in (
            lambda: session.answer(question, told),
            lambda: session.run(lambda question: told),
        ):
            with pytest.raises(ValueError, match=f"of length {len(told)}, .* None"):
                answer()
        session.answer(question, np.array(3))  # one number is one
        assert session.progress.n_answers == 1
