"""TypiClust: typical items of clusters that nothing is known of."""

import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._shared.parameters import check_integer
from .._shared.randomness import draw_rows
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import check_modality, choose_modality

N_NEIGHBORS = 20  # of the typicality
MIN_CLUSTER_SIZE = 5  # smaller clusters come after larger ones
N_SEEDS = (
    3072  # rows that first centres are drawn from, three batches of mini-batch k-means
)
FASTER_AT_ONCE = 5  # times, a product of all rows, than as many of a few rows each


class TypiClust(QueryStrategy):
    """Ask about the most typical items of clusters that nothing is known of.

    Clusters the items by their unimodal features, into as many clusters as there are
    pairs known and asked about, and asks about the densest item of each cluster, the
    clusters with the fewest known items first, the largest of these first. Made for the
    very first answers, where uncertainty means nothing.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    max_clusters : int, default=500
        Clusters at most. Where there are fewer than the batch, they are gone through
        again.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; the clustering draws its first centres.

    Notes
    -----
    Features are the round's `open_inputs` and `aligned_inputs`, scaled to rows of
    length one. k-means for up to 50 clusters, else mini-batch k-means, as in the paper;
    the first centres are drawn by greedy k-means++ from 3,072 items, or three for each
    cluster where these are more.
    Typicality is the inverse of the mean distance to the nearest 20 items of the
    cluster. Clusters with fewer than five items come after larger ones with as many
    known items. Utilities are minus the known items of the cluster at the time, those
    asked about before counted in. Of equally typical items the lowest row wins.

    O(n k d) time per pass of k-means over n items with d features for k clusters, and
    O(m^2 d) for each cluster of m items.

    References
    ----------
    .. [1] Hacohen, G., Dekel, A. and Weinshall, D. (2022). "Active Learning on a
       Budget: Opposite Strategies Suit High and Low Budgets". ICML.
       https://arxiv.org/abs/2202.02794

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RidgeCCA, TypiClust
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), TypiClust(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> len(set(query.indices))
    3
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        max_clusters: int = 500,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.max_clusters = max_clusters
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_integer(self.max_clusters, "max_clusters", minimum=1)

    def select(self, round: Round) -> Selection:
        """Choose typical items.

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
        features = unit_floats(round.open_inputs[modality])
        aligned = unit_floats(round.aligned_inputs[modality])
        rows = np.concatenate([features, aligned])
        n_clusters = min(len(aligned) + round.n_instances, self.max_clusters, len(rows))
        labels = cluster(rows, n_clusters, round.rng)
        open_labels, aligned_labels = np.split(labels, [len(features)])
        n_open = np.bincount(open_labels, minlength=n_clusters)
        n_known = np.bincount(aligned_labels, minlength=n_clusters)
        sizes = n_open + n_known
        queues, picks, utilities = {}, [], []
        for _ in range(round.n_instances):
            left = np.flatnonzero(n_open)
            small = sizes[left] < MIN_CLUSTER_SIZE
            number = left[np.lexsort([-sizes[left], small, n_known[left]])[0]]
            if number not in queues:
                members = np.flatnonzero(open_labels == number)
                queues[number] = iter(_most_typical_first(features, members))
            picks.append(next(queues[number]))
            utilities.append(-float(n_known[number]))
            n_known[number] += 1
            n_open[number] -= 1
        return Selection(np.array(picks), np.array(utilities), modality, gap)


def cluster(rows: FloatArray, n_clusters: int, rng: np.random.Generator) -> IntArray:
    """Return a cluster number per row.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        What is clustered.
    n_clusters : int
        Into how many, at most `n_rows`.
    rng : Generator
        Draws the first centres.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Numbers from 0.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    seed = int(rng.integers(2**31))
    method: Any = KMeans if n_clusters <= 50 else MiniBatchKMeans
    sample = rows[draw_rows(len(rows), max(N_SEEDS, 3 * n_clusters), rng)]
    centres = greedy_centres(sample.astype(np.float64), n_clusters, rng)
    clustering = method(
        n_clusters, init=centres.astype(rows.dtype), n_init=1, random_state=seed
    )
    with warnings.catch_warnings():  # fewer different rows than clusters: no harm
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clustering.fit_predict(rows)


def greedy_centres(
    rows: FloatArray, n_centres: int, rng: np.random.Generator
) -> FloatArray:
    """Return rows to start k-means from, by greedy k-means++.

    It is what scikit-learn's `kmeans_plusplus` does, without the checks that it makes
    of all rows at each step, which cost several times as much as the products.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features), float64
        Rows to draw from.
    n_centres : int
        How many, at most `n_rows`.
    rng : Generator
        Draws.

    Returns
    -------
    ndarray of shape (n_centres, n_features)
        The centres, in the order drawn.
    """
    n_trials = 2 + int(np.log(n_centres))
    lengths = np.einsum("ij,ij->i", rows, rows)
    # All products at once, if enough of them are asked for and they fit: 75 MB at most.
    if len(rows) <= N_SEEDS and n_trials * n_centres * FASTER_AT_ONCE >= len(rows):
        distances = _squared_distances(rows, lengths).__getitem__
    else:
        distances = partial(_squared_distances, rows, lengths)
    picks = np.empty(n_centres, dtype=np.int64)
    picks[0] = rng.integers(len(rows))
    squared = distances(picks[:1])[0]  # to the nearest centre
    for i in range(1, n_centres):
        # Some rows in proportion to their squared distances; of these the one that
        # lowers the sum of all distances most.
        cumulated = squared.cumsum()
        drawn = cumulated.searchsorted(rng.random(n_trials) * cumulated[-1])
        trials = np.minimum(drawn, len(rows) - 1)
        after = distances(trials)
        np.minimum(after, squared, out=after)
        best = after.sum(axis=1).argmin()
        picks[i], squared = trials[best], after[best]
    return rows[picks]


def _squared_distances(
    rows: FloatArray, lengths: FloatArray, picks: IntArray | slice = slice(None)
) -> FloatArray:
    """Return those of each pick to all rows, of shape (n_picks, n_rows)."""
    squared = rows[picks] @ rows.T
    squared *= -2
    squared += lengths
    squared += lengths[picks, None]
    return np.maximum(squared, 0, out=squared)


def _most_typical_first(features: FloatArray, rows: IntArray) -> IntArray:
    """Return the rows of one cluster by falling typicality."""
    from sklearn.neighbors import NearestNeighbors

    if len(rows) < 3:
        return rows
    neighbors = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(rows) - 1))
    distance, _ = neighbors.fit(features[rows].astype(np.float64)).kneighbors()
    return rows[distance.mean(axis=1).round(9).argsort(kind="stable")]
