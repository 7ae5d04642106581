"""Who has which question, and which one a person gets.

A desk has no lock of its own; a session calls it under the book's.
"""

import time

from .._shared.types import BoolArray
from ._book import Book
from ._events import Asked
from ._ids import Number, QuestionId
from ._ledger import OPEN
from ._open_rows import rows_open
from ._records import Question

HELD = 600.0  # seconds after which a second answer may be anybody else's


class Desk:
    """Who has which question, and who looks at which proposals.

    Parameters
    ----------
    book : Book
        What may be asked.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._ledger, self._items = book.ledger, book.items
        self._held: dict[str, tuple[Asked, float]] = {}  # by person: what, since when
        # By person: the items of the pairs that are proposed to them, and since when.
        self.proposed: dict[str, tuple[frozenset[Number], float]] = {}

    def find(self, by: str, more: bool) -> Asked | None:
        """Return the question that a person holds, or a free one, or None.

        Where others hold all that may still be asked, it is one of theirs: two heads on
        one question, of whom the first counts; unless there may be `more` to ask.
        """
        ledger = self._ledger
        if ledger.budget_left <= 0:
            return None
        own = self.find_held(by)
        if own is not None:
            return own
        held = self._wanted()
        taken = {asked.item for asked in held.values()}
        is_budget_left = not self.is_budget_held()
        if is_budget_left:
            again = self._answered_by_others(by)
            if again is not None:
                return again
            free = (
                asked
                for asked in map(ledger.questions.__getitem__, ledger.current)
                if asked.item not in taken and self.is_askable(asked)
            )
            looked_at = self.proposed_to_others(by)
            spare: Asked | None = None
            for asked in free:
                if asked.item not in looked_at:
                    return asked
                spare = spare or asked
            if spare is not None:
                return spare
        if more and is_budget_left:
            return None
        return next(filter(self.is_askable, held.values()), None)

    def find_held(self, by: str) -> Asked | None:
        """Return what a person holds, else one whose proposed partner they refused.

        None where nothing is left to pay that nobody else holds.
        """
        if self._ledger.budget_left <= 0:
            return None
        held = self._wanted()
        if by in held:
            return held[by]
        if self.is_budget_held():
            return None
        return next(filter(self.is_askable, self._ledger.refused_by(by)), None)

    def release(self, by: str) -> None:
        """Let a person have another question than the one in hand."""
        self._held.pop(by, None)

    def n_refused_by(self, by: str) -> int:
        """Return how many questions wait whose proposed partner a person refused."""
        if self._ledger.budget_left <= 0:
            return 0
        return sum(map(self.is_askable, self._ledger.refused_by(by)))

    def proposed_to_others(self, by: str) -> set[Number]:
        """Return the items of pairs that others are looking at."""
        now = time.monotonic()
        return {
            item
            for person, (items, since) in self.proposed.items()
            if person != by and now - since < HELD
            for item in items
        }

    def n_proposed_to_others(self, by: str) -> int:
        """Return how many pairs others are looking at; fewer where some share items."""
        return len(self.proposed_to_others(by)) // 2

    def shown_to(self, by: str) -> frozenset[Number]:
        """Return the items of the pairs that a person was shown last."""
        return self.proposed[by][0] if by in self.proposed else frozenset()

    def asked_of_others(self, by: str) -> set[Number]:
        """Return the items that others have questions about."""
        held = self._wanted()
        return {asked.item for person, asked in held.items() if person != by}

    def n_promised(self, by: str) -> int:
        """Return how many answers are left for others, who have been asked for them."""
        now = time.monotonic()
        promised = {
            asked.id
            for person, asked in self._wanted().items()
            if person != by and now - self._held[person][1] < HELD
        }
        return len(promised)

    def is_budget_held(self) -> bool:
        """Say whether people hold as many questions as may be paid for."""
        taken = {asked.item for asked in self._wanted().values()}
        return self._ledger.budget_left <= len(taken)

    def _wanted(self) -> dict[str, Asked]:
        """Return what people hold, by person, and can still answer."""
        return {
            person: asked
            for person, (asked, _) in self._held.items()
            if self.is_wanted(asked, person)
        }

    def _answered_by_others(self, by: str) -> Asked | None:
        """Return a question that this person is to answer as the second or third."""
        now = time.monotonic()
        taken = {
            asked.id
            for person, (asked, since) in self._held.items()
            if person != by and now - since < HELD
        }
        for number in self._ledger.opinions.waiting(by):
            asked = self._ledger.questions[number]
            if number not in taken and self._items.row[asked.item] >= 0:
                return asked
        return None

    def first_held(self) -> Asked:
        """Return an open question that somebody holds; there is one."""
        held = (asked for asked, _ in self._held.values())
        return next(asked for asked in held if self.is_askable(asked))

    def askable(self) -> list[Asked]:
        """Return the questions that may be handed out, in order."""
        asked = (self._ledger.questions[number] for number in self._ledger.current)
        return [one for one in asked if self.is_askable(one)]

    def is_wanted(self, asked: Asked, by: str) -> bool:
        """Say whether a person can answer a question, be it as the second."""
        is_there = bool(self._items.row[asked.item] >= 0)
        return self.is_askable(asked) or (is_there and self._is_for(asked, by))

    def _is_for(self, asked: Asked, by: str) -> bool:
        """Say whether it has been answered, and another answer by this person helps."""
        is_paid = self._ledger.budget_left > 0 or self.holds(asked, by)
        return is_paid and self.is_heard(asked, by)

    def is_heard(self, asked: Asked, by: str, even_passed: bool = False) -> bool:
        """Say whether an answered question wants this person's too, paid for or not."""
        shared = self._ledger.opinions.of(asked.id)
        return shared is not None and shared.is_for(str(by), even_passed)

    def holds(self, asked: Asked, by: str) -> bool:
        """Say whether a person has been asked a question, within the budget."""
        return by in self._held and self._held[by][0].id == asked.id

    def is_waiting(self, question: Question, by: str) -> bool:
        """Say whether a question that was handed out still wants an answer."""
        asked = self._ledger.questions[QuestionId(question.id)]
        return self._ledger.is_open(asked.id) or self._is_for(asked, by)

    def may_be_partner(self, question: Question | int | None) -> BoolArray:
        """Return which items an answer may name, by number; any of a second person."""
        is_open = self._ledger.partner == OPEN
        if question is not None:
            number = question.id if isinstance(question, Question) else question
            asked = self._ledger.questions.get(QuestionId(number))
            if asked is not None and not self._ledger.is_open(asked.id):
                is_open[:] = True
        return is_open

    def is_askable(self, asked: Asked) -> bool:
        """Say whether a question is open, and its item there and usable.

        Where the other pool has no open item left, there is nothing to ask.
        """
        is_there = bool(self._items.row[asked.item] >= 0)
        if not (is_there and self._ledger.is_open(asked.id)):
            return False
        other = 1 - int(self._ledger.modality[asked.item])
        return len(rows_open(self._ledger, self._items, other)) > 0

    def hand_out(self, asked: Asked, by: str) -> Question:
        """Return a question as people see it, and remember who has it.

        Whoever has it is heard, even if others spend the budget meanwhile.
        """
        if self._ledger.budget_left > 0 and not self.holds(asked, by):
            self._held[by] = asked, time.monotonic()
        return self.shown(asked)

    def shown(self, asked: Asked) -> Question:
        """Return a question as people see it, with candidates that are open."""
        ledger, items = self._ledger, self._items
        candidates = [n for n in ledger.offered(asked) if items.row[n] >= 0]
        known = [n for n in ledger.partners.get(asked.item, ()) if items.is_there(n)]
        return Question(
            id=asked.id,
            modality=int(ledger.modality[asked.item]),
            item=items.item(asked.item),
            candidates=tuple(
                map(items.item, candidates[: ledger.parameters.n_candidates])
            ),
            several=bool(ledger.several[asked.item]),
            partners=tuple(map(items.item, known)),
        )

    def seconds_held(self, asked: Asked, by: str) -> float | None:
        """Return how long a person has had a question; None where they do not."""
        if not self.holds(asked, by):
            return None
        return round(time.monotonic() - self._held[by][1], 3)
