"""The rows farthest from a growing list of centres, found by looking at few of them."""

import numpy as np

from . import _blocks
from ._blocks import batches, check_values, float_dtype, read

CENTRES = 256  # that rows are compared with at a time
FIRST = 32  # the same, to begin with
PLAIN = 512  # pools of at most so many rows are compared with every centre
BAND = 256  # rows that are compared with every pick, to begin with
SAMPLE = 2**19  # distances of a sample of rows to all aligned items
RUN = 32  # neighbouring rows of that sample, which are read together
PAIRS = 2**19  # values of direct differences in memory at a time
COVER = 512  # aligned items that rows are compared with before the picks
ALIGNED, PICKS = 0, 1  # the two kinds of centres


class FarthestRows:
    """What is known of each row's distance to the aligned items and to the rows picked.

    Both are the centres, the aligned items in an order of our own.

    Invariant: `bound[i]` is row i's squared distance to the centres that it has seen,
    the first `seen[ALIGNED, i]` and `seen[PICKS, i]` of either kind, wrong by at most
    `slack`. So but for the slack it is an upper bound of its distance to all centres,
    and it only falls. A row that has seen all of them is fresh.

    Certificate: a fresh row is the farthest if its bound exceeds every other bound by
    more than twice the slack. This is why most rows need never be compared with most
    centres. Where rows are closer together than that, direct differences decide, and
    between equal ones the lowest row.
    """

    def __init__(self, features, aligned=None):
        self.features, self.aligned = features, aligned
        self.n_aligned = 0 if aligned is None else aligned.shape[0]
        self.order = np.arange(self.n_aligned)
        self.picks = []
        self.dtype = float_dtype(features, *([aligned] if self.n_aligned else []))
        self.lowest = -np.finfo(self.dtype).max  # below every bound but that of a pick
        self.highest = 1e-12 * np.finfo(self.dtype).max  # squares above it are checked
        if self.n_aligned:
            mean = mean_row(aligned, np.arange(self.n_aligned), "aligned")
            self.origin = mean.astype(self.dtype)
        # The largest squared length of a row read, and the rounding error that allows.
        self.largest = self.slack = 0.0
        n = features.shape[0]
        self.bound = np.full(n, np.inf, self.dtype)
        self.seen = np.zeros((2, n), np.int32)
        # For `_make_exact`: the block of centres that gave the bound, by its first
        # centre, and the bound that all other blocks give; distances by direct
        # differences to so many centres.
        self.nearest, self.second = np.zeros(n, np.int32), self.bound.copy()
        self.exact, self.exact_seen = np.full(n, np.inf), np.zeros(n, np.int32)

    @property
    def n_centres(self):
        return self.n_aligned + len(self.picks)

    # ---------------------------------------------------------------- the answers

    def squared_distances(self):
        """Return each row's squared distance to its nearest aligned item."""
        rows = np.arange(len(self.bound))
        self._refresh(rows, self.lowest)
        self._make_exact(rows)
        return self.exact

    def largest_distance(self):
        """Return the largest squared distance of any row to the aligned items.

        The pool is read once. The floor follows the farthest row known so far, so that
        most rows leave after a few comparisons.
        """
        rows = np.arange(len(self.bound))
        floor = self._look_at_sample(rows)
        for some in batches(len(rows)):
            self._refresh(rows[some], floor)
            fresh = self.seen[ALIGNED, some] == self.n_aligned
            best = self.bound[some][fresh].max(initial=self.lowest)
            floor = max(floor, best - 2 * self.slack)
        # The slack may have grown on the way, so some rows may have left too early.
        fresh = self.seen[ALIGNED] == self.n_aligned
        floor = self.bound[fresh].max(initial=self.lowest) - 2 * self.slack
        near = rows[self.bound >= floor]
        self._refresh(near, floor)
        near = near[self.bound[near] >= floor]
        self._make_exact(near)
        return self.exact[near].max()

    def pick(self, rows, n_picks, with_distances=False):
        """Return `n_picks` of the given rows, each the farthest when it was picked.

        With distances, `exact` of each pick is its squared distance at that time,
        infinity where there was no centre.

        A band is all rows whose bounds reach a cut, made fresh; the farthest of them is
        picked as long as it is certain to be above the cut. Bands are cut from a short
        list: all rows whose bounds reach a floor, fresh when they were listed. When it
        is used up, the floor falls by 4 %: it decides the cost, never the picks.
        """
        if self.n_centres == 0:
            self._add(self._row_nearest_mean(rows))
        fresh = (self.seen[ALIGNED, rows] == self.n_aligned) & (self.n_aligned > 0)
        if fresh.any():  # the coverage gap was asked for before
            floor = self.bound[rows[fresh]].max()
        else:
            floor = self._look_at_sample(rows)
        floor = max(floor, 0.0)
        size = BAND if len(rows) > PLAIN else len(rows)
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
            n_made = self._pick_from(band, cut, n_picks, with_distances)
            if n_made < 4 and cut > floor:
                size *= 2
            elif n_made > 64:
                size = max(size // 2, BAND)
        return np.array(self.picks)

    def _pick_from(self, band, cut, n_picks, with_distances):
        """Pick from fresh rows while the farthest is certain; return how many."""
        n_before = len(self.picks)
        x, known = self._points(band), self._known(band)
        while len(self.picks) < n_picks and len(band):
            bound, second, nearest = known
            threshold = bound.max() - 2 * self.slack
            if threshold < cut:
                break
            near = np.flatnonzero(bound >= threshold)
            at = near[0]
            if len(near) > 1 or with_distances:
                self._save(band, known)
                self._make_exact(band[near])
                at = near[self.exact[band[near]].argmax()]  # the lowest of equals
            lower(bound, second, nearest, x @ self._turned(x[at]), self.n_centres)
            self._add(band[at])
            bound[at] = -np.inf
            if len(self.picks) % 16 == 0:
                stay = bound >= cut
                if 2 * np.count_nonzero(stay) < len(band):
                    self._save(band, known)
                    band, x = band[stay], x[stay]
                    known = self._known(band)
        self._save(band, known)
        return len(self.picks) - n_before

    def _known(self, rows):
        return self.bound[rows], self.second[rows], self.nearest[rows]

    def _save(self, rows, known):
        self.bound[rows], self.second[rows], self.nearest[rows] = known
        self.seen[PICKS, rows] = len(self.picks)

    def _add(self, row):
        self.picks.append(row)
        self.bound[row] = -np.inf

    # ---------------------------------------------------------------- comparing

    def _refresh(self, rows, floor):
        """Make rows fresh, or find that their bounds are below the floor.

        The first aligned items cover most rows. Picks come next, for they lie where the
        aligned items left gaps.
        """
        seen = self.seen[:, rows]
        stale = (seen[ALIGNED] < self.n_aligned) | (seen[PICKS] < len(self.picks))
        rows = rows[stale & (self.bound[rows] >= floor)]
        rows = rows[self.seen[PICKS, rows].argsort(kind="stable")]
        for some in batches(len(rows)):
            some = rows[some]
            x = self._points(some)
            for kind, stop in (
                (ALIGNED, min(COVER, self.n_aligned)),
                (PICKS, len(self.picks)),
                (ALIGNED, self.n_aligned),
            ):
                some, x = self._compare(kind, stop, some, x, floor)

    def _compare(self, kind, n_centres, rows, x, floor):
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
            stop = min(start + (CENTRES if start else FIRST), n_centres)
            if len(same) < len(rows):
                stop = min(stop, seen[rows[len(same)]])
            centres = self._as_centres(self._centres(kind, start, stop))
            squared = (centres @ x[: len(same)].T).min(axis=0)
            known = self._known(same)
            lower(*known, squared, start + kind * self.n_aligned)
            self.bound[same], self.second[same], self.nearest[same] = known
            seen[same] = stop
            stay = self.bound[rows] >= floor
            if 4 * np.count_nonzero(stay) < 3 * len(rows):
                rows, x = rows[stay], x[stay]
        stay = self.bound[rows] >= floor
        return (rows, x) if stay.all() else (rows[stay], x[stay])

    def _make_exact(self, rows):
        """Bring `exact` of fresh rows up to date by direct differences in float64.

        Only centres that may be the nearest, as far as rounding can tell, need them.
        For most rows those are in one block.
        """
        rows = rows[self.exact_seen[rows] < self.n_centres]
        one = self.second[rows] > self.bound[rows] + 2 * self.slack
        for start in np.unique(self.nearest[rows[one]]):
            some = rows[one & (self.nearest[rows] == start)]
            self._compare_exactly(some, start, min(start + CENTRES, self.n_centres))
        for start in np.unique(self.exact_seen[rows[~one]]):
            same = rows[~one & (self.exact_seen[rows] == start)]
            self._compare_exactly(same, start, self.n_centres)

    def _compare_exactly(self, rows, start, stop):
        for some in batches(len(rows)):
            some = rows[some]
            x, originals = self._points(some), read(self.features, some)
            exact = self.exact[some]
            limit = np.minimum(self.bound[some] + 2 * self.slack, exact + self.slack)
            for block in batches(stop - start, CENTRES):
                centres = self._any_centres(start + block.start, start + block.stop)
                squared = self._as_centres(centres) @ x.T  # (n_centres, n_some)
                columns, at = np.nonzero(squared <= limit)
                direct = direct_differences(originals, at, centres, columns)
                np.minimum.at(exact, at, direct)
            self.exact[some], self.exact_seen[some] = exact, self.n_centres

    # ---------------------------------------------------------------- rows and centres

    def _centred(self, rows, name):
        """Return rows minus the origin, with squared lengths and 1 appended.

        Their widths are filled with zeros to full cache lines, which BLAS likes.
        """
        d = rows.shape[1]
        centred = np.zeros((len(rows), -(-(d + 2) // 16) * 16), self.dtype)
        x = centred[:, :d]
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(rows, self.origin, out=x, casting="same_kind")
            centred[:, d] = np.einsum("ij,ij->i", x, x)
        centred[:, d + 1] = 1
        largest = float(centred[:, d].max(initial=0))
        if not largest < self.highest:
            check_values(rows, name)
        self.largest = max(self.largest, largest)
        self.slack = rounding_slack(self.largest, x)
        return centred

    def _points(self, rows):
        """Return rows so that the product with `_as_centres` is squared distances."""
        return self._centred(read(self.features, rows), "features")

    def _as_centres(self, rows):
        return self._turned(self._centred(rows, "aligned"))

    def _turned(self, points):
        """Return [-2 x, 1, |x|^2, 0] of [x, |x|^2, 1, 0]."""
        d = self.features.shape[1]
        centres = -2 * points
        centres[..., d], centres[..., d + 1] = 1, points[..., d]
        return centres

    def _centres(self, kind, start, stop):
        if kind == ALIGNED:
            return read(self.aligned, self.order[start:stop])
        return read(self.features, np.array(self.picks[start:stop]))

    def _any_centres(self, start, stop):
        """Return centres as they are, counting the aligned items first."""
        n = self.n_aligned
        if stop <= n:
            return self._centres(ALIGNED, start, stop)
        if start >= n:
            return self._centres(PICKS, start - n, stop - n)
        return np.concatenate(
            [self._centres(ALIGNED, start, n), self._centres(PICKS, 0, stop - n)]
        )

    # ---------------------------------------------------------------- a sample

    def _look_at_sample(self, rows):
        """Return a distance that the farthest row is known to reach, from a few rows.

        Aligned items are put in an order in which the first ones cover most of them.
        """
        if len(rows) <= PLAIN:
            return self.lowest
        m = min(SAMPLE // max(self.n_aligned, 1), len(rows) // 16, _blocks.ROWS)
        length = min(RUN, len(rows))
        starts = np.linspace(0, len(rows) - length, max(m // RUN, 1)).astype(int)
        sample = rows[(starts[:, None] + np.arange(length)).ravel()]
        x = self._points(sample)
        distances = np.concatenate(
            [
                self._as_centres(self._any_centres(some.start, some.stop)) @ x.T
                for some in batches(self.n_centres, CENTRES)
            ]
        )
        nearest = distances.min(axis=0)
        if self.n_aligned and not self.seen[ALIGNED].any():
            self.order = cover_order(distances[: self.n_aligned] <= 0.8 * nearest.max())
        return nearest.max() - 2 * self.slack

    def _row_nearest_mean(self, rows):
        mean = mean_row(self.features, rows, "features")
        self.origin = mean.astype(self.dtype)
        squared = np.concatenate(
            [
                self._points(rows[some])[:, self.features.shape[1]]
                for some in batches(len(rows))
            ]
        )
        near = rows[squared <= squared.min() + 2 * self.slack]
        direct = [
            ((read(self.features, near[some]).astype(np.float64) - mean) ** 2).sum(
                axis=1
            )
            for some in batches(len(near))
        ]
        return near[np.concatenate(direct).argmin()]


def lower(bound, second, nearest, squared, start):
    """Lower bounds, in place, to the squared distances to the block from `start` on."""
    np.minimum(second, np.maximum(bound, squared), out=second)
    nearest[squared < bound] = start
    np.minimum(bound, squared, out=bound)


def cover_order(covers):
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


def direct_differences(rows, at, others, columns):
    """Return |rows[at] - others[columns]|^2 in float64, equal rows giving equal values.

    That is the one definition of a distance that everything else has to agree with.
    """
    squared = np.empty(len(at))
    for some in batches(len(at), max(1, PAIRS // rows.shape[1])):
        pairs = rows[at[some]].astype(np.float64) - others[columns[some]]
        squared[some] = (pairs**2).sum(axis=1)
    return squared


def rounding_slack(largest, rows):
    """Bound the rounding error of |x|^2 + |c|^2 - 2 x.c, given the larger square.

    Errors of a sum of d products grow like sqrt(d). Of 10^8 pairs of several kinds,
    with d = 512 and 4,096, none was wrong by more than a third of this.
    """
    eps = float(np.finfo(rows.dtype).eps)
    return (24 + 2 * np.sqrt(rows.shape[1])) * eps * largest


def mean_row(source, rows, name):
    """Return the mean of the given rows in float64."""
    total = np.zeros(source.shape[1])
    for some in batches(len(rows)):
        block = read(source, rows[some])
        with np.errstate(over="ignore", invalid="ignore"):
            total += block.sum(axis=0, dtype=np.float64)
        if not np.isfinite(total).all():
            check_values(block, name)
    return total / len(rows)
