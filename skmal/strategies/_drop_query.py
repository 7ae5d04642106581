"""DropQuery: items whose best partner hangs on few components, of many clusters."""

import numpy as np

from .._shared.parameters import check_choice, check_integer, check_number
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._block_math import cells, double, single
from ..arrays._distances import rounding_slack
from ..arrays._numbers import unit_floats
from ..arrays._verbs import unit
from ..uncertainty._nearest import query_blocks
from ._base import QueryStrategy
from ._cluster_margin import in_turns
from ._round import Round, Selection, others
from ._steps import CANDIDATES, TIE_DECIMALS, check_modality, choose_modality
from ._typiclust import cluster

MOST_NEAR = 8  # rows that float32 leaves a query, on average, beyond which all count


class DropQuery(QueryStrategy):
    """Ask about typical ones of the items whose best partner dropout changes.

    Drops components of the features at random, several times, and looks which items get
    another best partner in more than half of these passes. Of those it asks about the
    most central item of each of as many clusters as the batch has items. Made for
    features of pretrained networks.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    dropout : float, default=0.75
        Chance of a component to be dropped, at least 0 and below 1.
    n_passes : int, default=3
        How often components are dropped.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners, as in
        `MarginSampling`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; it draws what is dropped and the first centres of
        the clusters.

    See Also
    --------
    ClusterMargin : Uncertain items of many clusters, by their margins.

    Notes
    -----
    What had to change for two pools: the best partner in the other pool takes the place
    of the class. Components are dropped from the encoder's features, since a strategy
    sees what the encoder has made, and the same ones from all items in a pass, so that
    the choice does not hang on the order of the pool. Clusters are of the unimodal
    features (`open_inputs`, scaled to rows of length one), by k-means. Where fewer
    items change than are asked about, those that change in fewer passes follow.

    Utilities are minus the number of times that the item's cluster was asked before in
    the batch. O(n_passes n_X n_y d) time, and that of k-means. Its items are read as an
    array.

    References
    ----------
    .. [1] Gupte, S. R., Aklilu, J., Nirschl, J. J. and Yeung-Levy, S. (2024).
       "Revisiting Active Learning in the Era of Vision Foundation Models". TMLR.
       https://arxiv.org/abs/2401.14555

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import DropQuery, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), DropQuery(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> len(set(query.indices))
    3
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        dropout: float = 0.75,
        n_passes: int = 3,
        candidates: str = "all",
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.dropout = dropout
        self.n_passes = n_passes
        self.candidates = candidates
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_number(self.dropout, "dropout", minimum=0, less_than=1)
        check_integer(self.n_passes, "n_passes", minimum=1)
        check_choice(self.candidates, "candidates", CANDIDATES)

    def select(self, round: Round) -> Selection:
        """Choose central items of those that change.

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
        changes = np.zeros(len(round.open[modality]))
        for other in others(round, modality):
            gallery = round.open[other]
            if self.candidates == "all":  # a copy, for it is looked through often
                gallery = np.concatenate([gallery, round.aligned[other]])
            changes += self._changes(round.open[modality], gallery, round.rng)
        n_asked = round.n_instances
        most = np.sort(changes)[-n_asked]  # as many items change at least so often
        limit = self.n_passes * (len(round.open) - 1) / 2
        rows = np.flatnonzero((changes > limit) | (changes >= most))
        inputs = unit_floats(round.open_inputs[modality][rows])
        labels = cluster(inputs, n_asked, round.rng)
        order = most_central_first(inputs, labels)
        picks, turns = in_turns(rows[order], labels[order], n_asked)
        return Selection(picks, -turns.astype(np.float64), modality, gap)

    def _changes(
        self, features: FloatArray, gallery: FloatArray, rng: np.random.Generator
    ) -> IntArray:
        """Return how often dropout changes an item's best partner."""
        n_components = features.shape[1]
        changes = np.zeros(len(features), dtype=np.int64)
        if n_components == 0:  # of an encoder that has learned nothing yet
            return changes
        gallery = unit(double(gallery))
        best = _best_partners(features, gallery)
        for _ in range(self.n_passes):
            kept = rng.random(n_components) >= self.dropout
            kept[rng.integers(n_components)] = True  # at least one
            changes += _best_partners(features[:, kept], gallery[:, kept]) != best
        return changes


def _best_partners(queries: FloatArray, gallery: FloatArray) -> IntArray:
    """Return the row with the largest product with each query, scaled to length one.

    Rows of the gallery are at most of length one. Products that agree to nine decimals
    go to the lowest row. Those of float32 leave a few rows that could be the best; the
    products of these are taken in float64.
    """
    queries = unit(double(queries))
    asked, rows = single(queries), single(gallery)
    tie = 10.0**-TIE_DECIMALS
    slack = 2 * rounding_slack(1, queries.shape[1], np.float32) + tie
    best = np.empty(len(queries), dtype=np.int64)
    for block in query_blocks(len(queries), len(gallery)):
        similarity = asked[block] @ rows.T
        least = similarity.max(axis=1, keepdims=True) - slack
        at, columns = cells(similarity >= least)
        if len(at) > MOST_NEAR * len(similarity):
            similarity = queries[block] @ gallery.T
            least = similarity.max(axis=1, keepdims=True) - tie
            best[block] = (similarity >= least).argmax(axis=1)
            continue
        products = np.einsum("ij,ij->i", queries[block][at], gallery[columns])
        first = np.searchsorted(at, np.arange(len(similarity)))
        most = np.maximum.reduceat(products, first)
        is_best = products >= most[at] - tie
        at, columns = at[is_best], columns[is_best]
        best[block] = columns[np.searchsorted(at, np.arange(len(similarity)))]
    return best


def most_central_first(rows: FloatArray, labels: IntArray) -> IntArray:
    """Return row numbers by the distance to the mean of the row's cluster."""
    names, number = np.unique(labels, return_inverse=True)
    means = np.stack([rows[number == name].mean(axis=0) for name in range(len(names))])
    distances = np.linalg.norm(rows - means[number], axis=1)
    return distances.round(9).argsort(kind="stable")
