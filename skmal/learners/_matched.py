"""Partners for the open items, with a confidence that held-out answers bear out.

Answers to random questions are the best: the encoder is fitted once more on what was
known before each round of them, and proposes partners in the pool as it was then. They
are few. Pairs that a strategy chose, left out by turns, are many but no such sample:
each is far from all others, so that without it nothing near is known. Both are learned
from, with how much each is too modest.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from .._shared.randomness import FOLDS
from .._shared.types import BoolArray, FloatArray, IntArray, Items
from ..arrays._verbs import take, whole
from ..encoders._usable import usable_rows
from ..items._containers import join, numeric_rows
from ..items._encoding import encode
from ..items._equals import number_equals
from ..matching._confidence import N_TRUSTED, NONE, Looks, calibrate
from ..matching._matching import Matching, Proposals, propose
from ._core import ActiveLearner

MOST_ROUNDS = 10  # of random questions that are gone through again, the last ones
ENOUGH = 500  # answers to random questions that calibrate well enough, and of others
ENOUGH_OWN = 200  # answers that calibrate without what was known from the start


def match(
    learner: ActiveLearner,
    pools: Sequence[Items],
    item: IntArray,
    first: IntArray,
    one_to_one: bool,
    n_folds: int | None,
) -> Matching:
    """Return the proposals for two open pools; row i of X is of item[i].

    `first` are the first rows of the items.
    """
    rows = [np.asarray(first), np.arange(len(pools[1]))]
    pools = [take(pools[0], rows[0]), pools[1]]
    usable = usable_rows(learner.estimator_, pools, learner._listed)
    if usable is not None:
        pools = [take(own, of) for own, of in zip(pools, usable, strict=True)]
        rows = [own[of] for own, of in zip(rows, usable, strict=True)]
    n_partners = np.bincount(item, minlength=len(first))[item[rows[0]]]
    found = propose(
        *_features(learner.estimator_, pools), n_partners, one_to_one, _equals(pools)
    )
    held, n_checked, is_random = _held_out(
        learner, pools, n_partners, one_to_one, n_folds
    )
    looks = held
    none = _of_alone(learner, pools, n_partners, one_to_one, held.weights.sum())
    if len(none):
        zeros, ones = np.zeros(len(none), dtype=bool), np.ones(len(none))
        looks = Looks(
            np.concatenate([held.shares, none]),
            np.concatenate([held.right, zeros]),
            np.concatenate([held.known, ones]),
            np.concatenate([held.is_chosen, zeros]),
            np.concatenate([held.weights, ones]),
        )
    calibration = calibrate(looks)
    confidence = calibration.confidence(found.shares)
    kept = np.ones(len(found.x), dtype=bool)
    if len(none):  # a pair is likelier right than that an item has no partner
        is_none = np.arange(len(looks.shares)) >= len(looks.shares) - len(none)
        of_none = calibrate(replace(looks, right=is_none), NONE)
        kept = confidence >= of_none.confidence(found.shares)

    order = np.flatnonzero(kept)
    order = order[np.lexsort([-found.shares[order], -confidence[order]])]
    x = _rows_of_items(found.x[order], item, rows[0], one_to_one)
    return Matching(
        x,
        rows[1][found.y[order]],
        confidence[order],
        n_checked,
        is_random,
        calibration.error(found.shares[order]),
    )


def _rows_of_items(
    x: IntArray, item: IntArray, first: IntArray, one_to_one: bool
) -> IntArray:
    """Return a row of X for each proposal; those of one item get its rows in order."""
    chosen = first[x]
    if not one_to_one or len(np.unique(item)) == len(item):
        return chosen
    by_item = np.argsort(item, kind="stable")
    starts = np.searchsorted(item[by_item], np.arange(item.max() + 1))
    order = np.argsort(chosen, kind="stable")
    ordered = chosen[order]
    within = np.empty(len(x), dtype=np.int64)
    within[order] = np.arange(len(x)) - np.searchsorted(ordered, ordered)
    return by_item[starts[item[chosen]] + within]


def _features(encoder: Any, pools: Sequence[Items]) -> tuple[FloatArray, FloatArray]:
    """Return what an encoder makes of both, in memory."""
    X, Y = (np.asarray(whole(own), np.float32) for own in encode(encoder, *pools))
    return X, Y


def _held_out(
    learner: ActiveLearner,
    pools: Sequence[Items],
    n_partners: IntArray,
    one_to_one: bool,
    n_folds: int | None,
) -> tuple[Looks, int, bool]:
    """Return what was proposed for held-out pairs, how many, and if they are random."""
    aligned = learner._aligned
    if aligned is None or n_folds is None:
        return Looks(), 0, False
    n = len(aligned[0])
    same = _equals([join(*own) for own in zip(aligned, pools, strict=True)])
    left_out, shares, right, pairs, known = [], [], [], [], []

    def look_at(some: IntArray, then_known: IntArray) -> None:
        """Propose partners for some pairs by an encoder that knows others."""
        left_out.append(some)
        encoder = learner._fresh_encoder(learner._seed())
        encoder.fit(*(take(own, then_known) for own in aligned))
        back = np.concatenate([some, np.setdiff1d(np.arange(n), [*then_known, *some])])
        then = [
            join(take(own, back), pool)
            for own, pool in zip(aligned, pools, strict=True)
        ]
        times = np.concatenate([np.ones(len(back), dtype=np.int64), n_partners])
        x, y = (np.concatenate([own[back], own[n:]]) for own in same)
        found = propose(*_features(encoder, then), times, one_to_one, (x, y))
        of_held = _of_held(found, (x, y), len(some), len(back))
        shares.append(of_held[0])
        right.append(of_held[1])
        pairs.append(some[of_held[2]])
        known.append(np.full(len(of_held[0]), len(then_known) / n))

    n_audits = n_left_out = 0
    rounds = [own for own in learner._audits.of_rounds(n) if own[0] >= 2]
    for before, places in _merged(rounds) if rounds else ():
        look_at(places, np.arange(before))
        n_audits += len(places)
        if n_audits >= ENOUGH:
            break
    first = min(learner._audits.n_before, default=0)
    if n - first < ENOUGH_OWN:  # what was known from the start may be of another kind
        first = 0
    for some in _folds(np.arange(first, n), n_folds, learner._seed()):
        look_at(some, np.setdiff1d(np.arange(n), some))
        n_left_out += len(some)
        if n_left_out >= ENOUGH:
            break
    if not left_out:
        return Looks(), 0, False
    has_asked = learner._prequential.has_asked
    n_checked, is_random = len(np.unique(np.concatenate(left_out))), not has_asked
    if n_audits >= N_TRUSTED:
        n_checked, is_random = n_audits, True
    of = np.concatenate(pairs)
    looks = Looks(
        np.concatenate(shares),
        np.concatenate(right),
        np.concatenate(known),
        has_asked & ~np.isin(of, learner._audits.place),
        1 / np.bincount(of, minlength=n)[of],
    )
    return looks, n_checked, is_random


def _merged(rounds: Sequence[tuple[int, IntArray]]) -> list[tuple[int, IntArray]]:
    """Return ten of the last rounds at most, the last first; small ones are merged."""
    last, n = [], 0
    for own in reversed(rounds):
        if n >= 2 * N_TRUSTED and len(last) >= MOST_ROUNDS:
            break
        last.append(own)
        n += len(own[1])
    parts = np.array_split(np.arange(len(last)), min(MOST_ROUNDS, len(last)))
    return [
        (last[of[-1]][0], np.unique(np.concatenate([last[i][1] for i in of])))
        for of in parts
    ]


def _folds(rows: IntArray, n_folds: int, seed: int) -> list[IntArray]:
    """Cut rows at random into so many parts, of three at least; none, if below two."""
    n_folds = min(n_folds, len(rows) // 3)
    order = np.random.default_rng([seed, len(rows), FOLDS]).permutation(rows)
    return np.array_split(order, n_folds) if n_folds > 1 else []


def _of_held(
    found: Proposals, same: tuple[IntArray, IntArray], n_held: int, n_known: int
) -> tuple[FloatArray, BoolArray, IntArray]:
    """Return the shares of proposals for the first rows, which are right, and the rows.

    The first `n_known` rows of both sides are pairs, `same` has equal numbers for equal
    items. Right is the partner, an item equal to it, or that of an equal item. Whose
    partners the open ones are is not known: a pair is looked at from the side that has
    fewer equals, from both where these are as many.
    """
    n_equal = [np.unique(own, return_inverse=True, return_counts=True) for own in same]
    n_of = [counts[numbers] for _, numbers, counts in n_equal]
    shares, right, held = [], [], []
    sides = (found.x, found.y, same, n_of), (found.y, found.x, same[::-1], n_of[::-1])
    for own, other, (same_own, same_other), (n_own, n_other) in sides:
        at = np.flatnonzero(own < n_held)
        at = at[n_own[own[at]] <= n_other[own[at]]]
        own, other = own[at], other[at]
        is_pair = other < n_known
        of_equal = is_pair & (same_own[np.where(is_pair, other, 0)] == same_own[own])
        shares.append(found.shares[at])
        right.append((same_other[other] == same_other[own]) | of_equal)
        held.append(own)
    return np.concatenate(shares), np.concatenate(right), np.concatenate(held)


def _equals(pools: Sequence[Items]) -> tuple[IntArray, IntArray]:
    """Return a number for each item of both, equal for equal ones."""
    X, y = (_numbered(own) for own in pools)
    return X, y


def _numbered(items: Items) -> IntArray:
    """Return a number for each item, the same for equal texts and rows of numbers."""
    rows = numeric_rows(items)
    if isinstance(rows, np.ndarray):
        return number_equals(hash(row.tobytes()) for row in rows)[0]
    # What is neither is equal to nothing: its place is its number.
    some = enumerate(cast(Sequence[Any], items))
    return number_equals(one if isinstance(one, str) else at for at, one in some)[0]


def _of_alone(
    learner: ActiveLearner,
    pools: Sequence[Items],
    n_partners: IntArray,
    one_to_one: bool,
    n_held: float,
) -> FloatArray:
    """Return shares of what is proposed for items known to have no partner.

    They stand for as many items as are likely to have none, beside `n_held` that have
    one.
    """
    alone = [0 if own is None else len(own) for own in learner._unmatched]
    if not sum(alone) or not n_held:
        return np.empty(0)
    then = [
        pool if own is None else join(own, pool)
        for own, pool in zip(learner._unmatched, pools, strict=True)
    ]
    times = np.concatenate([np.ones(alone[0], dtype=np.int64), n_partners])
    features = _features(learner.estimator_, then)
    found = propose(*features, times, one_to_one, _equals(then))
    shares = found.shares[(found.x < alone[0]) | (found.y < alone[1])]
    if not len(shares):
        return shares
    audit = learner.audit_
    share = audit.without_partner.value
    if not (audit.n_answers >= N_TRUSTED and share < 1):
        share = sum(alone) / (sum(alone) + learner._n_aligned())
    n = round(n_held * share / (1 - share))
    return np.quantile(shares, (np.arange(n) + 0.5) / max(n, 1))
