"""CAL: items that the encoder tells apart from the known items most like them."""

import numpy as np
from scipy.special import logsumexp

from .._shared.parameters import LEAST_TEMPERATURE, check_integer, check_number
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._blocks import batches
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection, others
from ._steps import TIE_DECIMALS, check_modality, choose_modality, random_selection


class CAL(QueryStrategy):
    """Ask where the encoder tells apart what is alike: contrastive active learning.

    An item is asked about if it resembles items whose partners are known, and the
    encoder expects other partners for it than for these. Made for encoders that are
    good already.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    n_neighbors : int, default=10
        Known items that an item is compared with.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax, as in
        `skmal.uncertainty.cross_modal_entropy`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    MarginSampling : Doubt about an item's partner, without a look at its neighbours.

    Notes
    -----
    What had to change for two pools: the partners that are known take the place of the
    classes, in the encoder's space; and neighbours are those in the round's
    `open_inputs` and `aligned_inputs` (rows scaled to length one), for in the encoder's
    space items that are close cannot differ.

    Utilities are the mean Kullback-Leibler divergence of the neighbours' distributions
    from the item's, in nats; those that agree to nine decimals go to the lowest row.
    Where nothing is known, items are drawn at random. O(n n_aligned d) time; memory of
    a block. Its items are read as an array.

    References
    ----------
    .. [1] Margatina, K., Vernikos, G., Barrault, L. and Aletras, N. (2021). "Active
       Learning by Acquiring Contrastive Examples". EMNLP.
       https://arxiv.org/abs/2109.03764

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import CAL, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), CAL(n_neighbors=3), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        n_neighbors: int = 10,
        temperature: float = 0.07,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.n_neighbors = n_neighbors
        self.temperature = temperature
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_integer(self.n_neighbors, "n_neighbors", minimum=1)
        check_number(self.temperature, "temperature", minimum=LEAST_TEMPERATURE)

    def select(self, round: Round) -> Selection:
        """Choose the items that differ most from their neighbours.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows, the best first.
        """
        from sklearn.neighbors import NearestNeighbors

        n_aligned = len(round.aligned[0])
        if n_aligned == 0:
            return random_selection(round, self.modality)
        modality, gap, _ = choose_modality(round, self.modality)
        index = NearestNeighbors(n_neighbors=min(self.n_neighbors, n_aligned))
        index.fit(_doubles(round.aligned_inputs[modality]))
        near = index.kneighbors(
            _doubles(round.open_inputs[modality]), return_distance=False
        )
        items = _doubles(round.open[modality])
        known = _doubles(round.aligned[modality])
        divergences = [
            _divergences(
                items, known, near, _doubles(round.aligned[other]), self.temperature
            )
            for other in others(round, modality)
        ]
        utilities = np.mean(divergences, axis=0).round(TIE_DECIMALS)
        best = (-utilities).argsort(kind="stable")[: round.n_instances]
        return Selection(best, utilities[best], modality, gap)


def _doubles(rows: FloatArray) -> FloatArray:
    return unit_floats(rows).astype(np.float64)


def _divergences(
    items: FloatArray,
    known: FloatArray,
    near: IntArray,
    partners: FloatArray,
    temperature: float,
) -> FloatArray:
    """Return the mean divergence of the neighbours' softmax from each item's.

    With p of a neighbour and q of the item, sum p log(p / q) is minus the entropy of p,
    minus the item's similarity to the partner that p expects (the mean of the partners
    under p) over the temperature, plus the item's log of the sum of exponentials. So
    nothing of items times partners is kept.
    """
    expected = np.empty_like(known)
    entropy = np.empty(len(known))
    for rows in batches(len(known)):
        logits = known[rows] @ partners.T / temperature
        logits -= logsumexp(logits, axis=1, keepdims=True)
        chances = np.exp(logits)
        expected[rows] = chances @ partners
        entropy[rows] = -(chances * logits).sum(axis=1)
    divergences = np.empty(len(items))
    for rows in batches(len(items)):
        normalizer = logsumexp(items[rows] @ partners.T / temperature, axis=1)
        mean = expected[near[rows]].mean(axis=1)
        alike = (items[rows] * mean).sum(axis=1) / temperature
        divergences[rows] = normalizer - alike - entropy[near[rows]].mean(axis=1)
    return np.maximum(divergences, 0)  # below it by rounding alone
