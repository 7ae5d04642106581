"""How often the partner that people named was among the encoder's first candidates."""

from collections.abc import Sequence

from ._ledger import Ledger
from ._records import Hits

N_LAST = 30  # answers that are looked at together


def last_hits(ledger: Ledger, n_open: tuple[int, int]) -> tuple[Hits, Hits]:
    """Return the Hits of the last answers with a partner, and of those before them.

    `n_open` is how many items of each pool are open now; each answer has closed one.
    """
    answers = ledger.last_partners(2 * N_LAST)
    first = ledger.parameters.n_candidates
    found, chance = [], []
    for age, answer in enumerate(answers, start=1):
        ranked = ledger.questions[answer.question].partners
        found.append(answer.partner in ranked[:first])
        others = n_open[1 - int(ledger.modality[answer.item])] + age
        chance.append(min(1.0, first / others))
    return (
        _summed(first, found[:N_LAST], chance[:N_LAST]),
        _summed(first, found[N_LAST:], chance[N_LAST:]),
    )


def _summed(first: int, found: Sequence[bool], chance: Sequence[float]) -> Hits:
    n = len(found)
    return Hits(first, n, sum(found), sum(chance) / n if n else 0.0)
