"""The rows farthest from a growing list of centres, found by looking at few of them."""

from collections.abc import Callable
from contextlib import nullcontext
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .._shared.progress import progress
from .._shared.sizes import SIZES
from .._shared.types import BoolArray, FloatArray, IntArray
from ..arrays._block_math import (
    block_size,
    device_of,
    double,
    joined,
    minima,
    on_device,
    to_host,
)
from ..arrays._blocks import as_pool, batches, fetch, float_dtype, read
from ..arrays._distances import mean_row
from ..arrays._kinds import Block, Rows
from ..arrays._precision import computing
from ..arrays._threads import count_threads, in_threads
from ._centres import ALIGNED, PICKS, Centres

ROW_BYTES = 64  # of memory for what is known of a row, and for lists of rows


class FarthestRows:
    """What is known of each row's distance to the aligned items and to the rows picked.

    Both are the centres.

    Invariant: `bound[i]` is row i's squared distance to the centres that it has seen,
    the first `seen[ALIGNED, i]` and `seen[PICKS, i]` of either kind, wrong by at most
    `slack`. So but for the slack it is an upper bound of its distance to all centres,
    and it only falls. A row that has seen all of them is fresh.

    Certificate: a fresh row is the farthest if its bound exceeds every other bound by
    more than twice the slack. This is why most rows need never be compared with most
    centres. Where rows are closer together than that, direct differences decide, and
    between equal ones the lowest row.

    Several threads may refresh rows, no row by two of them. All they share is the
    slack, which only grows: a thread that works with the one of a moment ago lets a row
    leave too early, or too late, and certificates are looked at only when all threads
    are done.
    """

    def __init__(
        self, features: Rows, aligned: Rows | None = None, verbose: int = 0
    ) -> None:
        features, aligned = as_pool(features), as_pool(aligned)
        self.device = device_of(features)  # where rows are read and compared
        if self.device is None:
            aligned = to_host(aligned)
        self.features, self.verbose = features, verbose
        self.size = block_size(features, SIZES.centres)
        some = [] if aligned is None or aligned.shape[0] == 0 else [aligned]
        self.dtype = float_dtype(features, *some)
        self.lowest = -np.finfo(self.dtype).max  # below every bound but that of a pick
        n, d = features.shape
        block = min(n, SIZES.rows) * (4 * d + SIZES.centres) + 2 * SIZES.centres * d
        self.n_threads = count_threads(
            features, ROW_BYTES * n, block * self.dtype.itemsize, "the coverage"
        )
        self.centres = Centres(features, aligned, self.dtype, self.device)
        self.n_aligned, self.picks = self.centres.n_aligned, self.centres.picks
        self.bound: FloatArray = np.full(n, np.inf, self.dtype)
        self.seen = np.zeros((2, n), np.int32)
        self.n_ahead = SIZES.ahead  # picks on a device before the host hears of them
        # Distances by direct differences to so many centres; 0 to none stands for
        # infinity, for zeros take up no memory until they are written.
        self.exact, self.exact_seen = np.zeros(n), np.zeros(n, np.int32)

    @property
    def slack(self) -> float:
        return self.centres.space.slack

    # ---------------------------------------------------------------- the answers

    def squared_distances(self) -> FloatArray:
        """Return each row's squared distance to its nearest aligned item."""
        of, n = self._squared_distances_of, len(self.bound)
        args = self.n_threads, self.size, self.verbose, "distances"
        with computing(self.device):
            return np.concatenate(in_threads(of, n, *args))

    def largest_distance(self) -> float:
        """Return the largest squared distance of any row to the aligned items.

        The pool is read once. The floor follows the farthest row known so far, so that
        most rows leave after a few comparisons.
        """
        with computing(self.device):
            return self._largest_distance()

    def _largest_distance(self) -> float:
        n, lock = len(self.bound), Lock()
        floor = self._look_at_sample(np.arange(n))

        def look(some: slice) -> None:
            nonlocal floor
            self._refresh_block(np.arange(some.start, some.stop), floor)
            fresh = self.seen[ALIGNED, some] == self.n_aligned
            best = self.bound[some].max(where=fresh, initial=self.lowest)
            with lock:
                floor = max(floor, best - 2 * self.slack)

        args = self.n_threads, self.size, self.verbose, "coverage gap"
        in_threads(look, n, *args)
        # The slack may have grown on the way, so some rows may have left too early.
        fresh = self.seen[ALIGNED] == self.n_aligned
        floor = self.bound.max(where=fresh, initial=self.lowest) - 2 * self.slack
        near = np.flatnonzero(self.bound >= floor)
        self._refresh(near, floor)
        near = near[self.bound[near] >= floor]
        self._make_exact(near)
        return self.exact[near].max()

    def pick(
        self, rows: IntArray, n_picks: int, with_distances: bool = False
    ) -> IntArray:
        """Return `n_picks` of the given rows, each the farthest when it was picked.

        With distances, `exact` of each pick is its squared distance at that time,
        infinity where there was no centre.

        A band is all rows whose bounds reach a cut, made fresh; the farthest of them is
        picked as long as it is certain to be above the cut. Bands are cut from a short
        list: all rows whose bounds reach a floor, fresh when they were listed. When it
        is used up, the floor falls by 4 %: it decides the cost, never the picks.
        """
        # A pick is too little work to be shared out: BLAS's threads would only spin.
        one = threadpool_limits(1, "blas") if self.n_threads > 1 else nullcontext()
        with computing(self.device), one:
            return self._pick(rows, n_picks, with_distances)

    def _pick(self, rows: IntArray, n_picks: int, with_distances: bool) -> IntArray:
        if len(self.centres) == 0:
            self._add(self._row_nearest_mean(rows))
        fresh = (self.seen[ALIGNED, rows] == self.n_aligned) & (self.n_aligned > 0)
        if fresh.any():  # the coverage gap was asked for before
            floor = self.bound[rows[fresh]].max()
        else:
            floor = self._look_at_sample(rows)
        floor = max(floor, 0.0)
        with progress(n_picks, "k-center", self.verbose, "pick") as advance:
            advance(len(self.picks))
            self._pick_all(rows, floor, n_picks, advance)
        if with_distances:
            self._measure_picks()
        return np.array(self.picks)

    def _pick_all(
        self,
        rows: IntArray,
        floor: float,
        n_picks: int,
        advance: Callable[[int], object],
    ) -> None:
        size = SIZES.band if len(rows) > SIZES.plain else len(rows)
        short = rows[:0]
        while len(self.picks) < n_picks:
            short = short[self.bound[short] >= floor]
            if len(short) <= size and floor > self.lowest:
                floor = 0.96 * floor if floor > 20 * self.slack else self.lowest
                self._refresh(rows, floor)
                short = rows[self.bound[rows] >= floor]
            cut = floor
            if len(short) > size:
                cut = np.partition(self.bound[short], -size)[-size]
            band = short[self.bound[short] >= cut]
            self._refresh(band, cut)
            band = band[self.bound[band] >= cut]
            n_made = self._pick_from(band, cut, n_picks)
            advance(n_made)
            if n_made < 4 and cut > floor:
                size *= 2
            elif n_made > 64:
                size = max(size // 2, SIZES.band)

    def _pick_from(self, band: IntArray, cut: float, n_picks: int) -> int:
        """Pick from fresh rows while the farthest is certain; return how many."""
        n_before = n_looked = len(self.picks)
        x, bound = self._points(band), self.bound[band]
        while len(self.picks) < n_picks and len(band):
            if self.device is not None:
                self._pick_ahead(band, x, bound, cut, n_picks)
                if len(self.picks) == n_picks:
                    break
            threshold = bound.max() - 2 * self.slack
            if threshold < cut:
                break
            near = np.flatnonzero(bound >= threshold)
            at = near[0]
            if len(near) > 1:
                self._save(band, bound)
                self._make_all_exact(band, bound, near)
                at = near[self.exact[band[near]].argmax()]  # the lowest of equals
            np.minimum(bound, to_host(x @ self.centres.space.turned(x[at])), out=bound)
            self._add(band[at])
            bound[at] = -np.inf
            if len(self.picks) - n_looked >= 16:
                n_looked = len(self.picks)
                stay = bound >= cut
                if 2 * np.count_nonzero(stay) < len(band):
                    self._save(band, bound)
                    band, x, bound = band[stay], x[stay], bound[stay]
        self._save(band, bound)
        return len(self.picks) - n_before

    def _pick_ahead(
        self, band: IntArray, x: Block, bound: FloatArray, cut: float, n_picks: int
    ) -> None:
        """Pick several rows on the device before the host hears of any.

        Each is the farthest there, a guess where others are nearly as far. Those before
        the first such guess are certain, and are picked.
        """
        n = min(self.n_ahead, n_picks - len(self.picks), len(band))
        there, guesses = on_device(bound, self.device), []
        turned = self.centres.space.turned
        for _ in range(n):
            values, at = there.topk(min(2, len(band)))
            guesses += [double(part) for part in (at[:1], values[:1], values[-1:])]
            new = x @ turned(x.index_select(0, at[:1]))[0]
            there = there.minimum(new).index_fill(0, at[:1], -np.inf)
        # In one piece, for each word to the host costs as much as many picks.
        heard = to_host(joined([*guesses, double(there)]))
        picks, first, second = heard[: 3 * n].reshape(n, 3).T
        threshold = first - 2 * self.slack
        is_sure = (threshold >= cut) & ((second < threshold) | (len(band) == 1))
        n_sure = n if is_sure.all() else int(is_sure.argmin())
        # Where ties are many, guesses are worth little.
        self.n_ahead = max(1, min(SIZES.ahead, n_sure if n_sure < n else 2 * n))
        picks = picks[:n_sure].astype(np.int64)
        if n_sure == n:
            bound[:] = heard[3 * n :]
        elif n_sure:
            new = minima(turned(x[picks]) @ x.T)
            np.minimum(bound, new, out=bound)
        for row in band[picks]:
            self._add(row)
        bound[picks] = -np.inf

    def _save(self, rows: IntArray, bound: FloatArray) -> None:
        self.bound[rows], self.seen[PICKS, rows] = bound, len(self.picks)

    def _add(self, row: Any) -> None:
        self.picks.append(row)
        self.bound[row] = -np.inf

    # ---------------------------------------------------------------- comparing

    def _refresh(self, rows: IntArray, floor: float) -> None:
        """Make rows fresh, or find that their bounds are below the floor.

        The first aligned items cover most rows. Picks come next, for they lie where the
        aligned items left gaps.
        """
        rows = rows[self.bound[rows] >= floor]
        stale = self.seen[ALIGNED, rows] < self.n_aligned
        stale |= self.seen[PICKS, rows] < len(self.picks)
        rows = rows[stale]
        if self.picks:  # else none has seen any
            rows = rows[self.seen[PICKS, rows].argsort(kind="stable")]
        in_threads(
            lambda some: self._refresh_block(rows[some], floor),
            len(rows),
            self.n_threads if len(rows) >= SIZES.stale else 1,
            self.size,
            self.verbose and 2 * len(rows) > len(self.bound),
            "distances",
        )

    def _refresh_block(self, rows: IntArray, floor: float) -> None:
        x = self._points(rows)
        for kind, stop in (
            (ALIGNED, min(SIZES.covering, self.n_aligned)),
            (PICKS, len(self.picks)),
            (ALIGNED, self.n_aligned),
        ):
            rows, x = self._compare(kind, stop, rows, x, floor)

    def _compare(
        self, kind: int, n_centres: int, rows: IntArray, x: Block, floor: float
    ) -> tuple[IntArray, Block]:
        """Compare rows, read as x, with the first centres of a kind.

        Rows leave when their bounds fall below the floor; those left are returned.
        """
        seen = self.seen[kind]
        if (seen[rows[1:]] < seen[rows[:-1]]).any():
            order = seen[rows].argsort(kind="stable")
            rows, x = rows[order], x[order]
        while len(rows) and (start := seen[rows[0]]) < n_centres:
            # Those that have seen as many, up to where the next ones join them.
            same = rows[: np.searchsorted(seen[rows], start, side="right")]
            size = SIZES.centres if start else SIZES.first_centres
            stop = min(start + size, n_centres)
            if len(same) < len(rows):
                stop = min(stop, seen[rows[len(same)]])
            centres = self.centres.turned(kind, start, stop)
            squared = minima(centres @ x[: len(same)].T)
            self.bound[same] = np.minimum(self.bound[same], squared)
            seen[same] = stop
            stay = self.bound[rows] >= floor
            if 4 * np.count_nonzero(stay) < 3 * len(rows):
                rows, x = rows[stay], x[stay]
        stay = self.bound[rows] >= floor
        return (rows, x) if stay.all() else (rows[stay], x[stay])

    # ---------------------------------------------------------------- exactly

    def _make_all_exact(
        self, band: IntArray, bound: FloatArray, near: IntArray
    ) -> None:
        """Bring `exact` of the rows of a band that are near ties up to date.

        Where some have none yet, those come along that may tie next: going through
        the centres costs more than comparing with them.
        """
        rows = band[near]
        if (self.exact_seen[rows] == 0).any() and len(near) < SIZES.exact < len(band):
            rows = band[np.argpartition(bound, -SIZES.exact)[-SIZES.exact :]]
            rows = rows[self.bound[rows] > -np.inf]  # those that are no picks
            rows = rows[(self.exact_seen[rows] == 0) | np.isin(rows, band[near])]
        self._make_exact(rows)

    def _make_exact(self, rows: IntArray) -> None:
        """Bring `exact` of fresh rows up to date by direct differences in float64."""
        n_centres = len(self.centres)
        rows = rows[self.exact_seen[rows] < n_centres]
        for start in np.unique(self.exact_seen[rows]):
            same = rows[self.exact_seen[rows] == start]
            for some in batches(len(same)):
                some = same[some]
                known = self.exact[some] if start else np.full(len(some), np.inf)
                limit = self.bound[some] + 2 * self.slack
                limit = np.minimum(limit, known + self.slack)
                x, originals = self._points(some), read(self.features, some)
                direct = self.centres.direct(x, originals, limit, start, n_centres)
                self.exact[some] = np.minimum(known, direct)
        self.exact_seen[rows] = n_centres

    def _squared_distances_of(self, some: slice) -> FloatArray:
        """Return the squared distances of a slice of rows to their nearest aligned.

        For most rows only one block of these can hold it: the others' bounds say so.
        """
        originals = fetch(self.features, some)
        x = self.centres.space.points(originals, "features")
        bound = np.full(len(x), np.inf, self.dtype)
        second, nearest = bound.copy(), np.zeros(len(x), np.int32)
        for block in self.centres.blocks(0, self.n_aligned):
            squared = minima(self.centres.squared(x, block))
            np.minimum(second, np.maximum(bound, squared), out=second)
            nearest[squared < bound] = block[0]
            np.minimum(bound, squared, out=bound)
        limit = bound + 2 * self.slack
        nearest[second <= limit] = -1
        exact = np.empty(len(x))
        for start in np.unique(nearest):
            same, stop = nearest == start, min(start + SIZES.centres, self.n_aligned)
            if start < 0:
                start, stop = 0, self.n_aligned
            exact[same] = self.centres.direct(
                x[same], originals[same], limit[same], start, stop
            )
        return exact

    def _measure_picks(self) -> None:
        """Set `exact` of each pick to its distance when it was picked."""
        for some in batches(len(self.picks)):
            picks = np.array(self.picks[some])
            x, originals = self._points(picks), read(self.features, picks)
            counts = self.n_aligned + np.arange(some.start, some.stop)
            limit = np.full(len(x), np.inf, self.dtype)
            for block in self.centres.blocks(0, counts[-1]):
                squared = self.centres.squared(x, block, counts)
                np.minimum(limit, minima(squared), out=limit)
            limit[counts > 0] += 2 * self.slack
            limit[counts == 0] = -np.inf
            args = x, originals, limit, 0, counts[-1], counts
            self.exact[picks] = self.centres.direct(*args)

    # ---------------------------------------------------------------- rows

    def _points(self, rows: IntArray) -> Block:
        """Return rows so that the product with centres is squared distances."""
        return self.centres.space.points(fetch(self.features, rows), "features")

    # ---------------------------------------------------------------- a sample

    def _look_at_sample(self, rows: IntArray) -> float:
        """Return a distance that the farthest row is known to reach, from a few rows.

        Aligned items are put in an order in which the first ones cover most of them.
        """
        if len(rows) <= SIZES.plain:
            return self.lowest
        m = min(SIZES.sample // max(self.n_aligned, 1), len(rows) // 16, SIZES.rows)
        length = min(SIZES.run, len(rows))
        starts = np.linspace(0, len(rows) - length, max(m // SIZES.run, 1)).astype(int)
        sample = rows[(starts[:, None] + np.arange(length)).ravel()]
        x = self._points(sample)
        blocks = self.centres.blocks(0, len(self.centres))
        parts = [to_host(self.centres.squared(x, block)) for block in blocks]
        distances = np.concatenate(parts)
        nearest = distances.min(axis=0)
        if self.n_aligned and not self.seen[ALIGNED].any():
            covers = distances[: self.n_aligned] <= 0.8 * nearest.max()
            self.centres.put_in(cover_order(covers))
        return nearest.max() - 2 * self.slack

    def _row_nearest_mean(self, rows: IntArray) -> int:
        mean = mean_row(self.features, rows, "features", self.n_threads)
        self.centres.be_around(mean)
        d = self.features.shape[1]

        def look(some: slice) -> FloatArray:
            return to_host(self._points(rows[some])[:, d]).copy()

        squared = np.concatenate(in_threads(look, len(rows), self.n_threads, self.size))
        near = rows[squared <= squared.min() + 2 * self.slack]
        direct = np.concatenate(
            [
                ((double(read(self.features, near[some])) - mean) ** 2).sum(axis=1)
                for some in batches(len(near))
            ]
        )
        return near[direct.argmin()]


def cover_order(covers: BoolArray) -> IntArray:
    """Return an order of sets in which each one covers most of what is left.

    `covers[s, i]` says whether set s covers sample i.
    """
    counts = covers.sum(axis=1)
    left = np.ones(covers.shape[1], bool)
    order = []
    while counts.max() > 0:
        best = counts.argmax()
        order.append(best)
        new = covers[best] & left
        counts -= covers[:, new].sum(axis=1)
        left &= ~new
    rest = np.ones(len(covers), bool)
    rest[order] = False
    return np.concatenate([np.array(order, np.int64), np.flatnonzero(rest)])
