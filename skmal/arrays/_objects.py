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
    if not all(map(is_kind, set(map(type, values.ravel().tolist())))):
        return None
    numbers = np.array(values.tolist())
    if numbers.dtype.kind != "O":
        return numbers
    try:  # decimals, fractions and large integers among them
        return values.astype(np.float64)
    except OverflowError:  # an integer beyond all floats
        return None


def is_kind(kind: type) -> bool:
    """Say whether values of a type are numbers."""
    return issubclass(kind, KINDS) and not issubclass(kind, np.timedelta64)


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


def first_other(values: npt.NDArray[Any]) -> tuple[int, ...] | None:
    """Return where the first value is that is no number, None if all are."""
    if values.dtype.kind in "biufc" or not values.size:
        return None
    if values.dtype.kind != "O":
        return (0,) * values.ndim
    flat = values.ravel().tolist()
    other = next((i for i, value in enumerate(flat) if not is_kind(type(value))), None)
    if other is None:
        return None
    return tuple(int(place) for place in np.unravel_index(other, values.shape))


def describe(value: Any) -> str:
    """Return what a value is, in a few words, and a short one itself."""
    if isinstance(value, np.flexible):  # NumPy's strings
        value = value.item()
    kind = type(value).__name__
    kind = f"{'an' if kind[0] in 'aeiouAEIO' or kind == 'ndarray' else 'a'} {kind}"
    shown = isinstance(value, (str, bytes, date, timedelta, np.generic))
    return f"{value!r:.60}, {kind}" if shown else kind
