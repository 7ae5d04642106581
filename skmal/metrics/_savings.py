"""How many answers a strategy saves."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt

from .._shared.intervals import student_interval
from .._shared.masks import refuse_masked
from .._shared.parameters import check_number
from .._shared.types import BoolArray, FloatArray
from ..arrays._numbers import check_numbers


class AnnotationSavings(NamedTuple):
    """Share of the answers that a strategy saves at equal score.

    Parameters
    ----------
    mean : float
        Mean over seeds; 0.2 means a fifth fewer pairs, negative means more pairs.
    sem : float
        Standard error of that mean; NaN for a single seed.
    ci_low, ci_high : float
        Student t confidence interval of the mean over seeds; NaN for a single seed.
    n_seeds : int
        Number of seeds.
    n_censored : int
        Levels (of all seeds together) that the strategy never reached. They count with
        the most pairs it had, so that its true savings are below what they contribute.
    n_levels : int
        Levels compared, of all seeds together.
    """

    mean: float
    sem: float
    ci_low: float
    ci_high: float
    n_seeds: int
    n_censored: int
    n_levels: int


def annotation_savings(
    n_pairs: npt.ArrayLike,
    scores: npt.ArrayLike,
    reference_scores: npt.ArrayLike,
    *,
    reference_n_pairs: npt.ArrayLike | None = None,
    budgets: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> AnnotationSavings:
    """Return the share of answers saved against a reference at equal score.

    For each seed and each budget b: the score that the reference reaches with b pairs
    is the level, b' is where the strategy's own curve first reaches it, and 1 - b' / b
    is saved. A seed's value is the mean over its budgets.

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Pairs known at each point of the curve, the pairs at the start included;
        increasing.
    scores : array-like of shape (n_seeds, n_points)
        The strategy's curves, larger is better.
    reference_scores : array-like of shape (n_seeds, n_reference_points)
        The reference's curves on the same seeds, row by row (usually random sampling).
    reference_n_pairs : array-like of shape (n_reference_points,), default=None
        The reference's own points; None: `n_pairs`.
    budgets : array-like, default=None
        The values of b. None: the reference's points from one third to three quarters
        of its largest, so that a strategy up to a third worse still gets there.
    confidence : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    AnnotationSavings
        Mean, standard error, interval, and counts.

    Raises
    ------
    ValueError
        If shapes do not match, values are NaN, or a budget is outside the reference's
        points.

    Notes
    -----
    Curves are made monotone by their running maximum and interpolated linearly. A level
    that is reached at the start costs the pairs at the start.

    Examples
    --------
    The strategy reaches with 200 pairs what the reference reaches with 400.

    >>> from skmal.metrics import annotation_savings
    >>> savings = annotation_savings(
    ...     [100, 200, 300, 400], [[0.1, 0.4, 0.5, 0.6]], [[0.1, 0.2, 0.3, 0.4]],
    ...     budgets=[400],
    ... )
    >>> savings.mean
    0.5
    """
    points, curves = _check_curves(n_pairs, scores, "scores")
    reference_points, references = _check_curves(
        points if reference_n_pairs is None else reference_n_pairs,
        reference_scores,
        "reference_scores",
    )
    if len(curves) != len(references):
        raise ValueError(
            f"scores has {len(curves)} seeds and reference_scores "
            f"{len(references)}; savings are paired by seed"
        )
    confidence = check_number(
        confidence, "confidence", more_than=0, less_than=1, kind="a number"
    )
    at = _check_budgets(budgets, reference_points)
    saved = np.empty((len(curves), len(at)))
    n_censored = 0
    for seed, (own, reference) in enumerate(zip(curves, references, strict=True)):
        # the score that the reference has reached with each budget
        levels = np.interp(at, reference_points, np.maximum.accumulate(reference))
        # how many pairs the strategy needed to get there
        needed, reached = _pairs_needed(points, own, levels)
        saved[seed] = 1 - needed / at
        n_censored += int((~reached).sum())
    per_seed = saved.mean(axis=1)
    interval = student_interval(per_seed, confidence)
    return AnnotationSavings(
        float(interval.mean),
        float(interval.sem),
        interval.low,
        interval.high,
        len(per_seed),
        n_censored,
        saved.size,
    )


@overload
def area_under_learning_curve(
    n_pairs: npt.ArrayLike, scores: Sequence[float]
) -> float: ...
@overload
def area_under_learning_curve(
    n_pairs: npt.ArrayLike, scores: npt.ArrayLike
) -> float | FloatArray: ...
def area_under_learning_curve(
    n_pairs: npt.ArrayLike, scores: npt.ArrayLike
) -> float | FloatArray:
    """Return the mean height of an annotation curve (AULC).

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Pairs known at each point, increasing, at least two points.
    scores : array-like of shape (n_points,) or (n_seeds, n_points)
        The scores there.

    Returns
    -------
    float or ndarray of shape (n_seeds,)
        Area by the trapezoidal rule, divided by the range of `n_pairs`.

    Raises
    ------
    ValueError
        If shapes do not match, values are NaN, or `n_pairs` does not increase.

    Examples
    --------
    >>> from skmal.metrics import area_under_learning_curve
    >>> area_under_learning_curve([100, 200, 400], [0.0, 0.2, 0.4])
    0.23333333333333334
    """
    from sklearn.metrics import auc

    single = np.ndim(scores) == 1
    points, curves = _check_curves(n_pairs, np.atleast_2d(scores), "scores")
    if len(points) < 2:
        raise ValueError("a curve of one point has no area; pass at least two points")
    areas = np.array([auc(points, row) for row in curves]) / (points[-1] - points[0])
    return float(areas[0]) if single else areas


def rises(curves: Iterable[FloatArray], level: float = 0.05) -> bool:
    """Say whether curves rise from their first points to their ends.

    Parameters
    ----------
    curves : iterable of ndarray of shape (n_points,)
        Scores of each seed; the end is the mean of their last quarter.
    level : float, default=0.05
        Of the one-sided t test over seeds. Of fewer than five seeds, all must rise.

    Returns
    -------
    bool
        True where more pairs have made them better.
    """
    gains = np.array([c[-max(1, len(c) // 4) :].mean() - c[0] for c in curves])
    if len(gains) < 5:
        return bool((gains > 0).all())
    return student_interval(gains, 1 - 2 * level).low > 0


def _check_curves(
    n_pairs: npt.ArrayLike, scores: npt.ArrayLike, name: str
) -> tuple[FloatArray, FloatArray]:
    """Return points and curves as floats, or raise where they do not fit."""
    points = check_numbers(n_pairs, "n_pairs", dtype=np.float64, ensure_2d=False)
    curves = check_numbers(scores, name, dtype=np.float64)
    if points.shape != (curves.shape[1],) or not (np.diff(points) > 0).all():
        raise ValueError(
            f"n_pairs of shape {points.shape} must increase and have one entry for "
            f"each of the {curves.shape[1]} points of {name}"
        )
    return points, curves


def _check_budgets(
    budgets: npt.ArrayLike | None, reference_points: FloatArray
) -> FloatArray:
    """Return the budgets to compare at, within the reference's points, or raise."""
    low, high = reference_points[0], reference_points[-1]
    if budgets is None:
        inside = (reference_points >= high / 3) & (reference_points <= high * 0.75)
        return reference_points[inside] if inside.any() else reference_points[-1:]
    at = np.asarray(refuse_masked(budgets, "budgets"), dtype=float)
    if at.ndim != 1 or not len(at) or at.min() <= 0:
        raise ValueError(f"budgets must be one or more numbers above 0, got {at}")
    if not ((at >= low) & (at <= high)).all():
        raise ValueError(
            f"budgets must lie between {low:g} and {high:g}, the reference's points; "
            f"got {at}"
        )
    return at


def _pairs_needed(
    n_pairs: FloatArray, scores: FloatArray, levels: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return where the monotone curve first reaches each level, and whether it does."""
    curve = np.maximum.accumulate(scores)
    after = np.searchsorted(curve, levels, side="left")  # first point at the level
    reached = after < len(curve)
    after = np.minimum(after, len(curve) - 1)
    before = np.maximum(after - 1, 0)
    rise = curve[after] - curve[before]
    share = np.divide(
        levels - curve[before], rise, out=np.ones_like(levels), where=rise > 0
    )
    needed = n_pairs[before] + share * (n_pairs[after] - n_pairs[before])
    return np.where(reached, needed, n_pairs[-1]), reached
