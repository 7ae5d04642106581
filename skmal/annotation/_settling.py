"""Which of several answers to a question counts, as events to write."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from ._events import Adopted, Answer, Event, Opinion, Refused, Skip, Undo
from ._ids import NONE, EventId, Number
from ._ledger import OPEN, Ledger, Told, items_of_event
from ._opinions import Said, Shared, chosen


def saying_otherwise(ledger: Ledger, opinion: Opinion) -> list[Event]:
    """Return an opinion, and what makes another answer count where it changes that.

    It is in place of that person's passing the question over before, if they did.
    """
    shared = ledger.opinions.of(opinion.question)
    if shared is None or opinion.partner is None:
        return [opinion]
    said = [*shared.said.values(), opinion]
    loose, adopted = _settling(ledger, shared, said)
    passed = shared.passed.get(opinion.by)
    back = [] if passed is None else [Undo(opinion.by, passed.number)]
    return [*back, opinion, *(Undo(opinion.by, number) for number in loose), *adopted]


def taking_back(ledger: Ledger, event: Told, by: str) -> list[Event]:
    """Return what takes back what was said, and makes another answer count if need be.

    Whether the partners of an item that may have several were all is open again as
    well, where one of them goes.
    """
    is_answer = isinstance(event, Answer | Opinion)
    lesson = ledger.resting_lesson(event) if is_answer else event
    if lesson is None or isinstance(lesson, Skip | Refused):  # nothing rests on it
        items = ()
    else:
        items = items_of_event(lesson)
    loose = _completed(ledger, items) - {event.number}
    adopted: list[Event] = []
    shared = ledger.opinions.of(event.question) if is_answer else None
    if shared is not None:
        said = [one for one in shared.said.values() if one is not event]
        looser, adopted = _settling(ledger, shared, said)
        loose |= looser
    back = [*sorted(loose), event.number]
    return [*(Undo(by, number) for number in back), *adopted]


def counting_on(ledger: Ledger, back: Sequence[EventId]) -> list[Event]:
    """Return what makes other answers count once all of these are taken back."""
    told = (ledger.answer(number) for number in back)
    questions = dict.fromkeys(one.question for one in told if one is not None)
    if not any(map(ledger.opinions.of, questions)):
        return []
    then, new = deepcopy(ledger), list[Event]()

    def take_in(event: Event) -> None:
        then.apply(replace(event, number=EventId(then.last + 1)))

    for number in back:
        take_in(Undo("skmal", number))
    is_settled = False
    while not is_settled:  # one may let go of the partner that another waits for
        is_settled = True
        for question in questions:
            shared = then.opinions.of(question)
            if shared is None:
                continue
            loose, adopted = _settling(then, shared, [*shared.said.values()])
            for event in (*(Undo("skmal", n) for n in sorted(loose)), *adopted):
                take_in(event)
                new.append(event)
                is_settled = False
    return new


def deciding(ledger: Ledger, shared: Shared, answer: Said, by: str) -> list[Event]:
    """Return what makes an answer count because a person says so."""
    loose, adopted = _adopting(ledger, shared, answer, by)
    return [*(Undo(by, number) for number in sorted(loose)), *adopted]


def may_count(ledger: Ledger, answer: Said) -> bool:
    """Say whether its partner is open, or that of the same item now."""
    partner = answer.partner
    assert partner is not None
    shared = ledger.opinions.of(answer.question)
    own = None if shared is None or shared.lesson is None else shared.lesson.partner
    item_is_ours = own is not None or ledger.partner[answer.item] == OPEN
    is_free = partner in (NONE, own) or bool(ledger.partner[partner] == OPEN)
    return item_is_ours and is_free


def _settling(
    ledger: Ledger, shared: Shared, said: Sequence[Said]
) -> tuple[set[EventId], list[Event]]:
    """Return what has to change where only these answers stand."""
    still = shared.whose in {one.by for one in said}
    best = chosen(said)
    if best is None or (still and shared.is_decided):
        return set(), []
    if still and shared.lesson is not None and best.partner == shared.lesson.partner:
        return set(), []
    if not may_count(ledger, best):
        return set(), []
    return _adopting(ledger, shared, best, None)


def _adopting(
    ledger: Ledger, shared: Shared, answer: Said, by: str | None
) -> tuple[set[EventId], list[Event]]:
    """Return what is no longer complete, and the event that adopts an answer."""
    partner = answer.partner
    assert partner is not None
    goes = shared.lesson is not None and shared.lesson.partner != partner
    items = items_of_event(shared.lesson) if goes and shared.lesson is not None else ()
    adopted = Adopted(by, answer.question, answer.item, partner, answer.by)
    loose = _completed(ledger, items)
    skip = ledger.closed_by(shared.question)
    if isinstance(skip, Skip):  # the question was open again, and passed over
        loose.add(skip.number)
    return loose, [adopted]


def _completed(ledger: Ledger, items: Sequence[Number]) -> set[EventId]:
    """Return the events that say of these items that they have no other partners."""
    return {ledger.completed[n] for n in items if n in ledger.completed}
