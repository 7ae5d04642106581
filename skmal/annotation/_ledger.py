"""What the events of a journal amount to: who is whose partner, and what is asked."""

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.types import IntArray
from ._events import (
    Answer,
    Asked,
    Budget,
    Event,
    More,
    Pair,
    Parameters,
    Round,
    Skip,
    Start,
    Undo,
)
from ._ids import NONE, EventId, Number, QuestionId

OPEN = Number(-2)  # in place of a partner: no answer yet

Lesson: TypeAlias = Answer | Pair  # what changes who is whose partner


class Ledger:
    """The state that events add up to; the same events give the same state.

    Parameters
    ----------
    modality : array-like of int
        The modality of each item, by its number; number 0 belongs to none.
    """

    parameters: Parameters  # from the first event on

    def __init__(self, modality: npt.ArrayLike) -> None:
        self.modality: IntArray = np.asarray(modality)
        self.partner: IntArray = np.full(len(self.modality), OPEN)
        self.skips: IntArray = np.zeros(len(self.modality), dtype=np.int64)
        self.questions: dict[QuestionId, Asked] = {}
        self.current: list[QuestionId] = []  # those that may be asked, in order
        self.rounds: list[Round] = []
        self.n_answers = self.n_pairs = self.n_none = self.n_skips = 0
        self.last = EventId(0)
        # What can be taken back; what was, and the events that did so.
        self._kept: dict[EventId, Lesson | Skip] = {}
        self._taken_back: dict[EventId, tuple[Lesson | Skip, EventId]] = {}
        self._closed: set[QuestionId] = set()  # answered or skipped
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
            case Answer() | Skip() | Pair():
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
            case Round():
                self.rounds.append(event)
                self._ask(event.questions)
            case More():
                self._ask(event.questions)

    def _change(self, event: Lesson | Skip, sign: int) -> None:
        """Do what an event says (+1), or take it back (-1)."""
        if isinstance(event, Skip):
            self.skips[event.item] += sign
            self.n_skips += sign
        else:
            self._lessons.append(self.last)
            self.partner[event.item] = event.partner if sign > 0 else OPEN
            if event.partner == NONE:
                self.n_none += sign
            else:
                self.partner[event.partner] = event.item if sign > 0 else OPEN
                self.n_pairs += sign
        if isinstance(event, Answer):
            self.n_answers += sign
        if not isinstance(event, Pair):
            (self._closed.add if sign > 0 else self._closed.remove)(event.question)

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
        return self.rounds[-1].upto if self.rounds else EventId(0)

    @property
    def n_unlearned(self) -> int:
        """Return how many answers have come, or were taken back, since."""
        return len(self._lessons) - bisect_right(self._lessons, self.upto)

    def closed_by(self, question: QuestionId) -> Answer | Skip | None:
        """Return the answer to a question, or what skipped it, or None."""
        for event in self._kept.values():
            if not isinstance(event, Pair) and event.question == question:
                return event
        return None

    def last_of(self, by: str) -> Answer | Skip | None:
        """Return the last answer or skip of a person that still stands, or None."""
        events = self._of.get(by)
        last = self._kept[events[-1]] if events else None
        assert not isinstance(last, Pair)  # which nobody gave
        return last

    def last_partners(self, n: int) -> list[Answer]:
        """Return the last n answers that name a partner, the very last first."""
        answers = (
            event
            for event in reversed(self._kept.values())
            if isinstance(event, Answer) and event.partner != NONE
        )
        return list(islice(answers, n))

    def resting_on(self, items: Collection[Number]) -> list[Lesson]:
        """Return the answers and known pairs that one of these items is part of."""
        return [
            event
            for event in self._kept.values()
            if not isinstance(event, Skip)
            and (event.item in items or event.partner in items)
        ]

    def lessons(self, upto: EventId | None = None) -> list[Lesson]:
        """Return answers and known pairs as they stood after an event, in order."""
        standing = list(self._kept.values())
        if upto is not None:
            back = self._taken_back.values()
            standing += [event for event, undone_at in back if undone_at > upto]
            standing = [event for event in standing if event.number <= upto]
        standing.sort(key=lambda event: event.number)
        return [event for event in standing if not isinstance(event, Skip)]

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
