"""Which items may be partners: the most similar of each, looked up both ways."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._threads import count_threads, in_threads, stream
from ..arrays._verbs import unit

N_CANDIDATES = 20  # of each row, looked up both ways
ALL_PAIRS = 2**16  # of so many pairs all are candidates
TIE = 1e-5  # cosines that differ by less are equal
N_DRAWN = 1000  # rows of either side, or up to twice as many, tell the spread of all


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs that may be partners, as a sparse graph; each is there once.

    Parameters
    ----------
    x, y : ndarray of shape (n_edges,)
        Rows of either side, sorted by x and then y.
    similarity : ndarray of shape (n_edges,)
        Their cosine.
    shape : tuple of two ints
        Rows of both sides.
    spread : float
        The standard deviation of similarities over all pairs, as drawn ones have it.
    """

    x: IntArray
    y: IntArray
    similarity: FloatArray
    shape: tuple[int, int]
    spread: float

    @property
    def are_all(self) -> bool:
        """Whether every pair is an edge."""
        return len(self.x) == self.shape[0] * self.shape[1]


def find_edges(X: FloatArray, Y: FloatArray, k: int = N_CANDIDATES) -> Edges:
    """Return the k most similar rows of each row of both sides, as pairs.

    Of few pairs all are returned. Of equally similar rows each row prefers others, so
    that no row is a candidate of none.

    Parameters
    ----------
    X, Y : ndarray of shape (n_x, n_features) and (n_y, n_features)
        Features of both sides in one space.
    k : int, default=20
        How many of each.

    Returns
    -------
    Edges
        The pairs.
    """
    shape = len(X), len(Y)
    X, Y = _unit(X), _unit(Y)
    spread = _spread(X, Y)
    if shape[0] * shape[1] <= ALL_PAIRS:
        x, y = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
        return Edges(x, y, (X @ Y.T).ravel(), shape, spread)
    of_x, of_y = _best_both_ways(X, Y, k)
    del X, Y
    return _joined(of_x, of_y, shape, spread)


class _Best(NamedTuple):
    """What is the most similar to each of n rows, in no order; -1 where there is none.

    `of` are k numbers of rows, or of groups of them, `values` their similarities.
    """

    of: IntArray
    values: FloatArray


@dataclass(frozen=True)
class _Groups:
    """Rows cut into groups of about `size`, of neighbours each in another.

    First only the best of each group is looked at: the k best rows are in the k best
    groups. The size makes that as much work as looking at these afterwards.
    """

    n: int
    size: int

    @property
    def n_groups(self) -> int:
        return -(-self.n // self.size)

    def rows(self, group: int) -> slice:
        return slice(group, self.n, self.n_groups)


def _best_both_ways(X: FloatArray, Y: FloatArray, k: int) -> tuple[_Best, _Best]:
    """Return the k most similar rows of each row of both sides."""
    groups = [_Groups(len(own), max(1, int(np.sqrt(len(own) / k)))) for own in (X, Y)]
    of_x, of_y = _best_groups(X, Y, k, groups)
    return _best_rows(X, Y, of_x, k, groups[1]), _best_rows(Y, X, of_y, k, groups[0])


# ------------------------------------------------------------------ groups


def _best_groups(
    X: FloatArray, Y: FloatArray, k: int, groups: list[_Groups]
) -> tuple[IntArray, IntArray]:
    """Return the k groups with the most similar row, for each row of both sides."""
    of_x = np.full((len(X), min(k, groups[1].n_groups)), -1, dtype=np.int32)
    of_y = _Best(
        np.full((len(Y), k), -1, dtype=np.int32),
        np.full((len(Y), k), -np.inf, dtype=np.float32),
    )
    size = max(1, SIZES.matched_rows // groups[0].size)
    n_bytes = 4 * size * (3 * len(Y) + 3 * groups[0].size * groups[1].n_groups)
    n_threads = count_threads(X, 0, n_bytes, "matching")
    look = partial(_look, X, Y, groups, of_x)
    for block, best in stream(look, groups[0].n_groups, n_threads, size):
        _take_in(of_y, best, np.arange(block.start, block.stop, dtype=np.int32))
    return of_x, of_y.of


def _look(
    X: FloatArray, Y: FloatArray, groups: list[_Groups], of_x: IntArray, block: slice
) -> tuple[slice, FloatArray]:
    """Compare some groups of X with all of Y.

    Write down the best groups of each of their rows, and return the largest similarity
    of each row of Y to each group, of shape (n_groups, n_y).
    """
    (x, y), own = groups, np.arange(block.start, block.stop)
    rows = own + x.n_groups * np.arange(x.size)[:, None]
    rows = np.where(rows < x.n, rows, own)  # of what is missing the first once more
    X = X[rows.ravel()]
    of_groups = np.full((*rows.shape, y.n_groups), -np.inf, dtype=np.float32)
    best = np.empty((len(own), y.n), dtype=np.float32)
    n_tiles = -(-y.n_groups // SIZES.matched_rows)
    width = -(-y.n_groups // n_tiles)
    tile = np.empty(rows.size * width, dtype=np.float32)  # new memory is slow
    for start in range(0, y.n_groups, width):
        for first in range(start, y.n, y.n_groups):  # of each group a row at a time
            end = min(first + width, first - start + y.n_groups, y.n)
            part = tile[: rows.size * (end - first)].reshape(rows.size, -1)
            similarity = np.matmul(X, Y[first:end].T, out=part)
            similarity = similarity.reshape(*rows.shape, -1)
            similarity.max(axis=0, out=best[:, first:end])
            seen = of_groups[..., start : start + end - first]
            np.maximum(seen, similarity, out=seen)
    of_groups = of_groups.reshape(-1, y.n_groups)
    rows = rows.ravel()
    of_groups += _preference(rows[:, None], np.arange(y.n_groups))
    of_x[rows] = _largest(of_groups, of_x.shape[1])
    best += _preference(np.arange(y.n), own[:, None])
    return block, best


def _take_in(seen: _Best, values: FloatArray, numbers: IntArray) -> None:
    """Take in values of further groups, of shape (n_groups, n)."""
    k = seen.of.shape[1]
    better = np.flatnonzero(values.max(axis=0) > seen.values.min(axis=1))
    size = max(1, SIZES.matched_values // (k + len(numbers)))
    for start in range(0, len(better), size):
        at = better[start : start + size]
        both = np.concatenate([seen.values[at], values[:, at].T], axis=1)
        of = np.concatenate([seen.of[at], np.tile(numbers, (len(at), 1))], axis=1)
        kept = _largest(both, k)
        seen.values[at] = np.take_along_axis(both, kept, axis=1)
        seen.of[at] = np.take_along_axis(of, kept, axis=1)


# ------------------------------------------------------------------ rows


def _best_rows(
    X: FloatArray, Y: FloatArray, best: IntArray, k: int, groups: _Groups
) -> _Best:
    """Return the k most similar rows of each row, which are in its best groups."""
    k = min(k, groups.n)
    found = _Best(
        np.empty((len(X), k), dtype=np.int32), np.empty((len(X), k), dtype=np.float32)
    )
    n_values = best.shape[1] * groups.size

    def look(block: slice) -> None:
        X_block, of = X[block], best[block]
        values = np.full((of.size, groups.size), -np.inf, dtype=np.float32)
        order = np.argsort(of.ravel(), kind="stable")  # rows that share a group
        ends = np.searchsorted(of.ravel()[order], np.arange(groups.n_groups + 1))
        for group in np.unique(of[of >= 0]):
            at = order[ends[group] : ends[group + 1]]
            similarity = X_block[at // of.shape[1]] @ Y[groups.rows(group)].T
            values[at, : similarity.shape[1]] = similarity
        values = values.reshape(len(of), -1)
        rows = of[:, :, None] + groups.n_groups * np.arange(groups.size, dtype=np.int32)
        rows = rows.reshape(values.shape)
        own = np.arange(block.start, block.start + len(of))[:, None]
        kept = _largest(values + _preference(own, rows), k)
        found.of[block] = np.take_along_axis(rows, kept, axis=1)
        found.values[block] = np.take_along_axis(values, kept, axis=1)

    size = max(1, SIZES.matched_values // n_values)
    in_threads(
        look, len(X), count_threads(X, 0, 32 * size * n_values, "matching"), size
    )
    return found


def _largest(values: FloatArray, k: int) -> IntArray:
    """Return where the k largest values of each row are, in no order."""
    if k == values.shape[1]:
        return np.broadcast_to(np.arange(k), values.shape)
    return np.argpartition(values, -k, axis=1)[:, -k:]


def _preference(own: IntArray, others: IntArray) -> FloatArray:
    """Return which of equal ones are preferred, less than `TIE`: by each row others.

    So no row is a candidate of none.
    """
    mixed = own.astype(np.uint32) * np.uint32(2_654_435_761)
    mixed = mixed ^ (others.astype(np.uint32) * np.uint32(2_246_822_519))
    mixed ^= mixed >> np.uint32(15)  # the rounds of a hash
    mixed *= np.uint32(739_982_445)
    mixed >>= np.uint32(8)
    return mixed * np.float32(TIE / 2**24)


def _joined(of_x: _Best, of_y: _Best, shape: tuple[int, int], spread: float) -> Edges:
    """Return the pairs that were found either way, each once."""
    keys = [
        np.arange(shape[0])[:, None] * shape[1] + of_x.of,
        of_y.of.astype(np.int64) * shape[1] + np.arange(shape[1])[:, None],
    ]
    key = np.concatenate([own.ravel() for own in keys])
    del keys
    order = np.argsort(key, kind="stable")  # np.unique holds twice as much
    key = key[order]
    is_first = np.append(True, key[1:] != key[:-1])
    key = key[is_first]
    order = order[is_first]
    values = np.concatenate([of_x.values.ravel(), of_y.values.ravel()])[order]
    del order
    x = (key // shape[1]).astype(np.int32)
    key %= shape[1]
    return Edges(x, key.astype(np.int32), values, shape, spread)


def _spread(X: FloatArray, Y: FloatArray) -> float:
    """Return the standard deviation of similarities, of 1,000 to 1,999 rows each.

    These are in equal steps; of fewer rows all are taken.
    """
    some = [rows[:: max(1, len(rows) // N_DRAWN)] for rows in (X, Y)]
    return float((some[0] @ some[1].T).std())


def _unit(rows: FloatArray) -> FloatArray:
    """Return the rows of length one; little more than these are in memory."""
    scaled = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), SIZES.rows):
        block = slice(start, start + SIZES.rows)
        scaled[block] = unit(np.asarray(rows[block], dtype=np.float32))
    return scaled
