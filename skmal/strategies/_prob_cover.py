"""ProbCover: balls around known items that hold as much of the pool as can be."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from .._shared.parameters import check_integer
from .._shared.types import BoolArray, FloatArray, IntArray, RandomState
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import check_modality, choose_modality

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

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
        from sklearn.neighbors import NearestNeighbors

        modality, gap, _ = choose_modality(round, self.modality)
        rows = unit_floats(round.open_inputs[modality]).astype(np.float64)
        known = unit_floats(round.aligned_inputs[modality]).astype(np.float64)
        radius = _radius(rows, self.n_neighbors)
        index = NearestNeighbors(radius=radius).fit(rows)
        covered = np.zeros(len(rows), dtype=bool)
        if len(known):
            for near in index.radius_neighbors(known, return_distance=False):
                covered[near] = True
        balls = _balls(index, rows, radius)
        likeness = rows @ rows.mean(axis=0)  # to the pool, where gains are equal
        picks, utilities = _greedy_cover(balls, covered, likeness, round.n_instances)
        return Selection(picks, utilities, modality, gap)


def _radius(rows: FloatArray, n_neighbors: int) -> float:
    """Return the median distance to this neighbor, of some rows in equal steps."""
    from sklearn.neighbors import NearestNeighbors

    n_neighbors = min(n_neighbors, len(rows) - 1)
    if n_neighbors < 1:
        return 0.0
    # By the norm's order, so that the order of the pool does not matter.
    order = np.lexsort(rows.round(9).T)
    some = order[:: max(1, len(rows) // N_NEAREST)]
    nearest = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(rows)
    distance, _ = nearest.kneighbors(rows[some])
    return float(np.median(distance[:, -1]))


def _balls(index: "NearestNeighbors", rows: FloatArray, radius: float) -> csr_array:
    """Return 1 + closeness / (n + 1) where a row's ball holds another, or itself.

    A sum of these is the number of rows held, and less than 1 that breaks ties.
    """
    graph = index.radius_neighbors_graph(rows, mode="distance")
    closeness = 1 - np.clip(graph.data / radius, 0, 1) if radius > 0 else graph.data
    data = 1 + closeness.round(9) / (len(rows) + 1)
    balls = csr_array((data, graph.indices, graph.indptr), shape=graph.shape)
    # A distance of the radius itself may be found from one end alone.
    return csr_array(balls.maximum(balls.T))


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
