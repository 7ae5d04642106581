"""Masked arrays: what is masked is missing, and nothing here takes missing values."""

from typing import Any

import numpy as np


def refuse_masked(values: Any, name: str, row: int | None = None) -> Any:
    """Return a masked array as the array it is, or raise where a value is masked.

    `row` is that of `values` among others, where they are one row.
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask = np.ma.getmaskarray(values)
    if mask.any():
        first = np.argwhere(np.atleast_1d(mask))[0, 0] if row is None else row
        raise ValueError(
            f"{name} is masked in row {first}, where a masked array has no value; drop "
            "such rows, and their partners with them, or fill them in (its filled())"
        )
    return np.asarray(values)
