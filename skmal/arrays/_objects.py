"""Numbers among Python's objects, and values that are missing."""

from collections.abc import Sequence
from datetime import date, timedelta
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


def first_other(values: npt.NDArray[Any]) -> Any:
    """Return the first text or time among values, None if there is none."""
    if values.dtype.kind not in "OSUTMm":
        return None
    kinds = (str, bytes, date, timedelta, np.datetime64, np.timedelta64)
    return next((value for value in values.ravel() if isinstance(value, kinds)), None)


def refuse_missing(
    values: npt.NDArray[Any], name: str, columns: Sequence[Any] | None = None
) -> None:
    """Raise where a value is missing; `columns` are the names of a table's."""
    at = first_missing(values)
    if at is None:
        return
    place = f"row {at[0]}"
    if len(at) > 1:
        place += f", column {at[1] if columns is None else repr(columns[at[1]])}"
    raise ValueError(
        f"{name} has no value in {place}, but {values[at]}; drop such rows, and their "
        "partners with them, or fill them in (sklearn.impute.SimpleImputer)"
    )
