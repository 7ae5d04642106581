"""ALFAMix: items that get another best partner once they are mixed with known ones."""

import numpy as np
from scipy.special import softmax

from .._shared.parameters import LEAST_TEMPERATURE, check_number
from .._shared.types import FloatArray, RandomState
from ..arrays._blocks import batches
from ..arrays._numbers import unit_floats
from ..uncertainty._nearest import query_blocks
from ._base import QueryStrategy
from ._cluster_margin import in_turns
from ._drop_query import most_central_first
from ._round import Round, Selection, others
from ._steps import check_modality, choose_modality, random_selection
from ._typiclust import cluster

N_STEPS = 32  # shares of the way to a known item are multiples of one part of these


class ALFAMix(QueryStrategy):
    """Ask about items that a little of a known item gives another best partner.

    Moves the features of each item, as far as mixing with a known item can, to where
    its best partner is least sure, and looks how little of that is enough for another
    one to be the best. Of the items for which least is enough it asks about the most
    central one of each of as many clusters as the batch has items. Made for encoders
    that are good already.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax, as in
        `skmal.uncertainty.cross_modal_entropy`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed; it draws the first centres of the clusters.

    See Also
    --------
    DropQuery : The same with components dropped in place of known items mixed in.

    Notes
    -----
    What had to change for two pools: the best partner in the other pool, known partners
    among them, takes the place of the predicted class. The paper mixes with the mean of
    each class; here each known pair is a class of its own, and each known item an
    anchor. By the paper's closed form of the mixing weights, mixing moves an item along
    the gradient of its loss by the distance to the anchor times epsilon, over the root
    of the number of features: so the anchor farthest away decides, and how much is
    enough is found without trying. Epsilon is the least multiple of 1/32 for which as
    many items change as are asked about. With several other modalities, the least of
    all counts.

    Utilities are minus the number of times that the item's cluster was asked before in
    the batch. Where nothing is known, items are drawn at random. O(n_X n_y d) time, and
    that of k-means. Its items are read as an array.

    References
    ----------
    .. [1] Parvaneh, A., Abbasnejad, E., Teney, D., Haffari, R., van den Hengel, A. and
       Shi, J. Q. (2022). "Active Learning by Feature Mixing". CVPR.
       https://arxiv.org/abs/2203.07034

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import ALFAMix, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), ALFAMix(), random_state=0)
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
        """Choose central items of those that change soonest.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order picked.
        """
        if len(round.aligned[0]) == 0:
            return random_selection(round, self.modality)
        modality, gap, _ = choose_modality(round, self.modality)
        items = unit_floats(round.open[modality]).astype(np.float64)
        known = unit_floats(round.aligned[modality]).astype(np.float64)

        # How much is enough, in steps, and which items change first.
        shares = np.full(len(items), np.inf)
        for other in others(round, modality):
            gallery = np.concatenate([round.open[other], round.aligned[other]])
            partners = unit_floats(gallery).astype(np.float64)
            enough = _moves_that_change(items, partners, self.temperature)
            shares = np.minimum(shares, enough)
        shares /= np.maximum(_farthest(items, known), 1e-12)
        steps = np.ceil(shares * N_STEPS * np.sqrt(items.shape[1]))
        n_asked = round.n_instances
        rows = np.flatnonzero(steps <= np.partition(steps, n_asked - 1)[n_asked - 1])

        # The most central of each cluster.
        labels = cluster(items[rows], n_asked, round.rng)
        order = most_central_first(items[rows], labels)
        picks, turns = in_turns(rows[order], labels[order], n_asked)
        return Selection(picks, -turns.astype(np.float64), modality, gap)


def _moves_that_change(
    items: FloatArray, partners: FloatArray, temperature: float
) -> FloatArray:
    """Return how far each item has to go, along its gradient, to another best partner.

    The similarity to partner j after a move of t along u is s_j + t u_j, with u_j the
    similarity of u to the partner: it meets that of the best at (s - s_j) / (u_j - u).
    """
    moves = np.full(len(items), np.inf)
    for rows in query_blocks(len(items), len(partners)):
        similarity = items[rows] @ partners.T  # (block, n_partners)
        best = similarity.argmax(axis=1)
        at = np.arange(len(best))
        # The gradient of the cross-entropy to the best partner, by the chances of all
        # others: 1 minus that of the best would be rounded away where it is sure.
        chances = softmax(similarity / temperature, axis=1)
        chances[at, best] = 0
        gradient = chances @ partners
        gradient -= chances.sum(axis=1, keepdims=True) * partners[best]
        length = np.linalg.norm(gradient, axis=1, keepdims=True)
        speed = (gradient / np.where(length > 0, length, 1.0)) @ partners.T
        gap = similarity[at, best][:, None] - similarity
        gain = speed - speed[at, best][:, None]
        catches_up = gain > 1e-12  # not by rounding alone, as the best itself
        meets = np.full_like(gap, np.inf)
        np.divide(gap, gain, out=meets, where=catches_up)
        moves[rows] = meets.min(axis=1)
    return moves


def _farthest(items: FloatArray, known: FloatArray) -> FloatArray:
    """Return each item's distance to the known item farthest away; rows of length 1."""
    farthest = np.empty(len(items))
    for rows in batches(len(items)):
        least = (items[rows] @ known.T).min(axis=1)
        farthest[rows] = np.sqrt(np.maximum(2 - 2 * least, 0))
    return farthest
