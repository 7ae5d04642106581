"""Items that an encoder cannot use, left out before it meets them.

An encoder that is told to skip what it cannot read offers ``usable_rows(X, y)``, which
returns the rows that it can. All others take every row, or raise.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._shared.types import IntArray, Items
from ..arrays._verbs import take


def usable_rows(
    encoder: Any, items: Sequence[Items], listed: bool
) -> list[IntArray] | None:
    """Return the rows of each modality that an encoder can use; None: all of them."""
    offer = getattr(encoder, "usable_rows", None)
    if offer is None:
        return None
    rows = offer(list(items)) if listed else offer(*items)
    if all(len(own) == len(of) for own, of in zip(rows, items, strict=True)):
        return None
    return [np.asarray(own) for own in rows]


def usable_pairs(encoder: Any, items: Sequence[Items], listed: bool) -> IntArray | None:
    """Return the aligned rows of which an encoder can use all items; None: all."""
    rows = usable_rows(encoder, items, listed)
    if rows is None:
        return None
    is_usable = np.ones(len(items[0]), dtype=bool)
    for own in rows:
        is_usable &= np.isin(np.arange(len(is_usable)), own)
    return np.flatnonzero(is_usable)


def without_unusable(
    encoder: Any, items: Sequence[Items], listed: bool
) -> Sequence[Items]:
    """Return aligned items without rows that an encoder cannot use; warn of these."""
    rows = usable_pairs(encoder, items, listed)
    if rows is None:
        return items
    tell_left_out(encoder, len(rows), len(items[0]))
    return [take(own, rows) for own in items]


def tell_left_out(encoder: Any, n_left: int, n: int) -> None:
    """Warn of pairs that are left out."""
    warnings.warn(
        f"{n - n_left} of {n} pairs are left out, for {type(encoder).__name__} cannot "
        "read their items",
        stacklevel=4,
    )
