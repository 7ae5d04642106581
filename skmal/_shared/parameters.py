"""Parameters: one error that says what each must be. `True` is no number."""

from collections.abc import Iterable
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .masks import refuse_masked
from .types import FloatArray

Value = TypeVar("Value")
LARGEST_RIDGE = 1_000_000  # nothing changes beyond, and float32 loses what is divided
LEAST_TEMPERATURE = 1e-100  # what is divided by less is infinite
LARGEST_WEIGHT = 1e100  # so that products and sums are finite


def check_integer(value: Any, name: str, minimum: int) -> int:
    """Return `value` as an int, or raise one error that says what it must be."""
    if not is_integer(value) or value < minimum:
        raise ValueError(
            f"{name} must be an integer of at least {minimum}, got {value!r}"
        )
    return int(value)


def check_number(
    value: Any,
    name: str,
    *,
    more_than: float | None = None,
    minimum: float | None = None,
    less_than: float | None = None,
    maximum: float | None = None,
    kind: str = "a finite number",
    remedy: str = "",
) -> float:
    """Return `value` as a float, or raise one error that says what it must be.

    The lower end is either `minimum` or `more_than`, the upper one, if there is one,
    `maximum` or `less_than`. `kind` says what number it is, and `remedy` what helps.
    """
    in_range = (
        is_number(value)
        and _is_finite(value)
        and (more_than is None or value > more_than)
        and (minimum is None or value >= minimum)
        and (less_than is None or value < less_than)
        and (maximum is None or value <= maximum)
    )
    if not in_range:
        where = _interval(more_than, minimum, less_than, maximum)
        raise ValueError(f"{name} must be {kind} {where}, got {value!r}{remedy}")
    return float(value)


def _is_finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def check_choice(value: Value, name: str, choices: Iterable[Any]) -> Value:
    """Return `value` if it is one of the choices, which are strings or ints."""
    choices = tuple(choices)
    known = isinstance(value, str) or is_integer(value)
    if not known or value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}")
    return value


def check_bool(value: Any, name: str) -> None:
    """Raise unless it is True or False: a word or a number would be taken for True."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def check_weights(weights: npt.ArrayLike, n: int) -> FloatArray:
    """Return n weights as float64, or raise one error that says what they must be."""
    weights = refuse_masked(weights, "weights")
    try:
        checked = np.asarray(weights, dtype=np.float64)
    except OverflowError:  # an integer that no float can hold
        checked = np.full(n, inf)
    in_range = (checked >= 0) & (checked <= LARGEST_WEIGHT)
    if checked.shape != (n,) or not in_range.all():
        largest = f" with {checked.max()}" if checked.size else ""
        raise ValueError(
            f"weights must hold {n} finite numbers of at least 0 and at most "
            f"{LARGEST_WEIGHT:g}, got an array of shape {checked.shape}{largest}"
        )
    return checked


def is_integer(value: object) -> bool:
    """Say whether `value` is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Say whether `value` is a number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _interval(
    more_than: float | None,
    minimum: float | None,
    less_than: float | None,
    maximum: float | None,
) -> str:
    """Return words for the numbers between a lower end and perhaps an upper one."""
    if less_than is None and maximum is None:
        return f"of at least {minimum}" if more_than is None else f"above {more_than}"
    low = f"[{minimum}" if more_than is None else f"({more_than}"
    high = f"{maximum}]" if less_than is None else f"{less_than})"
    return f"in {low}, {high}"
