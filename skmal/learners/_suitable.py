"""Whether items go with an encoder, and which of them it can use."""

from collections.abc import Sequence
from typing import Any

from .._shared.types import Items
from ..arrays._plain import check_table
from ..arrays._verbs import check_unread, take
from ..encoders._tags import reads_numbers_only
from ..encoders._usable import usable_pairs, usable_rows
from ..items._containers import check_same_features, numeric_rows


def check_tables(
    encoder: Any, items: Sequence[Items], names: Sequence[str], listed: bool
) -> None:
    """Raise where an encoder reads rows of numbers, and items have another shape."""
    if reads_numbers_only(encoder):
        for m, (own, name) in enumerate(zip(items, names, strict=True)):
            check_table(own, name, least=2 if m == 0 or listed else 1)


def check_held_out(
    items: Sequence[Items], known: Sequence[Items], names: Sequence[str], learner: str
) -> None:
    """Raise where rows to score on do not go with what a learner learns from."""
    for own, fitted, name in zip(items, known, names, strict=True):
        check_same_features(own, fitted, name, learner)
        check_unread(own, name)


def check_learnable(encoder: Any, pools: Sequence[Items], names: Sequence[str]) -> None:
    """Raise where an encoder yet to be fitted could not learn from the pools."""
    if not reads_numbers_only(encoder):
        return
    for pool, name in zip(pools, names, strict=True):
        if numeric_rows(pool) is None:
            raise ValueError(
                f"{name} holds no rows of numbers, and {type(encoder).__name__} "
                "learns from nothing else; pass features, or a learner that reads "
                'the items, such as PairedActiveLearner(CLIPEncoder("tiny"))'
            )


def usable_lessons(
    encoder: Any,
    known: tuple[Items, ...] | None,
    unmatched: tuple[Items | None, ...],
    listed: bool,
) -> tuple[tuple[Items, ...] | None, tuple[Items | None, ...]]:
    """Return what is aligned and unmatched, as far as an encoder can use it."""
    if not hasattr(encoder, "usable_rows"):
        return known, unmatched
    if known is not None:
        rows = usable_pairs(encoder, known, listed)
        known = known if rows is None else tuple(take(own, rows) for own in known)
    if known is not None and any(own is not None for own in unmatched):
        # Aligned items stand in for none, since encoders take no empty pools.
        items = [a if u is None else u for a, u in zip(known, unmatched, strict=True)]
        rows = usable_rows(encoder, items, listed)
        if rows is not None:
            unmatched = tuple(
                None if own is None or not len(of) else take(own, of)
                for own, of in zip(unmatched, rows, strict=True)
            )
    return known, unmatched
