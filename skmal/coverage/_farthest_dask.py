"""`FarthestRows` of pools that are dask arrays: rows stay, survivors travel."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._blocks import batches, check_values, read
from ..arrays._dask import (
    contiguous,
    gather,
    once,
    partitions,
    per_row,
    persist,
    take,
    task,
)
from ..arrays._dask_chunks import check_dask
from ..arrays._kinds import DaskArray, Rows, is_dask
from ._farthest import FarthestRows

GUESSED = 4  # times as many picks as wanted are made by all partitions together
MARGIN = 0.85  # of a guess's squared distance; rows that come no nearer may travel
KEPT = ("bound", "seen")  # of `FarthestRows`, between two stages

Kept: TypeAlias = dict[str, Any]  # what is known of a partition's rows
State: TypeAlias = tuple[Kept, IntArray]  # that, and the rows that are left
Sums: TypeAlias = tuple[FloatArray, list[FloatArray], FloatArray]  # see `_block_sums`


def farthest_rows(
    features: Any, aligned: Any = None, verbose: int = 0
) -> "FarthestRows | DaskFarthestRows":
    """Return `FarthestRows`, or its like for a dask array, which shows no bars."""
    if is_dask(aligned):
        aligned = aligned.compute()
    if is_dask(features):
        return DaskFarthestRows(features, aligned)
    return FarthestRows(features, aligned, verbose)


class DaskFarthestRows:
    """What `FarthestRows` tells of a pool, asked of a pool that is a dask array.

    Greedy k-center is guessed and verified. First every partition picks from its own
    rows, and the driver from those: that is the guess, a sequence of rows p_k, each at
    squared distance d_k when it is picked. Then, in one stage, every partition follows
    the guess with its own rows. Those that come near d_k at some step, the survivors,
    travel; of all others it is known that at step k they are nearer than `margin` d_k.
    The driver picks again, from all rows that it has.

    Certificate: such a pick is the farthest row of the whole pool if its squared
    distance is at least `margin` d_k, where p_1 to p_{k-1} are among the picks before
    it. For distances only fall, so every row that stayed behind is nearer than that.
    Picks that are not certain are the next guess.

    A partition's state is a result on a worker, a pure function of its rows and of the
    picks, so that Dask can make it again.
    """

    def __init__(self, features: DaskArray, aligned: Rows | None = None) -> None:
        self.features = check_dask(features, "features")
        self.n_aligned: int = 0 if aligned is None else aligned.shape[0]
        self.aligned: Any = None if aligned is None else np.asarray(aligned)
        self.partitions = partitions(self.features)
        self.known: list[Any] = [None] * len(self.partitions)
        # Pages that nobody writes to take no memory.
        self.exact = np.zeros(self.features.shape[0])
        self.n_barriers = self.n_travelled = 0  # the latter in rows

    # ---------------------------------------------------------------- the answers

    def squared_distances(self) -> FloatArray:
        """Return each row's squared distance to its nearest aligned item."""
        self.n_barriers += 1
        return per_row(_squared_distances, self.features, self.aligned)

    def largest_distance(self) -> float:
        """Return the largest squared distance of any row to the aligned items."""
        self.known, largest = self._stage(
            _look, [()] * len(self.partitions), self.aligned
        )
        return max(largest)

    def pick(
        self, rows: IntArray, n_picks: int, with_distances: bool = False
    ) -> IntArray:
        """Return `n_picks` of the given rows, each the farthest when it was picked.

        `exact` of each pick is its squared distance at that time, infinity where there
        was no centre.
        """
        rows = np.asarray(rows)
        bounds = [start for _, start, _ in self.partitions] + [len(self.exact)]
        cuts = np.searchsorted(rows, bounds)
        parts = [
            rows[a:b] - start
            for a, b, start in zip(cuts[:-1], cuts[1:], bounds[:-1], strict=True)
        ]
        if self.n_aligned:
            picks, centres = [], self.aligned
        else:
            at, row = self._row_nearest_mean(parts, cuts)
            parts[at] = parts[at][parts[at] != row]
            picks = [row + bounds[at]]
            centres = take(self.features, picks)
            self.exact[picks] = np.inf
            self.n_barriers += 1
        self._pick(parts, picks, centres, n_picks)
        return np.array(picks)

    def _pick(
        self,
        parts: Sequence[IntArray],
        picks: list[int],
        centres: npt.NDArray[Any],
        n_picks: int,
    ) -> None:
        """Append to `picks` until there are as many as wanted."""
        n_left = n_picks - len(picks)
        if n_left == 0:
            return
        n_local = _shares([len(part) for part in parts], n_left)
        own = [
            (known, _pack(part, n), wanted)
            for known, part, (_, _, n), wanted in zip(
                self.known, parts, self.partitions, n_local, strict=True
            )
        ]
        states, replies = self._stage(_guess, own, centres)
        stack = _Stack(self.features)
        self._receive(stack, replies)
        most = max(4 * n_picks, SIZES.survivors)
        guess, distances = stack.greedy(centres, n_left)
        while len(guess):
            own = [(state,) for state in states]
            share = -(-most // len(own))
            states, replies = self._stage(
                _survivors, own, centres, stack.rows_of(guess), distances, share
            )
            self._receive(stack, replies)
            stop = min(reply[2] for reply in replies)
            margin = max(reply[3] for reply in replies)
            new, exact = stack.greedy(centres, n_left)
            n_sure = _certain(guess, margin * distances, stop, new, exact)
            if stop < len(guess):
                most *= 2  # too many rows were as far as a guess for all to travel
            sure = new[:n_sure]
            self.exact[sure] = exact[:n_sure]
            centres = np.concatenate([centres, stack.rows_of(sure)])
            picks.extend(sure)
            stack.drop(sure)
            n_left -= n_sure
            guess, distances = new[n_sure:], exact[n_sure:]

    def _receive(self, stack: "_Stack", replies: Sequence[Any]) -> None:
        rows = [
            reply[0] + start
            for reply, (_, start, _) in zip(replies, self.partitions, strict=True)
        ]
        stack.add(np.concatenate(rows), np.concatenate([reply[1] for reply in replies]))
        self.n_travelled += sum(map(len, rows))

    def _stage(
        self,
        function: Callable[..., tuple[Any, Any]],
        own: Sequence[tuple[Any, ...]],
        *common: Any,
    ) -> tuple[Any, list[Any]]:
        """Return new states, which stay on the workers, and the partitions' replies."""
        n_bytes = sum(np.asarray(argument).nbytes for argument in common)
        shared = [once(argument) for argument in common]
        both = [
            task(function, nout=2)(chunk, *arguments, *shared)
            for (chunk, _, _), arguments in zip(self.partitions, own, strict=True)
        ]
        self.n_barriers += 1
        states, replies = [s for s, _ in both], [r for _, r in both]
        return persist(states, replies, n_bytes)

    def _row_nearest_mean(
        self, parts: Sequence[IntArray], cuts: IntArray
    ) -> tuple[int, int]:
        """Return the row nearest the mean, as a partition and its row.

        The mean is summed in blocks of the same rows as `_distances.mean_row` does, for
        its last bit may decide. Blocks across the edge of a partition are summed here.
        """
        packed = [
            _pack(part, n)
            for part, (_, _, n) in zip(parts, self.partitions, strict=True)
        ]
        sums = gather(
            [
                task(_block_sums)(chunk, part, first)
                for (chunk, _, _), part, first in zip(
                    self.partitions, packed, cuts[:-1].tolist(), strict=True
                )
            ]
        )
        mean = _total(sums) / cuts[-1]
        shared = once(mean)
        nearest = gather(
            [
                task(_nearest)(chunk, part, shared)
                for (chunk, _, _), part in zip(self.partitions, packed, strict=True)
            ]
        )
        self.n_barriers += 2
        distances = [distance for distance, _ in nearest]
        at = int(np.argmin(distances))
        return at, nearest[at][1]


class _Stack:
    """Rows that have travelled, in the order of the pool."""

    def __init__(self, features: DaskArray) -> None:
        self.rows = np.empty(0, np.int64)
        self.values = np.empty((0, features.shape[1]), features.dtype)

    def add(self, rows: IntArray, values: npt.NDArray[Any]) -> None:
        order = np.concatenate([self.rows, rows]).argsort(kind="stable")
        self.values = np.concatenate([self.values, values])[order]
        self.rows = np.concatenate([self.rows, rows])[order]

    def drop(self, rows: IntArray) -> None:
        stay = ~np.isin(self.rows, rows)
        self.rows, self.values = self.rows[stay], self.values[stay]

    def rows_of(self, rows: IntArray) -> npt.NDArray[Any]:
        return self.values[np.searchsorted(self.rows, rows)]

    def greedy(
        self, centres: npt.NDArray[Any], n_picks: int
    ) -> tuple[IntArray, FloatArray]:
        """Return rows by greedy k-center, and their squared distances."""
        known = FarthestRows(self.values, centres)
        picks = known.pick(np.arange(len(self.rows)), n_picks, with_distances=True)
        return self.rows[picks], known.exact[picks]


def _certain(
    guess: IntArray, distances: FloatArray, stop: int, new: IntArray, exact: FloatArray
) -> int:
    """Return how many of the new picks the certificate holds for.

    At step `stop` of the guess some survivors have not travelled.
    """
    k, found = 0, set()
    for n_sure, (row, distance) in enumerate(zip(new.tolist(), exact, strict=True)):
        while k < len(guess) and guess[k] in found:
            k += 1
        if k >= min(stop, len(guess)) or distance < distances[k]:
            return n_sure
        found.add(row)
    return len(new)


def _shares(sizes: Sequence[int], n_picks: int) -> list[int]:
    """Return how many rows each partition picks for the first guess."""
    share = min(n_picks, -(-GUESSED * n_picks // len(sizes)))
    while sum(min(size, share) for size in sizes) < n_picks:
        share *= 2
    return [min(size, share) for size in sizes]


def _total(sums: Sequence[Sums]) -> FloatArray:
    """Return the sum of rows from `_block_sums` of one partition after the other."""
    blocks, edge = [], []  # the latter: rows of a block that is not complete yet
    for head, whole, tail in sums:
        edge.append(head)
        if whole or len(tail):
            if any(map(len, edge)):
                blocks.append(_sum(np.concatenate(edge)))
            blocks += whole
            edge = [tail]
    if any(map(len, edge)):
        blocks.append(_sum(np.concatenate(edge)))
    return np.sum(blocks, axis=0)


# -------------------------------------------------------------------- on workers


def _squared_distances(
    rows: npt.NDArray[Any], start: int, aligned: npt.NDArray[Any]
) -> FloatArray:
    return FarthestRows(rows, aligned).squared_distances()


def _look(chunk: npt.ArrayLike, aligned: npt.NDArray[Any]) -> tuple[Kept, float]:
    """Return what is known of a partition's distances, and the largest of them."""
    known = FarthestRows(contiguous(chunk), aligned)
    largest = known.largest_distance()
    return _without_rows(known), largest


def _guess(
    chunk: npt.ArrayLike,
    kept: Kept | None,
    eligible: npt.NDArray[np.uint8],
    n_picks: int,
    centres: npt.NDArray[Any],
) -> tuple[State, tuple[IntArray, npt.NDArray[Any]]]:
    """Return a partition's state, and the picks from its own rows."""
    chunk = contiguous(chunk)
    left = _unpack(eligible, len(chunk))
    if kept is None:
        kept, _ = _look(chunk, centres)
    picks = left[:0]
    if n_picks:
        picks = np.sort(_with_rows(kept, chunk, centres).pick(left, n_picks))
    return (kept, np.setdiff1d(left, picks)), (picks, chunk[picks])


def _survivors(
    chunk: npt.ArrayLike,
    state: State,
    centres: npt.NDArray[Any],
    guess: npt.NDArray[Any],
    distances: FloatArray,
    share: int,
) -> tuple[State, tuple[IntArray, npt.NDArray[Any], int, float]]:
    """Return the new state and the rows that come near a guess when it is picked.

    The reply also says what is true of the rows that stay: up to a step of the guess,
    all are nearer than so many times the guess. Those that are not nearer than the
    guess itself travel first, by the earliest step.
    """
    chunk = contiguous(chunk)
    kept, left = state
    known = _with_rows(kept, chunk, centres)
    turned = known.centres.as_turned(read(guess, slice(None)))
    lowest = MARGIN * distances[-1]
    known._refresh(left, lowest - known.slack)
    near = left[known.bound[left] >= lowest - known.slack]
    step, ratio = _follow(known, near, turned, distances)
    order = np.lexsort([near, -ratio, step])
    near, step, ratio = near[order], step[order], ratio[order]
    stop, margin = len(distances), MARGIN
    if len(near) > share:
        stop = int(step[share])
        margin = max(MARGIN, min(1.0, (1 + 1e-9) * ratio[share:].max()))
    rows = np.sort(near[:share])
    state = _without_rows(known), np.setdiff1d(left, rows)
    return state, (rows, chunk[rows], stop, margin)


def _follow(
    known: FarthestRows, rows: IntArray, turned: FloatArray, distances: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return the step at which each row is as far as the guess, and how far it comes.

    The number of steps where there is none; the largest ratio of its squared distance
    to that of the guess, from above.
    """
    first, ratio = np.full(len(rows), len(distances)), np.zeros(len(rows))
    inverse = 1 / np.maximum(distances, np.finfo(known.dtype).tiny)
    for some in batches(len(rows)):
        at = np.arange(some.start, some.stop)
        x, bound = known._points(rows[at]), known.bound[rows[at]]
        # These points may have raised the slack.
        floors = distances[:, None] - known.slack
        lowest = MARGIN * distances[-1] - known.slack
        for block in batches(len(distances), SIZES.steps):
            squared = np.concatenate([bound[None], turned[block] @ x.T])
            np.minimum.accumulate(squared, axis=0, out=squared)
            far = squared[:-1] >= floors[block]
            found = far.any(axis=0)
            first[at[found]] = block.start + far[:, found].argmax(axis=0)
            relative = ((squared[:-1] + known.slack) * inverse[block, None]).max(axis=0)
            ratio[at] = np.maximum(ratio[at], relative)
            stay = ~found & (squared[-1] >= lowest)
            at, x, bound = at[stay], x[stay], squared[-1, stay]
            if not len(at):
                break
    return first, ratio


def _block_sums(
    chunk: npt.ArrayLike, eligible: npt.NDArray[np.uint8], first: int
) -> Sums:
    """Return the sums of whole blocks of rows, and the rows of blocks cut by an edge.

    `first` is the number of eligible rows in the partitions before.
    """
    chunk, size = contiguous(chunk), SIZES.rows
    rows = _unpack(eligible, len(chunk))
    head = min(-first % size, len(rows))
    tail = head + (len(rows) - head) // size * size
    whole = [
        _sum(read(chunk, rows[start : start + size]))
        for start in range(head, tail, size)
    ]
    return read(chunk, rows[:head]), whole, read(chunk, rows[tail:])


def _sum(block: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        total = block.astype(np.float64, copy=False).sum(axis=0)
    if not np.isfinite(total).all():
        check_values(block, "features")
    return total


def _nearest(
    chunk: npt.ArrayLike, eligible: npt.NDArray[np.uint8], point: FloatArray
) -> tuple[float, int]:
    """Return the squared distance of the row nearest the point, and that row."""
    chunk = contiguous(chunk)
    best = np.inf, -1
    rows = _unpack(eligible, len(chunk))
    for some in batches(len(rows)):
        block = read(chunk, rows[some]).astype(np.float64)
        squared = ((block - point) ** 2).sum(axis=1)
        at = squared.argmin()
        if squared[at] < best[0]:
            best = squared[at], int(rows[some][at])
    return best


def _without_rows(known: FarthestRows) -> Kept:
    """Return what is known of the rows' distances, as a dict."""
    kept = {name: getattr(known, name) for name in KEPT}
    # How wrong the bounds may be: rows that are not read again would not tell.
    centres = known.centres
    return kept | {"order": centres.order, "largest": centres.space.largest}


def _with_rows(
    kept: Kept, chunk: npt.NDArray[Any], centres: npt.NDArray[Any]
) -> FarthestRows:
    """Return `FarthestRows` that know that, in which all centres are aligned items."""
    known = FarthestRows(chunk, centres)
    kept = copy.deepcopy(kept)
    known.centres.space.reach(kept.pop("largest"))
    order = kept.pop("order")
    new = np.arange(len(order), len(centres))
    known.centres.put_in(np.concatenate([order, new]))
    vars(known).update(kept)
    return known


def _pack(rows: IntArray, n: int) -> npt.NDArray[np.uint8]:
    """Return rows as bits, which are small to send."""
    mask = np.zeros(n, bool)
    mask[rows] = True
    return np.packbits(mask)


def _unpack(bits: npt.NDArray[np.uint8], n: int) -> IntArray:
    return np.flatnonzero(np.unpackbits(bits, count=n))
