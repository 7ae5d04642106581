"""What the events of a journal amount to: who is whose partner, and what is asked."""

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.types import BoolArray, IntArray
from ._events import (
    Answer,
    Asked,
    Budget,
    Complete,
    Event,
    More,
    Pair,
    Parameters,
    Plan,
    Round,
    Skip,
    Start,
    Undo,
)
from ._ids import NONE, EventId, Number, QuestionId
from ._tally import Seen, Tally

OPEN = Number(-2)  # in place of a partner: no answer yet, or not all of several
ALL = Number(-3)  # all of its several partners are known

Lesson: TypeAlias = Answer | Pair  # what changes who is whose partner
Told: TypeAlias = Answer | Skip | Complete  # by people, about a question


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
        self.n_answers = self.n_pairs = self.n_none = self.n_skips = 0
        self.n_closed = [0, 0]  # items of each modality that are no longer open
        self.tally = Tally()
        self.last = EventId(0)
        # What can be taken back; what was, and the events that did so.
        self._kept: dict[EventId, Lesson | Told] = {}
        self._taken_back: dict[EventId, tuple[Lesson | Told, EventId]] = {}
        self._closed: dict[QuestionId, EventId] = {}  # by which answer or skip
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
            case Plan():
                self._take_plan(event)
            case Answer() | Skip() | Complete() | Pair():
                if not isinstance(event, Pair):
                    self.tally.add(event, self._seen(event))
                self._change(event, +1)
                self._kept[event.number] = event
                if not isinstance(event, Pair):
                    self._of.setdefault(event.by, []).append(event.number)
            case Undo():
                undone = self._kept.pop(event.undoes)
                self._taken_back[undone.number] = (undone, event.number)
                self._change(undone, -1)
                if not isinstance(undone, Pair):
                    self._of[undone.by].remove(undone.number)
                    self.tally.remove(undone)
            case Round():
                self.rounds.append(event)
                self._ask(event.questions)
            case More():
                self._ask(event.questions)

    def _take_plan(self, plan: Plan) -> None:
        """Learn anew from here on; what was asked by the plan before is not now."""
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

    def _change(self, event: Lesson | Told, sign: int) -> None:
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
            case Answer() | Pair():
                self._lessons.append(self.last)
                if event.partner == NONE:
                    self._close(event.item, NONE if sign > 0 else OPEN)
                    self.n_none += sign
                else:
                    self._join(event.item, event.partner, sign)
                    self._join(event.partner, event.item, sign)
                    self.n_pairs += sign
        if isinstance(event, Answer):
            self.n_answers += sign
        if not isinstance(event, Pair) and self._closes(event):
            if sign > 0:
                self._closed[event.question] = event.number
            else:
                self._closed.pop(event.question)

    def _closes(self, event: Told) -> bool:
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
        return [n for n in asked.partners if self.partner[n] == OPEN and n not in its]

    def _seen(self, event: Told) -> Seen | None:
        """Return where an answer's partner stood; None where it names none."""
        if not isinstance(event, Answer) or event.partner == NONE:
            return None
        shown = self.candidates(self.questions[event.question])
        shown = shown[: self.parameters.n_candidates]
        rank = 1 + shown.index(event.partner) if event.partner in shown else 0
        modality = int(self.modality[event.partner])
        return Seen(rank, modality, self.n_closed[modality])

    def _ask(self, questions: list[Asked]) -> None:
        self.questions |= {asked.id: asked for asked in questions}
        self.current = [asked.id for asked in questions]

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
        number = self._closed.get(question)
        event = None if number is None else self._kept[number]
        assert not isinstance(event, Pair)  # which is about no question
        return event

    def last_of(self, by: str) -> Told | None:
        """Return what a person said last that still stands, or None."""
        events = self._of.get(by)
        last = self._kept[events[-1]] if events else None
        assert not isinstance(last, Pair)  # which nobody gave
        return last

    def resting_on(self, items: Collection[Number]) -> list[Lesson | Complete]:
        """Return answers and known pairs that one of these items is part of.

        With them what says of their items that these have no other partners.
        """
        resting: list[Lesson | Complete] = [
            event
            for event in self._kept.values()
            if isinstance(event, Answer | Pair)
            and (event.item in items or event.partner in items)
        ]
        touched = {*items}
        for event in resting:
            assert not isinstance(event, Complete)
            touched |= {event.item, event.partner}
        for item in sorted(touched & {*self.completed}):
            event = self._kept[self.completed[item]]
            assert isinstance(event, Complete)
            resting.append(event)
        return resting

    def lessons(self, upto: EventId | None = None) -> list[Lesson]:
        """Return answers and known pairs as they stood after an event, in order."""
        standing = list(self._kept.values())
        if upto is not None:
            back = self._taken_back.values()
            standing += [event for event, undone_at in back if undone_at > upto]
            standing = [event for event in standing if event.number <= upto]
        standing.sort(key=lambda event: event.number)
        return [event for event in standing if isinstance(event, Answer | Pair)]

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


def items_of_event(event: Lesson | Told) -> tuple[Number, ...]:
    """Return the items that something is said of."""
    if isinstance(event, Answer | Pair):
        return event.item, event.partner
    return (event.item,)
