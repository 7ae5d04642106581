"""Questions that are asked of two people, and of a third where these disagree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from ._events import Adopted, Answer, Opinion
from ._ids import NONE, Number, QuestionId

Said: TypeAlias = Answer | Opinion  # of which one counts

N_PEOPLE = 3  # who are asked at most


def is_drawn(share: float, seed: int, question: QuestionId) -> bool:
    """Say whether a question is one of those asked of two people; always the same."""
    if share <= 0:
        return False
    drawn = sha256(f"overlap {seed} {question}".encode()).digest()[:8]
    return int.from_bytes(drawn) < share * 2**64


def chosen(said: Sequence[Said]) -> Said | None:
    """Return the answer that counts: the majority's, else the third's, else the first.

    None where there is no answer.
    """
    if not said:
        return None
    partner, n = Counter(one.partner for one in said).most_common(1)[0]
    if n > 1:
        return next(one for one in said if one.partner == partner)
    return said[2] if len(said) > 2 else said[0]


@dataclass(frozen=True)
class Compared:
    """The first two answers to a question.

    Parameters
    ----------
    at : float
        When the second came, in seconds since 1970.
    people : tuple of two strings
        Who gave them.
    places : tuple of two strings
        Of the candidates chosen, "1" for the first; "none", or "other".
    is_agreed : bool
        Whether they are the same.
    """

    at: float
    people: tuple[str, str]
    places: tuple[str, str]
    is_agreed: bool


@dataclass
class Shared:
    """A question that is asked of two people.

    Parameters
    ----------
    question : int
        Its number.
    shown : list of int
        The candidates that the first person saw; the others see the same.
    said : dict of str to Answer or Opinion
        The answers that stand, by person, in order.
    passed : dict of str to Opinion
        Who passed it over, and how.
    lesson : Answer or Adopted or None
        What counts; None where the question is open.
    """

    question: QuestionId
    shown: list[Number]
    said: dict[str, Said] = field(default_factory=dict)
    passed: dict[str, Said] = field(default_factory=dict)
    lesson: Answer | Adopted | None = None

    @property
    def whose(self) -> str | None:
        """Return whose answer counts."""
        lesson = self.lesson
        return lesson.whose if isinstance(lesson, Adopted) else lesson and lesson.by

    @property
    def is_decided(self) -> bool:
        """Say whether a person has decided which answer counts."""
        return isinstance(self.lesson, Adopted) and self.lesson.by is not None

    @property
    def is_disputed(self) -> bool:
        """Say whether answers differ, and no third person has settled it."""
        said = [*self.said.values()]
        if self.is_decided or len({one.partner for one in said}) < 2:
            return False
        best = chosen(said)
        assert best is not None  # there are two
        has_other = self.lesson is None or self.lesson.partner != best.partner
        return len(said) == 2 or has_other

    @property
    def wanted(self) -> int:
        """Return whether a second or a third answer is wanted; 0 for none."""
        if self.lesson is None or self.is_decided:
            return 0
        n = len(self.said)
        return n + 1 if n == 1 or (self.is_disputed and n < N_PEOPLE) else 0

    def is_for(self, by: str, even_passed: bool = False) -> bool:
        """Say whether this person may give the answer that is wanted."""
        is_done = by in self.said or (by in self.passed and not even_passed)
        return self.wanted > 0 and not is_done

    def place(self, one: Said) -> str:
        """Return the place of the candidate that an answer names."""
        return place_of(one.partner, self.shown)

    def compared(self) -> Compared | None:
        """Return the first two answers, where there are two."""
        if len(self.said) < 2:
            return None
        first, second, *_ = self.said.values()
        return Compared(
            second.at,
            (first.by, second.by),
            (self.place(first), self.place(second)),
            first.partner == second.partner,
        )

    def overruled(self) -> list[str]:
        """Return the people in whose place somebody else's answer counts."""
        if self.lesson is None or self.is_disputed:
            return []
        counts = self.lesson.partner
        return [who for who, one in self.said.items() if one.partner != counts]


class Opinions:
    """All that is asked of two people."""

    def __init__(self) -> None:
        self._of: dict[QuestionId, Shared] = {}
        # That want a second or a third answer, by which and by whom they have them of.
        self._wanting: dict[tuple[int, frozenset[str]], dict[QuestionId, None]] = {}
        self._wants: dict[QuestionId, tuple[int, frozenset[str]]] = {}
        self._disputed: dict[QuestionId, None] = {}
        self._compared: dict[QuestionId, Compared] = {}
        self._overruled: dict[QuestionId, list[str]] = {}
        self.n_changes: int = 0  # of what is compared or overruled

    def of(self, question: QuestionId) -> Shared | None:
        """Return what is known of a question, if it is asked of two."""
        return self._of.get(question)

    def begin(self, question: QuestionId, shown: list[Number]) -> None:
        """Let a question be asked of two."""
        self._of.setdefault(question, Shared(question, shown)).shown = shown

    def add(self, one: Said) -> None:
        """Take in an answer, or that somebody passed the question over."""
        shared = self._of.get(one.question)
        if shared is None:
            return
        if one.partner is None:
            shared.passed[one.by] = one
        else:
            shared.said[one.by] = one
        self._file(shared)

    def remove(self, one: Said) -> None:
        """Take it out again."""
        shared = self._of.get(one.question)
        if shared is None:
            return
        if one.partner is None:
            shared.passed.pop(one.by)
        else:
            shared.said.pop(one.by)
        self._file(shared)

    def count(self, question: QuestionId, lesson: Answer | Adopted | None) -> None:
        """Note which answer counts from here on."""
        if (shared := self._of.get(question)) is not None:
            shared.lesson = lesson
            self._file(shared)

    def _file(self, shared: Shared) -> None:
        """Keep in view what is wanted of a question, and what it tells."""
        number = shared.question
        if number in self._wants:
            del self._wanting[self._wants.pop(number)][number]
        for filed in (self._disputed, self._compared, self._overruled):
            self.n_changes += filed.pop(number, None) is not None
        if not shared.said and not shared.passed:
            del self._of[number]  # it begins anew, if at all
            return
        if wanted := shared.wanted:
            own = self._wants[number] = wanted, frozenset(shared.said)
            self._wanting.setdefault(own, {})[number] = None
        if shared.is_disputed:
            self._disputed[number] = None
        if compared := shared.compared():
            self._compared[number] = compared
            self.n_changes += 1
        if overruled := shared.overruled():
            self._overruled[number] = overruled

    def waiting(self, by: str) -> Iterator[QuestionId]:
        """Yield the questions that are for this person, disagreements first."""
        for wanted, people in sorted(self._wanting, key=lambda own: -own[0]):
            if by not in people:
                for question in self._wanting[wanted, people]:
                    if self._of[question].is_for(by):
                        yield question

    @property
    def n_waiting(self) -> int:
        """Return how many answers wait for a second person."""
        return sum(len(some) for own, some in self._wanting.items() if own[0] == 2)

    @property
    def disputed(self) -> list[QuestionId]:
        """Return the questions that are in dispute."""
        return [*self._disputed]

    def compared(self) -> list[Compared]:
        """Return the first two answers to each question, by when the second came."""
        return sorted(self._compared.values(), key=lambda compared: compared.at)

    def overruled(self) -> dict[str, int]:
        """Return of how many answers of each person another's counts in place."""
        return dict(Counter(who for some in self._overruled.values() for who in some))


def place_of(partner: Number | None, shown: Sequence[Number]) -> str:
    """Return where a partner stood among candidates: "1" and so on, "none", "other"."""
    if partner == NONE:
        return "none"
    return str(1 + shown.index(partner)) if partner in shown else "other"
