"""RandomSampling."""

from .._shared.types import RandomState
from ._base import QueryStrategy
from ._round import Round, Selection
from ._steps import check_modality, random_selection


class RandomSampling(QueryStrategy):
    """Ask about items drawn at random: what savings are measured against.

    Parameters
    ----------
    modality : {"random", "alternate", 0, 1}, default="random"
        Which modality to ask about. "random": that of one item drawn uniformly from
        both open pools together; "alternate": in turns; 0 or 1: always X or always y;
        with more modalities, the number of any.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed. An int repeats the run.

    Notes
    -----
    All utilities are 0. O(n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RandomSampling, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), RandomSampling(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=4)
    >>> len(set(query.indices)), query.modality in (0, 1)
    (4, True)
    """

    streams = stays_on_device = True

    def __init__(
        self, modality: str | int = "random", *, random_state: RandomState = None
    ) -> None:
        self.modality = modality
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality, ("random", "alternate"))

    def select(self, round: Round) -> Selection:
        """Choose at random.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Random rows of one modality, utilities 0.
        """
        return random_selection(round, self.modality)
