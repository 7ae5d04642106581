"""MarginSampling."""

import numpy as np

from .._shared.parameters import check_choice
from .._shared.types import RandomState
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import (
    CANDIDATES,
    DISTANCES,
    UNCERTAINTIES,
    check_modality,
    choose_modality,
    most_uncertain,
)


class MarginSampling(QueryStrategy):
    """Ask about the items whose partner the encoder is least sure of.

    Uncertainty alone: the paper's algorithm without its coreset. Batches tend to be
    redundant, and outliers look uncertain.

    Parameters
    ----------
    modality : {"coverage", "relative_coverage", "alternate", "random", 0, 1}, \
            default="coverage"
        Which modality to ask about, as in `CoresetMargin`.
    uncertainty : {"margin", "top1", "entropy"}, default="margin"
        The score, as in `CoresetMargin`.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners: the aligned ones
        too, or the open ones only.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Of the distances that choose the modality.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    skmal.uncertainty.cross_modal_margin : The score as a free function.

    Notes
    -----
    Utilities are minus the margin, minus the top-1 similarity, or the entropy; scores
    that agree to nine decimals are ties and go to the lowest row. O(n_X n_y d) time,
    for every open item is compared with the whole other modality.

    References
    ----------
    .. [1] Scheffer, T., Decomain, C. and Wrobel, S. (2001). "Active Hidden Markov
       Models for Information Extraction". IDA. https://doi.org/10.1007/3-540-44816-0_31

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import MarginSampling, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), MarginSampling("alternate"))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> query.modality                                     # 10 pairs // 3 is odd
    1
    """

    streams = stays_on_device = True

    def __init__(
        self,
        modality: str | int = "coverage",
        *,
        uncertainty: str = "margin",
        candidates: str = "all",
        metric: str = "euclidean",
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.uncertainty = uncertainty
        self.candidates = candidates
        self.metric = metric
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_choice(self.uncertainty, "uncertainty", UNCERTAINTIES)
        check_choice(self.candidates, "candidates", CANDIDATES)
        check_choice(self.metric, "metric", DISTANCES)

    def select(self, round: Round) -> Selection:
        """Choose the least certain items.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows, most uncertain first.
        """
        modality, gap, _ = choose_modality(round, self.modality, self.metric)
        rows = np.arange(len(round.open[modality]))
        rows, utilities = most_uncertain(
            round, modality, rows, self.uncertainty, self.candidates
        )
        return Selection(rows, utilities, modality, gap)
