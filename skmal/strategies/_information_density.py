"""InformationDensity: doubt times density."""

import numpy as np

from .._shared.parameters import check_choice, check_number
from .._shared.types import RandomState
from ..arrays._numbers import unit_floats
from ..arrays._verbs import stacked
from ..uncertainty._entropy import cross_modal_entropy
from ._base import QueryStrategy
from ._round import Round, Selection, others
from ._steps import CANDIDATES, check_modality, choose_modality


class InformationDensity(QueryStrategy):
    """Ask about the items that the encoder doubts and that are like many others.

    Doubt alone asks about outliers; weighed by how similar an item is to the pool, it
    does not. A batch may hold items that are alike.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    beta : float, default=1.0
        Power of the density; 0: doubt alone.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners, as in
        `MarginSampling`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    UncertaintyHerding : Doubt and density, and batches that are diverse.

    Notes
    -----
    What had to change for two pools: doubt is the entropy of an item's softmax over its
    possible partners in the other pool (`skmal.uncertainty.cross_modal_entropy`, in
    place of classes), in the encoder's space; density is the mean cosine similarity to
    the open items of its own modality, in the round's `open_inputs`, at least 0.

    Utilities are doubt times density to the power of `beta`; those that agree to nine
    decimals go to the lowest row. O(n_X n_y d) time. Its items are read as an array.

    References
    ----------
    .. [1] Settles, B. and Craven, M. (2008). "An Analysis of Active Learning Strategies
       for Sequence Labeling Tasks". EMNLP. https://aclanthology.org/D08-1112

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import InformationDensity, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), InformationDensity())
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        beta: float = 1.0,
        candidates: str = "all",
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.beta = beta
        self.candidates = candidates
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_number(self.beta, "beta", minimum=0)
        check_choice(self.candidates, "candidates", CANDIDATES)

    def select(self, round: Round) -> Selection:
        """Choose the items of most doubt and density.

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
        doubts = []
        for other in others(round, modality):
            gallery = round.open[other]
            if self.candidates == "all":
                gallery = stacked(gallery, round.aligned[other])
            doubts.append(cross_modal_entropy(round.open[modality], gallery))
        rows = unit_floats(round.open_inputs[modality]).astype(np.float64)
        density = np.maximum(rows @ rows.mean(axis=0), 0)
        utilities = (np.mean(doubts, axis=0) * density**self.beta).round(9)
        best = (-utilities).argsort(kind="stable")[: round.n_instances]
        return Selection(best, utilities[best], modality, gap)
