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


class Interval(NamedTuple):
    """An estimate and the ends of its interval; NaN where nothing is known."""

    value: float
    low: float
    high: float


def wilson_interval(n_hits: float, n: float, confidence: float = 0.95) -> Interval:
    """Return a share and Wilson's score interval; without any trials, NaN."""
    if n <= 0:
        return Interval(np.nan, np.nan, np.nan)
    z = stats.norm.ppf((1 + confidence) / 2)
    share = n_hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return Interval(
        float(share), float(max(middle - half, 0)), float(min(middle + half, 1))
    )


def mean_interval(values: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the mean of values in [0, 1], and an interval that stays in there.

    It is Wilson's, of as many trials of yes and no as would vary as much.
    """
    seen = np.asarray(values, dtype=np.float64)
    n = len(seen)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan)
    mean = float(seen.mean())
    variance = float(seen.var(ddof=1)) if n > 1 else mean * (1 - mean)
    n_trials = n * mean * (1 - mean) / variance if variance > 0 else n
    return wilson_interval(n_trials * mean, max(n_trials, n))._replace(value=mean)
