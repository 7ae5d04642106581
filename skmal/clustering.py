"""Batches from clusters: typical items of them, and k-means++ on gradients."""

import warnings
from numbers import Real

import numpy as np
from scipy.special import softmax
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import gen_batches

from ._encoding import unit_floats, unit_rows
from ._items import check_choice, check_integer
from ._steps import MODALITIES, choose_modality
from .rounds import Selection, others
from .strategies import QueryStrategy

N_NEIGHBORS = 20  # of the typicality
MIN_CLUSTER_SIZE = 5  # smaller clusters come after larger ones
N_GALLERY = 1500  # items of the other modality among which a partner is looked for
BLOCK = 1024  # items whose similarities to the gallery are in memory at a time


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
    length one. k-means for up to 50 clusters, else mini-batch k-means, as in the paper.
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

    def __init__(self, modality="alternate", *, max_clusters=500, random_state=None):
        self.modality = modality
        self.max_clusters = max_clusters
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, MODALITIES)
        check_integer(self.max_clusters, "max_clusters", minimum=1)

    def select(self, round):
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
        labels = _cluster(rows, n_clusters, round.rng)
        open_labels, aligned_labels = np.split(labels, [len(features)])
        n_open = np.bincount(open_labels, minlength=n_clusters)
        n_known = np.bincount(aligned_labels, minlength=n_clusters)
        sizes = n_open + n_known
        queues, picks, utilities = {}, [], []
        for _ in range(round.n_instances):
            left = np.flatnonzero(n_open)
            small = sizes[left] < MIN_CLUSTER_SIZE
            cluster = left[np.lexsort([-sizes[left], small, n_known[left]])[0]]
            if cluster not in queues:
                members = np.flatnonzero(open_labels == cluster)
                queues[cluster] = iter(_most_typical_first(features, members))
            picks.append(next(queues[cluster]))
            utilities.append(-float(n_known[cluster]))
            n_known[cluster] += 1
            n_open[cluster] -= 1
        return Selection(np.array(picks), np.array(utilities), modality, gap)


class BADGE(QueryStrategy):
    """Ask about items whose answers would pull the encoder far, each another way.

    Batch active learning by diverse gradient embeddings, across modalities: for each
    open item the gradient of the contrastive loss (InfoNCE) is taken as if its
    likeliest partner were the right one. It is long where the encoder hesitates between
    several partners. k-means++ then draws a batch of long and different gradients.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; k-means++ draws.

    See Also
    --------
    MarginSampling : Uncertainty alone.

    Notes
    -----
    Item i has unimodal features h (unit rows of the round's `open_inputs`),
    similarities to at most 1,500 open items y_j of the other modality drawn at random,
    and their softmax p, its soft assignment. With respect to a linear map from h to the
    shared space, the loss's gradient is, up to a factor, (sum_j p_j y_j - y_top) h',
    where y_top is the most similar one. Scalar products of such matrices are products
    of scalar products, so that none is ever formed.

    The first item is the one with the longest gradient, each further one is drawn in
    proportion to its squared distance to the nearest drawn before; where all are 0, the
    lowest row follows. Utilities are these squared distances, lowered to the smallest
    before. O(1500 n k + n_instances n (k + d)) time for n items with d features and k
    encoder components.

    References
    ----------
    .. [1] Ash, J. T., Zhang, C., Krishnamurthy, A., Langford, J. and Agarwal, A.
       (2020). "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds".
       ICLR. https://arxiv.org/abs/1906.03671

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import BADGE, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), BADGE(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> len(set(query.indices))
    3
    """

    def __init__(self, modality="alternate", *, temperature=0.07, random_state=None):
        self.modality = modality
        self.temperature = temperature
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, MODALITIES)
        number = isinstance(self.temperature, Real) and not isinstance(
            self.temperature, bool
        )
        if not (number and 0 < self.temperature < np.inf):
            raise ValueError(
                f"temperature must be a number above 0, got {self.temperature!r}"
            )

    def select(self, round):
        """Draw diverse gradients.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order drawn.
        """
        modality, gap, _ = choose_modality(round, self.modality)
        queries = unit_rows(round.open[modality].astype(np.float64))
        pulls = np.zeros_like(queries)  # (n, k)
        for other in others(round, modality):
            gallery = unit_rows(round.open[other].astype(np.float64))
            if len(gallery) > N_GALLERY:
                rows = round.rng.choice(len(gallery), N_GALLERY, replace=False)
                gallery = gallery[rows]
            pulls += assignment_residuals(queries, gallery, self.temperature)
        inputs = unit_rows(round.open_inputs[modality].astype(np.float64))  # (n, d)
        picks, squared = _kmeans_plusplus(
            pulls, inputs, round.n_instances, round.rng.random
        )
        return Selection(picks, np.minimum.accumulate(squared), modality, gap)


def assignment_residuals(queries, gallery, temperature=0.07):
    """Return each query's softly assigned partner minus its likeliest one.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features)
        Rows of length one.
    gallery : ndarray of shape (n_gallery, n_features)
        Rows of length one of the other modality.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax.

    Returns
    -------
    ndarray of shape (n_queries, n_features)
        Rows near zero where one partner is far likelier than all others.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal.clustering import assignment_residuals
    >>> assignment_residuals(np.eye(2)[:1], np.eye(2), temperature=1.0).round(2)
    array([[-0.27,  0.27]])
    """
    residuals = np.empty_like(queries)
    for block in gen_batches(len(queries), BLOCK):
        similarity = queries[block] @ gallery.T  # (block, n_gallery)
        soft = softmax(similarity / temperature, axis=1) @ gallery
        residuals[block] = soft - gallery[similarity.argmax(axis=1)]
    return residuals


def _kmeans_plusplus(left, right, n_picks, draw):
    """Return k-means++ picks among the outer products of rows, and their distances."""
    lengths = (left**2).sum(axis=1) * (right**2).sum(axis=1)
    squared = lengths.copy()  # to the nearest pick; to zero at first
    picked = np.zeros(len(left), dtype=bool)
    picks, when_picked = np.empty(n_picks, dtype=np.int64), np.empty(n_picks)
    for step in range(n_picks):
        cumulated = squared.cumsum()
        if step == 0:
            pick = squared.argmax()
        elif cumulated[-1] > 0:
            pick = np.searchsorted(cumulated, draw() * cumulated[-1], side="right")
            pick = min(pick, np.flatnonzero(squared)[-1])
        else:
            pick = np.argmin(picked)  # the lowest that is left
        picks[step], when_picked[step], picked[pick] = pick, squared[pick], True
        products = (left @ left[pick]) * (right @ right[pick])
        to_pick = np.maximum(lengths + lengths[pick] - 2 * products, 0)
        squared = to_pick if step == 0 else np.minimum(squared, to_pick)
        squared[picked] = 0
    return picks, when_picked


def _cluster(rows, n_clusters, rng):
    """Return a cluster number per row."""
    seed = int(rng.integers(2**31))
    if n_clusters <= 50:
        clustering = KMeans(n_clusters, n_init=1, random_state=seed)
    else:
        clustering = MiniBatchKMeans(n_clusters, n_init=1, random_state=seed)
    with warnings.catch_warnings():  # fewer different rows than clusters: no harm
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clustering.fit_predict(rows)


def _most_typical_first(features, rows):
    """Return the rows of one cluster by falling typicality."""
    if len(rows) < 3:
        return rows
    neighbors = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(rows) - 1))
    distance, _ = neighbors.fit(features[rows].astype(np.float64)).kneighbors()
    return rows[distance.mean(axis=1).round(9).argsort(kind="stable")]
