"""Where answers are taken: checked first, and written down then.

It has no lock of its own; a session calls it under the book's.
"""

from typing import cast

from .._shared.parameters import check_number
from ._book import Book
from ._desk import Desk
from ._events import Answer, Asked, Complete, Opinion, Refused, Skip, Undo
from ._ids import NONE, EventId, Number, QuestionId
from ._ledger import OPEN, Told
from ._naming import any_named, open_named
from ._opinions import Said
from ._records import Partner, Partners, Question, listed
from ._settling import deciding, may_count, saying_otherwise, taking_back


class BudgetSpent(ValueError):
    """No answer is left to pay for, to a question that nobody has been asked."""


class Answering:
    """What people say of questions, and what they take back.

    Parameters
    ----------
    book : Book
        Where answers are written.
    desk : Desk
        Who has been asked which question.
    """

    def __init__(self, book: Book, desk: Desk) -> None:
        self._book, self._desk = book, desk
        self._ledger, self._items = book.ledger, book.items
        self._path = book.journal.path

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
        asked = self._check_question(question, even_skipped=True, by=by)
        partner = listed(partner)
        told: list[Answer | Complete] = []
        everyone = partner if isinstance(partner, list | tuple) else None
        if everyone is not None and not self._ledger.several[asked.item]:
            raise ValueError(
                f"a list of partners was passed, of length {len(everyone)}, but "
                f"{self._items.key(asked.item)!r} can have one; pass that, or None "
                "where there is none, or begin a session with groups"
            )
        if not self._ledger.is_open(asked.id) and self._desk.is_heard(asked, by, True):
            number = any_named(self._ledger, self._items, asked, cast(Partner, partner))
            self._check_budget(1, asked, by)
            self._write_opinion(asked, by, number, seconds)
            return
        if everyone is not None:
            known = self._ledger.partners.get(asked.item, [])
            numbers = [
                open_named(self._ledger, self._items, asked, one, even_known=True)
                for one in everyone
            ]
            new = [n for n in dict.fromkeys(numbers) if n not in known]
        else:
            new = [open_named(self._ledger, self._items, asked, cast(Partner, partner))]
        n_paid = len(new) or int(not self._ledger.partners.get(asked.item))
        self._check_budget(n_paid, asked, by)
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
        n_paid = int(not self._ledger.partners.get(asked.item))
        self._check_budget(n_paid, asked, by)
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
        shared = self._ledger.opinions.of(asked.id)
        own = None if shared is None else shared.said.get(str(by))
        if own is not None:  # an opinion on an answer that was taken back
            back.append(Undo(str(by), own.number))
        self._book.commit(*back, *told)
        self._desk.release(by)
        if self._desk.is_askable(asked):  # there may be more of several partners
            self._desk.hand_out(asked, by)

    def skip(self, question: Question | int, by: str, seconds: float | None) -> None:
        """Write down that somebody passes a question over."""
        asked = self._check_question(question, by=by)
        if not self._ledger.is_open(asked.id):
            self._write_opinion(asked, by, None, seconds)
            return
        seconds = self._seconds(asked, by, seconds)
        self._book.commit(Skip(str(by), asked.id, asked.item, seconds))
        self._desk.release(by)

    def undo(self, by: str) -> Question | None:
        """Take back a person's last answer or skip, and hand the question out again.

        What was said of a proposed partner is not asked in full for it.
        """
        last = self._ledger.last_of(str(by))
        if last is None:
            return None
        self._take_back(last, by, "the last answer")
        is_verdict = isinstance(last, Answer) and last.verified
        if is_verdict or isinstance(last, Refused):
            self._desk.release(by)
            return None
        asked = self._ledger.questions[last.question]
        return (
            self._desk.hand_out(asked, by) if self._desk.is_wanted(asked, by) else None
        )

    def _take_back(self, event: Told, by: str, name: str) -> None:
        """Write that something is taken back, unless it could not be asked again."""
        why = self._items.aside.get(event.item)
        if why is not None:
            raise ValueError(
                f"{name} is about {self._items.key(event.item)!r}, which is "
                f"set aside ({why}) and could not be asked about again; it stays"
            )
        self._book.commit(*taking_back(self._ledger, event, str(by)))

    # ---------------------------------------------------------------- several people

    def _write_opinion(
        self, asked: Asked, by: str, partner: Number | None, seconds: float | None
    ) -> None:
        """Write down what a second or third person says; None passes it over."""
        seconds = self._seconds(asked, by, seconds)
        said = Opinion(str(by), asked.id, asked.item, partner, seconds)
        self._book.commit(*saying_otherwise(self._ledger, said))
        self._desk.release(by)

    def take_back(self, number: int, by: str) -> None:
        """Take back any answer that stands, whoever gave it."""
        self._take_back(self._reply(number), by, f"answer {number}")

    def adopt(self, number: int, by: str) -> None:
        """Let one of several answers to a question count."""
        said = self._reply(number)
        shared = self._ledger.opinions.of(said.question)
        if shared is None or len(shared.said) < 2:
            raise ValueError(
                f"answer {number} is the only one to its question, so there is nothing "
                "to decide; take it back if it is wrong"
            )
        if not may_count(self._ledger, said):
            assert said.partner is not None  # as of every answer
            closed = said.item if said.partner == NONE else said.partner
            theirs = Number(int(self._ledger.partner[closed]))
            name = self._items.key
            whose = f"belongs to {name(theirs)!r}" if theirs >= 0 else "is closed"
            raise ValueError(
                f"answer {number} cannot count: {name(closed)!r} {whose} by "
                "another answer; take that back first, or let another one count"
            )
        self._book.commit(*deciding(self._ledger, shared, said, str(by)))

    def _reply(self, number: int) -> Said:
        """Return an answer that stands, or raise."""
        said = self._ledger.answer(EventId(number))
        if said is None:
            raise ValueError(
                f"there is no answer {number!r} in {self._path}, or it was taken back; "
                "pass the id of one of `replies`"
            )
        return said

    # ---------------------------------------------------------------- checks

    def _check_question(
        self, question: Question | int, even_skipped: bool = False, by: str = ""
    ) -> Asked:
        """Return the question as the journal has it, or raise unless it is open.

        Or unless an answer by this person is wanted beside others.
        """
        number = QuestionId(question.id if isinstance(question, Question) else question)
        asked = self._ledger.questions.get(number)
        if asked is None:
            raise ValueError(
                f"there is no question {number!r} in {self._path}; pass what "
                "next_question returned, or its id"
            )
        is_heard = bool(by) and self._desk.is_heard(asked, by, even_skipped)
        if not self._ledger.is_open(number) and not is_heard:
            event = self._ledger.closed_by(number)
            has_partner = self._ledger.partner[asked.item] != OPEN
            if has_partner or not (even_skipped and isinstance(event, Skip)):
                kind = type(event).__name__.lower()  # answer, skip or complete
                kind = kind.replace("opinion", "answer")
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

    def _check_budget(self, n: int, asked: Asked, by: str) -> None:
        """Raise unless so many answers to a question may still be paid for.

        One may where this person has been asked it.
        """
        left = self._ledger.budget_left
        if n > max(left, self._desk.holds(asked, by)):
            raise BudgetSpent(
                f"the budget of {self._ledger.parameters.budget} answers has "
                f"{max(int(left), 0)} left, and question {asked.id} about "
                f"{self._items.key(asked.item)!r} would take {n}: nothing was written; "
                "allow more with change_budget (--budget), and answer again"
            )

    def _seconds(self, asked: Asked, by: str, seconds: float | None) -> float | None:
        """Return how long an answer took, where that is told or known."""
        if seconds is None:
            return self._desk.seconds_held(asked, by)
        return check_number(seconds, "seconds", minimum=0)
