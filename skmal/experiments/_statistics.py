"""Tests, effect sizes, ranks and power: what a few seeds can tell."""

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from .._shared.intervals import student_interval
from .._shared.types import BoolArray, FloatArray

MOST_SEEDS = 10_000
N_SHARES = 2000  # of the distribution of standard deviations


class Difference(NamedTuple):
    """A difference of two strategies, paired by seed.

    Parameters
    ----------
    mean, ci_low, ci_high : float
        Mean over seeds, and its 95 % Student t interval.
    effect, effect_low, effect_high : float
        The mean in standard deviations of the differences (Cohen's d of pairs), and its
        95 % interval by the noncentral t distribution.
    p : float
        Of the two-sided paired t test; NaN for a single seed.
    n_seeds : int
        Number of seeds.
    """

    mean: float
    ci_low: float
    ci_high: float
    effect: float
    effect_low: float
    effect_high: float
    p: float
    n_seeds: int


def paired_difference(one: npt.ArrayLike, other: npt.ArrayLike) -> Difference:
    """Compare two strategies by one number for each seed.

    Parameters
    ----------
    one, other : array-like of shape (n_seeds,)
        Their values on the same seeds.

    Returns
    -------
    Difference
        What `one` is more than `other`.

    Examples
    --------
    >>> from skmal.experiments import paired_difference
    >>> found = paired_difference([0.5, 0.6, 0.7], [0.4, 0.4, 0.6])
    >>> round(found.mean, 3), round(found.p, 3)
    (0.133, 0.057)
    """
    more = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    n = len(more)
    interval = student_interval(more)
    mean = float(interval.mean)
    nothing = float("nan")
    if n < 2:
        return Difference(mean, nothing, nothing, nothing, nothing, nothing, nothing, n)
    sem = float(interval.sem)
    if sem <= 1e-12 * abs(mean) or sem == 0:  # the same on every seed
        p = float(mean == 0)
        return Difference(mean, mean, mean, nothing, nothing, nothing, p, n)
    t = mean / sem
    p = float(2 * stats.t.sf(abs(t), n - 1))
    low, high = (_noncentrality(t, n - 1, level) / sqrt(n) for level in (0.975, 0.025))
    return Difference(mean, interval.low, interval.high, t / sqrt(n), low, high, p, n)


def _noncentrality(t: float, df: int, level: float) -> float:
    """Return the noncentrality with which a t below this one has this probability."""
    reach = 10 + 4 * abs(t)
    return float(optimize.brentq(lambda nc: _below(t, df, nc) - level, -reach, reach))


def _below(t: float, df: int, nc: float) -> float:
    """Return the noncentral t distribution; that of scipy is NaN far out.

    The mean of the normal one over standard deviations that the data may have.
    """
    return float(special.ndtr(t * _deviations(df) - nc).mean())


@lru_cache
def _deviations(df: int) -> FloatArray:
    shares = (np.arange(N_SHARES) + 0.5) / N_SHARES
    return np.sqrt(stats.chi2.ppf(shares, df) / df)


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Correct p-values of several tests, so that at most 5 % of families err at all.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)
        Of one family; NaN are left alone.

    Returns
    -------
    ndarray of shape (n_tests,)
        Holm's corrected p-values.

    Examples
    --------
    >>> from skmal.experiments import holm
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    rows = np.flatnonzero(~np.isnan(p))
    rows = rows[p[rows].argsort(kind="stable")]
    factors = np.arange(len(rows), 0, -1)
    corrected[rows] = np.minimum(np.maximum.accumulate(p[rows] * factors), 1)
    return corrected


def power_of(n_seeds: int, effect: float, level: float = 0.05) -> float:
    """Return how often the paired t test tells strategies apart.

    Parameters
    ----------
    n_seeds : int
        Number of seeds, at least 2.
    effect : float
        The true difference in standard deviations of the differences.
    level : float, default=0.05
        Of the two-sided test.

    Returns
    -------
    float
        A probability.
    """
    df, nc = n_seeds - 1, abs(effect) * sqrt(n_seeds)
    quantile = float(stats.t.ppf(1 - level / 2, df))
    return 1 - _below(quantile, df, nc) + _below(-quantile, df, nc)


def seeds_needed(
    difference: float, sd: float, *, power: float = 0.8, level: float = 0.05
) -> int:
    """Return how many seeds tell a difference from nothing.

    Parameters
    ----------
    difference : float
        The true difference.
    sd : float
        Standard deviation of the differences over seeds.
    power : float, default=0.8
        How often it is to be told.
    level : float, default=0.05
        Of the two-sided paired t test.

    Returns
    -------
    int
        At least 2 and at most 10,000, which may be too few.

    Examples
    --------
    >>> from skmal.experiments import seeds_needed
    >>> seeds_needed(difference=5, sd=8)
    23
    """
    if not sd > 0:
        return 2
    low, high = 2, MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        if power_of(middle, difference / sd, level) >= power:
            high = middle
        else:
            low = middle + 1
    return low


class Ranks(NamedTuple):
    """Average ranks of strategies.

    Parameters
    ----------
    names : list of str
        The strategies, the best first.
    ranks : ndarray of shape (n_strategies,)
        Their mean ranks over blocks, 1 is the best.
    critical : float
        Nemenyi's critical difference: ranks closer than this are not told apart.
    p : float
        Of Friedman's test that all are the same; NaN for two strategies or one block.
    blocks : str
        What was ranked in: "pools", or of a single pool "seeds".
    n_blocks : int
        How many.
    """

    names: list[str]
    ranks: FloatArray
    critical: float
    p: float
    blocks: str
    n_blocks: int


def average_ranks(
    names: Sequence[str], values: npt.ArrayLike, blocks: str = "pools"
) -> Ranks:
    """Rank strategies in each block and average.

    Parameters
    ----------
    names : sequence of str
        The strategies.
    values : array-like of shape (n_blocks, n_strategies)
        Larger is better; equal ones share their mean rank.
    blocks : str, default="pools"
        What the blocks are.

    Returns
    -------
    Ranks
        The strategies, the best first.

    References
    ----------
    .. [1] Demšar, J. (2006). "Statistical Comparisons of Classifiers over Multiple Data
       Sets". JMLR 7. https://www.jmlr.org/papers/v7/demsar06a.html
    """
    table = np.asarray(values, dtype=np.float64)
    n, k = table.shape
    ranks = stats.rankdata(-table, axis=1).mean(axis=0)
    order = ranks.argsort(kind="stable")
    quantile = float(stats.studentized_range.ppf(0.95, k, np.inf)) / sqrt(2)
    p = float("nan")
    if k > 2 and n > 1:
        p = float(stats.friedmanchisquare(*table.T).pvalue)
    critical = quantile * sqrt(k * (k + 1) / (6 * n))
    ordered = [str(names[int(i)]) for i in order]
    return Ranks(ordered, ranks[order], critical, p, blocks, n)


def beats(one: FloatArray, other: FloatArray) -> BoolArray:
    """Say at which points of their curves one strategy is better than another.

    Parameters
    ----------
    one, other : ndarray of shape (n_seeds, n_points)
        Curves on the same seeds.

    Returns
    -------
    ndarray of bool of shape (n_points,)
        Whether the paired t test says so, two-sided at 5 %.
    """
    interval = student_interval(one - other)
    with np.errstate(invalid="ignore"):
        return np.asarray(interval.mean - interval.half_width > 0)
