"""Means over seeds, and how sure they are."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from .types import FloatArray


def t_interval(
    values: npt.ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean of rows, its standard error, and half its Student t interval.

    `values` has one row (or number) per seed. A single seed has no error and no
    interval, and no seed has no mean either: these are NaN.
    """
    rows = np.asarray(values, dtype=np.float64)
    n = len(rows)
    unknown = np.full(rows.shape[1:], np.nan)
    mean = rows.mean(axis=0) if n else unknown
    if n < 2:
        return mean, unknown, unknown
    sem = stats.sem(rows)
    return mean, sem, sem * stats.t.ppf((1 + confidence) / 2, n - 1)
