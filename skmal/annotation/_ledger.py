"""What the events of a journal amount to: who is whose partner, and what is asked."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.types import BoolArray, IntArray
from ._events import (
    Adopted,
    Answer,
    Asked,
    Audit,
    Budget,
    Complete,
    Event,
    More,
    Opinion,
    Overlap,
    Pair,
    Parameters,
    Plan,
    Proposed,
    Ranked,
    Refused,
    Round,
    Skip,
    Start,
    Undo,
)
from ._ids import NONE, EventId, Number, QuestionId
from ._opinions import Opinions, is_drawn
from ._tally import Seen, Tally

OPEN = Number(-2)  # in place of a partner: no answer yet, or not all of several
ALL = Number(-3)  # all of its several partners are known

Lesson: TypeAlias = Answer | Adopted | Pair  # what changes who is whose partner
# What people say about a question.
Told: TypeAlias = Answer | Opinion | Skip | Complete | Refused


class Ledger:
    """The state that events add up to; the same events give the same state.

    Parameters
    ----------
    modality : array-like of int
        The modality of each item, by its number; number 0 belongs to none.
    several : array-like of bool, default=None
        Whether an item may have several partners, by its number; None: none may.
    """

    parameters: Parameters  # from the first event on

    def __init__(
        self, modality: npt.ArrayLike, several: npt.ArrayLike | None = None
    ) -> None:
        self.modality: IntArray = np.asarray(modality)
        if several is None:
            several = np.zeros(len(self.modality), dtype=bool)
        self.several: BoolArray = np.asarray(several)
        # Of an item with several partners: those known, and what said that it is all.
        self.partners: dict[Number, list[Number]] = {}
        self.completed: dict[Number, EventId] = {}
        self.partner: IntArray = np.full(len(self.modality), OPEN)
        self.skips: IntArray = np.zeros(len(self.modality), dtype=np.int64)
        self.questions: dict[QuestionId, Asked] = {}
        self.current: list[QuestionId] = []  # those that may be asked, in order
        self.rounds: list[Round] = []
        self._n_rounds_before = 0  # the plan that holds
        self.n_answers: int = 0
        self.n_pairs: int = 0
        self.n_none: int = 0
        self.n_skips: int = 0
        self.n_verified: int = 0
        self.refusals: dict[EventId, Refused] = {}  # those that stand
        self._refused: dict[tuple[Number, Number], int] = {}  # item, partner; both ways
        # Of random questions: the last event that the encoder knew of that asked it;
        self.audits: dict[QuestionId, EventId] = {}
        # and where the partner stood, by the last event known to what ranked it.
        self.ranked: dict[QuestionId, tuple[EventId, Ranked]] = {}
        self.n_closed: list[int] = [
            0,
            0,
        ]  # items of each modality that are no longer open
        self.tally: Tally = Tally()
        self.opinions: Opinions = Opinions()
        self.last: EventId = EventId(0)
        self._kept: dict[EventId, Pair | Told] = {}  # what can be taken back
        # What counts; and what did, with the events that ended it.
        self._standing: dict[EventId, Lesson] = {}
        self._ended: list[tuple[Lesson, EventId]] = []
        self._unskipped: list[tuple[Skip, EventId]] = []  # and skips that ended
        self._closed: dict[QuestionId, Told | Adopted] = {}
        self._lessons: list[EventId] = []  # the events that change what is known
        # Per person, the events that `undo` takes back, last one last.
        self._of: dict[str, list[EventId]] = {}

    def apply(self, event: Event) -> None:
        """Take in one event."""
        self.last = event.number
        match event:
            case Start(parameters):
                self.parameters = parameters
            case Budget(budget):
                self.parameters = replace(self.parameters, budget=budget)
            case Overlap(share):
                self.parameters = replace(self.parameters, overlap=share)
            case Audit(share):
                self.parameters = replace(self.parameters, audit=share)
            case Plan():
                self._take_plan(event)
            case Pair():
                self._kept[event.number] = event
                self._begin(event)
            case Answer() | Opinion() | Skip() | Complete() | Refused():
                self._tell(event)
            case Adopted():
                self._adopt(event)
            case Undo():
                self._take_back(self._kept.pop(event.undoes))
            case Round():
                upto = self.upto  # what the encoder before this one knew
                self.ranked |= {own.question: (upto, own) for own in event.ranked}
                self.rounds.append(event)
                self._ask(event.questions)
            case More():
                self._ask(event.questions)
            case Proposed(questions):
                self.questions |= {asked.id: asked for asked in questions}

    def _take_plan(self, plan: Plan) -> None:
        """Learn anew from here on; what was asked by the plan before is not now.

        Where partners stood for the same kind of encoder still counts.
        """
        if _of_encoder(plan.learner) != _of_encoder(self.parameters.learner):
            self.audits, self.ranked = {}, {}
        self.parameters = replace(
            self.parameters,
            batch_size=plan.batch_size,
            n_candidates=plan.n_candidates,
            seed=plan.seed,
            learner=plan.learner,
        )
        self.current = []
        self._n_rounds_before = len(self.rounds)
        self.tally.begin_again()

    def _tell(self, event: Told) -> None:
        """Take in what a person says."""
        self._kept[event.number] = event
        self._of.setdefault(event.by, []).append(event.number)
        self.tally.add(event, self._seen(event))
        match event:
            case Answer():
                self.n_answers += 1
                self.n_verified += event.verified
                asked = self.questions[event.question]
                if self.is_shared(asked):
                    self.opinions.begin(event.question, self.shown(asked))
                self.opinions.add(event)
                self._begin(event)
            case Opinion():
                self.n_answers += event.partner is not None
                self.n_skips += event.partner is None
                self.opinions.add(event)
            case Skip() | Complete():
                self._change(event, +1)
            case Refused():
                self.refusals[event.number] = event
                self._count_refusal(event, +1)

    def _take_back(self, event: Pair | Told) -> None:
        """Let what was said be unsaid."""
        lesson = self.resting_lesson(event)
        if lesson is not None:
            self._end(lesson)
        if isinstance(event, Pair):
            return
        self._of[event.by].remove(event.number)
        self.tally.remove(event)
        match event:
            case Answer():
                self.n_answers -= 1
                self.n_verified -= event.verified
                self.opinions.remove(event)
            case Opinion():
                self.n_answers -= event.partner is not None
                self.n_skips -= event.partner is None
                self.opinions.remove(event)
            case Skip() | Complete():
                self._change(event, -1)
                if isinstance(event, Skip):
                    self._unskipped.append((event, self.last))
            case Refused():
                del self.refusals[event.number]
                self._count_refusal(event, -1)

    def _count_refusal(self, event: Refused, sign: int) -> None:
        for pair in ((event.item, event.partner), (event.partner, event.item)):
            self._refused[pair] = self._refused.get(pair, 0) + sign

    def is_refused(self, item: Number, partner: Number) -> bool:
        """Say whether somebody has said of two items that they are no partners."""
        return self._refused.get((item, partner), 0) > 0

    def refused_by(self, by: str) -> Iterator[Asked]:
        """Yield the open questions of which a person has refused what was proposed."""
        for event in self.refusals.values():
            if event.by == by and self.is_open(event.question):
                yield self.questions[event.question]

    def _adopt(self, event: Adopted) -> None:
        """Let another answer count in place of the one that does, if any does."""
        shared = self.opinions.of(event.question)
        if shared is not None and shared.lesson is not None:
            self._end(shared.lesson)
        self._begin(event)

    def _begin(self, lesson: Lesson) -> None:
        """Let an answer or a known pair count from here on."""
        self._standing[lesson.number] = lesson
        self._change(lesson, +1)
        if not isinstance(lesson, Pair):
            self.opinions.count(lesson.question, lesson)

    def _end(self, lesson: Lesson) -> None:
        """Let it count no longer."""
        del self._standing[lesson.number]
        self._ended.append((lesson, self.last))
        self._change(lesson, -1)
        if not isinstance(lesson, Pair):
            self.opinions.count(lesson.question, None)

    def resting_lesson(self, event: Pair | Told) -> Lesson | None:
        """Return what counts by virtue of an answer, or None where another does."""
        if event.number in self._standing:
            return self._standing[event.number]
        if isinstance(event, Answer | Opinion):
            shared = self.opinions.of(event.question)
            if shared is not None and shared.whose == event.by:
                return shared.lesson
        return None

    def is_shared(self, asked: Asked) -> bool:
        """Say whether a question is asked of another person, too."""
        told = self.parameters
        is_drawn_ = is_drawn(told.overlap, told.seed, asked.id)
        return is_drawn_ and not self.several[asked.item]

    def _change(self, event: Lesson | Skip | Complete, sign: int) -> None:
        """Do what an event says (+1), or take it back (-1)."""
        match event:
            case Skip():
                self.skips[event.item] += sign
                self.n_skips += sign
            case Complete():
                self._close(event.item, ALL if sign > 0 else OPEN)
                if sign > 0:
                    self.completed[event.item] = event.number
                else:
                    self.completed.pop(event.item, None)
            case Answer() | Adopted() | Pair():
                self._lessons.append(self.last)
                if event.partner == NONE:
                    self._close(event.item, NONE if sign > 0 else OPEN)
                    self.n_none += sign
                else:
                    self._join(event.item, event.partner, sign)
                    self._join(event.partner, event.item, sign)
                    self.n_pairs += sign
        if not isinstance(event, Pair) and self._closes(event):
            if sign > 0:
                self._closed[event.question] = event
            else:
                if self._closed.get(event.question) is event:
                    del self._closed[event.question]

    def _closes(self, event: Told | Adopted) -> bool:
        """Say whether nothing more is wanted of its question."""
        is_one_of_several = isinstance(event, Answer) and event.partner != NONE
        return not (is_one_of_several and self.several[event.item])

    def _join(self, item: Number, partner: Number, sign: int) -> None:
        """Give an item a partner, or take it away."""
        if not self.several[item]:
            self._close(item, partner if sign > 0 else OPEN)
        elif sign > 0:
            self.partners.setdefault(item, []).append(partner)
        else:
            self.partners[item].remove(partner)

    def _close(self, item: Number, partner: Number) -> None:
        """Give an item its partner, or none; or open it again."""
        was_open, is_open = self.partner[item] == OPEN, partner == OPEN
        self.n_closed[self.modality[item]] += int(was_open) - int(is_open)
        self.partner[item] = partner

    def candidates(self, asked: Asked) -> list[Number]:
        """Return the likely partners of an item that are open and not known as its."""
        its = self.partners.get(asked.item, ())
        return [
            n
            for n in asked.partners
            if self.partner[n] == OPEN
            and n not in its
            and not self.is_refused(asked.item, n)
        ]

    def shown(self, asked: Asked) -> list[Number]:
        """Return the candidates that a person sees; a second one sees the same."""
        return self.offered(asked)[: self.parameters.n_candidates]

    def offered(self, asked: Asked) -> list[Number]:
        """Return the likely partners of an item, of which a person sees the first."""
        shared = self.opinions.of(asked.id)
        if shared is not None and shared.lesson is not None:
            return shared.shown
        return self.candidates(asked)

    def _seen(self, event: Told) -> Seen | None:
        """Return where an answer's partner stood; None where it names none."""
        if not isinstance(event, Answer | Opinion) or event.partner in (NONE, None):
            return None
        shown = self.shown(self.questions[event.question])
        rank = 1 + shown.index(event.partner) if event.partner in shown else 0
        modality = int(self.modality[event.partner])
        return Seen(rank, modality, self.n_closed[modality])

    def _ask(self, questions: list[Asked]) -> None:
        self.questions |= {asked.id: asked for asked in questions}
        self.current = [asked.id for asked in questions]
        self.audits |= {asked.id: self.upto for asked in questions if asked.is_audit}

    def is_open(self, question: QuestionId) -> bool:
        """Say whether an answer to this question is still wanted."""
        item = self.questions[question].item
        return question not in self._closed and bool(self.partner[item] == OPEN)

    @property
    def upto(self) -> EventId:
        """Return the last event that the last training knew of."""
        rounds = self.rounds_of_plan
        return rounds[-1].upto if rounds else EventId(0)

    @property
    def rounds_of_plan(self) -> list[Round]:
        """Return the rounds since the plan was changed, if it was."""
        return self.rounds[self._n_rounds_before :]

    @property
    def n_unlearned(self) -> int:
        """Return how many answers have come, or were taken back, since."""
        return len(self._lessons) - bisect_right(self._lessons, self.upto)

    def closed_by(self, question: QuestionId) -> Told | None:
        """Return what closed a question: an answer, a skip, "that is all", or None."""
        event = self._closed.get(question)
        return self.answer_of(event) if isinstance(event, Adopted) else event

    def heard(self, question: QuestionId, by: str) -> Told | None:
        """Return what a person said to a question that more are asked.

        Else what closed it; None where an answer is wanted.
        """
        shared = self.opinions.of(question)
        if shared is not None and shared.lesson is not None:
            own = shared.said.get(by) or shared.passed.get(by)
            if own is not None or shared.is_for(by):
                return own
        return self.closed_by(question)

    def answer_of(self, lesson: Lesson) -> Answer | Opinion | None:
        """Return the answer by which something counts; None for a known pair."""
        if isinstance(lesson, Adopted):
            shared = self.opinions.of(lesson.question)
            assert shared is not None  # as of every answer that was adopted
            return shared.said[lesson.whose]
        return lesson if isinstance(lesson, Answer) else None

    def answers(self, by: str | None = None) -> Iterator[Answer | Opinion]:
        """Yield the answers that stand, of one person or all, the newest first."""
        own = self._kept if by is None else self._of.get(by, [])
        for event in map(self._kept.__getitem__, reversed(own)):
            if isinstance(event, Answer | Opinion) and event.partner is not None:
                yield event

    def answer(self, number: EventId) -> Answer | Opinion | None:
        """Return an answer that stands by its number, or None."""
        event = self._kept.get(number)
        if isinstance(event, Answer | Opinion) and event.partner is not None:
            return event
        return None

    def last_of(self, by: str) -> Told | None:
        """Return what a person said last that still stands, or None."""
        events = self._of.get(by)
        last = self._kept[events[-1]] if events else None
        assert not isinstance(last, Pair)  # which nobody gave
        return last

    def resting_on(self, items: Collection[Number]) -> list[Pair | Told]:
        """Return answers and known pairs that one of these items is part of.

        With them what says of their items that these have no other partners.
        """
        resting: list[Pair | Told] = [
            event
            for event in self._kept.values()
            if isinstance(event, Answer | Opinion | Pair)
            and (event.item in items or event.partner in items)
        ]
        touched = {*items}
        for event in resting:
            touched |= {*items_of_event(event)}
        for item in sorted(touched & {*self.completed}):
            resting.append(self._kept[self.completed[item]])
        return resting

    def lessons(self, upto: EventId | None = None) -> list[Lesson]:
        """Return what counted after an event, answers and known pairs, in order."""
        standing = list(self._standing.values())
        if upto is not None:
            standing += [lesson for lesson, end in self._ended if end > upto]
            standing = [lesson for lesson in standing if lesson.number <= upto]
        standing.sort(key=lambda lesson: lesson.number)
        return standing

    def lessons_since(self, upto: EventId) -> list[Lesson]:
        """Return what has come to count after an event and still does."""
        return [lesson for lesson in self._standing.values() if lesson.number > upto]

    def passed_over(self, upto: EventId | None = None) -> set[QuestionId]:
        """Return the random questions skipped, or whose answer was taken back."""
        last = self.last if upto is None else upto
        skips = {
            question
            for question in self.audits
            if isinstance(skip := self._closed.get(question), Skip)
            and skip.number <= last
        }
        skips |= {
            skip.question
            for skip, end in self._unskipped
            if skip.number <= last < end and skip.question in self.audits
        }
        taken_back = {
            lesson.question
            for lesson, end in self._ended
            if not isinstance(lesson, Pair) and end <= last
        }
        return skips | (taken_back & self.audits.keys())

    def completions(self) -> list[Complete]:
        """Return what says of items with several partners that these are all."""
        standing = (self._kept[number] for number in sorted(self.completed.values()))
        return [event for event in standing if isinstance(event, Complete)]

    def pairs(self, upto: EventId | None = None) -> IntArray:
        """Return numbers of event, item of X and item of y: array of shape (n, 3)."""
        rows = []
        for event in self.lessons(upto):
            if event.partner != NONE:
                pair = event.item, event.partner
                swap = self.modality[event.item] == 1
                rows.append((event.number, *(pair[::-1] if swap else pair)))
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def unmatched(self, upto: EventId | None = None) -> IntArray:
        """Return the items that have no partner, by answers up to an event."""
        lone = [event.item for event in self.lessons(upto) if event.partner == NONE]
        return np.array(lone, dtype=np.int64)

    @property
    def budget_left(self) -> float:
        """Return how many answers may still be paid for; infinity without a budget."""
        budget = self.parameters.budget
        return np.inf if budget is None else budget - self.n_answers


def _of_encoder(learner: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a learner's parameters that its encoder has."""
    return {name: learner[name] for name in learner if name.startswith("estimator")}


def items_of_event(event: Lesson | Told) -> tuple[Number, ...]:
    """Return the items that something is said of."""
    partner = None if isinstance(event, Skip | Complete) else event.partner
    return (event.item,) if partner is None else (event.item, partner)


def replay(ledger: Ledger, events: Iterable[Event], path: Path) -> None:
    """Take in the events of a journal.

    Raises
    ------
    ValueError
        If one does not fit those before it, in a journal of an old version, say, which
        has no hashes that would have told so.
    """
    for event in events:
        try:
            ledger.apply(event)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"event {event.number} of {path} does not fit those before it "
                f"({type(error).__name__}: {error}): the file is damaged. Restore it "
                "from a copy"
            ) from error
