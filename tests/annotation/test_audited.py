"""Questions about items drawn at random: how many, what they tell, and for how long."""

import json
import shutil

import numpy as np
import pytest
from helpers import make_pairs
from sessions import answer_some, learner, open_keyed, truth

from skmal import AnnotationSession, PairedActiveLearner, RidgeCCA
from skmal.annotation import describe_audit, describe_forecast
from skmal.annotation._audited import settled


def audited(session):
    """Return the questions about items drawn at random."""
    return [q for q in session._book.ledger.questions.values() if q.is_audit]


def told_by_audits(session):
    """Return what the learner knows of its audits."""
    audits = session.learner.state()["audits"]
    return {name: audits[name] for name in ("n_before", "place", "rank")}


def open_rows(session, modality):
    """Return the numbers of the items of a modality that are open."""
    ledger, items = session._book.ledger, session._book.items
    return [n for n in items.numbers[modality] if ledger.partner[n] == -2]


def listed(asked, partner):
    """Return a partner's rank among the candidates, else that behind them."""
    return 1.0 + [*asked.partners, partner].index(partner)


def rank_of(session, asked):
    """Return the rank that the learner has of a pair, by what was asked."""
    items, audits = session._book.items, told_by_audits(session)
    side = int(items.modality[asked.item])
    taught = (session.learner.X_training, session.learner.y_training)[side]
    value = session.items.get(side, items.key(asked.item)).value
    places = [i for i, row in enumerate(taught) if np.array_equal(row, value)]
    (at,) = (i for i, place in enumerate(audits["place"]) if place in places)
    return audits["rank"][at]


def test_the_share_is_drawn_and_the_journal_says_which(tmp_path):
    with open_keyed(tmp_path, audit=0.4) as session:
        answer_some(session, 25)
        drawn = {asked.id for asked in audited(session)}
        n_asked = [len(r.questions) for r in session._book.ledger.rounds[1:]]
    assert len(drawn) == sum(round(0.4 * n) for n in n_asked)
    with open_keyed(tmp_path) as session:
        assert {asked.id for asked in audited(session)} == drawn
        assert session.progress.audit_share == 0.4
        events = session._book.journal.events()
    kept = [own for event in events for own in getattr(event, "ranked", [])]
    assert {own.question for own in kept} <= drawn


@pytest.mark.parametrize("training", ["wait", "background"])
def test_ranks_are_those_among_all_that_was_open(tmp_path, training):
    """Compare with similarities of the encoder that had asked, one by one."""
    expected = {}
    with open_keyed(tmp_path, audit=0.4, training=training) as session:
        while len(expected) < 8:
            question = session.next_question()
            session.wait()
            encoder = session.learner
            is_audit = session._book.ledger.questions[question.id].is_audit
            if is_audit and question.id not in expected:
                m, items = question.modality, session._book.items
                rows = [items.row[open_rows(session, side)] for side in (0, 1)]
                # Those that were open when the encoder was trained.
                for event in session._book.ledger.lessons_since(
                    session._book.ledger.upto
                ):
                    for number in (event.item, event.partner):
                        side = int(items.modality[number])
                        rows[side] = np.append(rows[side], items.row[number])
                pools = [
                    np.array(pool)[own]
                    for pool, own in zip(session.pools, rows, strict=True)
                ]
                X, y = encoder.transform(*pools)
                units = [own / np.linalg.norm(own, axis=1)[:, None] for own in (X, y)]
                at = list(rows[m]).index(items.row[items.number(m, question.item)])
                partner = items.row[items.number(1 - m, truth(question))]
                similar = units[1 - m] @ units[m][at]
                own = similar[list(rows[1 - m]).index(partner)]
                expected[question.id] = 1 + (similar > own + 1e-6).sum()
            session.answer(question, truth(question))
        session.wait()
        session.train()
        got = {q: own.rank for q, (_, own) in session._book.ledger.ranked.items()}
    assert {q: got[q] for q in expected} == expected


def test_they_survive_reopening_lost_weights_and_answers_taken_back(tmp_path):
    with open_keyed(tmp_path, audit=0.6) as session:
        answer_some(session, 30)
        session.train()
        before = told_by_audits(session)
        told = session.progress.audit
        rounds, ranked = session._book.ledger.rounds, session._book.ledger.ranked
        n_pairs = [r.n_pairs for r in rounds for q in r.questions if q.id in ranked]
    assert told.n_answers > 8
    assert list(before["n_before"]) == n_pairs
    with open_keyed(tmp_path) as session:
        assert told_by_audits(session) == before
    shutil.rmtree(tmp_path / "s.skmal.weights")
    with pytest.warns(UserWarning, match="weights not loaded"):
        session = open_keyed(tmp_path)
    with session:
        assert told_by_audits(session) == before
        # Places are those of pairs, though others have gone.
        first = session.review.replies()[-1]
        session.review.take_back(first)
        session.train()
        audits = told_by_audits(session)
        X, y = session.learner.X_training, session.learner.y_training
        pairs = {(x.key, y.key) for x, y in session.pairs()}
        ids = dict(zip(session._book.ledger.ranked, audits["place"], strict=False))
        for question, place in ids.items():
            asked = session._book.ledger.questions.get(question)
            (own,) = (
                pair for pair in pairs if session._book.items.key(asked.item) in pair
            )
            modality = int(session._book.items.modality[asked.item])
            item = session.items.get(modality, own[modality])
            side = (X, y)[modality]
            np.testing.assert_array_equal(side[place], item.value)


def test_an_answer_that_others_have_settled_is_ranked_if_none_was_learned(tmp_path):
    with open_keyed(tmp_path, audit=1.0, overlap=1.0) as session:
        answer_some(session, 5)
        session.train()
        early, late = (session._book.ledger.questions[n] for n in (6, 7))
        for asked, others in ((early, ()), (late, ("bob", "eve"))):
            key = session._book.items.key(asked.item)
            modality = int(session._book.items.modality[asked.item])
            right = "yx"[modality] + key[1:]
            candidates = map(session._book.items.key, asked.partners)
            wrong = next(own for own in candidates if own != right)
            session.answer(asked.id, wrong, by="ada")
            for by in others:
                session.answer(asked.id, right, by=by)
        session.train()
        told = {q: own.partner for q, (_, own) in session._book.ledger.ranked.items()}
        assert told[late.id] == session._book.items.number(1 - modality, right)
        n_answers = session.progress.audit.n_answers
        key = session._book.items.key(early.item)
        side = int(session._book.items.modality[early.item])
        for by in ("bob", "eve"):
            session.answer(early.id, "yx"[side] + key[1:], by=by)
        session.train()
        assert session._book.ledger.ranked[early.id][1].partner == told[early.id]
        assert session.progress.audit.n_answers == n_answers
        partner = session._book.items.number(1 - side, "yx"[side] + key[1:])
        rank = listed(early, partner)
        assert rank != session._book.ledger.ranked[early.id][1].rank
        assert rank_of(session, early) == rank  # as it was before any was learned


def test_those_passed_over_widen_the_intervals_until_they_are_answered(tmp_path):
    with open_keyed(tmp_path, audit=1.0) as session:
        answer_some(session, 10)
        passed = []
        for _ in range(3):
            question = session.next_question()
            passed.append(session._book.ledger.questions[question.id])
            session.skip(question)
        answer_some(session, 10)
        session.train()
        told, own = session.progress, session.learner.audit_
        n = own.n_answers
        assert told.n_unsettled == 3
        assert told.audit.recall_at_9.value == own.recall_at_9.value
        for name in ("recall_at_1", "recall_at_9", "mrr", "without_partner"):
            wide, narrow = getattr(told.audit, name), getattr(own, name)
            assert wide.low == pytest.approx(narrow.low * n / (n + 3))
            assert wide.high == pytest.approx((narrow.high * n + 3) / (n + 3))
    with open_keyed(tmp_path) as session:
        assert session.progress.audit == told.audit
        assert session.progress.n_unsettled == 3
        session.run(truth)  # they come back when all others have been asked
        assert session.progress.n_unsettled == 0
        assert session.progress.audit == session.learner.audit_
        for asked in passed:
            lesson = settled(session._book.ledger)[0][asked.id]
            assert lesson.question != asked.id
            partner = ({lesson.item, lesson.partner} - {asked.item}).pop()
            assert listed(asked, partner) in told_by_audits(session)["rank"]


def test_one_whose_answer_is_taken_back_is_ranked_by_the_next(tmp_path):
    with open_keyed(tmp_path, audit=1.0) as session:
        answer_some(session, 10)
        question = session.next_question()
        asked = session._book.ledger.questions[question.id]
        wrong = next(c for c in question.candidates if c.key != truth(question))
        session.answer(question, wrong)
        session.train()
        n_answers = session.progress.audit.n_answers
        session.review.take_back(session.review.replies()[0])
        session.train()
        assert session.progress.audit.n_answers == n_answers - 1
        assert session.progress.n_unsettled == 1
        session.answer(question, truth(question))
        session.train()
        assert session.progress.audit.n_answers == n_answers
        assert session.progress.n_unsettled == 0
        partner = session._book.items.number(1 - question.modality, truth(question))
        assert rank_of(session, asked) == listed(asked, partner)


def test_another_plan_keeps_ranks_but_not_those_of_another_encoder(tmp_path):
    with open_keyed(tmp_path, audit=1.0) as session:
        answer_some(session, 15)
        session.train()
        before = told_by_audits(session)
    assert len(before["rank"]) == 10
    with open_keyed(tmp_path, batch_size=4, replan=True) as session:
        session.train()
        assert told_by_audits(session) == before
    asker = learner(estimator=RidgeCCA())
    with open_keyed(tmp_path, learner=asker, batch_size=4, replan=True) as session:
        session.train()
        assert told_by_audits(session)["rank"] == ()


def test_items_without_a_partner_are_counted(tmp_path):
    with open_keyed(
        tmp_path, y_keys=[f"y{i}" for i in range(30)], audit=1.0, budget=25
    ) as session:
        for question in session:
            key = truth(question)
            has = int(key[1:]) < 30
            session.answer(question, key if has else None)
        session.train()
        ranked = [own for _, own in session._book.ledger.ranked.values()]
        estimates = session.progress.audit
        n_none = sum(own.rank is None for own in ranked)
    assert n_none > 0
    assert estimates.without_partner.value == pytest.approx(n_none / len(ranked))


def test_siblings_are_no_rivals(tmp_path):
    """Of equal captions of one image, each would stand behind the other."""
    with open_keyed(tmp_path, audit=1.0, groups="X") as session:
        while True:
            question = session.next_question()
            if (
                session._book.ledger.questions[question.id].is_audit
                and question.several
            ):
                break
            told = [truth(question)] if question.several else truth(question)
            session.answer(question, told)
        others = [item.key for item in question.candidates[:3]]
        session.answer(question, others)
        session.train()
        _, own = session._book.ledger.ranked[question.id]
    assert own.rank == 1


def test_what_comes_after_a_training_changes_nothing_when_opened_again(tmp_path):
    with open_keyed(tmp_path, audit=1.0, groups="X") as session:
        while True:
            question = session.next_question()
            asked = session._book.ledger.questions[question.id]
            if question.several and asked.is_audit:
                break
            told = [truth(question)] if question.several else truth(question)
            session.answer(question, told)
        first, second, third = question.candidates[:3]
        session.answer(question, first)
        session.train()
        session.undo()
        session.answer(question, third)  # another one than what was ranked
        session.train()
        assert told_by_audits(session)["rank"][-1] == 3.0
        passed = session.next_question("bob")
        session.skip(passed, by="bob")
        session.train()
        n = session.progress.n_unsettled
        session.undo("bob")
        session.answer(question, second)
        before, told = told_by_audits(session), session.progress
    with open_keyed(tmp_path) as session:
        assert told_by_audits(session) == before
        assert session.progress.audit == told.audit
        assert session.progress.n_unsettled == told.n_unsettled == n == 1


def test_the_share_can_change_and_is_the_journals(tmp_path):
    with open_keyed(tmp_path, learner=learner(audit=0.2)) as session:
        assert session.progress.audit_share == 0.2
        session.change_audit(0.5)
        with pytest.raises(ValueError, match="audit must be"):
            session.change_audit(1.5)
    with open_keyed(tmp_path) as session:
        assert session.progress.audit_share == session.learner.audit == 0.5
    with pytest.raises(ValueError, match=r"audit=0.2 was passed.*begun with 0.5"):
        open_keyed(tmp_path, audit=0.2)
    with open_keyed(tmp_path, audit=0.2, replan=True) as session:
        assert session.progress.audit_share == 0.2
        assert session._book.ledger._n_rounds_before == 0  # no other plan


def test_without_a_share_nothing_is_drawn(tmp_path):
    with open_keyed(tmp_path) as session:
        answer_some(session, 15)
        session.train()
        assert audited(session) == []
        assert session.progress.audit.n_answers == 0
        with session._book.lock:
            rows = session._book.journal._connection.execute(
                "SELECT data FROM event WHERE kind IN ('round', 'more')"
            ).fetchall()
    for (data,) in rows:
        assert "ranked" not in json.loads(data)
        assert all(len(asked) == 3 for asked in json.loads(data)["questions"])


def test_forecast_and_words(tmp_path):
    X, y = make_pairs(120)
    asker = PairedActiveLearner(batch_size=8, random_state=0)
    ids = np.arange(120), np.arange(120)

    def annotator(query, X_ids, y_ids):
        pool, others = (X_ids, y_ids) if query.modality == 0 else (y_ids, X_ids)
        return [int(np.flatnonzero(others == pool[query.indices][0])[0])]

    with AnnotationSession(
        tmp_path / "s.skmal",
        X,
        y,
        asker,
        audit=0.5,
        stop_when=lambda session: session.forecast(8).is_trusted,
    ) as session:
        session.run(annotator, ids=ids)
        progress = session.progress
        assert progress.is_stopped
        assert 0 < progress.n_answers < 100
        assert session.next_question() is None
        told = describe_forecast(session.forecast(8))
        assert told.startswith("8 more answers will raise")
        assert "cannot be told" in describe_forecast(session.forecast(10_000))
        told = describe_audit(progress.audit, 2)
        assert told.startswith("Of items drawn at random")
        assert told.endswith(
            " 2 questions were passed over: the intervals allow for it."
        )
    with pytest.raises(TypeError, match="stop_when must be a function"):
        AnnotationSession(tmp_path / "t.skmal", X, y, asker, stop_when=3)


@pytest.mark.parametrize("audit", [0.0, 0.3])
def test_questions_for_the_meantime_are_audits_if_some_are_wanted(tmp_path, audit):
    def drawn_in_the_meantime(session):
        before = {*session._book.ledger.questions}
        with session._book.lock:
            session._trainer.ask_more(session._trainer.askable())
        questions = session._book.ledger.questions.items()
        return {asked.is_audit for n, asked in questions if n not in before}

    with open_keyed(tmp_path, audit=audit) as session:
        answer_some(session, 7)
        assert drawn_in_the_meantime(session) == {audit > 0}
    with open_keyed(tmp_path, training="background") as session:
        assert drawn_in_the_meantime(session) == {audit > 0}


def test_the_first_that_is_told_may_have_no_partner(tmp_path):
    with open_keyed(tmp_path, audit=1.0) as session:
        answer_some(session, 5)
        session.answer(session.next_question(), None)
        session.train()
        told = session.progress.audit
        assert (told.n_answers, told.without_partner.value) == (1, 1.0)
        assert np.isnan(told.mrr.value)


@pytest.mark.parametrize("side", ["asked", "partner"])
def test_what_has_left_the_pool_before_it_was_learned_has_no_rank(tmp_path, side):
    with open_keyed(tmp_path, audit=1.0) as session:
        answer_some(session, 7)
        question = session.next_question()
        assert session._book.ledger.questions[question.id].is_audit
        session.answer(question, truth(question))
    gone = question.item.key if side == "asked" else truth(question)
    keys = [[f"{pool}{i}" for i in range(40) if f"{pool}{i}" != gone] for pool in "xy"]
    with pytest.warns(UserWarning, match=gone):
        session = open_keyed(tmp_path, *keys)
    with session:
        session.train()
        assert question.id not in session._book.ledger.ranked
