"""ProbCover: balls around known items that hold as much of the pool as can be."""

import numpy as np
from scipy.sparse import csr_array, diags_array

from .._shared.parameters import check_integer
from .._shared.types import BoolArray, FloatArray, IntArray, RandomState
from ..arrays._block_math import cells
from ..arrays._distances import Space, direct_differences
from ..arrays._numbers import unit_floats
from ..uncertainty._nearest import query_blocks
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import check_modality, choose_modality

N_NEAREST = 2000  # rows whose neighbors decide the radius


class ProbCover(QueryStrategy):
    """Ask about the items whose surroundings hold most that no known item covers.

    An item covers all items within a radius of it. Asked is, one by one, about the item
    that covers most items that are not covered yet. Made for few answers; where all is
    covered, it asks about the densest items.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    n_neighbors : int, default=20
        The radius is the median distance of an open item to this neighbor of it.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    MaxHerding : The same with a smooth kernel in place of balls.

    Notes
    -----
    What had to change for two pools: the paper chooses the radius so that balls hold
    items of one class, of as many k-means clusters as there are classes. Here are no
    classes, and partners take their place, each of its own; so the radius comes from
    distances. Known are the aligned items of the modality that is asked about. Features
    are the round's `open_inputs` and `aligned_inputs`, scaled to rows of length one.

    Utilities are the numbers of newly covered items, the item itself among them, plus
    their mean closeness (from 0 at the radius to 1). Of equal ones the item most like
    the pool's mean wins, then the lowest row. O(n^2 d) time for n items, and memory for
    about n times `n_neighbors` neighbors; where many items are nearly the same, for the
    square of their number. Its items are read as an array.

    References
    ----------
    .. [1] Yehuda, O., Dekel, A., Hacohen, G. and Weinshall, D. (2022). "Active Learning
       Through a Covering Lens". NeurIPS. https://arxiv.org/abs/2205.11320

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, ProbCover, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), ProbCover(n_neighbors=3))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        n_neighbors: int = 20,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.n_neighbors = n_neighbors
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_integer(self.n_neighbors, "n_neighbors", minimum=1)

    def select(self, round: Round) -> Selection:
        """Choose the items that cover most.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order picked.
        """
        modality, gap, _ = choose_modality(round, self.modality)
        rows = unit_floats(round.open_inputs[modality]).astype(np.float64)
        known = unit_floats(round.aligned_inputs[modality]).astype(np.float64)
        radius = _radius(rows, self.n_neighbors)
        covered = np.zeros(len(rows), dtype=bool)
        if len(known):
            covered[_pairs_within(known, rows, radius)[1]] = True
        balls = _balls(rows, radius)
        likeness = rows @ rows.mean(axis=0)  # to the pool, where gains are equal
        picks, utilities = _greedy_cover(balls, covered, likeness, round.n_instances)
        return Selection(picks, utilities, modality, gap)


def _radius(rows: FloatArray, n_neighbors: int) -> float:
    """Return the median distance to this neighbor, of some rows in equal steps."""
    from sklearn.neighbors import NearestNeighbors

    n_neighbors = min(n_neighbors, len(rows) - 1)
    if n_neighbors < 1:
        return 0.0
    # In an order of their own, so that the order of the pool does not matter.
    some = _sorted(rows.round(9))[:: max(1, len(rows) // N_NEAREST)]
    nearest = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(rows)
    distance, _ = nearest.kneighbors(rows[some])
    return float(np.median(distance[:, -1]))


def _sorted(rows: FloatArray) -> IntArray:
    """Return the order of rows by the last column, ties by the one before, and so on.

    That is `np.lexsort` of all columns, of which most rows need only one.
    """
    order = np.argsort(rows[:, -1], kind="stable")
    is_next = np.diff(rows[order, -1]) == 0
    tied = np.flatnonzero(np.append(is_next, False) | np.append(False, is_next))
    among = np.sort(order[tied])
    order[tied] = among[np.lexsort(rows[among].T)]
    return order


def _balls(rows: FloatArray, radius: float) -> csr_array:
    """Return 1 + closeness / (n + 1) where a row's ball holds another, or itself.

    A sum of these is the number of rows held, and less than 1 that breaks ties.
    """
    n = len(rows)
    first, second, distance = _pairs_within(rows, rows, radius, is_above=True)
    closeness = 1 - np.clip(distance / radius, 0, 1) if radius > 0 else 0 * distance
    data = 1 + closeness.round(9) / (n + 1)
    above = csr_array((data, (first, second)), shape=(n, n))
    own = np.full(n, 1 + (radius > 0) / (n + 1))
    return csr_array(above + above.T + diags_array(own))


def _pairs_within(
    rows: FloatArray, others: FloatArray, radius: float, is_above: bool = False
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return pairs (row, other) at most the radius apart, and their distances.

    Distances are direct differences in float64, of those that float32 does not exclude.
    `is_above` leaves out pairs whose second number is not above the first.
    """
    space = Space(np.zeros(rows.shape[1]), np.dtype(np.float32), None)
    points = space.points(rows, "features")
    centres = space.turned(space.points(others, "features"))
    limit = radius**2 + 2 * space.slack
    found = []
    for some in query_blocks(len(rows), len(others)):
        start = some.start if is_above else 0
        at, columns = cells(points[some] @ centres[start:].T <= limit)
        at, columns = at + some.start, columns + start
        if is_above:
            at, columns = at[columns > at], columns[columns > at]
        distance = np.sqrt(direct_differences(rows, at, others, columns))
        inside = distance.round(9) <= round(radius, 9)
        found.append((at[inside], columns[inside], distance[inside]))
    first, second, distances = map(np.concatenate, zip(*found, strict=True))
    return first, second, distances


def _greedy_cover(
    balls: csr_array, covered: BoolArray, likeness: FloatArray, n: int
) -> tuple[IntArray, FloatArray]:
    """Return the rows that cover most, one after the other, and how much they add."""
    covered = covered.copy()
    degree = balls.sum(axis=1)
    gain = balls @ (~covered).astype(np.float64)
    taken = np.zeros(len(covered), dtype=bool)
    picks = np.empty(n, dtype=np.int64)
    utilities = np.empty(n)
    for i in range(n):
        worth = np.where(taken, -np.inf, gain.round(9))
        if worth.max() <= 0:  # all is covered
            worth = np.where(taken, -np.inf, degree.round(9))
        best = np.flatnonzero(worth == worth.max())
        pick = int(best[likeness[best].round(9).argmax()])
        picks[i], utilities[i] = pick, max(gain[pick].round(9), 0.0)
        taken[pick] = True
        # What it covers adds nothing to others any more: distances are symmetric.
        start, end = balls.indptr[pick], balls.indptr[pick + 1]
        new = balls.indices[start:end]
        new = new[~covered[new]]
        covered[new] = True
        for row in new:
            start, end = balls.indptr[row], balls.indptr[row + 1]
            gain[balls.indices[start:end]] -= balls.data[start:end]
    return picks, utilities
