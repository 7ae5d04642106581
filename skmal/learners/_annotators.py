"""Who answers: known pairs, with errors and with missing partners as far as wanted."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone

from .._shared.parameters import check_integer, check_number
from .._shared.randomness import MISSING_PARTNERS, WRONG_ANSWERS, draw_seed
from .._shared.types import BoolArray, IntArray, RandomState
from ._query import BaseQuery, Query


class Annotator(Protocol):
    """Whoever answers in a simulated run: `SimulatedAnnotator`, or a function.

    Examples
    --------
    One who knows nobody's partner:

    >>> import numpy as np
    >>> from skmal import PairedActiveLearner
    >>> def nobody(query, X_ids, y_ids):
    ...     return np.full(len(query.indices), -1)
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 4)), rng.normal(size=(40, 3))
    >>> learner = PairedActiveLearner(annotator=nobody, budget=26).fit(X, y)
    >>> len(learner.answers_), len(learner.X_training)      # 10 are known at the start
    (26, 10)
    """

    def __call__(self, query: Any, X_ids: Any, y_ids: Any, /) -> Any:
        """Name the partner of each item asked about.

        Parameters
        ----------
        query : Query
            What a learner's `query` returned.
        X_ids, y_ids : ndarray of int
            One number for each row of either pool; partners have the same.

        Returns
        -------
        array-like of int, shape (n_instances,)
            What `Query.pairs` takes: rows of the other pool, -1 for none.
        """
        ...


def annotator_of(learner: Any, seed: int) -> Any:
    """Return who answers in a learner's simulated run, or raise unless it can."""
    annotator: Any = learner.annotator
    if annotator is None or learner.budget is None:
        return SimulatedAnnotator()
    if isinstance(annotator, type) or not callable(annotator):
        raise TypeError(
            f"annotator must be SimulatedAnnotator() or a function, got {annotator!r}"
        )
    if hasattr(annotator, "get_params"):
        own: Any = clone(annotator)
        if getattr(own, "random_state", 0) is None:
            own.set_params(random_state=seed)
        return own
    return annotator


class SimulatedAnnotator(BaseEstimator):
    """Answers questions from known pairs, and is as wrong as it is told to be.

    To see what items without a partner and wrong answers cost: as the `annotator` of a
    `PairedActiveLearner` with a budget, or called by a loop of your own.

    Parameters
    ----------
    error_rate : float, default=0.0
        The share of answers that name another open item, drawn at random.
    missing_rate : float, default=0.0
        The share of the items of either pool whose partner is not in the other one.
    random_state : int, RandomState or Generator, default=None
        Decides which partners are missing, and which answers are wrong. None: the
        learner's seed in a simulated run, else anew in each call.

    See Also
    --------
    PairedActiveLearner : Its `annotator`, and what it keeps of the answers.

    Notes
    -----
    An item named by mistake leaves its pool as any other does, so that its true partner
    has none any more. Where a batch asks about several items, a wrong answer names none
    that another answer of the batch does. It keeps no state: the same question on the
    same pools is answered alike.

    Examples
    --------
    Rows of the data, in any order, are the ids by which partners are known.

    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RandomSampling, SimulatedAnnotator
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 4)), rng.normal(size=(40, 3))
    >>> annotator = SimulatedAnnotator(missing_rate=0.25, random_state=0)
    >>> present = annotator.present(len(X))                # 8 are gone on either side
    >>> X_rows, y_rows = (rng.permutation(np.flatnonzero(p)) for p in present)
    >>> learner = PairedActiveLearner(query_strategy=RandomSampling(0), random_state=0)
    >>> query = learner.query(X[X_rows], y[y_rows], n_instances=8)
    >>> partners = annotator(query, X_rows, y_rows)
    >>> int((partners == -1).sum())                        # of 8 have no partner
    1
    >>> i, j = query.pairs(partners)
    >>> bool((X_rows[i] == y_rows[j]).all())
    True
    """

    def __init__(
        self,
        error_rate: float = 0.0,
        missing_rate: float = 0.0,
        *,
        random_state: RandomState = None,
    ) -> None:
        self.error_rate = error_rate
        self.missing_rate = missing_rate
        self.random_state = random_state

    def __call__(self, query: BaseQuery, *ids: npt.ArrayLike) -> IntArray:
        """Name the partners of each item asked about.

        Parameters
        ----------
        query : Query or MultimodalQuery
            What a learner's `query` returned.
        *ids : array-like of int, shape (n_pool,), one per modality
            One number of at least 0 for each row of the pools that were asked; partners
            have the same. Several rows of a pool may share one, as the captions of an
            image do.

        Returns
        -------
        ndarray of int, shape (n_instances,) or (n_instances, n_modalities)
            For a `Query`, rows of the other pool (of several partners the first); -1
            where it has none. For a `MultimodalQuery`, rows of every pool.

        Raises
        ------
        ValueError
            If ids are no integers of at least 0, do not fit the query, or if a rate is
            out of range.
        """
        self._check_parameters()
        if not isinstance(query, BaseQuery):
            raise TypeError(
                f"query must be what query() returned, got {type(query).__name__}"
            )
        names = "Xy" if isinstance(query, Query) else range(len(ids))
        if len(ids) != len(names):
            raise TypeError(
                f"a Query needs the ids of two pools, X_ids and y_ids, got {len(ids)}"
            )
        pools = [_check_ids(i, f"{n}_ids") for n, i in zip(names, ids, strict=True)]
        rows = np.asarray(query.indices)
        own = pools[query.modality]
        if rows.max(initial=-1) >= len(own):
            raise ValueError(
                f"the query asks about row {rows.max()}, but there are {len(own)} ids "
                "of that pool; pass the ids of the pools that were asked"
            )
        named = np.empty((len(rows), len(pools)), dtype=np.int64)
        named[:, query.modality] = rows
        for m, others in enumerate(pools):
            if m != query.modality:
                key = [query.modality, len(own), len(others)]
                if len(pools) > 2:  # each modality is mistaken by itself
                    key.append(m)
                named[:, m] = self._partners(own[rows], others, key)
        return named[:, 1 - query.modality] if isinstance(query, Query) else named

    def present(self, n: int, n_modalities: int = 2) -> tuple[BoolArray, ...]:
        """Return which items of n pairs there are: all but the missing partners.

        Parameters
        ----------
        n : int
            Number of pairs, or of tuples.
        n_modalities : int, default=2
            Number of modalities.

        Returns
        -------
        tuple of ndarrays of bool, shape (n,), one per modality
            For X and for y, whether item i is in its pool. As many are missing from
            one as from the other, and never two of a pair.
        """
        self._check_parameters()
        n = check_integer(n, "n", minimum=1)
        n_others = check_integer(n_modalities, "n_modalities", minimum=2) - 1
        n_missing = round(n * self.missing_rate / (n_others + self.missing_rate))
        rng = np.random.default_rng([draw_seed(self.random_state), 0, MISSING_PARTNERS])
        order = rng.permutation(n)
        present = np.ones((n_modalities, n), dtype=bool)
        for m, own in enumerate(present):
            own[order[m * n_missing : (m + 1) * n_missing]] = False
        return tuple(present)

    def _partners(self, asked: IntArray, others: IntArray, key: list[int]) -> IntArray:
        """Return rows of another pool with these ids, some of them wrong; -1 for none.

        `key` tells the draws of this pool from those of others.
        """
        known, first = np.unique(others, return_index=True)
        at = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
        partners = np.full(len(asked), -1)
        if len(known):
            partners = np.where(known[at] == asked, first[at], -1)
        if self.error_rate == 0:
            return partners
        seed = draw_seed(self.random_state)
        rng = np.random.default_rng([seed, 0, WRONG_ANSWERS, *key, *map(int, asked)])
        free = np.ones(len(others), dtype=bool)
        free[partners[partners >= 0]] = False
        for k in np.flatnonzero(rng.random(len(asked)) < self.error_rate):
            candidates = np.flatnonzero(free & (others != asked[k]))
            if len(candidates):
                partners[k] = rng.choice(candidates)
                free[partners[k]] = False
        return partners

    def _check_parameters(self) -> None:
        check_number(self.error_rate, "error_rate", minimum=0)
        check_number(self.missing_rate, "missing_rate", minimum=0)
        if self.error_rate > 1:
            raise ValueError(f"error_rate must be at most 1, got {self.error_rate!r}")
        if self.missing_rate >= 1:
            raise ValueError(
                f"missing_rate must be below 1, got {self.missing_rate!r}; some pairs "
                "must be there"
            )


def _check_ids(numbers: npt.ArrayLike, name: str) -> IntArray:
    ids = np.asarray(numbers)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or (ids < 0).any():
        raise ValueError(
            f"{name} must hold one integer of at least 0 for each row of the pool, got "
            f"{ids.dtype} of shape {ids.shape}"
        )
    return ids.astype(np.int64)
