"""Cover the pool by similarity: greedy herding, plain and weighted by uncertainty."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches

from .._shared.parameters import (
    check_integer,
    check_number,
    check_weights,
)
from .._shared.randomness import draw_rows
from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._kinds import RowsLike
from ..arrays._numbers import check_features, unit_floats
from ..arrays._verbs import take
from ..uncertainty._margin import cross_modal_top1
from ._bandwidth import tuned_bandwidth
from ._base import QueryStrategy
from ._round import Round, Selection, others
from ._steps import check_modality, choose_modality

N_DEMAND = 2000  # points whose coverage is counted, drawn from the pool
N_CANDIDATES = 2000  # rows that can be picked, drawn from the pool
TUNED = "tuned"
BANDWIDTHS = (1e-100, 1e100)  # beyond, squares are 0 or infinite
N_KEPT = N_DEMAND * N_CANDIDATES  # kernel values that are kept, if there are no more


def greedy_herding(
    candidates: RowsLike,
    n_picks: int,
    demand: RowsLike,
    *,
    aligned: RowsLike | None = None,
    weights: ArrayLike | None = None,
    bandwidth: float = 0.5,
) -> tuple[IntArray, FloatArray]:
    """Pick rows one after the other, each the one that adds most coverage.

    A demand point is covered as well as it resembles the nearest pick or aligned row,
    by the RBF kernel of their distance; the mean over the demand points is maximised.

    Parameters
    ----------
    candidates : array-like of shape (n_candidates, n_features)
        Rows to pick from.
    n_picks : int
        How many to pick, at most n_candidates.
    demand : array-like of shape (n_demand, n_features)
        The points to cover.
    aligned : array-like of shape (n_aligned, n_features), default=None
        Rows that are picked already.
    weights : array-like of shape (n_demand,), default=None
        How much each demand point counts, at least 0; None: 1.
    bandwidth : float, default=0.5
        The kernel is ``exp(-distance ** 2 / (2 * bandwidth ** 2))``; from 1e-100 to
        1e100.

    Returns
    -------
    picks : ndarray of shape (n_picks,), int64
        Indices into `candidates`, in the order picked, all different.
    gains : ndarray of shape (n_picks,), float64
        What each added to the mean coverage; never increasing.

    Raises
    ------
    ValueError
        If an array is empty (`aligned` may be), holds NaN or infinity, if shapes do not
        match, or if a number is out of range.

    Notes
    -----
    Gains only fall as picks join, so that an old gain is a bound: only candidates that
    could still be the best are computed anew. O((n_candidates + n_aligned) n_demand d)
    time at the start and at worst as much per pick; memory is a block of kernel values,
    or all of them up to 4 million. Gains that agree to a part in 10^9 are ties and go
    to the lowest row.

    References
    ----------
    .. [1] Bae, W., Noh, J. and Sutherland, D. J. (2024). "Generalized Coverage for More
       Robust Low-Budget Active Learning". ECCV. https://arxiv.org/abs/2407.12212

    Examples
    --------
    >>> from skmal.strategies import greedy_herding
    >>> rows = [[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]]
    >>> picks, gains = greedy_herding(rows, n_picks=3, demand=rows)
    >>> picks
    array([1, 3, 5])
    """
    candidates = check_features(candidates, "candidates")
    demand = check_features(demand, "demand", like=candidates)
    aligned = check_features(aligned, "aligned", like=candidates)
    n_picks = check_integer(n_picks, "n_picks", minimum=1)
    if n_picks > len(candidates):
        raise ValueError(
            f"n_picks={n_picks} is above the {len(candidates)} rows to pick from"
        )
    if weights is None:
        weights = np.ones(len(demand))
    weights = check_weights(weights, len(demand))
    _check_bandwidth(bandwidth)
    return _herding_picks(candidates, n_picks, demand, aligned, weights, bandwidth)


class MaxHerding(QueryStrategy):
    """Ask about the items that represent the pool best.

    Greedily maximises the mean over the pool of each item's largest similarity, by an
    RBF kernel of its unimodal features, to any item known or asked about. Strong where
    few answers are known and the encoder cannot be trusted; it does not chase outliers,
    for they represent nothing.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    bandwidth : float or "tuned", default=0.5
        Of the kernel, for rows of length one; see `skmal.strategies.greedy_herding`.
        "tuned": that of 0.125 to 2 with which known pairs foretell each other's
        partners best.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    UncertaintyHerding : The same, weighted by uncertainty.
    skmal.strategies.greedy_herding : The choice of a batch as a free function.

    Notes
    -----
    Features are the round's `open_inputs` and `aligned_inputs`, scaled to rows of
    length one. Of a large pool 2,000 items drawn at random are what is to be covered,
    and as many, drawn likewise (or the batch, where that is larger), can be asked
    about: the paper's rule has a kernel matrix of the whole pool. O(2000 (2000 +
    n_aligned) d + n d) time. Utilities are the gains in coverage; ties go to the lowest
    row.

    The bandwidth "tuned" foretells the partner of each known pair, in the unimodal
    features of the other modality, as the mean of the other known pairs' partners
    weighted by the kernel, and is the one of nine with the least squared error, the
    widest of equals; 0.5 where fewer than ten pairs are known. Of more than 1,000 pairs
    as many are drawn, so that it adds O(1000^2 d) time.

    References
    ----------
    .. [1] Bae, W., Noh, J. and Sutherland, D. J. (2024). "Generalized Coverage for More
       Robust Low-Budget Active Learning". ECCV. https://arxiv.org/abs/2407.12212

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import MaxHerding, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), MaxHerding(modality=0))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    streams = True

    def __init__(
        self,
        modality: str | int = "alternate",
        *,
        bandwidth: float | str = 0.5,
        random_state: RandomState = None,
    ) -> None:
        self.modality = modality
        self.bandwidth = bandwidth
        self.random_state = random_state

    def check_parameters(self, n_instances: int) -> None:
        check_modality(self.modality)
        if self.bandwidth != TUNED:
            _check_bandwidth(self.bandwidth, f"; or pass {TUNED!r}")

    def select(self, round: Round) -> Selection:
        """Choose what covers the pool.

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
        aligned = unit_floats(round.aligned_inputs[modality])
        demand = draw_rows(len(inputs), N_DEMAND, round.rng)
        rows = draw_rows(len(inputs), max(N_CANDIDATES, round.n_instances), round.rng)
        picks, gains = _herding_picks(
            unit_floats(take(inputs, rows)),
            round.n_instances,
            unit_floats(take(inputs, demand)),
            aligned,
            self._weights(round, modality, demand),
            self._width(round, modality),
        )
        return Selection(rows[picks], gains, modality, gap)

    def _width(self, round: Round, modality: int) -> float:
        """Return the bandwidth, a number."""
        if not isinstance(self.bandwidth, str):
            return self.bandwidth
        known = [unit_floats(rows) for rows in round.aligned_inputs]
        partners = np.concatenate([known[m] for m in others(round, modality)], axis=1)
        return tuned_bandwidth(known[modality], partners, round.rng)

    def _weights(self, round: Round, modality: int, rows: IntArray) -> FloatArray:
        """Return how much each of these open rows counts."""
        return np.ones(len(rows))


class UncertaintyHerding(MaxHerding):
    """Ask about the items that represent best what the encoder is unsure of.

    `MaxHerding` with each item of the pool weighted by the encoder's uncertainty, so
    that it turns from what is frequent to what is hard.

    Parameters
    ----------
    modality : {"alternate", "coverage", "relative_coverage", "random", 0, 1}, \
            default="alternate"
        Which modality to ask about: X and y in turns, or as in `CoresetMargin`.
    bandwidth : float or "tuned", default=0.5
        Of the kernel, for rows of length one; see `skmal.strategies.greedy_herding`.
        "tuned": that of 0.125 to 2 with which known pairs foretell each other's
        partners best.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    VOptimalDesign : Weighs by uncertainty only as far as it has proved right.

    Notes
    -----
    Uncertainty is one minus the largest similarity, in the encoder's space, to any of
    at most 2,000 open items of the other modality drawn at random, and at least 0. The
    paper's own way of adapting the kernel and a softmax temperature to the labels known
    has no counterpart here: nothing is classified. Everything else as in `MaxHerding`.

    References
    ----------
    .. [1] Bae, W., Oliveira, G. L. and Sutherland, D. J. (2025). "Uncertainty Herding:
       One Active Learning Method for All Label Budgets". ICLR.
       https://arxiv.org/abs/2412.20644

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RidgeCCA, UncertaintyHerding
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), UncertaintyHerding())
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> query.modality                                     # 10 pairs // 3 is odd
    1
    """

    def _weights(self, round: Round, modality: int, rows: IntArray) -> FloatArray:
        queries, top1 = take(round.open[modality], rows), []
        for other in others(round, modality):
            gallery = round.open[other]
            gallery = take(gallery, draw_rows(len(gallery), N_DEMAND, round.rng))
            top1.append(cross_modal_top1(queries, gallery))
        return np.maximum(1 - np.mean(top1, axis=0), 0)


class Cover:
    """How well points are covered by the rows taken so far, and who would add most.

    Gains are made when they are needed: what a row adds only falls as others are taken,
    so that an old gain is an upper bound. All is computed in the precision of the rows,
    and gains that agree to a part in 10^9 (10^5 in float32) are ties.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Rows that may be taken.
    demand : ndarray of shape (n_demand, n_features)
        The points to cover.
    aligned : ndarray of shape (n_aligned, n_features)
        Rows that are taken already.
    weights : ndarray of shape (n_demand,)
        How much each point counts.
    bandwidth : float
        Of the kernel.
    candidates : ndarray of int, default=None
        Which rows can be the best, in order; None: all.
    factors : ndarray of shape (n_candidates,), default=None
        What gains are multiplied with; None: 1.
    """

    def __init__(
        self,
        rows: FloatArray,
        demand: FloatArray,
        aligned: FloatArray,
        weights: FloatArray,
        bandwidth: float,
        candidates: IntArray | None = None,
        factors: FloatArray | None = None,
    ) -> None:
        n = len(rows)
        self.rows, self.demand = rows, demand
        self.tolerance = 1e-9 if demand.dtype == np.float64 else 1e-5
        self.weights, self.gamma = weights, 1 / (2 * bandwidth**2)
        self.candidates = np.arange(n) if candidates is None else candidates
        self.factors = np.ones(len(self.candidates)) if factors is None else factors
        self.covered = np.zeros(len(demand))
        for first in range(0, len(aligned), SIZES.gains):
            similarity = self._similarity(aligned[first : first + SIZES.gains])
            np.maximum(self.covered, similarity.max(axis=0), out=self.covered)

        self.kernel = None
        if len(self.candidates) * len(demand) <= N_KEPT:
            self.kernel = self._similarity(rows[self.candidates])
        # Upper bounds as soon as something was taken, -1 of candidates that were.
        self.gains = np.empty(len(self.candidates))
        for block in gen_batches(len(self.candidates), SIZES.gains):
            self.gains[block] = self._gains_of(np.arange(block.start, block.stop))
        self.fresh = np.ones(len(self.candidates), dtype=bool)

    def best(self) -> tuple[int, float]:
        """Return the row that adds most, the lowest of equals, and its gain."""
        while True:
            best = self.gains[self.fresh].max(initial=0)
            level = best * (1 - self.tolerance)
            stale = np.flatnonzero(~self.fresh & (self.gains >= level))
            if len(stale) == 0:
                first = np.argmax(self.gains >= level)
                return int(self.candidates[first]), float(self.gains[first])
            stale = stale[np.argsort(-self.gains[stale], kind="stable")[: SIZES.gains]]
            self.gains[stale] = self._gains_of(stale)
            self.fresh[stale] = True

    def take(self, row: int) -> None:
        """Take a row, a candidate or another; it is the best no more."""
        similarity = self._similarity(self.rows[[row]])[0]
        np.maximum(self.covered, similarity, out=self.covered)
        at = np.searchsorted(self.candidates, row)
        if at < len(self.candidates) and self.candidates[at] == row:
            self.gains[at] = -1
        self.fresh = self.gains < 0

    def _similarity(self, rows: FloatArray) -> FloatArray:
        squared = rows @ self.demand.T  # (rows, n_demand)
        squared *= -2
        squared += np.einsum("ij,ij->i", rows, rows)[:, None]
        squared += np.einsum("ij,ij->i", self.demand, self.demand)
        np.maximum(squared, 0, out=squared)
        with np.errstate(over="ignore"):  # so far away that the kernel is 0
            squared *= -self.gamma
        return np.exp(squared, out=squared)

    def _gains_of(self, positions: IntArray) -> FloatArray:
        """Return what these of the candidates add."""
        if self.kernel is not None:
            similarity = self.kernel[positions]
        else:
            similarity = self._similarity(self.rows[self.candidates[positions]])
        added = similarity - self.covered  # (positions, n_demand)
        gains = np.maximum(added, 0, out=added) @ self.weights / len(self.demand)
        return gains * self.factors[positions]


def _check_bandwidth(bandwidth: float | str, remedy: str = "") -> None:
    least, most = BANDWIDTHS
    check_number(bandwidth, "bandwidth", minimum=least, maximum=most, remedy=remedy)


def _herding_picks(
    candidates: FloatArray,
    n_picks: int,
    demand: FloatArray,
    aligned: FloatArray,
    weights: FloatArray,
    bandwidth: float,
) -> tuple[IntArray, FloatArray]:
    """Return the picks of `greedy_herding` and their gains; nothing is checked."""
    rows, demand, aligned = (
        own.astype(np.float64) for own in (candidates, demand, aligned)
    )
    cover = Cover(rows, demand, aligned, weights, bandwidth)
    picks, gains = np.empty(n_picks, dtype=np.int64), np.empty(n_picks)
    for step in range(n_picks):
        picks[step], gains[step] = cover.best()
        cover.take(picks[step])
    return picks, np.minimum.accumulate(gains)
