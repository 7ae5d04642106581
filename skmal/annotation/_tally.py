"""What answers say of the encoder before it learns of them, and how long they took."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from ._events import Answer, Complete, Opinion, Refused, Skip
from ._ids import NONE, EventId, Number, QuestionId
from ._records import Cost, Found, Pace

Told: TypeAlias = Answer | Opinion | Skip | Complete | Refused

N_LATEST = 50  # answers that tell how good the encoder is
PAUSE = 600.0  # seconds; what took longer lay about, and tells no pace


@dataclass(frozen=True)
class Seen:
    """What an answer found before it: `rank` is 0 where no candidate was chosen.

    The partner's pool, `modality`, had `n_closed` items that were no longer open.
    """

    rank: int
    modality: int
    n_closed: int


class Tally:
    """Sums over the answers and skips that stand."""

    def __init__(self) -> None:
        self._seen: dict[EventId, Seen] = {}  # of answers that name a partner
        self._of_plan: dict[EventId, Seen] = {}  # those of them since the last plan
        self._by_person: dict[str, list[float]] = {}  # answers timed, seconds
        self._by_rank: dict[str, list[float]] = {}
        self._looks: list[float] = [0, 0.0]  # at what was proposed, timed; seconds
        self._verified: set[EventId] = set()
        self._in_full: set[QuestionId] = set()  # asked, for a proposal was refused

    def add(self, event: Told, seen: Seen | None = None) -> None:
        """Take in what a person said; of an answer, what it found before it.

        The encoder may have learned from the first answer before a second comes, which
        tells nothing of it; nor does an answer to what was proposed because it is sure,
        or to what is asked only because that was wrong.
        """
        if isinstance(event, Refused):
            self._in_full.add(event.question)
        is_verified = isinstance(event, Answer) and event.verified
        if is_verified:
            self._verified.add(event.number)
        if seen is not None:
            self._seen[event.number] = seen
            is_proposed = is_verified or event.question in self._in_full
            if isinstance(event, Answer) and not is_proposed:
                self._of_plan[event.number] = seen
        self._sum(event, +1)

    def remove(self, event: Told) -> None:
        """Take it out again."""
        self._sum(event, -1)
        self._seen.pop(event.number, None)
        self._of_plan.pop(event.number, None)
        self._verified.discard(event.number)

    def begin_again(self) -> None:
        """Let what has been found so far say nothing of the encoder that follows."""
        self._of_plan = {}

    def _sum(self, event: Told, sign: int) -> None:
        if event.seconds is None or not 0 <= event.seconds <= PAUSE:
            return
        sums = [self._by_person.setdefault(event.by, [0, 0.0])]
        if isinstance(event, Answer | Opinion) and event.partner is not None:
            sums[0][0] += sign
            sums.append(self._by_rank.setdefault(self._rank(event), [0, 0.0]))
            sums[1][0] += sign
        if isinstance(event, Refused) or event.number in self._verified:
            self._looks[0] += sign
            sums.append(self._looks)
        for one in sums:
            one[1] += sign * event.seconds

    def _rank(self, event: Answer | Opinion) -> str:
        return self.place(event.number, event.partner)

    def place(self, number: EventId, partner: Number | None) -> str:
        """Return the place of the candidate that an answer names, "1" for the first."""
        if number in self._verified:
            return "verified"
        if partner == NONE:
            return "none"
        seen = self._seen.get(number)
        return str(seen.rank) if seen and seen.rank else "other"

    def pace(self) -> dict[str, Pace]:
        """Return how fast each person answers."""
        return {who: _pace(*own) for who, own in sorted(self._by_person.items())}

    def pace_by_rank(self) -> dict[str, Pace]:
        """Return how fast answers are, by the place of the candidate chosen."""
        order = sorted(self._by_rank, key=lambda name: (len(name), name))
        return {name: _pace(*self._by_rank[name]) for name in order}

    def cost(self) -> Cost:
        """Return how many seconds a question takes, by what is done about it."""
        timed = {name: own for name, own in self._by_rank.items() if own[0] > 0}
        picked = [timed[name] for name in timed if name.isdigit()]
        sought = [timed[name] for name in ("other", "none") if name in timed]
        return Cost(_each([self._looks]), _each(picked), _each(sought))

    def found(
        self, n_shown: int, n_open: Sequence[int], n_closed: Sequence[int]
    ) -> Found:
        """Return how often the latest answers named a candidate that was shown.

        `n_open` and `n_closed` count the items of each pool as they are now.
        """
        latest = list(islice(reversed(self._of_plan.values()), N_LATEST))
        # What has been closed since was open then.
        others = [
            n_open[seen.modality] + n_closed[seen.modality] - seen.n_closed
            for seen in latest
        ]
        return Found(
            n=len(latest),
            n_shown=n_shown,
            n_found=sum(seen.rank > 0 for seen in latest),
            by_chance=float(sum(min(1.0, n_shown / max(n, 1)) for n in others)),
        )


def _each(timed: Sequence[Sequence[float]]) -> float | None:
    """Return the seconds of one, of sums of (how many, seconds); None of none."""
    n = sum(own[0] for own in timed)
    return sum(own[1] for own in timed) / n if n else None


def _pace(n: float, seconds: float) -> Pace:
    per_hour = 3600 * n / seconds if seconds > 0 else None
    return Pace(int(n), round(seconds, 3), per_hour)
