"""KCenterGreedy."""

import numpy as np

from .._shared.parameters import check_choice
from .._shared.types import RandomState
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import DISTANCES, check_modality, choose_modality, pick_coreset
from ._trimming import check_trim


class KCenterGreedy(QueryStrategy):
    """Ask about the items that are farthest from everything asked so far.

    Diversity alone: the first two steps of the paper's algorithm with a coreset of
    exactly the batch. It needs no trust in the encoder's similarities. Set `trim` where
    a pool may hold outliers, for it asks about those first.

    Parameters
    ----------
    modality : {"coverage", "relative_coverage", "alternate", "random", 0, 1}, \
            default="coverage"
        Which modality to ask about, as in `CoresetMargin`.
    trim : float, default=0.0
        This share of the open items, the most isolated ones, is not eligible; as in
        `CoresetMargin`.
    metric : {"euclidean", "cosine"}, default="euclidean"
        "cosine" scales rows to length one before distances are taken.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    skmal.coverage.greedy_k_center : The same choice as a free function.

    Notes
    -----
    Utilities are the distances to the nearest centre at the time of the pick (infinite
    for the first one of a cold start). Ties go to the lowest row. O((n_aligned +
    n_instances) n d) time; `trim` adds O(2000 n d) for the asked modality.

    References
    ----------
    .. [1] Sener, O. and Savarese, S. (2018). "Active Learning for Convolutional Neural
       Networks: A Core-Set Approach". ICLR. https://arxiv.org/abs/1708.00489

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import KCenterGreedy, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), KCenterGreedy(modality=0))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    streams = stays_on_device = True

    def __init__(
        self,
        modality: str | int = "coverage",
        *,
        trim: float = 0.0,
        metric: str = "euclidean",
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.trim = trim
        self.metric = metric
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_choice(self.metric, "metric", DISTANCES)
        check_trim(self.trim)

    def select(self, round: Round) -> Selection:
        """Choose the farthest items.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order picked, with their distances.
        """
        modality, gap, known = choose_modality(round, self.modality, self.metric)
        picks, squared = pick_coreset(
            round,
            modality,
            known,
            round.n_instances,
            self.trim,
            self.metric,
            with_distances=True,
        )
        return Selection(picks, np.sqrt(squared), modality, gap)
