"""Answers about items drawn at random: where their partners stood, and what that says.

The journal keeps the rank of each, so that what they say survives the encoder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._shared.intervals import Interval
from .._shared.types import IntArray
from ..matching._audit import N_RECENT, AuditEstimates, Audits
from ._catalogue import Catalogue
from ._events import Pair, Ranked
from ._ids import NONE, EventId, Number, QuestionId
from ._ledger import Ledger, Lesson, items_of_event
from ._training import Features, Rows

EQUAL = 1e-6  # similarities that are no further apart share their ranks


@dataclass(frozen=True)
class Unranked:
    """An answer about an item drawn at random that nothing has been learned from.

    Parameters
    ----------
    question : int
        Number of the question.
    event : int
        Number of the answer.
    partner : int
        What was answered, -1 for no partner.
    modality : int
        That of the item.
    row, other : int
        Rows of the item and its partner; -1 for none.
    siblings : ndarray of int
        Rows of the item's other partners, which are no rivals.
    """

    question: QuestionId
    event: EventId
    partner: Number
    modality: int
    row: int
    other: int
    siblings: IntArray


def unranked(ledger: Ledger, items: Catalogue) -> list[Unranked]:
    """Return the answers about items drawn at random since the last training.

    Of an item with several partners it is the first. A question of which the encoder
    has learned an answer, be it another one, tells nothing of it any more.
    """
    found: dict[QuestionId, Unranked] = {}
    learned = {*ledger.ranked}
    for lesson in ledger.lessons(ledger.upto):
        if not isinstance(lesson, Pair):
            learned.add(lesson.question)
    for lesson in ledger.lessons_since(ledger.upto):
        if isinstance(lesson, Pair) or lesson.question in found:
            continue
        is_audit = ledger.questions[lesson.question].is_audit
        if not is_audit or lesson.question in learned:
            continue
        other = -1 if lesson.partner == NONE else int(items.row[lesson.partner])
        row = int(items.row[lesson.item])
        if row < 0 or (other < 0 and lesson.partner != NONE):  # set aside since
            continue
        several = ledger.partners.get(lesson.item, [])
        siblings = items.row[[n for n in several if n != lesson.partner]]
        found[lesson.question] = Unranked(
            lesson.question,
            lesson.number,
            lesson.partner,
            int(ledger.modality[lesson.item]),
            row,
            other,
            siblings,
        )
    return list(found.values())


def open_then(ledger: Ledger, items: Catalogue, rows: Rows) -> Rows:
    """Return the rows that were open at the last training; `rows` are so now."""
    closed = [
        n
        for lesson in ledger.lessons_since(ledger.upto)
        for n in (lesson.item, lesson.partner)
        if n != NONE and items.row[n] >= 0
    ]
    modality, row = items.modality[closed], items.row[closed]
    return (
        np.union1d(rows[0], row[modality == 0]),
        np.union1d(rows[1], row[modality == 1]),
    )


def ranked(
    answers: Sequence[Unranked],
    features: Features | None,
    encoded: Callable[[], Features | None],
) -> list[Ranked]:
    """Return where the partners stood for the encoder that has not learned of them.

    `features` are those of all that was open then; `encoded` makes them where these are
    none, or lack an item. Answers that no encoder could rank are left out.
    """
    if not answers:
        return []
    if features is None or not all(_is_in(features, one) for one in answers):
        features = encoded()
    if features is None:
        return []
    return [
        Ranked(
            one.question,
            one.partner,
            None if one.partner == NONE else _rank(features, one),
        )
        for one in answers
        if _is_in(features, one)
    ]


def _is_in(features: Features, one: Unranked) -> bool:
    """Say whether there are features of an item and its partner."""
    asked = features.rows[one.modality], one.row
    other = features.rows[1 - one.modality], one.other
    return all(row < 0 or bool(np.isin(row, rows)) for rows, row in (asked, other))


def _rank(features: Features, one: Unranked) -> float:
    """Return the rank of a partner in the other pool, from 1; equals share theirs."""
    own, other = one.modality, 1 - one.modality
    query = features.units[own][np.searchsorted(features.rows[own], one.row)]
    similarity = features.units[other] @ query
    at = np.searchsorted(features.rows[other], one.other)
    rivals = ~np.isin(features.rows[other], one.siblings)
    rivals[at] = False
    ahead = similarity > similarity[at] + EQUAL
    equal = np.abs(similarity - similarity[at]) <= EQUAL
    return float(1 + (ahead & rivals).sum() + (equal & rivals).sum() / 2)


def settled(
    ledger: Ledger, upto: EventId | None = None
) -> tuple[dict[QuestionId, Lesson], list[QuestionId]]:
    """Return what answers each question drawn at random, and those passed over.

    One that was passed over, or whose answer was taken back, may be answered by what is
    said of its item elsewhere. Not so one that nobody has looked at: of those, the easy
    ones are settled elsewhere first.
    """
    passed = ledger.passed_over(upto)
    items = {ledger.questions[question].item for question in passed}
    own: dict[QuestionId, Lesson] = {}
    about: dict[Number, list[Lesson]] = {}
    for lesson in ledger.lessons(upto):
        if isinstance(lesson, Pair):
            continue
        if lesson.question in ledger.audits:
            own.setdefault(lesson.question, lesson)
        for item in items.intersection(items_of_event(lesson)):
            about.setdefault(item, []).append(lesson)
    answered: dict[QuestionId, Lesson] = {}
    waiting: list[QuestionId] = []
    for question, asked_at in ledger.audits.items():
        lesson = own.get(question)
        if lesson is None and question in passed:
            told = about.get(ledger.questions[question].item, [])
            lesson = next((one for one in told if one.number > asked_at), None)
            if lesson is None:
                waiting.append(question)
        if lesson is not None:
            answered[question] = lesson
    return answered, waiting


def n_unsettled(ledger: Ledger, upto: EventId | None = None) -> int:
    """Return how many of the latest questions drawn at random were passed over.

    As far back as the answers go that estimates rest on; under the book's lock.
    """
    answered, waiting = settled(ledger, upto)
    unknown, n, n_answered = {*waiting}, 0, 0
    for question in reversed(ledger.audits):
        n += question in unknown
        n_answered += question in answered
        if n_answered == N_RECENT:
            break
    return n


def widened(told: AuditEstimates, n: int) -> AuditEstimates:
    """Return estimates whose intervals hold whatever n more answers would have said.

    The lower end takes the partners of all these for the last, the upper for the first.
    """
    n_none = told.n_answers * told.without_partner.value if told.n_answers else 0.0

    def wide(own: Interval, n_told: float) -> Interval:
        low = own.low * n_told / (n_told + n)
        return Interval(own.value, low, (own.high * n_told + n) / (n_told + n))

    if n == 0 or told.n_answers == 0:
        return told
    n_pairs = told.n_answers - round(n_none)
    return replace(
        told,
        recall_at_1=wide(told.recall_at_1, n_pairs),
        recall_at_9=wide(told.recall_at_9, n_pairs),
        mrr=wide(told.mrr, n_pairs),
        without_partner=wide(told.without_partner, told.n_answers),
    )


def audits_of(
    ledger: Ledger,
    pairs: IntArray,
    upto: EventId,
    answers: Sequence[Unranked] = (),
    new: Sequence[Ranked] = (),
) -> Audits:
    """Return what a learner knows of its audits, from the journal.

    Where the encoder has learned of another answer than the one that counts, or of none
    to this question, the partner's place among the candidates tells its rank, as they
    were when it was asked about; one that is not among them ranks behind these.

    Parameters
    ----------
    ledger : Ledger
        What has been answered; under the book's lock.
    pairs : ndarray of shape (n_pairs, 3)
        Number of the event, and rows, of the pairs that the learner knows.
    upto : int
        The last event that it knows of.
    answers, new : sequences
        Those since the last training, and where their partners stood.
    """
    answered, _ = settled(ledger, upto)
    kept = {
        question: recorded
        for question, recorded in ledger.ranked.items()
        if question in answered
        and recorded[1].partner == _partner(ledger, question, answered[question])
    }
    found = [
        (before, answered[question].number, own.rank)
        for question, (before, own) in kept.items()
    ]
    events = {one.question: one.event for one in answers}
    found += [(ledger.upto, events[own.question], own.rank) for own in new]
    exact = {*kept, *(own.question for own in new)}
    rest = {own: answered[own] for own in answered if own not in exact}
    several = {ledger.questions[question].item for question in rest}
    told: dict[Number, list[Lesson]] = {}  # of items that may have several partners
    for lesson in ledger.lessons(upto):
        for item in several.intersection(items_of_event(lesson)):
            if ledger.several[item]:
                told.setdefault(item, []).append(lesson)
    found += [
        (ledger.audits[own], lesson.number, _listed(ledger, own, lesson, told))
        for own, lesson in rest.items()
    ]
    found.sort(key=lambda own: own[0])
    known = pairs[:, 0]
    before, place, ranks = list[int](), list[int](), list[float]()
    for asked_at, event, rank in found:
        at = int(np.searchsorted(known, event))
        is_known = at < len(known) and known[at] == event
        if rank is not None and not is_known:  # its item cannot be used by now
            at = -1
        before.append(int(np.searchsorted(known, asked_at, side="right")))
        place.append(-1 if rank is None else at)
        ranks.append(np.nan if rank is None else rank)
    return Audits(tuple(before), tuple(place), tuple(ranks))


def _partner(ledger: Ledger, question: QuestionId, lesson: Lesson) -> Number:
    """Return what an answer says is the partner of a question's item."""
    item = ledger.questions[question].item
    return lesson.partner if lesson.item == item else lesson.item


def _listed(
    ledger: Ledger,
    question: QuestionId,
    lesson: Lesson,
    told: Mapping[Number, Sequence[Lesson]],
) -> float | None:
    """Return a partner's rank among the candidates as they were; None for none."""
    asked, partner = ledger.questions[question], _partner(ledger, question, lesson)
    if partner == NONE:
        return None
    siblings = {_partner(ledger, question, one) for one in told.get(asked.item, ())}
    rivals = [n for n in asked.partners if n == partner or n not in siblings]
    return float(1 + (rivals.index(partner) if partner in rivals else len(rivals)))
