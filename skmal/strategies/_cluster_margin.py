"""ClusterMargin: the least certain items, of as many clusters as can be."""

from dataclasses import replace

import numpy as np

from .._shared.parameters import check_choice, check_number
from .._shared.types import IntArray, RandomState
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import (
    CANDIDATES,
    UNCERTAINTIES,
    check_modality,
    choose_modality,
    most_uncertain,
)
from ._typiclust import cluster

ITEMS_PER_CLUSTER = 10  # of the pool, on average
MOST_CLUSTERS = 500


class ClusterMargin(QueryStrategy):
    """Ask about uncertain items, out of small clusters first, one of each in turns.

    Takes more of the least certain items than are asked about, and goes through the
    clusters that they lie in, those with the fewest of them first, until there are
    enough. Made for large batches.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    candidate_ratio : float, default=10.0
        So many times the batch are candidates, at least 1.
    uncertainty : {"margin", "top1", "entropy"}, default="margin"
        The score, as in `CoresetMargin`.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners, as in
        `MarginSampling`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; the clustering draws its first centres.

    See Also
    --------
    CoresetMargin : A diverse coreset first, then the least certain of it.

    Notes
    -----
    What had to change for two pools: the margin is that of an item's best two partners
    in the other pool, in the encoder's space. Clusters are of the unimodal features of
    the pool that is asked about (`open_inputs`, scaled to rows of length one), by
    k-means with one cluster for ten items, at most 500, in place of average linkage,
    which asks for all distances, with a threshold that depends on the network. Of each
    cluster comes the least certain item, in place of a random one.

    Utilities are minus the number of times that the item's cluster was asked before in
    the batch. O(n_X n_y d) time, and that of k-means. Its items are read as an array.

    References
    ----------
    .. [1] Citovsky, G. et al. (2021). "Batch Active Learning at Scale". NeurIPS.
       https://arxiv.org/abs/2107.14263

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import ClusterMargin, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), ClusterMargin(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> len(set(query.indices))
    3
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        candidate_ratio: float = 10.0,
        uncertainty: str = "margin",
        candidates: str = "all",
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.candidate_ratio = candidate_ratio
        self.uncertainty = uncertainty
        self.candidates = candidates
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_number(self.candidate_ratio, "candidate_ratio", minimum=1)
        check_choice(self.uncertainty, "uncertainty", UNCERTAINTIES)
        check_choice(self.candidates, "candidates", CANDIDATES)

    def select(self, round: Round) -> Selection:
        """Choose uncertain items of many clusters.

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
        n = len(round.open[modality])
        n_clusters = min(n, MOST_CLUSTERS, max(1, n // ITEMS_PER_CLUSTER))
        labels = cluster(
            unit_floats(round.open_inputs[modality]), n_clusters, round.rng
        )
        size = int(min(n, max(1, self.candidate_ratio) * round.n_instances))
        rows, _ = most_uncertain(
            replace(round, n_instances=size),
            modality,
            np.arange(n),
            self.uncertainty,
            self.candidates,
        )
        picks, turns = in_turns(rows, labels[rows], round.n_instances)
        return Selection(picks, -turns.astype(np.float64), modality, gap)


def in_turns(rows: IntArray, labels: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return n rows, one of each cluster in turns, and the turn of each.

    Within a cluster they keep their order; clusters with fewer rows come first, of
    equally many the one with the first row.
    """
    names, first, number, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    turn = np.empty(len(rows), dtype=np.int64)  # how many of its cluster stand before
    for name in range(len(names)):
        members = np.flatnonzero(number == name)
        turn[members] = np.arange(len(members))
    order = np.lexsort((first[number], counts[number], turn))[:n]
    return rows[order], turn[order]
