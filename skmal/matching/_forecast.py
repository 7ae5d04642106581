"""What the next answers will bring, as far as random questions tell."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .._shared.types import FloatArray

LEAST_AUDITS, LEAST_ROUNDS = 30, 4  # that a forecast needs to be trusted
FARTHEST = 1.0  # answers that it looks ahead, as a share of the pairs known


@dataclass(frozen=True)
class Forecast:
    """What the next answers will bring.

    Parameters
    ----------
    n : int
        How many answers.
    gain : float
        By how much the mean reciprocal rank over the open pool is expected to rise; NaN
        where nothing is known.
    low, high : float
        The ends of its 90 % interval.
    is_trusted : bool
        Whether there are enough answers to random questions, and `n` is not far beyond
        what is known.
    reason : str
        What the forecast rests on, or why it cannot be trusted, as a sentence.
    """

    n: int
    gain: float
    low: float
    high: float
    is_trusted: bool
    reason: str


def forecast(
    n_before: npt.ArrayLike, ranks: npt.ArrayLike, n_known: int, n: int
) -> Forecast:
    """Return what n more answers will bring.

    Lines are laid through the reciprocal ranks of answers to random questions, in the
    pairs known at the time and in their logarithm. The interval reaches from half of
    what the flatter one promises at least, less where little is left to gain, to what
    the steeper one promises at most.

    Parameters
    ----------
    n_before : array-like of shape (n_audits,)
        Pairs known when each random question was asked.
    ranks : array-like of shape (n_audits,)
        Its partner's rank.
    n_known : int
        Pairs known now.
    n : int
        Answers to come.

    Returns
    -------
    Forecast
        The forecast.
    """
    known = np.asarray(n_before, dtype=np.float64)
    score = 1 / np.asarray(ranks, dtype=np.float64)
    n_rounds = len(np.unique(known))
    if len(score) < 3 or n_rounds < 2 or n_known < 1:
        reason = (
            f"Only {len(score)} random questions were answered so far; ask some with "
            "audit=0.1."
        )
        return Forecast(n, np.nan, np.nan, np.nan, False, reason)
    steady = _gain(known, score, float(n_known), float(n_known + n))
    slowing = _gain(
        np.log1p(known), score, float(np.log1p(n_known)), float(np.log1p(n_known + n))
    )
    left = 1 - slowing.now
    room = min(max(left / (1 - score.mean()), 0.0), 1.0) if score.mean() < 1 else 0.0
    gain = max((slowing.gain + steady.gain) / 2, 0.0) * (1 + room) / 2
    low = max(min(slowing.low, steady.low), 0.0) * room / 2
    high = max(slowing.high, steady.high, 0.0)
    gain, high = float(min(gain, max(left, 0.0))), float(min(high, 1.0))
    low, high = float(min(low, gain)), max(high, gain)
    is_trusted = (
        len(score) >= LEAST_AUDITS
        and n_rounds >= LEAST_ROUNDS
        and n <= FARTHEST * n_known
    )
    reason = f"It rests on {len(score)} random questions of {n_rounds} rounds"
    if n > FARTHEST * n_known:
        reason += f", but {n} answers are more than the {n_known} pairs known"
    elif not is_trusted:
        reason += f"; {LEAST_AUDITS} of {LEAST_ROUNDS} are needed"
    return Forecast(n, gain, low, high, is_trusted, f"{reason}.")


@dataclass(frozen=True)
class _Gain:
    """What a line promises: the gain, the ends of its interval, and the value now."""

    gain: float
    low: float
    high: float
    now: float


def _gain(at: FloatArray, score: FloatArray, now: float, then: float) -> _Gain:
    """Return what the line of least squares promises between two places."""
    centred = at - at.mean()
    squares = float((centred**2).sum())
    slope = float(centred @ score) / squares
    rest = score - score.mean() - slope * centred
    error = float(np.sqrt((centred**2 * rest**2).sum())) / squares  # White's
    error *= np.sqrt(len(score) / max(len(score) - 2, 1))
    half = float(stats.t.ppf(0.95, len(score) - 2)) * error
    low, gain, high = (
        (then - now) * own for own in (slope - half, slope, slope + half)
    )
    return _Gain(gain, low, high, float(score.mean() + slope * (now - at.mean())))
