"""Where questions are handed out and answers taken.

A desk has no lock of its own; a session calls it under the book's.
"""

import time

from ._book import Book
from ._events import Answer, Asked, Skip, Undo
from ._ids import NONE, Number, QuestionId
from ._ledger import OPEN
from ._open_rows import rows_open
from ._records import Item, Partner, Question


class Desk:
    """Who has which question, and what became of it.

    Parameters
    ----------
    book : Book
        What may be asked, and where answers are written.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._ledger, self._items = book.ledger, book.items
        self._path = book.journal.path
        self._held: dict[str, tuple[Asked, float]] = {}  # by person: what, since when

    # ---------------------------------------------------------------- handing out

    def find(self, by: str, more: bool) -> Asked | None:
        """Return the question that a person holds, or a free one, or None.

        Where others hold all that may still be asked, it is one of theirs: two heads on
        one question, of whom the first counts; unless there may be `more` to ask.
        """
        ledger = self._ledger
        if ledger.budget_left <= 0:
            return None
        held = {
            person: asked
            for person, (asked, _) in self._held.items()
            if self._is_askable(asked)
        }
        if by in held:
            return held[by]
        taken = {asked.item for asked in held.values()}
        is_budget_left = ledger.budget_left > len(taken)
        if is_budget_left:
            for number in ledger.current:
                asked = ledger.questions[number]
                if asked.item not in taken and self._is_askable(asked):
                    return asked
        if more and is_budget_left:
            return None
        return next(iter(held.values()), None)

    def first_held(self) -> Asked:
        """Return an open question that somebody holds; there is one."""
        held = (asked for asked, _ in self._held.values())
        return next(asked for asked in held if self._is_askable(asked))

    def askable(self) -> list[Asked]:
        """Return the questions that may be handed out, in order."""
        asked = (self._ledger.questions[number] for number in self._ledger.current)
        return [one for one in asked if self._is_askable(one)]

    def _is_askable(self, asked: Asked) -> bool:
        """Say whether a question is open, and its item there and usable.

        Where the other pool has no open item left, there is nothing to ask.
        """
        is_there = bool(self._items.row[asked.item] >= 0)
        if not (is_there and self._ledger.is_open(asked.id)):
            return False
        other = 1 - int(self._ledger.modality[asked.item])
        return len(rows_open(self._ledger, self._items, other)) > 0

    def hand_out(self, asked: Asked, by: str) -> Question:
        """Return a question as people see it, and remember who has it."""
        before = self._held.get(by)
        if before is None or before[0].id != asked.id:
            self._held[by] = asked, time.monotonic()
        return self.shown(asked)

    def shown(self, asked: Asked) -> Question:
        """Return a question as people see it, with candidates that are open."""
        candidates: list[Item] = []
        for number in asked.partners:
            if self._items.row[number] >= 0 and self._ledger.partner[number] == OPEN:
                candidates.append(self._items.item(number))
                if len(candidates) == self._ledger.parameters.n_candidates:
                    break
        modality = int(self._ledger.modality[asked.item])
        item = self._items.item(asked.item)
        return Question(asked.id, modality, item, tuple(candidates))

    # ---------------------------------------------------------------- taking answers

    def answer(
        self,
        question: Question | int,
        partner: Partner,
        by: str,
        seconds: float | None,
    ) -> None:
        """Write down who the partner is, in place of a skip if there was one."""
        asked = self._check_question(question, even_skipped=True)
        number = self._check_partner(asked, partner)
        seconds = self._seconds(asked, by, seconds)
        skip = self._ledger.closed_by(asked.id)
        self._book.commit(
            *([Undo(str(by), skip.number)] if skip is not None else []),
            Answer(str(by), asked.id, asked.item, number, seconds),
        )
        self._held.pop(by, None)

    def skip(self, question: Question | int, by: str, seconds: float | None) -> None:
        """Write down that somebody passes a question over."""
        asked = self._check_question(question)
        seconds = self._seconds(asked, by, seconds)
        self._book.commit(Skip(str(by), asked.id, asked.item, seconds))
        self._held.pop(by, None)

    def undo(self, by: str) -> Question | None:
        """Take back a person's last answer or skip, and hand the question out again."""
        last = self._ledger.last_of(str(by))
        if last is None:
            return None
        why = self._items.aside.get(last.item)
        if why is not None:
            raise ValueError(
                f"the last answer is about {self._items.key(last.item)!r}, which is "
                f"set aside ({why}) and could not be asked about again; it stays"
            )
        self._book.commit(Undo(str(by), last.number))
        asked = self._ledger.questions[last.question]
        return self.hand_out(asked, by) if self._is_askable(asked) else None

    def _check_question(
        self, question: Question | int, even_skipped: bool = False
    ) -> Asked:
        """Return the question as the journal has it, or raise unless it is open."""
        number = QuestionId(question.id if isinstance(question, Question) else question)
        asked = self._ledger.questions.get(number)
        if asked is None:
            raise ValueError(
                f"there is no question {number!r} in {self._path}; pass what "
                "next_question returned, or its id"
            )
        if not self._ledger.is_open(number):
            event = self._ledger.closed_by(number)
            has_partner = self._ledger.partner[asked.item] != OPEN
            if has_partner or not (even_skipped and isinstance(event, Skip)):
                kind = "skip" if isinstance(event, Skip) else "answer"
                how = f"{kind}: {event.by}" if event else "has its partner"
                raise ValueError(
                    f"question {number} about {self._items.key(asked.item)!r} is "
                    f"closed ({how}); ask for the next, or undo that first"
                )
        if not self._items.is_there(asked.item):
            raise ValueError(
                f"question {number} is about {self._items.key(asked.item)!r}, which is "
                "missing from its pool; put it back and open the session again"
            )
        return asked

    def _check_partner(self, asked: Asked, partner: Partner) -> Number:
        """Return the number of an open item of the other pool, or NONE, or raise."""
        if partner is None or (not isinstance(partner, str) and partner == -1):
            return NONE
        modality = 1 - int(self._ledger.modality[asked.item])
        number = self._items.number(modality, partner)
        theirs = Number(int(self._ledger.partner[number]))
        if theirs != OPEN:
            name = self._items.key
            whose = f"belongs to {name(theirs)!r}" if theirs >= 0 else "has no partner"
            raise ValueError(
                f"{name(number)!r} cannot be the partner of {name(asked.item)!r}: by "
                f"an earlier answer it {whose}; undo that first, or answer otherwise"
            )
        return number

    def _seconds(self, asked: Asked, by: str, seconds: float | None) -> float | None:
        """Return how long an answer took, where that is told or known."""
        held = self._held.get(by)
        if seconds is None and held is not None and held[0].id == asked.id:
            return round(time.monotonic() - held[1], 3)
        return None if seconds is None else float(seconds)
