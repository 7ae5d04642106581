"""A ridge map's design: what answers about rows take from its variance."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .._shared.types import BoolArray, FloatArray, IntArray
from ._herding import Cover


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
        n, d = len(features) + len(aligned), features.shape[1]
        total = features.sum(axis=0, dtype=np.float64)
        total += aligned.sum(axis=0, dtype=np.float64)
        self.mean = (total / n).astype(features.dtype)
        known, self.targets = aligned - self.mean, features[rows]
        self.targets -= self.mean
        gram = (known.T @ known).astype(np.float64)  # (d, d)
        weighted = self.targets
        if weights is not None:  # of the rows as targets, mean 1
            weighted = weighted * weights.astype(features.dtype)[:, None]
        self.sigma = gram + weighted.T @ self.targets
        self.sigma /= len(known) + len(rows)
        scale = np.trace(self.sigma) / d * (len(aligned) + n_picks)
        gram[np.diag_indices(d)] += ridge * scale if scale > 0 else 1
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
