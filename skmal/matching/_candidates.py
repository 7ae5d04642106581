"""Which items may be partners: the most similar of each, looked up both ways."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._verbs import unit

N_CANDIDATES = 20  # of each row, looked up both ways
ALL_PAIRS = 2**16  # of so many pairs all are candidates
EXACT = 2**33  # of more pairs only those in neighbouring cells are looked at
CELL = 2048  # rows of the second side in a cell, on average
N_PROBED = 32  # cells in which partners of a row are looked for
STEP = 2_654_435_761  # a prime near 2**32 over the golden ratio: spreads well
N_DRAWN = 1000  # rows of either side whose similarities tell the spread of all


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

    Of few pairs all are returned. Of very many, similar rows are looked for in
    neighbouring cells alone, and some are missed.

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
    spread = _spread(X, Y)
    if shape[0] * shape[1] <= ALL_PAIRS:
        x, y = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
        return Edges(x, y, (_unit(X) @ _unit(Y).T).ravel(), shape, spread)
    of_x, of_y = _Best(shape[0], shape[1], k), _Best(shape[1], shape[0], k)
    for x_rows, y_rows in _blocks(X, Y):
        similarity = _unit(X[x_rows]) @ _unit(Y[y_rows]).T
        of_x.look(similarity, x_rows, y_rows)
        of_y.look(similarity.T, y_rows, x_rows)
    pairs = [*of_x.pairs(), *of_y.pairs()[::-1]]
    x, y = np.concatenate(pairs[0::2]), np.concatenate(pairs[1::2])
    del pairs
    values = np.concatenate([of_x.values[of_x.rows >= 0], of_y.values[of_y.rows >= 0]])
    key = x.astype(np.int64) * shape[1] + y
    _, first = np.unique(key, return_index=True)
    return Edges(x[first], y[first], values[first], shape, spread)


class _Best:
    """The most similar of m rows for each of n so far; -1 where there are fewer.

    Of equals each of the n prefers others, so that no row is a candidate of none.
    """

    def __init__(self, n: int, m: int, k: int) -> None:
        self.m, self.k = m, k
        self.values = np.full((n, k), -np.inf, dtype=np.float32)
        self.rows = np.full((n, k), -1, dtype=np.int32)

    def look(self, similarity: FloatArray, own: IntArray, others: IntArray) -> None:
        """Take in similarities of `own` rows to `others`."""
        least = np.maximum(_least(similarity, self.k), self.values[own, -1])
        at, column = np.nonzero(similarity >= least[:, None])
        value = similarity[at, column]
        row = others[column]
        # The old ones and the new ones of each row, best first.
        at_old = np.repeat(np.arange(len(own)), self.k)
        at = np.concatenate([at_old, at])
        value = np.concatenate([self.values[own].ravel(), value])
        row = np.concatenate([self.rows[own].ravel(), row])
        ahead = (row - own[at].astype(np.int64) * STEP) % self.m
        order = np.lexsort([ahead, -value, at])
        at, value, row = at[order], value[order], row[order]
        place = np.arange(len(at)) - np.searchsorted(at, np.arange(len(own)))[at]
        is_best = place < self.k
        shape = len(own), self.k
        self.values[own] = value[is_best].reshape(shape)
        self.rows[own] = row[is_best].reshape(shape)

    def pairs(self) -> tuple[IntArray, IntArray]:
        """Return (row, one of its most similar) for all of them."""
        at, place = np.nonzero(self.rows >= 0)
        return at.astype(np.int32), self.rows[at, place]


def _least(similarity: FloatArray, k: int) -> FloatArray:
    """Return, per row, a value that at least k of its similarities reach, or -inf.

    Each of the k best groups has a value as large as the least of their maxima.
    """
    n, m = similarity.shape
    size = m // (4 * k)
    if size < 2:
        return np.full(n, -np.inf, dtype=np.float32)
    whole = similarity[:, : m - m % size]
    if similarity.flags.c_contiguous:
        groups = whole.reshape(n, -1, size).max(axis=2)
    else:  # transposed: groups of rows that lie apart are read along the memory
        n_groups = whole.shape[1] // size
        groups = whole.T.reshape(size, n_groups, n).max(axis=0).T
    return np.partition(groups, -k, axis=1)[:, -k]


def _blocks(X: FloatArray, Y: FloatArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield rows of both sides to compare, all or those in neighbouring cells."""
    n_x, n_y = len(X), len(Y)
    if n_x * n_y <= EXACT:
        every = np.arange(n_y, dtype=np.int32)
        size = max(1, SIZES.matched_values // n_y)
        for start in range(0, n_x, size):
            yield np.arange(start, min(start + size, n_x)), every
        return
    from sklearn.cluster import MiniBatchKMeans

    cells = MiniBatchKMeans(
        max(1, n_y // CELL), batch_size=2048, n_init=1, max_iter=20, random_state=0
    )
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.permutation(n_y)[: 64 * max(1, n_y // CELL)])
    centres = _unit(cells.fit(_unit(Y[drawn])).cluster_centers_)
    probed = min(N_PROBED, len(centres))
    of_y = _nearest_cells(Y, centres, 1)[:, 0]
    of_x = _nearest_cells(X, centres, probed)
    visits = np.argsort(of_x.ravel(), kind="stable")
    ends = np.searchsorted(of_x.ravel()[visits], np.arange(len(centres) + 1))
    members = np.argsort(of_y, kind="stable").astype(np.int32)
    bounds = np.searchsorted(of_y[members], np.arange(len(centres) + 1))
    for cell in range(len(centres)):
        y_rows = members[bounds[cell] : bounds[cell + 1]]
        x_rows = visits[ends[cell] : ends[cell + 1]] // probed
        if len(y_rows) == 0:
            continue
        size = max(1, SIZES.matched_values // len(y_rows))
        for start in range(0, len(x_rows), size):
            yield x_rows[start : start + size], y_rows


def _nearest_cells(rows: FloatArray, centres: FloatArray, n: int) -> IntArray:
    """Return the n most similar centres of each row."""
    nearest = np.empty((len(rows), n), dtype=np.int16)
    for start in range(0, len(rows), SIZES.rows):
        block = slice(start, start + SIZES.rows)
        similarity = _unit(rows[block]) @ centres.T
        nearest[block] = np.argpartition(similarity, -n, axis=1)[:, -n:]
    return nearest


def _spread(X: FloatArray, Y: FloatArray) -> float:
    """Return the standard deviation of similarities, of at most 1,000 rows each."""
    some = [_unit(rows[:: max(1, len(rows) // N_DRAWN)]) for rows in (X, Y)]
    return float((some[0] @ some[1].T).std())


def _unit(rows: FloatArray) -> FloatArray:
    return unit(np.asarray(rows, dtype=np.float32))
