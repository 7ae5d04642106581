"""Numbers among Python's objects, and values that are missing."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

KINDS = (bool, int, float, complex, Decimal, Fraction, np.number, np.bool_)


def as_numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Return values of any dtype as numbers, None where one of them is none.

    Strings of digits are no numbers, nor are durations.
    """
    if values.dtype.kind in "biufc":
        return values
    if values.dtype.kind != "O":
        return None
    kinds = set(map(type, values.ravel().tolist()))
    if not all(issubclass(k, KINDS) and k is not np.timedelta64 for k in kinds):
        return None
    numbers = np.array(values.tolist())
    if numbers.dtype.kind != "O":
        return numbers
    try:  # decimals, fractions and large integers among them
        return values.astype(np.float64)
    except OverflowError:  # an integer beyond all floats
        return None


def is_missing(value: object) -> bool:
    """Say whether a value stands for none: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and value != value


def first_missing(values: npt.NDArray[Any]) -> tuple[int, ...] | None:
    """Return where the first value is missing, None if none is."""
    if values.dtype.kind in "fcMm":
        missing = values != values
    elif values.dtype.kind == "O":
        flat = [is_missing(value) for value in values.ravel().tolist()]
        missing = np.array(flat, dtype=bool).reshape(values.shape)
    else:
        return None
    at = np.argwhere(missing)
    return tuple(at[0].tolist()) if len(at) else None


def refuse_missing(values: npt.NDArray[Any], name: str, column: object = None) -> None:
    """Raise where a value is missing; of one column of a table, say which column."""
    at = first_missing(values)
    if at is None:
        return
    named = [repr(column)] if column is not None else list(map(str, at[1:]))
    places = "".join(f", column {place}" for place in named)
    raise ValueError(
        f"{name} has no value in row {at[0]}{places}, but NaN or the like "
        f"({values[at]!r}); drop such rows, and their partners with them, or fill them "
        "in (sklearn.impute.SimpleImputer)"
    )
