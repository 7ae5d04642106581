"""FALCUN: uncertain items whose chances of partners differ from those picked."""

import numpy as np
from scipy.special import softmax

from .._shared.parameters import LEAST_TEMPERATURE, check_number
from .._shared.randomness import draw_rows
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._blocks import batches
from ..arrays._numbers import unit_floats
from ._base import QueryStrategy
from ._round import Round, Selection, others
from ._steps import check_modality, choose_modality

N_GALLERY = 500  # items of the other modality among which a partner is looked for


class FALCUN(QueryStrategy):
    """Ask about uncertain items that are uncertain in different ways.

    Draws item after item, likelier the smaller its margin and the farther its chances
    of partners are from those of all items drawn before. Made for encoders that are
    good already.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    gamma : float, default=10.0
        Power of an item's relevance in the draw: 0 draws uniformly, large values take
        the most relevant item.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax, as in
        `skmal.uncertainty.cross_modal_entropy`.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed.

    See Also
    --------
    BADGE : The same with gradients in place of chances.

    Notes
    -----
    What had to change for two pools: items of the other pool take the place of the
    classes. These are thousands, so that chances are those of 500 drawn at random; with
    several other modalities, theirs stand side by side, and the margin is the mean.

    Relevance is uncertainty, one minus the margin of the two likeliest partners, plus
    the distance (L1) to the nearest item drawn, scaled to between 0 and 1 over the
    items that are left. As in the paper's code, the distance starts as the uncertainty,
    before the first draw, and only falls. Utilities are the relevances at the time of
    the draw, the smallest so far. O(500 n (d + B)) time for a batch of B, and memory
    for 500 n chances in float32. Its items are read as an array.

    References
    ----------
    .. [1] Gilhuber, S., Beer, A., Ma, Y. and Seidl, T. (2024). "FALCUN: A Simple and
       Efficient Deep Active Learning Strategy". ECML PKDD.
       https://doi.org/10.1007/978-3-031-70352-2_25

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import FALCUN, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), FALCUN(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> len(set(query.indices))
    3
    """

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        gamma: float = 10.0,
        temperature: float = 0.07,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.gamma = gamma
        self.temperature = temperature
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        check_number(self.gamma, "gamma", minimum=0)
        check_number(self.temperature, "temperature", minimum=LEAST_TEMPERATURE)

    def select(self, round: Round) -> Selection:
        """Draw uncertain items that differ.

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
        chances = []
        for other in others(round, modality):
            rows = draw_rows(len(round.open[other]), N_GALLERY, round.rng)
            chances.append(
                _chances(
                    unit_floats(round.open[modality]),
                    unit_floats(round.open[other][rows]),
                    self.temperature,
                )
            )
        margins = np.mean([_margins(each) for each in chances], axis=0)
        picks, relevance = self._draw(
            1 - margins, np.concatenate(chances, axis=1), round.n_instances, round.rng
        )
        return Selection(picks, relevance, modality, gap)

    def _draw(
        self,
        uncertainty: FloatArray,
        chances: FloatArray,
        n: int,
        rng: np.random.Generator,
    ) -> tuple[IntArray, FloatArray]:
        """Return n rows that are uncertain and differ, and their relevance then."""
        distance = uncertainty.copy()  # to the nearest row drawn
        left = np.ones(len(uncertainty), dtype=bool)
        picks, relevances = np.empty(n, dtype=np.int64), np.empty(n)
        for step in range(n):
            # Relevance: uncertainty, and distance scaled over what is left.
            low, high = distance[left].min(), distance[left].max()
            spread = high - low if high > low else 1.0
            relevance = np.where(left, uncertainty + (distance - low) / spread, 0.0)

            # One is drawn; where nothing is relevant, one of those that are left.
            most = relevance.max()
            weights = (relevance / most if most > 0 else relevance) ** self.gamma
            weights = np.where(left, weights if most > 0 else 1.0, 0.0)
            cumulated = weights.cumsum()
            pick = np.searchsorted(
                cumulated, rng.random() * cumulated[-1], side="right"
            )
            pick = min(pick, np.flatnonzero(weights)[-1])

            # The others are no farther from what is drawn than from this one.
            picks[step], relevances[step], left[pick] = pick, relevance[pick], False
            for rows in batches(len(chances)):
                to_pick = np.abs(chances[rows] - chances[pick]).sum(axis=1)
                distance[rows] = np.minimum(distance[rows], to_pick)
        return picks, np.minimum.accumulate(relevances)


def _chances(items: FloatArray, partners: FloatArray, temperature: float) -> FloatArray:
    """Return each item's softmax over the partners."""
    chances = np.empty((len(items), len(partners)), dtype=np.float32)
    for rows in batches(len(items)):
        chances[rows] = softmax(items[rows] @ partners.T / temperature, axis=1)
    return chances


def _margins(chances: FloatArray) -> FloatArray:
    """Return how much likelier the likeliest partner is than the next."""
    if chances.shape[1] == 1:
        return chances[:, 0].astype(np.float64)
    best = np.partition(chances, -2, axis=1)[:, -2:].astype(np.float64)
    return best[:, 1] - best[:, 0]
