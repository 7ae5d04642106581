"""Questions asked of two people, blind; of a third where these differ; what counts."""

import csv
import json
import warnings
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from sessions import KEYED_X, KEYED_Y, answer_some, known, learner, open_keyed, truth

from skmal import AnnotationSession, RandomSampling
from skmal.annotation import Agreement
from skmal.annotation._agreement import agreement_of, agreement_over_time
from skmal.annotation._events import Asked, Complete, More
from skmal.annotation._export import export_journal, export_replies
from skmal.annotation._opinions import Compared


@pytest.fixture
def session(tmp_path):
    """Return a session that asks everything of two people, about X alone."""
    fixed = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, overlap=1.0, learner=fixed) as session:
        yield session


def others(question, n=1):
    """Return keys of wrong partners among the candidates."""
    wrong = (c.key for c in question.candidates if c.key != truth(question))
    return [key for _, key in zip(range(n), wrong, strict=False)]


def dispute(session):
    """Let ada and bob answer one question differently; return it."""
    question = session.next_question("ada")
    session.answer(question, others(question)[0], by="ada", seconds=2.0)
    assert session.next_question("bob") == question
    session.answer(question, truth(question), by="bob", seconds=4.0)
    return question


def let_somebody_else_have(session, question, partner):
    """Let joe pass a question over, and give the partner to another; return that."""
    assert session.next_question("joe") == question
    session.skip(question, by="joe")
    thief = session.next_question("joe")
    session.answer(thief, partner, by="joe")
    return thief


def partner_of(session, question):
    """Return the key of what counts as the partner."""
    (partner,) = (
        pair[1 - question.modality].key
        for pair in session.pairs()
        if pair[question.modality].key == question.item.key
    )
    return partner


# -------------------------------------------------------------------- who is asked what


def test_the_second_person_sees_what_the_first_saw_and_nothing_of_the_answer(session):
    first = session.next_question("ada")
    session.answer(first, first.candidates[3], by="ada")
    again = session.next_question("bob")
    assert (again.id, again.item.key, again.partners) == (first.id, first.item.key, ())
    assert [c.key for c in again.candidates] == [c.key for c in first.candidates]
    side = 1 - first.modality
    partner = first.candidates[3].key
    assert partner not in {item.key for item in session.items.search("", side, 40)}
    found = session.items.search("", side, 40, question=again)
    assert len({item.key for item in found}) == 40  # as if nothing were answered


def test_nobody_is_asked_twice_and_one_alone_gets_to_the_end(tmp_path):
    at_once = learner(batch_size=40)
    with open_keyed(tmp_path, overlap=1.0, learner=at_once) as session:
        answer_some(session, 99)
        assert session.next_question() is None
        progress = session.progress
        assert (progress.n_pairs, progress.n_waiting) == (40, 40)
        with pytest.raises(ValueError, match=r"is closed .answer: me."):
            session.answer(1, None)
        asked = []
        for who in ("bob", "eve"):
            while (question := session.next_question(who)) is not None:
                session.answer(question, truth(question), by=who)
                asked.append((who, question.item.key))
        assert len(asked) == len(set(asked)) == 40
        assert {who for who, _ in asked} == {"bob"}  # and all is agreed
        progress = session.progress
        assert (progress.n_answers, progress.n_pairs, progress.n_waiting) == (80, 40, 0)
        assert progress.agreement.n == progress.agreement.n_agreed == 40


def test_the_seed_decides_what_is_asked_of_two(tmp_path):
    def shared(folder, share, seed):
        folder.mkdir()
        fixed = learner(random_state=seed, batch_size=40)
        with open_keyed(folder, overlap=share, learner=fixed) as session:
            answer_some(session, 13)
        with open_keyed(folder, learner=fixed) as session:  # goes on as it was
            answer_some(session, 99)
            opinions = session._book.ledger.opinions
            assert session.progress.overlap == share
            return [q for q in session._book.ledger.questions if opinions.of(q)]

    half = shared(tmp_path / "a", 0.5, 0)
    assert half == shared(tmp_path / "b", 0.5, 0) != shared(tmp_path / "c", 0.5, 1)
    assert 10 <= len(half) <= 30
    assert set(shared(tmp_path / "d", 0.2, 0)) <= set(half)


def test_a_second_answer_costs_one_and_needs_budget(tmp_path):
    with open_keyed(tmp_path, overlap=1.0, budget=3) as session:
        dispute(session)
        session.answer(session.next_question("ada"), None, by="ada")
        assert session.next_question("bob") is session.next_question("eve") is None
        session.change_budget(4)
        assert session.next_question("eve").id == 1  # what is in dispute comes first
        assert session.next_question("bob") is None  # for that is the last answer


def test_who_was_asked_second_is_heard_though_the_budget_is_spent(session):
    first = session.next_question("ada")
    session.answer(first, truth(first), by="ada")
    assert session.next_question("bob") == first
    session.change_budget(1)
    assert session.next_question("bob") is None
    session.answer(first, truth(first), by="bob")
    assert session.progress.agreement.n_agreed == 1
    with pytest.raises(ValueError, match="closed"):
        session.answer(first, truth(first), by="eve")


def test_a_second_answer_that_is_not_paid_for_is_told_so(session):
    first = session.next_question("ada")
    session.answer(first, truth(first), by="ada")
    session.change_budget(1)
    with pytest.raises(ValueError, match="budget of 1 answers has 0 left"):
        session.answer(first, truth(first), by="bob")
    session.skip(first, by="bob")  # costs nothing
    assert session.progress.n_skips == 1
    with pytest.raises(ValueError, match="budget of 1 answers has 0 left"):
        session.answer(first, truth(first), by="bob")
    session.change_budget(2)
    session.answer(first, truth(first), by="bob")
    assert session.progress.agreement.n_agreed == 1


def test_who_passed_a_question_over_may_still_answer_it(session):
    first = session.next_question("ada")
    session.answer(first, truth(first), by="ada")
    session.skip(session.next_question("bob"), by="bob")
    with pytest.raises(ValueError, match="is closed"):
        session.skip(first, by="bob")
    session.answer(first, None, by="bob")
    assert session.progress.n_skips == 0
    assert session.progress.n_disputed == 1
    assert session.undo("bob").id == first.id
    assert (session.progress.n_skips, session.progress.n_disputed) == (0, 0)


def test_a_second_answer_may_be_anybodys_ten_minutes_after_it_was_asked_for(
    session, monkeypatch
):
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("skmal.annotation._desk.time", clock)
    first = session.next_question("ada")
    now[0] = 2.0
    session.answer(first, truth(first), by="ada")
    assert session.next_question("bob") == first
    now[0] = 601.0
    assert session.next_question("bob") == first  # as on a page loaded again
    assert session.next_question("eve").id != first.id
    now[0] = 602.0
    assert session.next_question("joe") == first
    session.change_budget(4)  # three are left, and two questions held by three people
    held = {first.id, session.next_question("eve").id}
    assert session.next_question("zoe").id not in held
    session.answer(first, truth(first), by="bob")
    assert [one.seconds for one in session.review.replies()] == [600.0, 2.0]


def test_what_is_passed_over_is_anothers_and_comes_back_by_undo(session):
    first = session.next_question("ada")
    session.answer(first, truth(first), by="ada")
    session.skip(session.next_question("bob"), by="bob")
    assert session.progress.n_skips == 1
    assert session.next_question("bob").id != first.id
    assert session.next_question("eve").id == first.id
    assert session.undo("bob").id == first.id
    assert session.progress.n_skips == 0


def test_a_plan_a_share_and_groups_are_checked(tmp_path):
    for wrong in (-0.1, 1.5, float("nan"), "much", True):
        with pytest.raises(ValueError, match="overlap must be"):
            open_keyed(tmp_path, overlap=wrong)
    with pytest.raises(ValueError, match="with groups='both' any item may have"):
        open_keyed(tmp_path, overlap=0.1, groups="both")
    assert not [*tmp_path.iterdir()]
    with open_keyed(tmp_path, overlap=0.25) as session:
        with pytest.raises(ValueError, match="overlap must be"):
            session.change_overlap(2)
        session.change_overlap(0.5)
    with pytest.raises(ValueError, match=r"overlap=0.25 was passed, .* begun with 0.5"):
        open_keyed(tmp_path, overlap=0.25)
    with open_keyed(tmp_path, overlap=0.25, replan=True) as session:
        assert session.progress.overlap == 0.25


# -------------------------------------------------------------------- what counts


def test_what_two_agree_on_takes_no_third_answer(session):
    question = session.next_question("ada")
    for by in ("ada", "bob"):
        session.answer(question, truth(question), by=by)
    with pytest.raises(ValueError, match="is closed"):
        session.answer(question, truth(question), by="eve")
    assert session.progress.n_answers == 2


def test_the_first_counts_until_two_say_otherwise(session):
    question = dispute(session)
    wrong, right = others(question)[0], truth(question)
    assert partner_of(session, question) == wrong
    assert session.progress.n_disputed == 1
    assert session.next_question("ada").id != question.id
    assert session.next_question("bob").id != question.id
    assert session.next_question("eve") == question  # nor does she see the others'
    session.answer(question, right, by="eve")
    assert partner_of(session, question) == right
    progress = session.progress
    assert (progress.n_disputed, progress.n_answers, progress.n_pairs) == (0, 3, 1)
    assert progress.overruled == {"ada": 1}
    session.train()  # the encoder learns from what counts, and from nothing else
    taught = session.learner.X_training, session.learner.y_training
    assert [len(side) for side in taught] == [1, 1]
    np.testing.assert_array_equal(taught[0][0], KEYED_X[question.item.key])
    np.testing.assert_array_equal(taught[1][0], KEYED_Y[right])
    open_keys = {i.key for i in session.items.search("", 1 - question.modality, 40)}
    assert wrong in open_keys
    assert right not in open_keys


def test_where_all_differ_the_third_counts_and_none_is_an_answer(session):
    question = dispute(session)
    session.answer(question, None, by="eve")
    assert session.pairs() == []
    assert (session.progress.n_none, session.progress.n_disputed) == (1, 0)
    assert session.progress.overruled == {"ada": 1, "bob": 1}
    assert session.next_question("joe").id != question.id
    with pytest.raises(ValueError, match=r"is closed .answer: eve"):
        session.skip(question, by="eve")


def test_a_partner_that_belongs_to_another_by_now_waits_for_a_decision(session):
    question = dispute(session)
    right = truth(question)
    thief = let_somebody_else_have(session, question, right)
    session.answer(question, right, by="eve")
    assert partner_of(session, question) == others(question)[0]
    assert session.progress.n_disputed == 1
    eves, bobs, adas = session.review.replies(disputed=True)
    with pytest.raises(ValueError, match=f"{right!r} belongs to {thief.item.key!r}"):
        session.review.adopt(eves)
    (joes,) = session.review.replies(by="joe")
    session.review.take_back(joes)
    session.review.adopt(bobs, by="me")
    assert partner_of(session, question) == right
    assert session.progress.n_disputed == 0
    assert session.progress.overruled == {"ada": 1}
    session.review.adopt(adas.id)
    assert partner_of(session, question) == others(question)[0]
    assert session.progress.overruled == {"bob": 1, "eve": 1}


def test_without_a_third_a_decision_settles_it(session):
    question = dispute(session)
    bobs, adas = session.review.replies(disputed=True)
    assert (adas.turn, adas.counts, bobs.turn, bobs.counts) == (1, True, 2, False)
    session.review.adopt(adas, by="me")  # the first was right
    assert session.progress.n_disputed == 0
    assert session.next_question("eve").id != question.id
    lone = session.next_question("ada")
    session.answer(lone, None, by="ada")
    newest = session.review.replies(limit=1)[0]
    with pytest.raises(ValueError, match="the only one to its question"):
        session.review.adopt(newest)
    with pytest.raises(ValueError, match="there is no answer 999"):
        session.review.adopt(999)


# -------------------------------------------------------------------- taking back


def test_an_answer_taken_back_leaves_the_others_to_count(session, tmp_path):
    question = dispute(session)
    session.answer(question, truth(question), by="eve")
    eves, _, adas = session.review.replies()
    session.review.take_back(eves, by="me")  # two are left, which differ
    assert partner_of(session, question) == others(question)[0]
    assert session.progress.n_disputed == 1
    session.review.take_back(adas.id, by="me")  # bob's alone
    assert partner_of(session, question) == truth(question)
    assert (session.progress.n_answers, session.progress.n_disputed) == (1, 0)
    assert session.undo("ada") is session.undo("eve") is None
    (bobs,) = session.review.replies()
    assert (bobs.by, bobs.counts, bobs.turn) == ("bob", True, 1)
    session.review.take_back(bobs)
    assert session.pairs() == session.review.replies() == []
    assert session.progress.n_open == (40, 40)
    assert session.next_question("bob") == question
    with pytest.raises(ValueError, match="or it was taken back"):
        session.review.take_back(bobs)


def test_an_undo_of_the_first_keeps_the_second(session):
    question = dispute(session)
    assert session.undo("ada") == question  # is asked again, as the second now
    assert partner_of(session, question) == truth(question)
    session.answer(question, truth(question), by="ada")
    assert session.progress.agreement.n_agreed == 1
    adas, bobs = session.review.replies()
    assert (adas.turn, bobs.turn) == (2, 1)
    assert session.undo("bob") == question
    assert partner_of(session, question) == truth(question)


def test_an_opinion_whose_partner_has_gone_becomes_an_answer_when_given_again(session):
    question = dispute(session)
    right = truth(question)
    let_somebody_else_have(session, question, right)
    assert session.undo("ada") == question
    assert session.progress.n_open[question.modality] == 39  # bob's cannot count
    session.answer(question, None, by="bob")
    assert [reply.by for reply in session.review.replies()] == ["bob", "joe"]
    assert session.progress.n_none == 1


def test_an_undo_is_over_the_completeness_of_the_partner_that_goes(tmp_path):
    fixed = learner(query_strategy=RandomSampling(modality=1), batch_size=3)
    with open_keyed(tmp_path, groups="X", overlap=1.0, learner=fixed) as session:
        question = session.next_question("ada")
        assert not question.several
        wrong, right = others(question)[0], truth(question)
        session.answer(question, wrong, by="ada")
        ledger = session._book.ledger
        number = session._book.items.number
        about = number(0, wrong)
        # "that is all" of the wrong image, told through a question about it
        current = [ledger.questions[number] for number in ledger.current]
        session._book.commit(More([Asked(900, about, [1]), *current]))
        session._book.commit(Complete("joe", 900, about, None))
        assert about in ledger.completed
        session.answer(question, right, by="bob")
        session.answer(question, right, by="eve")
        assert about not in ledger.completed
        assert known(session) == [(right, question.item.key)]
        about = number(0, right)
        session._book.commit(More([Asked(901, about, [1]), *current]))
        session._book.commit(Complete("joe", 901, about, None))
        session.undo("eve")  # so that the first counts again
        assert about not in ledger.completed
        assert known(session) == [(wrong, question.item.key)]


# -------------------------------------------------------------------- the tables


def test_the_tables_say_what_counts_and_who_said_what(session, tmp_path):
    question = dispute(session)
    session.answer(question, truth(question), by="eve")
    second = session.next_question("ada")
    session.answer(second, None, by="ada")
    session.review.export(tmp_path / "answers.csv")
    with open(tmp_path / "answers.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["by"], row["turn"], row["adopted"], row["place"]) for row in rows]
    shown = [candidate.key for candidate in question.candidates]
    places = [
        str(1 + shown.index(key)) if key in shown else "other"
        for key in (others(question)[0], truth(question))
    ]
    assert told == [
        ("ada", "first", "False", places[0]),
        ("bob", "second", "True", places[1]),
        ("eve", "third", "True", places[1]),
        ("ada", "first", "True", "none"),
    ]
    assert rows[0]["Xy"[question.modality]] == question.item.key
    assert rows[0]["Xy"[1 - question.modality]] == others(question)[0]
    assert rows[0]["asked"] == "Xy"[question.modality]
    session.review.export(tmp_path / "answers.jsonl")
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert [json.loads(line)["adopted"] for line in lines] == [False, True, True, True]
    session.export(tmp_path / "pairs.csv")
    with open(tmp_path / "pairs.csv", newline="") as file:
        (pair, none) = csv.DictReader(file)
    assert (pair["by"], pair["seconds"], pair["kind"]) == ("bob", "4.0", "pair")
    assert pair["Xy"[1 - question.modality]] == truth(question)
    assert none["kind"] == "none"
    with pytest.raises(ValueError, match="is the session's journal"):
        session.review.export(tmp_path / "s.skmal")


def test_answers_are_listed_newest_first_by_person_and_page(session):
    for n in range(6):
        who = ("ada", "bob")[n % 2]
        session.answer(session.next_question(who), None, by=who)
    listed = session.review.replies()
    assert [one.id for one in listed] == sorted(
        (one.id for one in listed), reverse=True
    )
    assert {one.by for one in session.review.replies(by="ada")} == {"ada"}
    first, rest = session.review.replies(limit=2), session.review.replies(limit=99)
    assert first == rest[:2]
    assert session.review.replies(before=first[-1].id) == rest[2:]
    assert session.review.replies(disputed=True) == []
    with pytest.raises(ValueError, match="limit must be"):
        session.review.replies(limit=0)


# -------------------------------------------------------------------- agreement


def compared(*places):
    """Return comparisons of places; "x" and "y" are what searches found."""
    return [
        Compared(
            float(i),
            ("ada", "bob"),
            tuple(p if p not in "xy" else "other" for p in pair),
            pair[0] == pair[1],
        )
        for i, pair in enumerate(places)
    ]


def test_chance_is_that_of_the_places_chosen():
    lazy = agreement_of(compared(*["11"] * 10))
    assert lazy == Agreement(
        10, 10, 1.0, None
    )  # who always takes the first says nothing
    assert agreement_of([]) == Agreement(0, 0, None, None)
    pairs = ["11", "12", "22", "xx", "xy"]
    found = agreement_of(compared(*pairs))
    # Any two of the ten answers, in both orders: the same place, which is no search.
    answers = [place for pair in pairs for place in pair]
    same = [
        answers[i] == answers[j] and answers[i] in "12"
        for i in range(10)
        for j in range(10)
        if i != j
    ]
    assert found.n_agreed == 3
    assert found.by_chance == pytest.approx(np.mean(same), abs=1e-4)
    assert found.corrected == pytest.approx(
        (0.6 - np.mean(same)) / (1 - np.mean(same)), abs=1e-4
    )


def test_alpha_is_that_of_others():
    # Nominal alpha of two coders by the coincidence matrix (Krippendorff 2011, part B).
    rng = np.random.default_rng(0)
    first = rng.integers(1, 5, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(1, 5, 200))
    together = np.zeros((5, 5))
    for a, b in zip(first, second, strict=True):
        together[a, b] += 1
        together[b, a] += 1
    n_each, n = together.sum(axis=0), together.sum()
    by_chance = (n**2 - n_each @ n_each) / (n * (n - 1))  # share that differs
    alpha = 1 - (n - np.trace(together)) / n / by_chance
    found = agreement_of(compared(*map("{}{}".format, first, second)))
    assert found.corrected == pytest.approx(alpha, abs=1e-4)


def test_agreement_is_told_by_person_and_over_time(session):
    for n in range(4):
        question = session.next_question("ada")
        session.answer(question, truth(question), by="ada")
        second = ("bob", "eve")[n % 2]
        assert session.next_question(second) == question
        told = truth(question) if n < 3 else None
        session.answer(question, told, by=second)
    progress = session.progress
    assert (progress.agreement.n, progress.agreement.n_agreed) == (4, 3)
    by_person = {
        who: (own.n, own.n_agreed) for who, own in progress.agreement_by_person.items()
    }
    assert by_person == {"ada": (4, 3), "bob": (2, 2), "eve": (2, 1)}
    (stretch,) = progress.agreement_over_time
    assert stretch == progress.agreement
    stretches = agreement_over_time(compared(*["12"] * 30, *["11"] * 25))
    assert [(s.n, s.n_agreed) for s in stretches] == [(20, 0), (20, 10), (15, 15)]
    many = agreement_over_time(compared(*["12"] * 1000))
    assert len(many) == 12
    assert progress.pace["ada"].n == 4
    assert sum(pace.n for pace in progress.pace_by_rank.values()) == 8
    assert progress.found.n == 4  # the second says nothing of the encoder


# -------------------------------------------------------------------- by chance


def expected(said):
    """Return what counts of (person, partner), by the rule of the docs."""
    partners = [partner for _, partner in said]
    most, n = Counter(partners).most_common(1)[0]
    return most if n > 1 else partners[2] if len(partners) > 2 else partners[0]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("groups", [None, "X"])
def test_whatever_people_do_it_adds_up(tmp_path, seed, groups):
    rng = np.random.default_rng(seed)
    fixed = learner(query_strategy=RandomSampling(1), batch_size=20)

    def open_again(**params):
        return open_keyed(tmp_path, learner=fixed, groups=groups, **params)

    session = open_again(overlap=0.5)
    people = "ada", "bob", "eve"
    for _ in range(100):
        who = people[rng.integers(3)]
        act = rng.random()
        if act < 0.1:
            session.undo(who)
        elif act < 0.15 and (told := session.review.replies()):
            session.review.take_back(told[rng.integers(len(told))], by=who)
        elif act < 0.2 and (told := session.review.replies(disputed=True)):
            try:
                session.review.adopt(told[rng.integers(len(told))], by=who)
            except ValueError as error:
                assert "cannot count" in str(error)
        elif act < 0.23:
            before = session.progress, known(session), session.review.replies()
            session.close()
            session = open_again()
            assert (session.progress, known(session)) == before[:2]
            assert session.review.replies() == before[2]
        elif (question := session.next_question(who)) is not None:
            mine = session.review.replies(by=who)
            if not question.several:
                assert question.id not in {reply.question for reply in mine}
            partners = [truth(question), *others(question, 2), None]
            partner = partners[rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])]
            try:
                if rng.random() < 0.1:
                    session.skip(question, by=who)
                elif question.several:
                    told = [] if partner is None else [partner]
                    session.answer(question, told, by=who)
                else:
                    session.answer(question, partner, by=who)
            except ValueError as error:
                assert "an earlier answer" in str(error)
                session.skip(question, by=who)
    with session:
        told = session.review.replies()[::-1]
        said = {}
        for reply in told:
            said.setdefault(reply.question, []).append((reply.by, reply.partner))
        undecided = {reply.question for reply in told if reply.is_disputed}
        decided = {
            event.question
            for event in session._book.journal.events()
            if type(event).__name__ == "Adopted" and event.by is not None
        }
        counts = {reply.question: reply for reply in told if reply.counts}
        for question in counts.keys() - undecided - decided:
            if groups is None or counts[question].modality == 1:
                assert counts[question].partner == expected(said[question])
        progress, pairs = session.progress, known(session)
        assert progress.n_answers == len(told)
        assert progress.n_pairs == len(pairs) == len(set(pairs))
        texts = [y for _, y in pairs]
        assert len(texts) == len(set(texts))
        if groups is None:
            assert len({x for x, _ in pairs}) == len(pairs)
        assert progress.n_disputed == len(undecided)


# ---------------------------------------------------------------------- by trying


def test_a_decision_over_a_skip_can_be_taken_back(tmp_path):
    fixed = learner(query_strategy=RandomSampling(0), batch_size=5)
    with open_keyed(tmp_path, overlap=1.0, learner=fixed) as session:
        question, other = session.next_question("ada"), session.next_question("joe")
        p, b = (candidate.key for candidate in question.candidates[:2])
        session.answer(question, p, by="ada")
        assert session.next_question("bob") == question
        session.answer(question, b, by="bob")
        session.answer(other, b, by="joe")
        assert session.next_question("eve") == question
        session.answer(question, None, by="eve")
        replies = {reply.by: reply for reply in session.review.replies()}
        thief = session.next_question("zed")
        while thief.id in (question.id, other.id):
            session.skip(thief, by="zed")
            thief = session.next_question("zed")
        session.answer(thief, p, by="zed")
        session.review.take_back(replies["eve"])  # nothing is left that could count
        session.skip(question, by="dan")
        session.review.take_back(session.review.replies(by="zed")[0])
        n_skips = session.progress.n_skips
        session.review.adopt(replies["ada"], by="me")
        assert session.progress.n_skips == n_skips - 1  # dan's is taken back
        session.undo("dan")
        session.review.take_back(replies["ada"])
        stands = known(session)
    with open_keyed(tmp_path, learner=fixed) as session:
        assert known(session) == stands


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_tables_without_a_session_know_groups(tmp_path, overlap):
    fixed = learner(query_strategy=RandomSampling(0))
    options = {"groups": "X", "overlap": overlap, "learner": fixed}
    with open_keyed(tmp_path, **options) as session:
        question = session.next_question("ada")
        for candidate in question.candidates[:2]:
            session.answer(question, candidate, by="ada")
        session.review.export(tmp_path / "live.csv")
    journal = tmp_path / "s.skmal"
    export_replies(journal, tmp_path / "later.csv")
    live = (tmp_path / "live.csv").read_text(encoding="utf-8")
    assert (tmp_path / "later.csv").read_text(encoding="utf-8") == live
    with open_keyed(tmp_path, learner=fixed) as session:
        session.undo("ada")
        session.undo("ada")
    assert export_journal(journal, tmp_path / "none.csv") == 0
    assert export_replies(journal, tmp_path / "none.csv") == 0


def test_a_session_goes_on_when_all_it_learned_from_is_taken_back(tmp_path):
    fixed = learner(query_strategy=RandomSampling(0), batch_size=2)
    pools = list(KEYED_X)[:4], list(KEYED_Y)[:4]
    with open_keyed(tmp_path, *pools, learner=fixed) as session:
        questions = []
        for n in range(4):
            questions.append(session.next_question())
            session.answer(questions[-1], truth(questions[-1]) if n < 2 else None)
        assert session.next_question() is None
        for partner in (None, truth(questions[0])):
            given = [
                r for r in session.review.replies() if r.question == questions[0].id
            ]
            session.review.take_back(given[0])
            session.answer(questions[0], partner)
            assert session.next_question() is None
        assert session.progress.n_pairs == 2
    with open_keyed(tmp_path, *pools, learner=fixed) as session:
        assert session.next_question() is None


def test_two_at_one_question_do_not_spend_more_than_the_budget(tmp_path):
    fixed = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, overlap=1.0, budget=1, learner=fixed) as session:
        question = session.next_question("ada")
        session.answer(question, truth(question), by="ada")
        with pytest.raises(ValueError, match="budget of 1 answers has 0 left"):
            session.answer(question, others(question)[0], by="bob")
        assert session.progress.n_answers == 1


# -------------------------------------------------------------------- changed items


@pytest.mark.parametrize("is_missing", [False, True])
@pytest.mark.parametrize("gone", ["first", "second"])
def test_where_items_change_the_other_answers_count_on(tmp_path, gone, is_missing):
    fixed = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, overlap=1.0, learner=fixed) as session:
        question = dispute(session)
        wrong = others(question)[0]
    lost, left = (wrong, truth(question))[:: 1 if gone == "first" else -1]
    texts = {key: value for key, value in KEYED_Y.items() if key != lost}
    if not is_missing:
        texts[lost] = KEYED_Y[lost] + 1.0
    options = {"learner": fixed, "overlap": 1.0, "changed": "ask_again"}
    with pytest.warns(UserWarning, match="1 answers .* are taken back"):
        session = AnnotationSession(tmp_path / "s.skmal", KEYED_X, texts, **options)
    with session:
        (reply,) = session.review.replies()
        assert (reply.partner, reply.counts) == (left, True)
        assert partner_of(session, question) == left
        assert session.progress.n_waiting == 1
        assert session.next_question(reply.by).id != question.id
        ledger = session._book.ledger
        state = [ledger.partner.tolist(), ledger.n_answers, ledger.n_pairs]
    with (
        warnings.catch_warnings(action="ignore"),  # what is missing is named again
        AnnotationSession(tmp_path / "s.skmal", KEYED_X, texts, **options) as session,
    ):
        ledger = session._book.ledger
        assert state == [ledger.partner.tolist(), ledger.n_answers, ledger.n_pairs]


def test_answers_to_two_questions_do_not_both_get_the_partner_left(tmp_path):
    fixed = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, overlap=1.0, learner=fixed) as session:
        first, second = session.next_question("ada"), session.next_question("bob")
        goes = ["y30", "y31"]
        for question, by, key in zip(
            (first, second), ("ada", "bob"), goes, strict=True
        ):
            session.answer(question, key, by=by)
        for question, by in zip((first, second), ("bob", "ada"), strict=True):
            assert session.next_question(by).id == question.id
            session.answer(question, "y32", by=by)
    texts = {key: value for key, value in KEYED_Y.items() if key not in goes}
    options = {"learner": fixed, "overlap": 1.0, "changed": "ask_again"}
    with pytest.warns(UserWarning, match="2 answers .* are taken back"):
        session = AnnotationSession(tmp_path / "s.skmal", KEYED_X, texts, **options)
    with session:
        assert known(session) == [(first.item.key, "y32")]
        counts = {reply.item: reply.counts for reply in session.review.replies()}
        assert counts == {first.item.key: True, second.item.key: False}


def test_an_answer_counts_on_whose_partner_another_question_lets_go_of(tmp_path):
    fixed = learner(query_strategy=RandomSampling(0))
    with open_keyed(tmp_path, overlap=1.0, learner=fixed) as session:
        first, second = session.next_question("ada"), session.next_question("bob")
        for question, by, key in (
            (first, "ada", "y30"),
            (second, "bob", "y33"),
            (second, "eve", "y31"),
            (first, "bob", "y32"),
            (second, "ada", "y32"),  # which counts, of three
        ):
            session.answer(question, key, by=by)
        assert partner_of(session, second) == "y32"
    texts = {key: y for key, y in KEYED_Y.items() if key not in ("y30", "y31")}
    options = {"learner": fixed, "overlap": 1.0, "changed": "ask_again"}
    with pytest.warns(UserWarning, match="2 answers .* are taken back"):
        session = AnnotationSession(tmp_path / "s.skmal", KEYED_X, texts, **options)
    with session:
        assert partner_of(session, first) == "y32"
        assert partner_of(session, second) == "y33"
