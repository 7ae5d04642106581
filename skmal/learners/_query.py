"""What a learner asks."""

from collections import namedtuple

import numpy as np


class Query(namedtuple("Query", ["indices", "instances"])):
    """What to ask about next: rows of one pool, and the items in them.

    Parameters
    ----------
    indices : ndarray of shape (n_instances,)
        Rows of the pool of the asked modality, all different, best first.
    instances : sequence of n_instances items
        Those rows.
    modality : int, default=0
        0 where they are items of X, 1 where they are items of y.
    utilities : ndarray of shape (n_instances,), default=None
        What the strategy ranked them by.
    coverage_gap : tuple of two floats, default=None
        The gaps of X and y that the strategy compared, if it did.

    Examples
    --------
    >>> from skmal import Query
    >>> query = Query([4, 7], ["a fox", "a hen"], modality=1)
    >>> indices, instances = query
    >>> query.pairs([12, -1])             # the fox is image 12, the hen has none
    (array([12]), array([4]))
    """

    modality: int
    utilities: np.ndarray | None
    coverage_gap: tuple | None

    def __new__(cls, indices, instances, modality=0, utilities=None, coverage_gap=None):
        """Build the pair and hang the rest on it."""
        self = super().__new__(cls, indices, instances)
        self.modality = modality
        self.utilities = utilities
        self.coverage_gap = coverage_gap
        return self

    def __getnewargs__(self):
        """Tell pickle and copy what to call `__new__` with."""
        return (*self, self.modality, self.utilities, self.coverage_gap)

    def __repr__(self):
        """Show the modality too, without which the indices mean nothing."""
        return f"{super().__repr__()[:-1]}, modality={self.modality})"

    def pairs(self, partners):
        """Turn answers into aligned rows of both pools.

        Parameters
        ----------
        partners : array-like of int, shape (n_instances,)
            For each item asked about, the row of its partner in the other pool; -1
            where it has none.

        Returns
        -------
        tuple of two ndarrays of the same length
            Rows of X_pool and rows of y_pool that belong together; -1 answers are
            dropped.

        Raises
        ------
        ValueError
            If there is not one integer of at least -1 per item.
        """
        partners, indices = np.asarray(partners), np.asarray(self.indices)
        if partners.shape != indices.shape or (
            partners.size and partners.dtype.kind not in "iu"
        ):
            raise ValueError(
                f"partners must hold one integer row for each of the {len(indices)} "
                f"items, -1 for none; got {partners.dtype} of shape {partners.shape}"
            )
        if (partners < -1).any():
            raise ValueError(
                f"partners holds {partners.min()}; use -1 for items without a partner"
            )
        found = partners >= 0
        rows = indices[found], partners[found].astype(np.int64)
        return rows if self.modality == 0 else rows[::-1]


class MultimodalQuery(Query):
    """What to ask about next, where there are several other modalities.

    Parameters
    ----------
    indices : ndarray of shape (n_instances,)
        Rows of the pool of the asked modality, all different, best first.
    instances : sequence of n_instances items
        Those rows.
    modality : int, default=0
        Which of the pools they are rows of.
    utilities : ndarray of shape (n_instances,), default=None
        What the strategy ranked them by.
    coverage_gap : tuple of floats, default=None
        The gaps of all modalities that the strategy compared, if it did.

    Examples
    --------
    >>> from skmal.learners import MultimodalQuery
    >>> query = MultimodalQuery([4, 7], ["a fox", "a hen"], modality=1)
    >>> query.tuples([[12, 4, 3], [8, 7, -1]])     # the hen has no partner in the third
    (array([12]), array([4]), array([3]))
    """

    def pairs(self, partners):
        """Raise, for an answer names more than a pair; see `tuples`.

        Parameters
        ----------
        partners : ignored
            Not used.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("an answer names an item of every pool; use query.tuples")

    def tuples(self, partners):
        """Turn answers into aligned rows of all pools.

        Parameters
        ----------
        partners : array-like of int, shape (n_instances, n_modalities)
            For each item asked about, the row of its partner in every pool: its own row
            in the asked one, -1 where it has none.

        Returns
        -------
        tuple of ndarrays of the same length
            Rows of each pool that belong together. Answers with a -1 are dropped, for
            an encoder learns from complete tuples.

        Raises
        ------
        ValueError
            If there is not one integer of at least -1 per item and modality, or if the
            asked modality's column does not hold the rows asked about.
        """
        partners, indices = np.asarray(partners), np.asarray(self.indices)
        if (
            partners.ndim != 2
            or len(partners) != len(indices)
            or partners.shape[1] <= max(self.modality, 1)
            or partners.dtype.kind not in "iu"
        ):
            raise ValueError(
                f"partners must hold one integer row for each of the {len(indices)} "
                "items and each modality, -1 for none; got "
                f"{partners.dtype} of shape {partners.shape}"
            )
        if (partners < -1).any():
            raise ValueError(
                f"partners holds {partners.min()}; use -1 for items without a partner"
            )
        if (partners[:, self.modality] != indices).any():
            raise ValueError(
                f"column {self.modality} of partners must be the rows asked about, "
                f"{indices.tolist()}, got {partners[:, self.modality].tolist()}"
            )
        complete = partners[(partners >= 0).all(axis=1)].astype(np.int64)
        return tuple(complete.T)
