"""A ridge map's design: what answers about rows take from its variance."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve

from .._shared.masks import refuse_masked
from .._shared.parameters import (
    LARGEST_RIDGE,
    check_integer,
    check_number,
    check_weights,
)
from .._shared.types import BoolArray, FloatArray, IntArray
from ..arrays._kinds import RowsLike
from ..arrays._numbers import check_features
from ._herding import Cover


def v_optimal_gains(
    features: RowsLike,
    aligned: RowsLike | None = None,
    *,
    targets: ArrayLike | None = None,
    ridge: float = 0.3,
) -> FloatArray:
    """Return how much an answer about each row would lower a map's mean variance.

    Think of a ridge regression from this modality's features to anything, learned from
    the aligned rows. The variance of its prediction for a row depends on where the
    aligned rows lie, not on what was answered. The gain of a row is what its answer
    takes from the sum of the targets' variances, in units of the noise and divided by
    the number of targets.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows that could be asked about.
    aligned : array-like of shape (n_aligned, n_features), default=None
        Rows of the same modality whose partners are known.
    targets : array-like of bool, shape (n_samples,), default=None
        Which rows the map should be certain about; None: all. The aligned rows always
        are targets.
    ridge : float, default=0.3
        The map's ridge for each row it learns from (this one included), as a share of
        the features' mean variance; at most 1,000,000, and no smaller than rounding.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Gains of at least 0.

    Raises
    ------
    ValueError
        If an array is empty (`aligned` may be), holds NaN or infinity, if numbers of
        features differ, or if `ridge` is not above 0.

    See Also
    --------
    greedy_v_optimal : Picks several rows, each given the ones before.

    Notes
    -----
    With features centred at the mean of all rows, C for these and S for the aligned,
    Sigma the targets' covariance, lambda = ridge trace(Sigma) / d (n_aligned + 1) and
    M = (S'S + lambda I)^-1, the gain of row c is c' M Sigma M c / (1 + c' M c).
    O((n_samples + n_aligned) d^2 + d^3) time.

    References
    ----------
    .. [1] Yu, K., Bi, J. and Tresp, V. (2006). "Active Learning via Transductive
       Experimental Design". ICML. https://doi.org/10.1145/1143844.1143980

    Examples
    --------
    Most rows vary along the first axis, and nothing is known yet: the row that tells
    most about the first axis gains most. Once it is known, the other axis does.

    >>> from skmal.strategies import v_optimal_gains
    >>> rows = [[3.0, 0.0], [-3.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]]
    >>> int(v_optimal_gains(rows).argmax())
    0
    >>> int(v_optimal_gains(rows, aligned=[[3.0, 0.0], [-3.0, 0.0]]).argmax())
    4
    """
    features = check_features(features, "features")
    aligned = check_features(aligned, "aligned", like=features)
    rows = _check_targets(targets, len(features))
    check_number(ridge, "ridge", more_than=0, maximum=LARGEST_RIDGE)
    design = Design(features, aligned, rows, ridge, n_picks=1)
    leverage, reduction = design.parts(features - design.mean)
    return reduction / (1 + leverage)


def greedy_v_optimal(
    features: RowsLike,
    n_picks: int,
    aligned: RowsLike | None = None,
    *,
    targets: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    ridge: float = 0.3,
) -> tuple[IntArray, FloatArray]:
    """Pick rows one after the other, each with the largest gain given those before.

    Representative where much is unknown, diverse within a batch: an answer about one
    row lowers the variance of its neighbours, and with it their gains.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows to pick from.
    n_picks : int
        How many to pick, at most the targets.
    aligned : array-like of shape (n_aligned, n_features), default=None
        Rows of the same modality whose partners are known.
    targets : array-like of bool, shape (n_samples,), default=None
        Which rows the map should be certain about; None: all. Only these are picked.
    weights : array-like of shape (n_samples,), default=None
        What gains are multiplied with, at least 0; None: 1.
    ridge : float, default=0.3
        The map's ridge for each row that it will have learned from once the picks are
        answered, as a share of the features' mean variance; at most 1,000,000, and no
        smaller than rounding.

    Returns
    -------
    picks : ndarray of shape (n_picks,), int64
        Indices into `features`, in the order picked, all different.
    gains : ndarray of shape (n_picks,), float64
        The weighted gain of each when picked.

    Raises
    ------
    ValueError
        If an array is empty (`aligned` may be), holds NaN or infinity, if shapes do not
        match, or if a number is out of range.

    See Also
    --------
    v_optimal_gains : The gains of all rows, and what they are.

    Notes
    -----
    O((n_samples + n_aligned) d^2 + d^3) time at the start and O(n_samples d + d^2) per
    pick, by rank-one updates; memory is a centred copy of the rows. Gains that agree to
    a part in 10^9 (10^5 for float32 rows) are ties and go to the lowest row.

    Examples
    --------
    >>> from skmal.strategies import greedy_v_optimal
    >>> rows = [[3.0, 0.0], [-3.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]]
    >>> picks, gains = greedy_v_optimal(rows, n_picks=3)
    >>> picks
    array([0, 1, 4])
    """
    features = check_features(features, "features")
    aligned = check_features(aligned, "aligned", like=features)
    rows = _check_targets(targets, len(features))
    n_picks = check_integer(n_picks, "n_picks", minimum=1)
    if n_picks > len(rows):
        raise ValueError(
            f"n_picks={n_picks} is above the {len(rows)} rows that are targets"
        )
    factors = None if weights is None else check_weights(weights, len(features))[rows]
    check_number(ridge, "ridge", more_than=0, maximum=LARGEST_RIDGE)
    design = Design(features, aligned, rows, ridge, n_picks)
    picks, gains = greedy_picks(design, n_picks, factors)
    return rows[picks], gains


class Design:
    """A ridge map's inverse Gram matrix M, and what it makes of the target rows.

    Rows are kept in their own precision, everything of size d x d is float64.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
        Rows that are not known.
    aligned : ndarray of shape (n_aligned, n_features)
        Rows that are.
    rows : ndarray of int
        Which features are targets, and can be picked.
    ridge : float
        The map's ridge.
    n_picks : int
        How many will be picked.
    weights : ndarray of shape (len(rows),), default=None
        How much each counts as a target, with mean 1; None: 1.
    """

    def __init__(
        self,
        features: FloatArray,
        aligned: FloatArray,
        rows: IntArray,
        ridge: float,
        n_picks: int,
        weights: FloatArray | None = None,
    ) -> None:
        d = features.shape[1]
        self.mean = mean_of_all(features, aligned)
        known, self.targets = aligned - self.mean, features[rows]
        self.targets -= self.mean
        gram = (known.T @ known).astype(np.float64)  # (d, d)
        weighted = self.targets
        if weights is not None:  # of the rows as targets, mean 1
            weighted = weighted * weights.astype(features.dtype)[:, None]
        self.sigma = gram + weighted.T @ self.targets
        self.sigma /= len(known) + len(rows)
        scale = np.trace(self.sigma) / d * (len(aligned) + n_picks)
        # No smaller than what rounding can take from the Gram matrix, picks included.
        rounding = float(np.finfo(features.dtype).eps)
        least = max(ridge * scale, rounding * scale, rounding * np.trace(gram))
        gram[np.diag_indices(d)] += least if scale > 0 else 1
        self.inverse = cho_solve(cho_factor(gram), np.eye(d))
        # M = inverse - sum of v v' / scale over the rows v taken since.
        n_kept = min(n_picks, d)
        self.taken, self.scales = np.empty((n_kept, d)), np.empty(n_kept)
        self.n_taken = 0

    def parts(self, centred: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return c'Mc and c'M Sigma M c of each centred row c, before any was taken."""
        mapped = centred @ self.inverse.astype(centred.dtype)  # (n, d)
        leverage = np.einsum("ij,ij->i", centred, mapped)
        spread = mapped @ self.sigma.astype(centred.dtype)
        reduction = np.einsum("ij,ij->i", mapped, spread)
        return leverage.astype(np.float64), reduction.astype(np.float64)

    def apply_inverse(self, row: FloatArray) -> FloatArray:
        """Return M row, the rows taken so far included, by their rank-one updates."""
        taken, scales = self.taken[: self.n_taken], self.scales[: self.n_taken]
        return self.inverse @ row - ((taken @ row) / scales) @ taken

    def add(self, row: FloatArray) -> tuple[FloatArray, FloatArray, float, float]:
        """Take a centred row among the aligned; return what the others' parts need."""
        if self.n_taken == len(self.taken):  # so many are dearer than one d x d matrix
            self.inverse -= (self.taken.T / self.scales) @ self.taken
            self.n_taken = 0
        v = self.apply_inverse(row)
        scale = float(1 + row @ v)
        sigma_v = self.sigma @ v
        y, z = self.apply_inverse(sigma_v), float(v @ sigma_v)
        self.taken[self.n_taken], self.scales[self.n_taken] = v, scale
        self.n_taken += 1
        return v, y, z, scale


def mean_of_all(features: FloatArray, aligned: FloatArray) -> FloatArray:
    """Return the mean of all rows, in the precision of the first."""
    total = features.sum(axis=0, dtype=np.float64)
    total += aligned.sum(axis=0, dtype=np.float64)
    return (total / (len(features) + len(aligned))).astype(features.dtype)


def greedy_picks(
    design: Design,
    n_picks: int,
    weights: FloatArray | None = None,
    cover: Cover | None = None,
    by_cover: BoolArray | None = None,
) -> tuple[IntArray, FloatArray]:
    """Return which of the design's targets are picked, and the largest gains then.

    Parameters
    ----------
    design : Design
        The design; it is changed.
    n_picks : int
        How many.
    weights : ndarray of shape (n_targets,), default=None
        What gains are multiplied with; None: 1.
    cover : Cover, default=None
        Of the targets; every pick is taken in it, too.
    by_cover : ndarray of bool, shape (n_picks,), default=None
        Which picks are those that cover the most; None: none.
    """
    leverage, reduction = design.parts(design.targets)
    columns = np.ascontiguousarray(design.targets.T)  # one pass serves two products
    factors = 1 if weights is None else weights
    tolerance = 1e-9 if columns.dtype == np.float64 else 1e-5
    picked = np.zeros(len(leverage), dtype=bool)
    picks, gains = np.empty(n_picks, dtype=np.int64), np.empty(n_picks)
    for step in range(n_picks):
        gain = factors * np.maximum(reduction, 0) / (1 + leverage)
        gain[picked] = -1
        best = gain.max()
        if cover is not None and by_cover is not None and by_cover[step]:
            pick, _ = cover.best()
        else:  # the lowest of equals
            pick = int(np.argmax(gain >= best * (1 - tolerance)))
        if cover is not None:
            cover.take(pick)
        picks[step], gains[step], picked[pick] = pick, best, True
        v, y, z, scale = design.add(columns[:, pick].astype(np.float64))
        along_v, along_y = np.stack([v, y]).astype(columns.dtype) @ columns  # (n,)
        along_v = along_v.astype(np.float64)
        leverage -= along_v**2 / scale
        reduction -= 2 * along_v * along_y / scale - along_v**2 * (z / scale**2)
    return picks, gains


def _check_targets(targets: ArrayLike | None, n: int) -> IntArray:
    """Return the rows that are targets, all of them where nothing is said."""
    if targets is None:
        return np.arange(n)
    mask = np.asarray(refuse_masked(targets, "targets"))
    if mask.dtype != bool or mask.shape != (n,) or not mask.any():
        raise ValueError(
            f"targets must be a boolean mask of the {n} rows with one true at least, "
            f"got {mask.dtype} of shape {mask.shape}"
        )
    return np.flatnonzero(mask)
