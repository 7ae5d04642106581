"""Which answers would make a map over the whole pool the most certain."""

import numpy as np
from sklearn.utils import gen_batches

from .._shared.parameters import (
    LARGEST_RIDGE,
    check_number,
)
from .._shared.randomness import draw_rows
from .._shared.sizes import SIZES
from .._shared.types import BoolArray, FloatArray, IntArray, RandomState
from ..arrays._kernel import GAMMAS, kernel, kernel_root, solved
from ..arrays._numbers import unit_floats
from ..arrays._verbs import take, unit, whole
from ._base import QueryStrategy
from ._design import Design, greedy_picks, mean_of_all
from ._herding import N_CANDIDATES, N_DEMAND, Cover
from ._round import Round, Selection, others
from ._steps import check_modality, choose_modality
from ._trimming import check_trim, least_isolated_directions
from ._unmatched import partner_chances

N_GALLERY = 1500  # items of the other modality among which a partner is looked for
N_DRAWN = 10_000  # items of larger pools that are looked at
N_LANDMARKS = 800  # rows through which the kernel is seen
KNOWN = 0.25  # of the items: from here on no question goes to coverage
BANDWIDTH = 0.5  # of the coverage's kernel, as in MaxHerding


class VOptimalDesign(QueryStrategy):
    """Ask about what would make the encoder most certain about the whole pool.

    The default of `PairedActiveLearner`. It asks about the item whose partner would
    most reduce the average prediction variance of a ridge map over the pool, in the
    space of a kernel, given what is known and what this batch asks about already. Half
    of its first questions, and fewer the more is known, go to what represents the pool
    best instead: few answers are worth most where many items are alike. It leaves the
    most isolated items alone; and, once the encoder's similarities have shown that they
    can be believed, prefers items that no possible partner looks similar to.

    It needs unimodal features that mean something (rows that are close have partners
    that are close), which numeric rows are taken for.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    gamma : float or None, default=2.0
        The kernel of two rows is ``exp(-gamma * (1 - cos))``, of the angle between them
        seen from the mean of all rows, as in `KernelCCA`; from 0.01 to 10,000. None:
        the map is linear in the rows, scaled to length one; that is cheaper, and what
        fits `RidgeCCA`.
    coverage : float, default=0.5
        This share of the questions, drawn at random, goes to the item that adds most to
        the coverage of the pool, as in `MaxHerding`, while nothing is known. The share
        falls with the part of the items that is known, and is 0 from a quarter on.
    trim : float, default=0.2
        This share of the open items, the most isolated ones (by the distance to the
        fourth nearest of 400 items drawn at random, of rows of length one), is left
        alone.
    ridge : float, default=0.5
        Ridge of the map; see `skmal.strategies.greedy_v_optimal`.
    gate : float, default=0.01
        A true partner counts as found where the encoder ranked it in this best share
        of the open items, before it was told. The learner's `trust_` is the running
        share of partners found, and the weight of uncertainty is raised to the power
        of it. 1.0 opens the gate from the first answers on.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    skmal.strategies.greedy_v_optimal : The choice of a batch as a free function.
    MaxHerding : Coverage of the pool alone.
    UncertaintyHerding : Coverage of the pool, weighted by uncertainty.

    Notes
    -----
    Features are the round's `open_inputs` and `aligned_inputs`, scaled to rows of
    length one, less the mean of all and scaled to length one again. The map sees them
    through 800 of them that are drawn at random (Nystroem's method [2]_).

    The weight of item i is (max(1 - s_i, 0.001) / mean) ** trust, where s_i
    is its largest similarity, in the encoder's space, to any of at most 1,500 items of
    the other modality drawn at random; the mean is over the items not trimmed. It does
    not count where the question goes to coverage: 2,000 of the items not trimmed, drawn
    at random, can be asked about then, and 2,000, drawn likewise, are to be covered.

    Where the learner was told of items without a partner (`teach_unmatched`), gains,
    those in coverage too, and the targets' part in Sigma are multiplied with the chance
    that an item has one, raised to a power and divided by its mean. A logistic
    regression on these features tells those that were answered with a partner from
    those that were not; the power is 2 AUC - 1 on answers held out, so that missing at
    random changes next to nothing.

    Utilities are the largest weighted gains when items are picked, lowered to the
    smallest before where a later one is larger. Ties go to the lowest row. With no pair
    known the learner asks at random, unless its encoder can transform already: then the
    design of the first batch is the same with an empty aligned set.

    O((n + n_aligned) m (d + m) + m^3 + 400 n d + 1500 n k + n_instances n m) time for n
    items with d features, m = 800 landmarks (where `gamma` is None, m is d and is not
    multiplied with it) and k encoder components, and O(2000 (2000 + n_aligned) d) for
    coverage: linear in the pool. Of more than 10,000
    items so many are drawn at random, and the others are neither candidates nor
    targets: beyond that the design costs the same for pools of any size. Of pools that
    are not in memory only the rows drawn are read. The gaps that
    ``modality="coverage"`` and ``"relative_coverage"`` compare are still those of all
    rows of both pools.

    References
    ----------
    .. [1] Yu, K., Bi, J. and Tresp, V. (2006). "Active Learning via Transductive
       Experimental Design". ICML. https://doi.org/10.1145/1143844.1143980
    .. [2] Williams, C. K. I. and Seeger, M. (2001). "Using the Nystroem Method to Speed
       Up Kernel Machines". NIPS 13.
    .. [3] Bae, W., Noh, J. and Sutherland, D. J. (2024). "Generalized Coverage for More
       Robust Low-Budget Active Learning". ECCV. https://arxiv.org/abs/2407.12212

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import KernelCCA, PairedActiveLearner, VOptimalDesign
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(60, 3))                       # what partners share
    >>> X, y = z @ rng.normal(size=(3, 8)), z @ rng.normal(size=(3, 5))
    >>> learner = PairedActiveLearner(KernelCCA(), VOptimalDesign(), random_state=0)
    >>> learner = learner.fit(X[:20], y[:20])
    >>> query = learner.query(X[20:], y[20:], n_instances=4)
    >>> query.modality, len(query.indices)                 # 20 pairs // 4 is odd
    (1, 4)
    >>> learner = learner.teach(X[20:][query.indices], y[20:][query.indices])
    >>> learner.trust_                                     # all partners were found
    1.0
    """

    streams = True

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        gamma: float | None = 2.0,
        coverage: float = 0.5,
        trim: float = 0.2,
        ridge: float = 0.5,
        gate: float = 0.01,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.gamma = gamma
        self.coverage = coverage
        self.trim = trim
        self.ridge = ridge
        self.gate = gate
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        if self.gamma is not None:
            least, most = GAMMAS
            check_number(self.gamma, "gamma", minimum=least, maximum=most)
        kind = "a share of the questions"
        check_number(self.coverage, "coverage", minimum=0, maximum=1, kind=kind)
        check_trim(self.trim)
        check_number(self.ridge, "ridge", more_than=0, maximum=LARGEST_RIDGE)
        check_number(
            self.gate,
            "gate",
            more_than=0,
            maximum=1,
            kind="a share of the open items",
        )

    def select(self, round: Round) -> Selection:
        """Choose the batch of the largest gains.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order picked, with their gains.
        """
        modality, gap, _ = choose_modality(round, self.modality)
        inputs = round.open_inputs[modality]
        drawn = draw_rows(len(inputs), max(N_DRAWN, round.n_instances), round.rng)
        by_cover = self._asked_for_coverage(len(inputs), round, modality)
        if len(drawn) < len(inputs):
            inputs = take(inputs, drawn)

        # Which items are left alone, and the space of the design.
        features = unit_floats(inputs)
        aligned = unit_floats(round.aligned_inputs[modality])
        rows = least_isolated_directions(features, self.trim, round)
        space = features, aligned
        if self.gamma is not None:
            seen = seen_from_mean(features, aligned)
            space = kernel_features(*seen, self.gamma, N_LANDMARKS, round.rng)

        # What gains are multiplied with.
        weights = trusted_uncertainty(round, modality, drawn[rows])
        chances = None
        if round.unmatched_inputs is not None:
            unmatched = unit_floats(round.unmatched_inputs[modality])
            chances = partner_chances(features[rows], aligned, unmatched)
        if chances is not None:
            weights = chances if weights is None else weights * chances

        design = Design(*space, rows, self.ridge, round.n_instances, chances)
        cover = None
        if by_cover.any():
            cover = _cover(features, aligned, rows, chances, round)
        picks, gains = greedy_picks(design, round.n_instances, weights, cover, by_cover)
        rows = drawn[rows]
        return Selection(rows[picks], np.minimum.accumulate(gains), modality, gap)

    def _asked_for_coverage(
        self, n_open: int, round: Round, modality: int
    ) -> BoolArray:
        """Draw which of the questions of a round go to coverage."""
        n_aligned = len(round.aligned_inputs[modality])
        known = n_aligned / (n_aligned + n_open)
        share = self.coverage * max(0, 1 - known / KNOWN)
        return round.rng.random(round.n_instances) < share


def seen_from_mean(
    features: FloatArray, aligned: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return both, less the mean of all rows, and scaled to length one again."""
    mean = mean_of_all(features, aligned)
    return unit(features - mean), unit(aligned - mean)


def kernel_features(
    features: FloatArray,
    aligned: FloatArray,
    gamma: float,
    n_landmarks: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return rows of length one in the space of the kernel.

    Their inner products are the kernel's values, exactly where all rows are landmarks,
    and nearly so where there are fewer.
    """
    # Rows of two precisions have the rounding of the lower one.
    kind = min(features.dtype, aligned.dtype, key=lambda dtype: dtype.itemsize)
    features, aligned = features.astype(kind), aligned.astype(kind)
    everything = np.concatenate([features, aligned])
    landmarks = everything[draw_rows(len(everything), n_landmarks, rng)]
    root = kernel_root(landmarks, gamma)
    return (
        solved(root, kernel(features, landmarks, gamma).T).T,
        solved(root, kernel(aligned, landmarks, gamma).T).T,
    )


def _cover(
    features: FloatArray,
    aligned: FloatArray,
    rows: IntArray,
    chances: FloatArray | None,
    round: Round,
) -> Cover:
    """Return how the open items are covered, and which of these rows add most."""
    targets = features[rows]
    demand = draw_rows(len(rows), N_DEMAND, round.rng)
    candidates = draw_rows(len(rows), max(N_CANDIDATES, round.n_instances), round.rng)
    if chances is None:
        chances = np.ones(len(rows))
    return Cover(
        targets,
        targets[demand],
        aligned,
        chances[demand],
        BANDWIDTH,
        candidates,
        chances[candidates],
    )


def trusted_uncertainty(
    round: Round, modality: int, rows: IntArray
) -> FloatArray | None:
    """Return a weight per item: how unsure the encoder is, as far as it counts.

    Parameters
    ----------
    round : Round
        The round.
    modality : int
        Whose items.
    rows : ndarray of int
        Which of the open ones.

    Returns
    -------
    ndarray of the shape of rows, or None
        Weights above 0 with mean 1 where trust is 1; None where trust is 0, for then
        all are equal.
    """
    if round.trust == 0:
        return None
    features, doubts = round.open[modality], []
    for other in others(round, modality):
        gallery = round.open[other]
        chosen = draw_rows(len(gallery), N_GALLERY, round.rng, in_order=False)
        if len(chosen) < len(gallery):
            gallery = take(gallery, chosen)
        gallery = unit(whole(gallery))
        doubt = np.empty(len(rows))
        for block in gen_batches(len(rows), SIZES.queries):
            # A weight need not be exact, as a rule that picks by it alone would have.
            similarity = unit(take(features, rows[block])) @ gallery.T
            doubt[block] = 1 - similarity.max(axis=1)
        doubts.append(doubt)
    doubt = np.maximum(np.mean(doubts, axis=0), 1e-3)
    return (doubt / doubt.mean()) ** round.trust
