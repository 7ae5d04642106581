"""How well people agree who have been asked the same."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from ._opinions import Compared
from ._records import Agreement

N_EACH = 20  # questions of a point in time, at least
N_POINTS = 12  # in time, at most


def agreement_of(compared: Sequence[Compared]) -> Agreement:
    """Return how often two people agree, and how often they would by chance.

    That is Krippendorff's alpha on the places of the candidates chosen: by chance agree
    two who choose places as often as these people do, without a look at the items. What
    was found by a search is never the same by chance.
    """
    n, n_agreed = len(compared), sum(one.is_agreed for one in compared)
    if not n:
        return Agreement(0, 0, None, None)
    places = Counter(place for one in compared for place in one.places)
    del places["other"]
    drawn = 2 * n * (2 * n - 1)  # ordered pairs of answers
    by_chance = sum(m * (m - 1) for m in places.values()) / drawn
    corrected = None
    if by_chance < 1:
        corrected = round((n_agreed / n - by_chance) / (1 - by_chance), 4)
    return Agreement(n, n_agreed, round(by_chance, 4), corrected)


def agreement_by_person(compared: Sequence[Compared]) -> dict[str, Agreement]:
    """Return it for each person, on the questions that this one was asked."""
    own: dict[str, list[Compared]] = {}
    for one in compared:
        for who in one.people:
            own.setdefault(who, []).append(one)
    return {who: agreement_of(some) for who, some in sorted(own.items())}


def agreement_over_time(compared: Sequence[Compared]) -> list[Agreement]:
    """Return it for one stretch of time after another, of equally many questions."""
    size = max(N_EACH, ceil(len(compared) / N_POINTS))
    starts = range(0, len(compared), size)
    return [agreement_of(compared[start : start + size]) for start in starts]
