"""The kernel exp(-gamma (1 - cos)) of rows of length one, and its space.

Rows are seen there through landmarks (Nystroem's method): exactly where all rows are
landmarks, and nearly so where there are fewer.
"""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from ._verbs import unit

GAMMAS = 0.01, 1e4  # beyond, differences of rows are a matter of rounding


def kernel(rows: FloatArray, landmarks: FloatArray, gamma: float) -> FloatArray:
    """Return exp(-gamma (1 - cos)) of rows of length one and of landmarks."""
    values = rows @ landmarks.T  # (n, m)
    values -= 1
    values *= gamma
    return np.exp(values, out=values)


def landmarks_of(
    rows: FloatArray, n_landmarks: int, rng: np.random.RandomState | np.random.Generator
) -> FloatArray:
    """Return rows of length one that others are compared with: all, if not too many.

    Of more, some are drawn, and each is moved amid the rows that it is nearest to: one
    step of k-means. Further steps change next to nothing.
    """
    n = len(rows)
    if n <= n_landmarks:
        return rows
    drawn = rows[np.sort(rng.choice(n, n_landmarks, replace=False))]
    nearest = np.concatenate(
        [
            (rows[start : start + SIZES.rows] @ drawn.T).argmax(axis=1)
            for start in range(0, n, SIZES.rows)
        ]
    )
    order = np.argsort(nearest, kind="stable")
    chosen, starts = np.unique(nearest[order], return_index=True)
    drawn[chosen] = np.add.reduceat(rows[order], starts, axis=0)
    return unit(drawn)


def kernel_root(landmarks: FloatArray, gamma: float) -> FloatArray:
    """Return C, lower triangular, with C C' the kernel matrix of the landmarks.

    To its diagonal is added what rounding can take from it. ``C^-1 k`` of a row's
    kernel values k are its coordinates: their products are the kernel.
    """
    values = kernel(landmarks, landmarks, gamma)
    m = len(values)
    values.flat[:: m + 1] += (1000 + m) * np.finfo(values.dtype).eps
    return cholesky_root(values)


def cholesky_root(matrix: FloatArray) -> FloatArray:
    """Return the lower triangular factor, in float64 found: float32 loses too much."""
    precise = matrix.astype(np.float64)
    root = cholesky(precise, lower=True, overwrite_a=True, check_finite=False)
    return root.astype(matrix.dtype, copy=False)


def solved(
    root: FloatArray, values: FloatArray, transposed: bool = False
) -> FloatArray:
    """Return the root's inverse, or the transpose of that, times values."""
    return solve_triangular(
        root,
        values,
        trans="T" if transposed else "N",
        lower=True,
        overwrite_b=True,
        check_finite=False,
    )
