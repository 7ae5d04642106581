"""Which open items are left alone, since they lie apart from all others.

`trim` means one thing wherever it is a parameter: the share of the open items that is
left alone, the most isolated ones in the space in which the strategy chooses. What is
extreme there is what it would follow: k-center follows distances between the encoder's
features, a design the directions of unimodal features. So the space is the strategy's,
and so is how far its isolation looks. docs/strategies.md says what came of other ways.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._shared.parameters import check_number
from .._shared.types import FloatArray, IntArray
from ..coverage._isolation import isolation
from ._round import Round

DIGITS = 9  # isolations that agree to so many are ties
DIGITS_FLOAT32 = 5  # the same for rows that were scaled in float32


def check_trim(trim: float) -> None:
    """Raise unless `trim` is a share of the pool."""
    check_number(trim, "trim", minimum=0, less_than=1, kind="a share of the pool")


def least_isolated(features: Any, trim: float, round: Round) -> IntArray:
    """Return the rows that are left where distances between `features` decide.

    Fine-meshed, by the fifth nearest of 2,000 rows drawn: k-center asks about small
    groups on purpose, and with 400 they would count as outliers.
    """
    return _left(features, trim, round, 5, 2000, _significant)


def least_isolated_directions(
    features: FloatArray, trim: float, round: Round
) -> IntArray:
    """Return the rows that are left of rows of length one, whose directions decide.

    By the fourth nearest of 400 rows drawn.
    """
    digits = DIGITS if features.dtype == np.float64 else DIGITS_FLOAT32
    return _left(features, trim, round, 4, 400, lambda values: values.round(digits))


def _left(
    features: Any,
    trim: float,
    round: Round,
    n_neighbors: int,
    n_landmarks: int,
    rounded: Callable[[FloatArray], FloatArray],
) -> IntArray:
    """Return the rows left when the most isolated share is trimmed, in order.

    A batch is left in any case, and of equally isolated rows the lowest.
    """
    n = len(features)
    n_left = max(n - int(trim * n), round.n_instances)
    if n_left >= n:
        return np.arange(n)
    isolated = isolation(
        features,
        n_neighbors,
        n_landmarks=n_landmarks,
        random_state=round.rng,
        verbose=round.verbose,
    )
    return np.sort(rounded(isolated).argsort(kind="stable")[:n_left])


def _significant(values: FloatArray) -> FloatArray:
    """Round each value to digits of its own: rounding errors become ties."""
    power = 10.0 ** np.floor(np.log10(np.where(values > 0, values, 1)))
    return (values / power).round(DIGITS - 1) * power
