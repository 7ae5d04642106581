"""What a session is opened with, checked before anything is written."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._shared.parameters import check_choice, check_integer, check_number
from .._shared.types import Items
from ..arrays._verbs import take
from ..encoders._kernel import KernelCCA
from ..encoders._tags import reads_numbers_only
from ..items._containers import (
    check_items,
    check_same_features,
    check_same_length,
    n_features,
    numeric_rows,
)
from ..items._images import check_images
from ..learners._paired import PairedActiveLearner
from ._aside import describe, faults_of, without_missing
from ._records import NAMES
from ._sources import Pool
from ._training import Pools

GROUPS = {"X": [0], "y": [1], "both": [0, 1]}  # modalities of several partners


@dataclass(frozen=True)
class Given:
    """Parameters of a session, checked; None where they were not passed."""

    batch_size: int | None
    n_candidates: int | None
    budget: int | None
    several: list[int] | None = None
    overlap: float | None = None
    audit: float | None = None


def check_features(
    features: tuple[Items | None, Items | None] | None,
    sources: tuple[Pool, Pool],
    on_error: str = "raise",
) -> Pools:
    """Return what the learner sees of each pool; faults go into those of the pool."""
    seen = [source.items for source in sources]
    if features is None:
        return seen[0], seen[1]
    if not isinstance(features, tuple) or len(features) != 2:
        raise ValueError(
            "features must be a tuple (features of X, features of y), an entry may be "
            f"None; got {type(features).__name__}"
        )
    for m, rows in enumerate(features):
        if rows is None:
            continue
        name, faults = f"features[{m}]", dict[int, str]()
        if on_error == "skip":
            rows, faults = without_missing(rows)
        seen[m] = check_items(rows, name, picked=True)
        if len(seen[m]) != len(sources[m].keys):
            raise ValueError(
                f"{name} has {len(seen[m])} rows for the {len(sources[m].keys)} items "
                f"of {NAMES[m]}; row i must belong to item i"
            )
        if len(faults) == len(seen[m]):
            raise ValueError(f"{describe(faults, sources[m].keys, name)}\nNone is left")
        sources[m].faults.update(faults)
    return seen[0], seen[1]


def check_validation(
    validation: tuple[Any, Any] | None,
    sources: tuple[Pool, Pool],
    seen: Pools,
    on_error: str,
) -> tuple[Any, Any] | None:
    """Return aligned rows to score on, without those that cannot be used.

    `seen` is what the learner sees of the pools.
    """
    if validation is None:
        return None
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise ValueError(
            "validation_data must be a tuple (X_val, y_val), got "
            f"{type(validation).__name__}"
        )
    rows: list[Items] = []
    bad: set[int] = set()
    for m, side in enumerate(validation):
        name, faults = f"validation_data[{m}]", dict[int, str]()
        if on_error == "skip":
            side, faults = without_missing(side)
        side = check_items(side, name)
        check_same_features(side, seen[m], name, "the learner")
        if sources[m].kind == "image" and n_features(side) is None:  # no features
            faults |= faults_of(check_images(side, name), "image", 0)
        if faults:
            keys = [f"row {row}" for row in range(len(side))]
            message = describe(faults, keys, name)
            if on_error == "raise" or len(faults) == len(side):
                raise ValueError(message)
            warnings.warn(f"not scored on: {message}", stacklevel=3)
        rows.append(side)
        bad |= {*faults}
    check_same_length(rows[0], rows[1], ("validation_data[0]", "validation_data[1]"))
    if not bad:
        return rows[0], rows[1]
    good = np.setdiff1d(np.arange(len(rows[0])), [*bad])
    return take(rows[0], good), take(rows[1], good)


def check_learner(
    learner: PairedActiveLearner, seen: Pools, items: Sequence[Items]
) -> None:
    """Raise unless a session can use a copy of this learner.

    `seen` is what it sees of the items, and may be those.
    """
    if not isinstance(learner, PairedActiveLearner):
        raise TypeError(
            f"learner must be a PairedActiveLearner, got {type(learner).__name__}"
        )
    if learner.X_training is not None:
        raise ValueError(
            "learner knows pairs already, which are in no journal; pass an unfitted "
            "one and give the pairs as known_pairs"
        )
    encoder = KernelCCA() if learner.estimator is None else learner.estimator
    for m, rows in enumerate(seen):
        if reads_numbers_only(encoder) and numeric_rows(rows) is None:
            name = type(encoder).__name__
            if rows is not items[m]:
                raise ValueError(
                    f"{name} learns from rows of numbers, which features[{m}] does not "
                    "hold; pass an array of shape (n_items, n_features)"
                )
            raise ValueError(
                f"{name} learns from rows of numbers, which {NAMES[m]} does not hold; "
                "give them as features=(X_features, y_features), or pass a learner "
                'that reads the items, such as PairedActiveLearner(CLIPEncoder("tiny"))'
            )


def check_parameters(
    batch_size: int | None,
    n_candidates: int | None,
    budget: int | None,
    groups: str | None,
    overlap: float | None = None,
    audit: float | None = None,
) -> Given:
    """Return the parameters that were given, checked."""
    several = None
    if groups is not None:
        several = GROUPS[check_choice(groups, "groups", tuple(GROUPS))]
    given = {"batch_size": batch_size, "n_candidates": n_candidates, "budget": budget}
    for name, value in given.items():
        if value is not None:
            given[name] = check_integer(value, name, minimum=1)
    if overlap is not None:
        overlap = check_number(overlap, "overlap", minimum=0, maximum=1)
    if audit is not None:
        audit = check_number(audit, "audit", minimum=0, maximum=1)
    return Given(**given, several=several, overlap=overlap, audit=audit)
