"""What the events of a journal amount to: who is whose partner, and what is asked."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

OPEN, NONE = -2, -1  # no answer yet; the answer that there is no partner


@dataclass(frozen=True)
class Asked:
    """A question as the journal has it; items are numbers.

    Parameters
    ----------
    id : int
        Number of the question.
    item : int
        The item asked about.
    partners : list of int
        Its likeliest partners, best first, more than a person is shown.
    round : int
        Number of the round, from 0.
    """

    id: int
    item: int
    partners: list
    round: int


class Ledger:
    """The state that events add up to; the same events give the same state.

    Parameters
    ----------
    modality : array-like of int
        The modality of each item, by its number; number 0 belongs to none.
    """

    def __init__(self, modality):
        self.modality = np.asarray(modality)
        self.partner = np.full(len(self.modality), OPEN)
        self.skips = np.zeros(len(self.modality), dtype=np.int64)
        self.parameters = {}
        self.questions = {}
        self.current = []  # ids of the questions that may be asked, in order
        self.rounds = []  # of each training, what its event says
        self.n_answers = self.n_pairs = self.n_none = self.n_skips = 0
        self.last = 0  # number of the last event
        self._kept = {}  # events that can be taken back
        self._taken_back = {}  # events that were, and the events that did so
        self._closed = set()  # questions answered or skipped
        self._lessons = []  # numbers of the events that change what is known
        self._of = {}  # per person, the events that `undo` takes back, last one last

    def apply(self, event):
        """Take in one event."""
        self.last = event.id
        if event.kind in ("answer", "skip", "pair"):
            self._change(event, +1)
            self._kept[event.id] = event
            if event.question is not None:
                self._of.setdefault(event.by, []).append(event.id)
        elif event.kind == "undo":
            undone = self._kept.pop(event.undoes)
            self._taken_back[undone.id] = (undone, event.id)
            self._change(undone, -1)
            if undone.question is not None:
                self._of[undone.by].remove(undone.id)
        elif event.kind in ("round", "more"):
            self._ask(event)
        elif event.kind in ("start", "budget"):
            self.parameters |= event.data
        return self

    def _change(self, event, sign):
        """Do what an event says (+1), or take it back (-1)."""
        item, partner = event.item, event.partner
        if event.kind != "skip":
            self._lessons.append(self.last)
        if event.kind == "skip":
            self.skips[item] += sign
            self.n_skips += sign
        else:
            self.partner[item] = partner if sign > 0 else OPEN
            if partner != NONE:
                self.partner[partner] = item if sign > 0 else OPEN
                self.n_pairs += sign
            else:
                self.n_none += sign
        if event.kind == "answer":
            self.n_answers += sign
        if event.question is not None:
            (self._closed.add if sign > 0 else self._closed.remove)(event.question)

    def _ask(self, event):
        if event.kind == "round":
            self.rounds.append(event.data)
        asked = [
            Asked(number, item, partners, len(self.rounds) - 1)
            for number, item, partners in event.data["questions"]
        ]
        self.questions |= {question.id: question for question in asked}
        self.current = [question.id for question in asked]

    def is_open(self, question):
        """Say whether an answer to this question is still wanted."""
        item = self.questions[question].item
        return question not in self._closed and self.partner[item] == OPEN

    @property
    def upto(self):
        """Return the last event that the last training knew of."""
        return self.rounds[-1]["upto"] if self.rounds else 0

    @property
    def n_unlearned(self):
        """Return how many answers have come, or were taken back, since."""
        return len(self._lessons) - bisect_right(self._lessons, self.upto)

    def closed_by(self, question):
        """Return the answer to a question, or None."""
        answers = (e for e in self._kept.values() if e.question == question)
        return next(answers, None)

    def last_of(self, by):
        """Return the last answer or skip of a person that still stands, or None."""
        events = self._of.get(by)
        return self._kept[events[-1]] if events else None

    def resting_on(self, items):
        """Return the answers and known pairs that one of these items is part of."""
        return [
            event
            for event in self._kept.values()
            if event.kind != "skip" and (event.item in items or event.partner in items)
        ]

    def answers(self, upto=None):
        """Return answers and known pairs as they stood after an event, in order."""
        standing = list(self._kept.values())
        if upto is not None:
            back = self._taken_back.values()
            standing += [event for event, undone_at in back if undone_at > upto]
            standing = [event for event in standing if event.id <= upto]
        standing.sort(key=lambda event: event.id)
        return [event for event in standing if event.kind != "skip"]

    def pairs(self, upto=None):
        """Return numbers of event, item of X and item of y: array of shape (n, 3)."""
        rows = []
        for event in self.answers(upto):
            if event.partner != NONE:
                pair = event.item, event.partner
                swap = self.modality[event.item] == 1
                rows.append((event.id, *(pair[::-1] if swap else pair)))
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def unmatched(self, upto=None):
        """Return the items that have no partner, by answers up to an event."""
        lone = [event.item for event in self.answers(upto) if event.partner == NONE]
        return np.array(lone, dtype=np.int64)

    @property
    def budget_left(self):
        """Return how many answers may still be paid for; infinity without a budget."""
        budget = self.parameters.get("budget")
        return np.inf if budget is None else budget - self.n_answers
