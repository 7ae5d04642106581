"""Answers about items drawn at random: where their partners stood, and what that says.

The journal keeps the rank of each, so that what they say survives the encoder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._shared.types import IntArray
from ..matching._audit import Audits
from ._catalogue import Catalogue
from ._events import Pair, Ranked
from ._ids import NONE, EventId, Number, QuestionId
from ._ledger import Ledger, Lesson
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


def audits_of(
    ledger: Ledger,
    pairs: IntArray,
    answers: Sequence[Unranked] = (),
    new: Sequence[Ranked] = (),
) -> Audits:
    """Return what a learner knows of its audits, from the journal.

    Parameters
    ----------
    ledger : Ledger
        What has been answered; under the book's lock.
    pairs : ndarray of shape (n_pairs, 3)
        Number of the event, and rows, of the pairs that the learner knows.
    answers, new : sequences
        Those since the last training, and where their partners stood.
    """
    standing: dict[QuestionId, Lesson] = {}
    for lesson in ledger.lessons():
        if isinstance(lesson, Pair):
            continue
        own = ledger.ranked.get(lesson.question)
        if own is not None and own[1].partner == lesson.partner:
            standing.setdefault(lesson.question, lesson)
    found = [
        (upto, standing[question].number, own.rank)
        for question, (upto, own) in ledger.ranked.items()
        if question in standing
    ]
    events = {one.question: one.event for one in answers}
    found += [(ledger.upto, events[own.question], own.rank) for own in new]
    known = pairs[:, 0]
    before, place, ranks = list[int](), list[int](), list[float]()
    for upto, event, rank in found:
        at = int(np.searchsorted(known, event))
        is_known = at < len(known) and known[at] == event
        if rank is not None and not is_known:  # its item cannot be used by now
            at = -1
        before.append(int(np.searchsorted(known, upto, side="right")))
        place.append(-1 if rank is None else at)
        ranks.append(np.nan if rank is None else rank)
    return Audits(tuple(before), tuple(place), tuple(ranks))
