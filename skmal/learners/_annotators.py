"""Who answers: known pairs, with errors and with missing partners as far as wanted."""

import numpy as np
from sklearn.base import BaseEstimator

from .._shared.parameters import check_integer, check_number
from .._shared.randomness import draw_seed
from ._query import Query


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

    def __init__(self, error_rate=0.0, missing_rate=0.0, *, random_state=None):
        self.error_rate = error_rate
        self.missing_rate = missing_rate
        self.random_state = random_state

    def __call__(self, query, X_ids, y_ids):
        """Name the partner of each item asked about.

        Parameters
        ----------
        query : Query
            What a learner's `query` returned.
        X_ids, y_ids : array-like of int, shape (n_X_pool,) and (n_y_pool,)
            One number of at least 0 for each row of the pools that were asked; partners
            have the same. Several rows of a pool may share one, as the captions of an
            image do.

        Returns
        -------
        ndarray of int, shape (n_instances,)
            Rows of the other pool (of several partners the first); -1 where it has
            none.

        Raises
        ------
        ValueError
            If ids are no integers of at least 0, do not fit the query, or if a rate is
            out of range.
        """
        self._check_parameters()
        if not isinstance(query, Query):
            raise TypeError(
                f"query must be what query() returned, got {type(query).__name__}"
            )
        ids = [_check_ids(X_ids, "X_ids"), _check_ids(y_ids, "y_ids")]
        pool, others = ids[query.modality], ids[1 - query.modality]
        rows = np.asarray(query.indices)
        if rows.max(initial=-1) >= len(pool):
            raise ValueError(
                f"the query asks about row {rows.max()}, but there are {len(pool)} ids "
                "of that pool; pass the ids of the pools that were asked"
            )
        asked = pool[rows]
        known, first = np.unique(others, return_index=True)
        at = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
        partners = np.full(len(asked), -1)
        if len(known):
            partners = np.where(known[at] == asked, first[at], -1)
        return self._with_errors(partners, asked, others, query.modality, len(pool))

    def present(self, n):
        """Return which items of n pairs there are: all but the missing partners.

        Parameters
        ----------
        n : int
            Number of pairs.

        Returns
        -------
        tuple of two ndarrays of bool, shape (n,)
            For X and for y, whether item i is in its pool. As many are missing from
            one as from the other, and never both of a pair.
        """
        self._check_parameters()
        n = check_integer(n, "n", minimum=1)
        n_missing = round(n * self.missing_rate / (1 + self.missing_rate))
        rng = np.random.default_rng([draw_seed(self.random_state), 0, 3])
        order = rng.permutation(n)
        present = np.ones((2, n), dtype=bool)
        present[0, order[:n_missing]] = False
        present[1, order[n_missing : 2 * n_missing]] = False
        return present[0], present[1]

    def _with_errors(self, partners, asked, others, modality, n_pool):
        """Return the answers, some of them replaced by other rows of that pool."""
        if self.error_rate == 0:
            return partners
        seed = draw_seed(self.random_state)
        key = [seed, 0, 4, modality, n_pool, len(others), *map(int, asked)]
        rng = np.random.default_rng(key)
        free = np.ones(len(others), dtype=bool)
        free[partners[partners >= 0]] = False
        for k in np.flatnonzero(rng.random(len(asked)) < self.error_rate):
            candidates = np.flatnonzero(free & (others != asked[k]))
            if len(candidates):
                partners[k] = rng.choice(candidates)
                free[partners[k]] = False
        return partners

    def _check_parameters(self):
        check_number(self.error_rate, "error_rate", minimum=0)
        check_number(self.missing_rate, "missing_rate", minimum=0)
        if self.error_rate > 1:
            raise ValueError(f"error_rate must be at most 1, got {self.error_rate!r}")
        if self.missing_rate >= 1:
            raise ValueError(
                f"missing_rate must be below 1, got {self.missing_rate!r}; some pairs "
                "must be there"
            )


def _check_ids(ids, name):
    ids = np.asarray(ids)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or (ids < 0).any():
        raise ValueError(
            f"{name} must hold one integer of at least 0 for each row of the pool, got "
            f"{ids.dtype} of shape {ids.shape}"
        )
    return ids.astype(np.int64)
