"""Masked arrays: what is masked is missing, and nothing here takes missing values."""

from typing import Any

import numpy as np


def refuse_masked(values: Any, name: str) -> Any:
    """Return a masked array as the array it is, or raise where a value is masked."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask = np.ma.getmaskarray(values)
    if mask.any():
        row = np.argwhere(np.atleast_1d(mask))[0, 0]
        raise ValueError(
            f"{name} is a masked array with {int(mask.sum())} masked values, the first "
            f"of them in row {row}; drop such rows, and their partners with them, or "
            "fill them in (its filled())"
        )
    return np.asarray(values)
