"""BADGE: k-means++ on gradients."""

from collections.abc import Callable

import numpy as np
from scipy.special import softmax
from sklearn.utils import gen_batches

from .._shared.parameters import LEAST_TEMPERATURE, check_number
from .._shared.randomness import draw_rows
from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._verbs import unit
from ._base import QueryStrategy
from ._round import Round, Selection, others
from ._steps import check_modality, choose_modality

N_GALLERY = 1500  # items of the other modality among which a partner is looked for


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

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        temperature: float = 0.07,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.temperature = temperature
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_number(self.temperature, "temperature", minimum=LEAST_TEMPERATURE)

    def select(self, round: Round) -> Selection:
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
        queries = unit(round.open[modality].astype(np.float64))
        pulls = np.zeros_like(queries)  # (n, k)
        for other in others(round, modality):
            gallery = unit(round.open[other].astype(np.float64))
            rows = draw_rows(len(gallery), N_GALLERY, round.rng, in_order=False)
            if len(rows) < len(gallery):
                gallery = gallery[rows]
            pulls += assignment_residuals(queries, gallery, self.temperature)
        inputs = unit(round.open_inputs[modality].astype(np.float64))  # (n, d)
        picks, squared = _kmeans_plusplus(
            pulls, inputs, round.n_instances, round.rng.random
        )
        return Selection(picks, np.minimum.accumulate(squared), modality, gap)


def assignment_residuals(
    queries: FloatArray, gallery: FloatArray, temperature: float = 0.07
) -> FloatArray:
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
    >>> from skmal.strategies import assignment_residuals
    >>> assignment_residuals(np.eye(2)[:1], np.eye(2), temperature=1.0).round(2)
    array([[-0.27,  0.27]])
    """
    residuals = np.empty_like(queries)
    for block in gen_batches(len(queries), SIZES.nearest_queries):
        similarity = queries[block] @ gallery.T  # (block, n_gallery)
        soft = softmax(similarity / temperature, axis=1) @ gallery
        residuals[block] = soft - gallery[similarity.argmax(axis=1)]
    return residuals


def _kmeans_plusplus(
    left: FloatArray, right: FloatArray, n_picks: int, draw: Callable[[], float]
) -> tuple[IntArray, FloatArray]:
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
