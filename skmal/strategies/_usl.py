"""USL: typical items of clusters, apart from each other and from what is known."""

import numpy as np

from .._shared.parameters import check_integer, check_number
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._blocks import batches
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import check_modality, choose_modality
from ._typiclust import cluster

N_PASSES = 10  # how often all picks are made anew
MOMENTUM = 0.9  # of what the passes before say about what repels
HORIZON = 64  # of the items that are picked or known, the nearest that repel
LEAST = 1e-6  # distances below it are taken for it


class USL(QueryStrategy):
    """Ask about the densest item of each cluster that is not near another one asked.

    Unsupervised selective labeling: clusters the items by their unimodal features, into
    as many clusters as the batch has items, and asks in each about the item with the
    closest neighbours, less what items picked in other clusters, and those that are
    known, repel it. Made for the very first answers, where uncertainty means nothing.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    n_neighbors : int, default=20
        Neighbours whose distance says how dense it is around an item.
    repulsion : float, default=0.5
        Weight of what repels; 0: the densest item of each cluster.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; the clustering draws its first centres.

    See Also
    --------
    TypiClust : More clusters, of which those with known items come last.

    Notes
    -----
    What had to change for two pools, and for rounds: the paper selects once, before
    anything is known; here known items repel as picked ones do, in every round. Nothing
    else is needed, for it asks for no class. Features are the round's `open_inputs` and
    `aligned_inputs`, scaled to rows of length one.

    Worth of an item is the inverse of the mean distance to its neighbours in the pool,
    minus `repulsion` times the sum of the inverse distances to the 64 nearest items
    that are known, or picked in other clusters; picks are made ten times, and what
    repels is a running mean over these (momentum 0.9). Utilities are the worths in the
    last of them, the best first; ties go to the lowest row. Where k-means finds fewer
    clusters than items are asked about, the next best items of all follow, with the
    least utility. O(n^2 d) time for n items, and that of k-means. Its items are read as
    an array.

    References
    ----------
    .. [1] Wang, X., Lian, L. and Yu, S. X. (2022). "Unsupervised Selective Labeling for
       More Effective Semi-Supervised Learning". ECCV. https://arxiv.org/abs/2110.03006

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RidgeCCA, USL
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), USL(n_neighbors=5), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        n_neighbors: int = 20,
        repulsion: float = 0.5,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.n_neighbors = n_neighbors
        self.repulsion = repulsion
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_integer(self.n_neighbors, "n_neighbors", minimum=1)
        check_number(self.repulsion, "repulsion", minimum=0)

    def select(self, round: Round) -> Selection:
        """Choose dense items of clusters.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows, the best first.
        """
        modality, gap, _ = choose_modality(round, self.modality)
        rows = unit_floats(round.open_inputs[modality]).astype(np.float64)
        known = unit_floats(round.aligned_inputs[modality]).astype(np.float64)
        labels = cluster(rows, round.n_instances, round.rng)
        density = _density(rows, self.n_neighbors)
        to_known = _nearest_distances(rows, known)

        # Pick; then see what the picks repel, and pick again.
        worth, repels = density.round(9), np.zeros(len(rows))
        picks = _best_of_each(worth, labels)
        for _ in range(N_PASSES - 1 if self.repulsion else 0):
            new = _repulsion(rows, picks, labels, to_known)
            repels = MOMENTUM * repels + (1 - MOMENTUM) * new
            worth = (density - self.repulsion * repels).round(9)
            picks = _best_of_each(worth, labels)
        picks = picks[(-worth[picks]).argsort(kind="stable")]
        utilities = worth[picks]
        if (missing := round.n_instances - len(picks)) > 0:
            order = (-worth).argsort(kind="stable")
            picks = np.append(picks, order[~np.isin(order, picks)][:missing])
            utilities = np.append(utilities, np.full(missing, utilities[-1]))
        return Selection(picks, utilities, modality, gap)


def _density(rows: FloatArray, n_neighbors: int) -> FloatArray:
    """Return the inverse of the mean distance to the nearest neighbours."""
    from sklearn.neighbors import NearestNeighbors

    n_neighbors = min(n_neighbors, len(rows) - 1)
    if n_neighbors < 1:
        return np.ones(len(rows))
    distance, _ = NearestNeighbors(n_neighbors=n_neighbors).fit(rows).kneighbors()
    return 1 / np.maximum(distance.mean(axis=1), LEAST)


def _best_of_each(worth: FloatArray, labels: IntArray) -> IntArray:
    """Return the row of each cluster with the largest worth, the lowest of equals."""
    order = np.lexsort((np.arange(len(worth)), -worth, labels))
    _, first = np.unique(labels[order], return_index=True)
    return order[first]


def _nearest_distances(rows: FloatArray, known: FloatArray) -> FloatArray:
    """Return the distances to the nearest known rows, as many as can repel."""
    n = min(HORIZON, len(known))
    nearest = np.empty((len(rows), n))
    for block in batches(len(rows)) if n else ():
        distance = _distances(rows[block], known)
        nearest[block] = np.partition(distance, n - 1, axis=1)[:, :n]
    return nearest


def _repulsion(
    rows: FloatArray, picks: IntArray, labels: IntArray, to_known: FloatArray
) -> FloatArray:
    """Return the sum of inverse distances to what is known or picked elsewhere."""
    sums = np.empty(len(rows))
    for block in batches(len(rows)):
        distance = _distances(rows[block], rows[picks])
        distance[labels[block][:, None] == labels[picks]] = np.inf  # of its own cluster
        distance = np.concatenate([distance, to_known[block]], axis=1)
        if distance.shape[1] > HORIZON:
            distance = np.partition(distance, HORIZON - 1, axis=1)[:, :HORIZON]
        sums[block] = (1 / np.maximum(distance, LEAST)).sum(axis=1)
    return sums


def _distances(rows: FloatArray, others: FloatArray) -> FloatArray:
    """Return distances between rows of length one."""
    return np.sqrt(np.maximum(2 - 2 * rows @ others.T, 0))
