"""Proposed partners, and people who say whether these are right."""

import csv
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from sessions import (
    KEYED_X,
    answer_some,
    known,
    learner,
    make_folders,
    open_keyed,
    truth,
)
from sklearn.exceptions import NotFittedError

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation import Cost
from skmal.annotation._training import Features


@pytest.fixture
def session(tmp_path):
    """Return a session with five answers, whose encoder errs."""
    with open_keyed(tmp_path) as session:
        answer_some(session, 5)
        yield session


def is_right(proposal):
    return proposal.X.key[1:] == proposal.y.key[1:]


def others(question):
    """Return the candidates that are not the partner, by their keys."""
    keys = [item.key for item in question.candidates]
    return [key for key in keys if key != truth(question)]


def propose(session, n=100, **params):
    """Return proposals as right ones and wrong ones, each in order."""
    found = session.proposals.next(n, **params)
    right = [own for own in found if is_right(own)]
    return right, [own for own in found if not is_right(own)]


def test_proposals_are_of_what_is_open_and_one_to_one(session):
    with pytest.warns(UserWarning, match="not to be trusted"):
        found = session.proposals.match()
    confidence = [own.confidence for own in found]
    assert confidence == sorted(confidence, reverse=True)
    assert not any(own.is_trusted for own in found)  # they come all the same
    taken = {key for pair in known(session) for key in pair}
    for side in ("X", "y"):
        keys = [getattr(own, side).key for own in found]
        assert len({*keys}) == len(keys)
        assert not {*keys} & taken
    assert sum(map(is_right, found)) > 5  # one by chance
    # The learner proposes the same for the same rows.
    assert session.proposals.next(3) == found[:3]
    assert session.proposals.next(3, order="least_sure") == found[:-4:-1]


def test_right_ones_are_answers_that_the_journal_calls_verified(session, tmp_path):
    before = session.progress
    right, _ = propose(session)
    assert session.proposals.verify(right[:3], by="ada", seconds=6.0) == 3
    assert (
        session.proposals.verify(
            (right[3].X.key, right[3].y.key), by="ada", seconds=2.0
        )
        == 1
    )
    after = session.progress
    assert after.n_answers == before.n_answers + 4
    assert after.n_verified == 4
    assert after.cost.verify == 2.0
    assert after.found == before.found  # they tell nothing of the encoder
    assert {(own.X.key, own.y.key) for own in right[:4]} <= {*known(session)}
    session.export(tmp_path / "t.csv")
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["how"] for row in rows[-5:]] == ["answered"] + 4 * ["verified"]
    assert [own.place for own in session.review.replies()[:4]] == 4 * ["verified"]
    session.close()
    with open_keyed(tmp_path) as session:
        assert session.progress.n_verified == 4
        assert session.progress.cost.verify == 2.0


def test_wrong_ones_are_asked_in_full_first_and_never_proposed_again(session):
    _, wrong = propose(session, by="ada")
    before = session.progress.n_answers
    full = [session.proposals.refuse(own, by="ada", seconds=1.0) for own in wrong[:2]]
    assert session.progress.n_answers == before
    assert session.progress.n_refused == 2
    for question, own in zip(full, wrong, strict=False):
        assert question.item == own.X
        assert own.y not in question.candidates
        assert session.next_question("bob") not in full
        assert session.next_question("ada") == question
        session.answer(question, truth(question), by="ada")
    again = [(own.X.key, own.y.key) for own in session.proposals.next(100, by="ada")]
    assert not {*again} & {(own.X.key, own.y.key) for own in wrong[:2]}
    with pytest.raises(ValueError, match="not both open any more"):
        session.proposals.refuse(wrong[0])
    with pytest.raises(ValueError, match="not both open any more"):
        session.proposals.refuse((wrong[1].X.key, wrong[1].y.key))


def test_a_refusal_waits_for_its_person_when_the_session_is_opened_again(
    session, tmp_path
):
    _, wrong = propose(session)
    question = session.proposals.refuse(wrong[0])
    refused = wrong[0].X.key, wrong[0].y.key
    left = session.proposals.next(100, by="bob")
    assert refused not in [(own.X.key, own.y.key) for own in left]
    session.close()
    with open_keyed(tmp_path) as session:
        anew = session.proposals.next(100, by="bob")
        assert len(anew) > 20
        assert refused not in [(own.X.key, own.y.key) for own in anew]
        assert session.next_question("bob") != question
        asked = session.next_question()
        assert asked == question
        assert wrong[0].y not in asked.candidates


def test_a_refusal_ends_with_the_content_that_it_was_about(
    session, tmp_path, monkeypatch
):
    _, wrong = propose(session)
    for own in wrong[:2]:
        session.proposals.refuse(own)
    session.close()
    key = wrong[0].X.key
    monkeypatch.setitem(KEYED_X, key, KEYED_X[key] + 1.0)
    with pytest.warns(UserWarning, match="are changed"):
        session = open_keyed(tmp_path)
    with session:
        assert session.progress.n_refused == 1
        assert session.next_question().item == wrong[1].X
    with open_keyed(tmp_path) as session:
        assert session.progress.n_refused == 1


def test_undo_takes_back_one_by_one_and_proposes_again(session):
    right, wrong = propose(session)
    before, pairs = session.progress, known(session)
    session.proposals.verify(right[:2])
    session.proposals.refuse(wrong[0])
    for n_refused, n_verified in [(0, 2), (0, 1), (0, 0)]:
        assert session.undo() is None
        progress = session.progress
        assert (progress.n_refused, progress.n_verified) == (n_refused, n_verified)
    assert (session.progress.n_answers, known(session)) == (before.n_answers, pairs)
    assert session.progress.cost == before.cost
    again = session.proposals.next(100)
    assert {*right, *wrong} == {*again}
    session.undo()  # what was answered before
    assert session.progress.n_answers == before.n_answers - 1


def test_rivals_look_at_other_pairs_and_the_first_counts(session):
    first = session.proposals.next(4, by="ada")
    second = session.proposals.next(100, by="bob")
    assert not {own.X.key for own in first} & {own.X.key for own in second}
    session.next_question("joe")  # there is one, though all are looked at
    assert session.proposals.verify(first[:3], by="eve") == 3
    assert session.proposals.verify(first, by="ada") == 1  # one was left
    with pytest.raises(ValueError, match="not both open"):
        session.proposals.refuse(first[0], by="ada")


def test_no_more_than_the_budget_pays_for(session):
    n = session.progress.n_answers
    session.change_budget(n + 2)
    found = session.proposals.next(9)
    assert len(found) == 2
    others = session.proposals.next(9, by="bob")
    assert session.proposals.verify([*found, *others]) == 2
    assert session.progress.n_answers == n + 2
    assert session.proposals.next(9) == []


def test_what_was_shown_within_the_budget_is_written_down_though_it_is_spent(session):
    n = session.progress.n_answers
    session.change_budget(n + 3)
    found = session.proposals.next(2, by="ada")
    others = session.proposals.next(9, by="bob")
    assert len(others) == 1  # the other two are ada's
    free = [
        (own.item.key, truth(own))[:: 1 - 2 * own.modality]
        for own in (session.next_question(by) for by in "xyz")
    ]
    session.change_budget(n + 1)
    assert session.proposals.verify(free[0], by="eve") == 0  # three have been asked
    assert session.proposals.verify([free[0], *found], by="ada") == 2
    assert session.progress.n_answers == n + 2
    assert session.proposals.verify([*found, *others], by="bob") == 1
    assert session.proposals.next(9, by="bob") == []


def test_a_second_person_is_asked_blind_and_in_full(tmp_path):
    with open_keyed(tmp_path, overlap=1.0) as session:
        answer_some(session, 15)
        right, _ = propose(session, by="ada")
        session.proposals.verify(right[0], by="ada")
        waiting = [*session._book.ledger.opinions.waiting("bob")]
        asked = session._book.ledger.questions[waiting[-1]]
        assert session._book.items.key(asked.item) == right[0].X.key
        for _ in waiting:
            question = session.next_question("bob")
            session.answer(question, truth(question), by="bob")
        assert question.item == right[0].X
        assert right[0].y in question.candidates
        assert session.progress.agreement.n_agreed == len(waiting)


def test_what_is_verified_leaves_what_others_have_been_asked(session):
    right, _ = propose(session, by="bob")
    session.change_budget(session.progress.n_answers + 2)
    question = session.next_question("ada")
    own = [one for one in right if question.item not in (one.X, one.y)]
    assert len(session.proposals.next(9, by="bob")) == 1
    assert session.proposals.verify(own[:3], by="bob") == 1
    session.answer(question, truth(question), by="ada")
    assert session.progress.n_answers == session.progress.budget


def test_no_pool_is_searched_under_the_lock(session, monkeypatch):
    nearest, lock, was_free = Features.nearest, session._book.lock, []

    def is_free():
        got = lock.acquire(blocking=False)
        if got:
            lock.release()
        return got

    def watched(*args):
        with ThreadPoolExecutor(1) as elsewhere:
            was_free.append(elsewhere.submit(is_free).result())
        return nearest(*args)

    right, wrong = propose(session)
    monkeypatch.setattr(Features, "nearest", watched)
    session.proposals.verify(right[0])
    assert was_free == []  # nobody else is asked about it
    assert session.proposals.refuse(wrong[0]).candidates
    assert was_free == [True]


@pytest.mark.parametrize("groups", ["X", "y", "both"])
def test_items_of_several_partners_stay_open(tmp_path, groups):
    with open_keyed(tmp_path, groups=groups, learner=learner(audit=0.0)) as session:
        for _ in range(15):
            question = session.next_question()
            own = truth(question)
            session.answer(question, [own] if question.several else own)
        right, wrong = propose(session)
        before = session.progress
        assert session.proposals.verify(right[:2]) == 2
        assert session.progress.n_pairs == before.n_pairs + 2
        n_x, n_y = np.subtract(before.n_open, session.progress.n_open)
        assert (n_x, n_y) == {"X": (0, 2), "y": (2, 0), "both": (0, 0)}[groups]
        left = {(own.X.key, own.y.key) for own in session.proposals.next(100)}
        assert not left & {(own.X.key, own.y.key) for own in right[:2]}
        question = session.proposals.refuse(wrong[0])
        assert question.item == (wrong[0].y if groups == "X" else wrong[0].X)
        for _ in range(3):
            session.undo()
        assert session.progress.n_pairs == before.n_pairs


def test_a_pair_that_is_named_twice_is_one_answer(tmp_path):
    with open_keyed(tmp_path, groups="both") as session:
        assert session.proposals.verify([("x1", "y1"), ("x1", "y1")]) == 1
        assert known(session) == [("x1", "y1")]


def test_an_undo_of_what_says_nothing_of_partners_leaves_what_others_told(tmp_path):
    with open_keyed(tmp_path, groups="X") as session:
        question = session.next_question("ada")
        while not question.several:
            session.answer(question, truth(question), by="ada")
            question = session.next_question("ada")
        wrong = others(question)[0]
        session.proposals.refuse((question.item, wrong), by="bob")
        session.answer(question, [truth(question)], by="ada")
        assert session._book.ledger.completed
        session.undo(by="bob")
        assert session.progress.n_refused == 0
        assert session._book.ledger.completed


def test_what_is_refused_is_timed_once_and_tells_nothing_of_the_encoder(session):
    before = session.progress
    _, wrong = propose(session)
    items, since = session._desk.proposed["me"]
    session._desk.proposed["me"] = items, since - 100.0
    full = [session.proposals.refuse(own) for own in wrong[:2]]
    assert session.progress.cost.verify == pytest.approx(50.0, abs=2.0)
    for question in full:
        session.answer(question, truth(question), seconds=1.0)
    assert session.progress.n_answers == before.n_answers + 2
    assert session.progress.found == before.found


def test_what_is_refused_is_not_asked_when_nothing_is_left_to_pay(tmp_path):
    """Not even where the asking has been ended, for other reasons."""
    with open_keyed(tmp_path, stop_when=lambda own: bool(own.pairs())) as session:
        answer_some(session, 5)
        assert session.next_question() is None
        question = session.proposals.refuse(propose(session)[1][0])
        assert session.next_question() == question
        session.change_budget(5)
        assert session.next_question() is None


def test_what_is_refused_waits_while_others_hold_what_may_be_paid_for(session):
    theirs = session.next_question("bob")
    session.proposals.refuse(propose(session, by="ada")[1][0], by="ada")
    session.change_budget(session.progress.n_answers + 1)
    assert session.next_question("ada") == theirs  # the first counts


def test_what_is_set_aside_is_not_proposed(tmp_path):
    images, texts = make_folders(tmp_path)
    eyes = np.random.default_rng(0).normal(size=(12, 4))
    with AnnotationSession(
        tmp_path / "s.skmal", images, texts, learner(), features=(eyes, eyes)
    ) as session:
        for question in session:
            session.answer(question, question.candidates[0])
            if session.progress.n_answers == 5:
                break
        session.proposals.next(1)
        first = session.proposals.next(1)[0]
        (images / first.X.key).write_bytes(b"no image")
        with pytest.warns(UserWarning, match="set aside"):
            again = session.proposals.next(20)
        assert first.X.key not in {own.X.key for own in again}
        Image.new("L", (8, 8)).save(images / first.X.key)


def test_partners_are_proposed_anew_with_what_was_learned(session):
    n_first = session.proposals.next(100)
    first = session._proposing._latest
    session.proposals.verify([own for own in n_first if is_right(own)][:2])
    session.proposals.next(1)
    assert session._proposing._latest is first  # too little is new
    session.proposals.verify([own for own in n_first if is_right(own)][2:8])
    session.proposals.next(1)
    assert session._proposing._latest is not first
    assert session._proposing._latest.n_pairs == 13


def test_in_the_background_nobody_waits(tmp_path):
    with open_keyed(tmp_path, training="background") as session:
        assert session.proposals.next() == []
        answer_some(session, 15)
        session.wait()
        session.proposals.next()
        session.wait()
        assert len(session.proposals.next(5)) == 5


def test_proposing_that_fails_in_the_background_is_told_and_stops_nobody(
    tmp_path, monkeypatch
):
    def fails(*_, **__):
        raise ZeroDivisionError("by pools")

    with open_keyed(tmp_path, training="background") as session:
        answer_some(session, 15)
        session.wait()
        with monkeypatch.context() as patch:
            patch.setattr(PairedActiveLearner, "match", fails)
            assert session.proposals.next() == []
            session.wait()
        assert session.progress.training_error == "ZeroDivisionError: by pools"
        question = session.next_question()
        session.answer(question, truth(question))
        session.proposals.next()
        session.wait()
        assert session.progress.training_error is None
        assert len(session.proposals.next(5)) == 5


def test_without_an_encoder_nothing_is_proposed(tmp_path):
    with open_keyed(tmp_path) as session:
        with pytest.raises(NotFittedError, match="no encoder has learned"):
            session.proposals.match()
        assert session.proposals.next() == []
        with pytest.raises(ValueError, match="order must be"):
            session.proposals.next(order="best")
        with pytest.raises(ValueError, match="n must be"):
            session.proposals.next(0)


def test_what_a_question_costs(session):
    question = session.next_question()
    session.answer(question, question.candidates[0], seconds=4.0)
    cost = session.progress.cost
    assert cost.pick is not None
    assert Cost(1.0, 4.0, None).expected(1.0) == 4.0
    assert Cost(1.0, 4.0, None).expected(0.5) is None


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "3", True])
def test_seconds_that_are_none_are_refused_before_anything_is_written(session, seconds):
    pair = session.proposals.next(1)[0]
    question = session.next_question("me")
    before = session.progress.n_answers
    for say in (
        lambda: session.proposals.verify(pair, seconds=seconds),
        lambda: session.proposals.refuse(pair, seconds=seconds),
        lambda: session.answer(question, None, seconds=seconds),
        lambda: session.skip(question, seconds=seconds),
    ):
        with pytest.raises(ValueError, match="seconds must be a finite number"):
            say()
    assert session.progress.n_answers == before
    assert session.progress.n_skips == 0


@pytest.mark.parametrize("pair", ["ab", ("a", "b", "c"), {"a", "b"}, 3])
def test_what_is_no_pair_is_not_taken_for_one(session, pair):
    for say in (session.proposals.verify, session.proposals.refuse):
        with pytest.raises(ValueError, match=r"must be a Proposal or a tuple \(x, y\)"):
            say(pair)
