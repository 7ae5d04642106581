"""Where questions are handed out and answers taken.

A desk has no lock of its own; a session calls it under the book's.
"""

import time
from typing import cast

from .._shared.parameters import check_number
from .._shared.types import BoolArray
from ._book import Book
from ._events import Answer, Asked, Complete, Opinion, Refused, Skip, Undo
from ._ids import NONE, EventId, Number, QuestionId
from ._ledger import OPEN, Told
from ._naming import any_named, open_named
from ._open_rows import rows_open
from ._opinions import Said
from ._records import Partner, Partners, Question, listed
from ._settling import deciding, may_count, saying_otherwise, taking_back

HELD = 600.0  # seconds after which a second answer may be anybody else's


class BudgetSpent(ValueError):
    """No answer is left to pay for, to a question that nobody has been asked."""


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
        # By person: the items of the pairs that are proposed to them, and since when.
        self.proposed: dict[str, tuple[frozenset[Number], float]] = {}

    # ---------------------------------------------------------------- handing out

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
                if asked.item not in taken and self._is_askable(asked)
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
        return next(filter(self._is_askable, held.values()), None)

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
        return next(filter(self._is_askable, self._ledger.refused_by(by)), None)

    def release(self, by: str) -> None:
        """Let a person have another question than the one in hand."""
        self._held.pop(by, None)

    def n_refused_by(self, by: str) -> int:
        """Return how many questions wait whose proposed partner a person refused."""
        if self._ledger.budget_left <= 0:
            return 0
        return sum(map(self._is_askable, self._ledger.refused_by(by)))

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
            if self._is_wanted(asked, person)
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
        return next(asked for asked in held if self._is_askable(asked))

    def askable(self) -> list[Asked]:
        """Return the questions that may be handed out, in order."""
        asked = (self._ledger.questions[number] for number in self._ledger.current)
        return [one for one in asked if self._is_askable(one)]

    def _is_wanted(self, asked: Asked, by: str) -> bool:
        """Say whether a person can answer a question, be it as the second."""
        is_there = bool(self._items.row[asked.item] >= 0)
        return self._is_askable(asked) or (is_there and self._is_for(asked, by))

    def _is_for(self, asked: Asked, by: str) -> bool:
        """Say whether it has been answered, and another answer by this person helps."""
        is_paid = self._ledger.budget_left > 0 or self._holds(asked, by)
        return is_paid and self._is_heard(asked, by)

    def _is_heard(self, asked: Asked, by: str, even_passed: bool = False) -> bool:
        """Say the same, whether or not it is paid for."""
        shared = self._ledger.opinions.of(asked.id)
        return shared is not None and shared.is_for(str(by), even_passed)

    def _holds(self, asked: Asked, by: str) -> bool:
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
        """Return a question as people see it, and remember who has it.

        Whoever has it is heard, even if others spend the budget meanwhile.
        """
        if self._ledger.budget_left > 0 and not self._holds(asked, by):
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
        if not self._ledger.is_open(asked.id) and self._is_heard(asked, by, True):
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
        self._held.pop(by, None)
        if self._is_askable(asked):  # there may be more of several partners
            self.hand_out(asked, by)

    def skip(self, question: Question | int, by: str, seconds: float | None) -> None:
        """Write down that somebody passes a question over."""
        asked = self._check_question(question, by=by)
        if not self._ledger.is_open(asked.id):
            self._write_opinion(asked, by, None, seconds)
            return
        seconds = self._seconds(asked, by, seconds)
        self._book.commit(Skip(str(by), asked.id, asked.item, seconds))
        self._held.pop(by, None)

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
            self._held.pop(by, None)
            return None
        asked = self._ledger.questions[last.question]
        return self.hand_out(asked, by) if self._is_wanted(asked, by) else None

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
        self._held.pop(by, None)

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
        is_heard = bool(by) and self._is_heard(asked, by, even_skipped)
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
        if n > max(left, self._holds(asked, by)):
            raise BudgetSpent(
                f"the budget of {self._ledger.parameters.budget} answers has "
                f"{max(int(left), 0)} left, and question {asked.id} about "
                f"{self._items.key(asked.item)!r} would take {n}: nothing was written; "
                "allow more with change_budget (--budget), and answer again"
            )

    def _seconds(self, asked: Asked, by: str, seconds: float | None) -> float | None:
        """Return how long an answer took, where that is told or known."""
        held = self._held.get(by)
        if seconds is None and held is not None and held[0].id == asked.id:
            return round(time.monotonic() - held[1], 3)
        return None if seconds is None else check_number(seconds, "seconds", minimum=0)
