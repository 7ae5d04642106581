"""Aligned rows of your own as pairs of which some are held out; what chance scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from .._shared.types import FloatArray, Items
from ..items._containers import check_pairs
from ..items._groups import check_groups, check_repeats, number_groups
from ._pools import HeldOut, Pool, score_by_retrieval

N_DRAWS = 20  # of random features, for chance
N_RANDOM = 64  # columns of theirs


def own_pairs(
    data: Sequence[Any],
    groups: npt.ArrayLike | None = None,
    test: npt.ArrayLike | None = None,
) -> HeldOut:
    """Return aligned items of your own as a set to compare on.

    Parameters
    ----------
    data : tuple of two sequences
        X and y: row i of one belongs to row i of the other.
    groups : array-like of shape (n_samples,), default=None
        A label for each row; rows with the same label share an item of X.
    test : array-like, default=None
        Rows that are held out: their numbers, or a bool for each row. None: each seed
        holds out others, 1,000 or a fifth.

    Returns
    -------
    HeldOut
        The pairs.

    Raises
    ------
    ValueError
        If these do not fit each other.
    """
    if isinstance(data, np.ndarray) or len(data) != 2:
        raise ValueError("data must be a name or a tuple of two, X and y")
    X, y = check_pairs(data[0], data[1], "data")
    n = len(X)
    labels = None
    if groups is not None:
        labels = check_groups(groups, n)
        check_repeats(X, *number_groups(labels, n))
    part = None if test is None else _parts(test, n, labels)
    return HeldOut(X, y, score_by_retrieval, labels, part)


def _parts(
    test: npt.ArrayLike, n: int, groups: npt.NDArray[Any] | None
) -> npt.NDArray[np.str_]:
    """Return "pool" or "test" for each row, or raise."""
    rows = np.asarray(test)
    if rows.dtype == bool and rows.shape == (n,):
        held = rows
    elif rows.dtype.kind in "iu" and rows.ndim == 1:
        if len(rows) and not (rows.min() >= 0 and rows.max() < n):
            raise ValueError(f"test holds the row {rows.max()}, of rows 0 to {n - 1}")
        held = np.zeros(n, dtype=bool)
        held[rows] = True
    else:
        raise ValueError(
            f"test must hold numbers of rows, or a bool for each of the {n} rows; got "
            f"{rows.dtype} of shape {rows.shape}"
        )
    if held.sum() < 2 or (~held).sum() < 2:
        raise ValueError(
            f"test holds out {held.sum()} of {n} rows; at least 2 must be held out, "
            "and 2 be left to buy"
        )
    if groups is not None:
        shared = np.intersect1d(groups[held], groups[~held])
        if len(shared):
            raise ValueError(
                f"rows of the group {shared[0]!r} are in the test and in the pool; "
                "hold out whole groups"
            )
    return np.where(held, "test", "pool")


class _RandomFeatures(BaseEstimator):
    """Features that know nothing."""

    def __init__(self, random_state: int) -> None:
        self.random_state = random_state

    def transform(self, X: Items, y: Items) -> tuple[FloatArray, FloatArray]:
        """Return noise for each item."""
        rng = np.random.default_rng(self.random_state)
        return rng.normal(size=(len(X), N_RANDOM)), rng.normal(size=(len(y), N_RANDOM))


def chance_of(pool: Pool) -> dict[str, float]:
    """Return what guessing scores on the held-out pairs.

    Parameters
    ----------
    pool : Pool
        The pairs.

    Returns
    -------
    dict of str to float
        By the names of the scores: means over 20 draws of random features.
    """
    drawn: list[dict[str, float]] = []
    for seed in range(N_DRAWS):
        learner: Any = _RandomFeatures(seed)
        drawn.append(pool.scoring(learner, pool.X_test, pool.y_test))
    return {name: float(np.mean([d[name] for d in drawn])) for name in drawn[0]}
