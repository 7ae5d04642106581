"""How right an encoder is about aligned items: the score of encoders and learners."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.types import FloatArray, Items
from ..arrays._verbs import picked, take, whole
from ..items._containers import check_aligned, check_pairs
from ..items._encoding import encode
from ..items._groups import check_groups, check_repeats, number_groups
from ..metrics._retrieval import mean_reciprocal_rank, ranks_of_items
from ._usable import tell_left_out, usable_pairs


class PairScore:
    """The `score` of what transforms two modalities into one space."""

    def score(self, X: Items, y: Items, groups: npt.ArrayLike | None = None) -> float:
        """Return the mean reciprocal rank of the partners, mean of both directions.

        Parameters
        ----------
        X, y : sequence
            Aligned rows; each row of one is looked for among all rows of the other.
        groups : array-like of shape (n_samples,), default=None
            A label for each row; rows of the same label repeat one item of X. It is
            asked about once, with all its partners correct, and stands once in the
            gallery. None: equal rows are rivals, and tie.

        Returns
        -------
        float
            Between 0 and 1; larger galleries are harder, so compare equal sizes.

        Raises
        ------
        NotFittedError
            If it has not been fitted.
        ValueError
            If X and y differ in length or are empty, and as `transform` does.
        """
        return pair_score(self, self, X, y, groups)


def pair_score(
    transformer: Any,
    encoder: Any,
    X: Items,
    y: Items,
    groups: npt.ArrayLike | None,
) -> float:
    """Return the mean reciprocal rank of the partners, mean of both directions.

    `transformer` makes the features, and `encoder`, of which it may have some, says
    which items it can read.
    """
    X, y = check_pairs(X, y, type(transformer).__name__, streamed=True)
    rows = usable_pairs(encoder, (X, y), False)
    if rows is not None:
        tell_left_out(encoder, len(rows), len(X))
        if groups is not None:
            groups = check_groups(groups, len(X))[rows]
        X, y = take(X, rows), take(y, rows)
    item, first = number_groups(groups, len(X))
    check_repeats(X, item, first)
    items = X if groups is None else picked(X, first)
    X_features, y_features = map(whole, encode(transformer, items, y))
    ranks = ranks_of_items(X_features, y_features, item)
    return float(np.mean([(1 / r).mean() for r in ranks]))


def mean_score(features: Sequence[FloatArray]) -> float:
    """Return the mean reciprocal rank of the partners over pairs of modalities."""
    check_aligned(features)
    pairs = combinations(map(whole, features), 2)
    return float(np.mean([mean_reciprocal_rank(*pair) for pair in pairs]))
