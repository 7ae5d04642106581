"""The width of a kernel in which close items have close partners."""

import numpy as np

from .._shared.randomness import draw_rows
from .._shared.types import FloatArray

WIDTHS = tuple(2.0 ** (k / 2) for k in range(-6, 3))  # 0.125 to 2, for unit rows
USUAL = 0.5  # where too few pairs are known
LEAST_PAIRS = 10
MOST_PAIRS = 1000  # drawn, of more


def tuned_bandwidth(
    items: FloatArray, partners: FloatArray, rng: np.random.Generator
) -> float:
    """Return the width with which known pairs foretell each other's partners best.

    Each known item's partner is foretold as the mean of the other pairs' partners,
    weighted by the RBF kernel of their items; the width with the least squared error is
    taken, the widest of equals.

    Parameters
    ----------
    items : ndarray of shape (n_pairs, n_features)
        Known items, rows of length one.
    partners : ndarray of shape (n_pairs, n_other_features)
        Their partners.
    rng : Generator
        Draws 1,000 of more pairs.

    Returns
    -------
    float
        From 0.125 to 2; 0.5 where fewer than ten pairs are known.
    """
    if len(items) < LEAST_PAIRS:
        return USUAL
    rows = draw_rows(len(items), MOST_PAIRS, rng)
    x, y = items[rows].astype(np.float64), partners[rows].astype(np.float64)
    squared = np.maximum(2 - 2 * x @ x.T, 0)
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min(axis=1, keepdims=True)  # so that the nearest never vanishes
    errors = []
    for width in WIDTHS:
        weights = np.exp(-squared / (2 * width**2))
        foretold = weights @ y / weights.sum(axis=1, keepdims=True)
        errors.append(((y - foretold) ** 2).mean().round(9))
    best = np.flatnonzero(np.array(errors) == min(errors))[-1]
    return WIDTHS[best]
