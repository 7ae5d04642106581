"""Strategies of any kind: checked before they are asked, and what they return."""

from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from ..strategies._base import QueryStrategy
from ..strategies._round import Selection


def check_strategy_signature(function: Any) -> None:
    """Raise unless a function can be called as a strategy of two pools."""
    if isinstance(function, QueryStrategy):
        return
    if isinstance(function, partial) and "n_instances" in function.keywords:
        asked = function.keywords["n_instances"]
        raise TypeError(
            f"query_strategy fixes n_instances={asked!r}, but the learner says how "
            "many items to ask about; pass the strategy itself, and "
            f"query(..., n_instances={asked!r}) or batch_size={asked!r}"
        )
    try:
        arguments = signature(function)
    except ValueError:  # some that are written in C have none
        return
    try:
        arguments.bind(None, None, None, n_instances=1)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"query_strategy {name} cannot be called with (learner, X_pool, y_pool, "
            "n_instances=...): give it a second pool, or take a strategy of skmal's, "
            "such as VOptimalDesign(); modAL's take one pool and ask a classifier"
        ) from error


def check_selection(result: Any, sizes: list[int], n_instances: int) -> Selection:
    """Return the Selection of what any strategy returned for pools of these sizes."""
    try:
        indices, utilities = (np.asarray(part) for part in result)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "the query strategy must return (indices, utilities), got "
            f"{type(result).__name__}"
        ) from error
    modality = getattr(result, "modality", 0)
    if isinstance(modality, float) or modality not in range(len(sizes)):
        *first, last = range(len(sizes))
        raise ValueError(
            f"a strategy's modality must be {', '.join(map(str, first))} or {last}, "
            f"got {modality!r}"
        )
    n = sizes[modality]
    if (
        indices.shape != (n_instances,)
        or utilities.shape != (n_instances,)
        or indices.dtype.kind not in "iu"
        or len(np.unique(indices)) < n_instances
        or indices.min() < 0
        or indices.max() >= n
    ):
        raise ValueError(
            f"the query strategy must return {n_instances} different rows below {n} "
            f"and as many utilities, got indices {indices!r} and utilities of shape "
            f"{utilities.shape}"
        )
    return Selection(
        indices, utilities, modality, getattr(result, "coverage_gap", None)
    )
