"""The one interval of means over seeds."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from .types import FloatArray


class StudentInterval(NamedTuple):
    """Mean, standard error and half the width of the interval; arrays, if of one value.

    Their shape is that of the values without the first axis: () for one per seed.
    """

    mean: FloatArray
    sem: FloatArray
    half_width: FloatArray

    @property
    def low(self) -> float:
        """The lower end of an interval of one mean."""
        return float(self.mean - self.half_width)

    @property
    def high(self) -> float:
        """The upper end of an interval of one mean."""
        return float(self.mean + self.half_width)


def student_interval(
    values: npt.ArrayLike, confidence: float = 0.95
) -> StudentInterval:
    """Return the Student t interval of the mean over the first axis, that of seeds.

    A single seed has no standard error and no interval: both are NaN. Without any, so
    is the mean.
    """
    seeds = np.asarray(values, dtype=np.float64)
    n = len(seeds)
    nothing = np.full(seeds.shape[1:], np.nan)
    mean = np.asarray(seeds.mean(axis=0)) if n else nothing
    if n < 2:
        return StudentInterval(mean, nothing, nothing)
    sem = np.asarray(stats.sem(seeds))
    quantile = stats.t.ppf((1 + confidence) / 2, n - 1)
    return StudentInterval(mean, sem, np.asarray(sem * quantile))
