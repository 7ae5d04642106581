"""Where questions are handed out and answers taken.

A desk has no lock of its own; a session calls it under the book's.
"""

import time
from typing import cast

from ._book import Book
from ._events import Answer, Asked, Complete, Skip, Undo
from ._ids import NONE, Number, QuestionId
from ._ledger import ALL, OPEN, items_of_event
from ._open_rows import rows_open
from ._records import Partner, Partners, Question


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
        ledger, items = self._ledger, self._items
        candidates = [n for n in ledger.candidates(asked) if items.row[n] >= 0]
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

    # ---------------------------------------------------------------- taking answers

    def answer(
        self,
        question: Question | int,
        partner: Partners,
        by: str,
        seconds: float | None,
    ) -> None:
        """Write down who the partner is, in place of a skip if there was one.

        A list names all the partners of an item that may have several.
        """
        asked = self._check_question(question, even_skipped=True)
        told: list[Answer | Complete] = []
        everyone = partner if isinstance(partner, list | tuple) else None
        if everyone is not None and not self._ledger.several[asked.item]:
            raise ValueError(
                f"{len(everyone)} partners were passed, but "
                f"{self._items.key(asked.item)!r} can have one; pass it, or begin a "
                "session with groups"
            )
        if everyone is not None:
            known = self._ledger.partners.get(asked.item, [])
            numbers = [
                self._check_partner(asked, one, even_known=True) for one in everyone
            ]
            new = [n for n in dict.fromkeys(numbers) if n not in known]
        else:
            new = [self._check_partner(asked, cast(Partner, partner))]
        seconds = self._seconds(asked, by, seconds)
        for number in new:
            told.append(Answer(str(by), asked.id, asked.item, number, seconds))
            seconds = None  # it is told once
        if everyone is not None:
            told.append(self._completing(asked, by, seconds, bool(new)))
        self._write(asked, by, told)

    def complete(
        self, question: Question | int, by: str, seconds: float | None
    ) -> None:
        """Write down that an item has no partners but those known, if any."""
        asked = self._check_question(question, even_skipped=True)
        if not self._ledger.several[asked.item]:
            raise ValueError(
                f"question {asked.id} is about {self._items.key(asked.item)!r}, which "
                "can have one partner; answer with that, or with None"
            )
        seconds = self._seconds(asked, by, seconds)
        self._write(asked, by, [self._completing(asked, by, seconds, False)])

    def _completing(
        self, asked: Asked, by: str, seconds: float | None, has_new: bool
    ) -> Answer | Complete:
        """Return what says "that is all", or "none" where there is no partner."""
        if has_new or self._ledger.partners.get(asked.item):
            return Complete(str(by), asked.id, asked.item, seconds)
        return Answer(str(by), asked.id, asked.item, NONE, seconds)

    def _write(self, asked: Asked, by: str, told: list[Answer | Complete]) -> None:
        """Write what was told, in place of a skip if there was one."""
        skip = self._ledger.closed_by(asked.id)
        back = [] if skip is None else [Undo(str(by), skip.number)]
        self._book.commit(*back, *told)
        self._held.pop(by, None)
        if self._is_askable(asked):  # there may be more of several partners
            self._held[by] = asked, time.monotonic()

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
        # Whether these were all the partners is open again as well.
        rests = {self._ledger.completed.get(n) for n in items_of_event(last)}
        undone = [n for n in rests if n is not None and n != last.number]
        self._book.commit(*(Undo(str(by), n) for n in (*sorted(undone), last.number)))
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
                kind = type(event).__name__.lower()  # answer, skip or complete
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

    def _check_partner(
        self, asked: Asked, partner: Partner, even_known: bool = False
    ) -> Number:
        """Return the number of an open item of the other pool, or NONE, or raise."""
        known = self._ledger.partners.get(asked.item, [])
        if partner is None or (not isinstance(partner, str) and partner == -1):
            if even_known:
                raise ValueError(
                    "the list of all partners holds None; leave it out, and pass [] "
                    "where there are none"
                )
            if known:
                raise ValueError(
                    f"{self._items.key(asked.item)!r} has {len(known)} partners "
                    "already; call complete where these are all, or undo them"
                )
            return NONE
        modality = 1 - int(self._ledger.modality[asked.item])
        number = self._items.number(modality, partner)
        theirs = Number(int(self._ledger.partner[number]))
        name = self._items.key
        if number in known:
            if even_known:
                return number
            raise ValueError(
                f"{name(number)!r} is a partner of {name(asked.item)!r} already; name "
                "another, or call complete"
            )
        if theirs != OPEN:
            others = {ALL: "has all its partners", NONE: "has no partner"}
            whose = others.get(theirs) or f"belongs to {name(theirs)!r}"
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
