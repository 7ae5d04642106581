"""Questions drawn at random, and what their answers say of the open pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from .._shared.intervals import Interval, mean_interval, wilson_interval
from .._shared.types import FloatArray, IntArray
from ..arrays._numbers import unit_rows

N_RECENT = 100  # audits that tell how good the encoder is now
N_KEPT = 10_000  # similarities kept of each audit, the largest
SAME = 1e-3  # squared distance between features of one item, encoded twice
NEAR = 1e-2  # the same of similarities


@dataclass(frozen=True)
class AuditEstimates:
    """What random questions say of the pool that was open, with 95 % intervals.

    Of each such question the encoder ranked the whole other pool before it was told the
    answer. The last 100 answers count: so it is how good the encoder was over the
    rounds that they are from, and it is a little better by now.

    Parameters
    ----------
    n_answers : int
        Answers to random questions that these rest on, at most 100.
    recall_at_1, recall_at_9, mrr : Interval
        Of the items that have a partner: the share whose partner ranks first, or among
        nine; the mean reciprocal rank.
    without_partner : Interval
        The share of items that have none.
    """

    n_answers: int
    recall_at_1: Interval
    recall_at_9: Interval
    mrr: Interval
    without_partner: Interval


@dataclass(frozen=True, eq=False)
class Pending:
    """A random question that has not been answered.

    Parameters
    ----------
    modality : int
        The one asked about.
    item : ndarray of shape (n_components,)
        The item's features, of length one.
    similarities : ndarray of shape (n_kept,)
        To the open items of the other modality, rising.
    """

    modality: int
    item: FloatArray
    similarities: FloatArray


@dataclass(frozen=True, eq=False)
class Audits:
    """The answers to random questions so far. Nothing in it is ever changed.

    Parameters
    ----------
    n_before : tuple of int
        How many pairs the encoder had learned from when each question was asked.
    place : tuple of int
        Which of all pairs the answer became; -1 where it became none.
    rank : tuple of float
        The partner's rank in the whole open pool, from 1; NaN where there is none.
    pending : tuple of Pending
        Questions without an answer that can still be ranked.
    n_open : int
        Questions of the last batch without an answer; those asked before the encoder
        was fitted are none.
    """

    n_before: tuple[int, ...] = ()
    place: tuple[int, ...] = ()
    rank: tuple[float, ...] = ()
    pending: tuple[Pending, ...] = field(default=())
    n_open: int = 0

    def asking(self, modality: int, items: Any, gallery: Any) -> "Audits":
        """Return the same with these questions asked, and no others.

        `items` and `gallery` are features: of the items drawn, and of the whole open
        pool of the other modality.
        """
        asked = unit_rows(np.asarray(items, dtype=np.float32))
        others = unit_rows(np.asarray(gallery, dtype=np.float32))
        similarity = np.sort(asked @ others.T, axis=1)[:, -N_KEPT:]
        pending = [Pending(modality, *of) for of in zip(asked, similarity, strict=True)]
        return replace(self, pending=tuple(pending), n_open=len(pending))

    def asking_nothing(self) -> "Audits":
        """Return the same with no question open."""
        return replace(self, pending=(), n_open=0)

    def answered(self, features: Any, n_before: int, are_kept: bool = True) -> "Audits":
        """Return the same with the answers that are among these pairs.

        `features` are theirs, one array per modality; `n_before` counts the pairs known
        before them, and `are_kept` says whether they become known.
        """
        sides = [unit_rows(np.asarray(own, dtype=np.float32)) for own in features]
        audits, left = self, []
        for asked in self.pending:
            far = np.square(sides[asked.modality] - asked.item).sum(axis=1)
            at = int(far.argmin())
            if far[at] > SAME:
                left.append(asked)
                continue
            own = float(asked.item @ sides[1 - asked.modality][at])
            nearest = np.abs(asked.similarities - own).argmin()
            if abs(asked.similarities[nearest] - own) <= NEAR:
                own = float(asked.similarities[nearest])  # the partner, in the pool
            ahead = float((asked.similarities > own + 1e-6).sum())
            equal = float((np.abs(asked.similarities - own) <= 1e-6).sum())
            rank = 1 + ahead + max(equal - 1, 0) / 2
            audits = audits._with(n_before, n_before + at if are_kept else -1, rank)
        return replace(audits, pending=tuple(left))

    def without_partner(self, n: int, n_before: int) -> "Audits":
        """Return the same with n answers more that there is no partner.

        No more than are open are counted.
        """
        audits = self
        for _ in range(min(n, self.n_open)):
            audits = audits._with(n_before, -1, np.nan)
        return audits

    def _with(self, n_before: int, place: int, rank: float) -> "Audits":
        return replace(
            self,
            n_before=(*self.n_before, n_before),
            place=(*self.place, place),
            rank=(*self.rank, rank),
            n_open=self.n_open - 1,
        )

    def estimates(self) -> AuditEstimates:
        """Return what the last of them say."""
        ranks = np.array(self.rank[-N_RECENT:], dtype=np.float64)
        known = ranks[~np.isnan(ranks)]
        return AuditEstimates(
            len(ranks),
            wilson_interval(int((known <= 1).sum()), len(known)),
            wilson_interval(int((known <= 9).sum()), len(known)),
            mean_interval(1 / known),
            wilson_interval(len(ranks) - len(known), len(ranks)),
        )

    def of_rounds(self, n: int) -> list[tuple[int, IntArray]]:
        """Return (pairs known before, places among all pairs) of each round, in order.

        Answers that are none of the n pairs known now are left out.
        """
        place, before = np.array(self.place), np.array(self.n_before)
        known = (place >= 0) & (place < n)
        return [
            (int(n), place[known & (before == n)]) for n in np.unique(before[known])
        ]

    def state(self) -> dict[str, Any]:
        """Return it as plain data, for `from_state`."""
        state = {own.name: getattr(self, own.name) for own in fields(self)}
        return state | {"pending": tuple(dict(vars(own)) for own in self.pending)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Audits":
        """Return what `state` returned the plain data of."""
        pending = tuple(Pending(**own) for own in state["pending"])
        return cls(**{**state, "pending": pending})
