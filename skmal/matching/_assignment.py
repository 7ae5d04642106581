"""Who belongs to whom, when each partner can be given once."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from .._shared.types import FloatArray, IntArray
from ._candidates import Edges

SHARPNESS = 0.5  # the temperature, in standard deviations of all similarities
N_SCALINGS = 20  # of rows and columns
MOST_EXACT = 30_000  # rows of either side up to which the best assignment is found


def partner_shares(edges: Edges, n_partners: IntArray) -> FloatArray:
    """Return how likely each pair is, as similarities alone tell it.

    Exponentials of the similarities, scaled by turns so that those of a row of x sum to
    its number of partners and those of a row of y to one (Sinkhorn). Rows that are
    similar to everything lose by it.

    Parameters
    ----------
    edges : Edges
        The pairs.
    n_partners : ndarray of shape (n_x,)
        How many partners each row of x can have.

    Returns
    -------
    ndarray of shape (n_edges,), float64
        In [0, 1] for rows of one partner.
    """
    temperature = max(SHARPNESS * edges.spread, 1e-6)
    n_x, n_y = edges.shape
    best = np.full(n_x, -np.inf)
    np.maximum.at(best, edges.x, edges.similarity)
    shares = np.exp((edges.similarity - best[edges.x]) / temperature)
    for _ in range(N_SCALINGS):
        for rows, n, wanted in ((edges.x, n_x, n_partners), (edges.y, n_y, None)):
            sums = np.maximum(np.bincount(rows, shares, n), 1e-300)
            shares /= (sums if wanted is None else sums / wanted)[rows]
    return shares


def shares_of_equals(
    edges: Edges, shares: FloatArray, same: tuple[IntArray, IntArray]
) -> FloatArray:
    """Return how likely each pair is, or another that nothing tells from it.

    Items that are equal share what is likely of them: the sum over equal pairs, divided
    among the equals of the side that has fewer.

    Parameters
    ----------
    edges : Edges
        The pairs.
    shares : ndarray of shape (n_edges,)
        How likely each is.
    same : tuple of two arrays, of shape (n_x,) and (n_y,)
        A number for each row, equal for equal items.

    Returns
    -------
    ndarray of shape (n_edges,)
        In [0, 1].
    """
    x, y = (np.unique(own, return_inverse=True)[1] for own in same)
    n_x, n_y = np.bincount(x), np.bincount(y)
    if len(n_x) == len(x) and len(n_y) == len(y):
        return np.clip(shares, 0, 1)
    key = x[edges.x].astype(np.int64) * len(n_y) + y[edges.y]
    pairs = np.unique(key, return_inverse=True)[1]
    sums = np.bincount(pairs, shares)[pairs]
    return np.clip(sums / np.minimum(n_x[x[edges.x]], n_y[y[edges.y]]), 0, 1)


def assign(edges: Edges, weights: FloatArray, n_partners: IntArray) -> IntArray:
    """Return the edges of the one-to-one assignment with the largest sum of weights.

    A row may stay without a partner. With more than 30,000 rows on a side the heaviest
    edges are taken, one after the other, which is nearly as good.

    Parameters
    ----------
    edges : Edges
        The pairs.
    weights : ndarray of shape (n_edges,)
        At least 0.
    n_partners : ndarray of shape (n_x,)
        How many partners each row of x can have.

    Returns
    -------
    ndarray of int
        Numbers of edges, rising.
    """
    x, y, (n_x, n_y) = edges.x, edges.y, edges.shape
    if n_partners.max(initial=1) == 1:
        return _assigned(x, y, weights, (n_x, n_y))
    # A row of x stands there once for each of its partners.
    times = n_partners[x]
    starts = np.concatenate([[0], np.cumsum(n_partners)[:-1]])
    number = np.repeat(np.arange(len(x)), times)
    within = np.arange(len(number)) - np.repeat(np.cumsum(times) - times, times)
    copy_of, n_copies = starts[x[number]] + within, int(n_partners.sum())
    chosen = _assigned(copy_of, y[number], weights[number], (n_copies, n_y))
    return number[chosen]


def _assigned(
    x: IntArray, y: IntArray, weight: FloatArray, shape: tuple[int, int]
) -> IntArray:
    """Return the edges of the assignment where rows of x have one partner, too."""
    n_x, n_y = shape
    if len(x) == n_x * n_y and len(x):
        dense = np.empty((n_x, n_y))
        dense[x, y] = weight
        at = np.empty((n_x, n_y), dtype=np.int64)
        at[x, y] = np.arange(len(x))
        return np.sort(at[linear_sum_assignment(dense, maximize=True)])
    if max(n_x, n_y) > MOST_EXACT:
        return np.sort(_heaviest_first(x, y, weight, shape))
    # Columns beyond those of y stand for having no partner.
    rows = np.concatenate([x, np.arange(n_x)])
    columns = np.concatenate([y, n_y + np.arange(n_x)])
    largest = 1 + weight.max(initial=0.0)
    costs = np.concatenate([largest - weight, np.full(n_x, largest)])
    graph = coo_array((costs, (rows, columns)), shape=(n_x, n_y + n_x)).tocsr()
    given, taken = min_weight_full_bipartite_matching(graph)
    is_pair = taken < n_y
    chosen = given[is_pair].astype(np.int64) * n_y + taken[is_pair]
    return np.flatnonzero(np.isin(x.astype(np.int64) * n_y + y, chosen))


def _heaviest_first(
    x: IntArray, y: IntArray, weight: FloatArray, shape: tuple[int, int]
) -> IntArray:
    """Return the edges that are taken when the heaviest free one always is.

    All edges that are the heaviest of both their rows are taken at once.
    """
    left = np.argsort(-weight, kind="stable")  # a place in it tells ties apart
    place = np.arange(len(left))
    taken: list[IntArray] = []
    while len(left):
        first = [np.full(n, len(weight)) for n in shape]
        for own, rows in zip(first, (x, y), strict=True):
            np.minimum.at(own, rows[left], place)
        is_first = (first[0][x[left]] == place) & (first[1][y[left]] == place)
        now = left[is_first]
        taken.append(now)
        is_free = [np.ones(n, dtype=bool) for n in shape]
        is_free[0][x[now]] = False
        is_free[1][y[now]] = False
        free = is_free[0][x[left]] & is_free[1][y[left]]
        left, place = left[free], place[free]
    return np.concatenate([np.empty(0, dtype=np.int64), *taken])
