"""What a learner asks."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt

from .._shared.types import BoolArray, FloatArray, IntArray, Items
from ..arrays._plain import plain
from ..arrays._verbs import take
from ..strategies._round import Selection


class _Asked(NamedTuple):
    """What a query unpacks to."""

    indices: IntArray
    instances: Any


class BaseQuery(_Asked):
    """Rows of one pool, and the items in them: what all queries are."""

    modality: int
    utilities: FloatArray | None
    coverage_gap: tuple[float, ...] | None
    pool_sizes: tuple[int, ...] | None
    audited: BoolArray | None

    def __new__(
        cls,
        indices: npt.ArrayLike,
        instances: Any,
        modality: int = 0,
        utilities: npt.ArrayLike | None = None,
        coverage_gap: tuple[float, ...] | None = None,
        pool_sizes: tuple[int, ...] | None = None,
        audited: BoolArray | None = None,
    ) -> Self:
        """Build the pair and hang the rest on it."""
        self = super().__new__(cls, cast(IntArray, indices), instances)
        self.modality = modality
        self.utilities = cast(FloatArray | None, utilities)
        self.coverage_gap = coverage_gap
        self.pool_sizes = pool_sizes
        self.audited = audited
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Tell pickle and copy what to call `__new__` with."""
        return (
            *self,
            self.modality,
            self.utilities,
            self.coverage_gap,
            self.pool_sizes,
            self.audited,
        )

    def __repr__(self) -> str:
        """Show the modality too, without which the indices mean nothing."""
        return f"{super().__repr__()[:-1]}, modality={self.modality})"


AnyQuery = TypeVar("AnyQuery", bound=BaseQuery)


def query_of(
    kind: type[AnyQuery],
    selection: Selection,
    audited: BoolArray | None,
    pools: Sequence[Items],
) -> AnyQuery:
    """Return the query of this kind that asks about what was chosen, or drawn."""
    return kind(
        selection.indices,
        take(pools[selection.modality], selection.indices),
        selection.modality,
        selection.utilities,
        selection.coverage_gap,
        tuple(map(len, pools)),
        audited,
    )


def with_drawn(
    selection: Selection, drawn: IntArray
) -> tuple[Selection, BoolArray | None]:
    """Return a selection that ends with drawn rows, and which of its rows these are.

    They take the places of the last chosen ones, and have no utility. Without any it is
    what it was.
    """
    if not len(drawn):
        return selection, None
    chosen = np.asarray(selection.indices)
    places = np.flatnonzero(~np.isin(chosen, drawn))[: len(chosen) - len(drawn)]
    utilities = selection.utilities
    if utilities is not None:
        none = np.full(len(drawn), np.nan)
        utilities = np.concatenate([np.asarray(utilities)[places], none])
    mixed = Selection(
        np.concatenate([chosen[places], drawn]),
        utilities,
        selection.modality,
        selection.coverage_gap,
    )
    return mixed, np.arange(len(chosen)) >= len(places)


def at_rows(query: AnyQuery, rows: IntArray, pools: Sequence[Items]) -> AnyQuery:
    """Return a query of some rows of a pool as one of the whole pools."""
    return type(query)(
        rows[np.asarray(query.indices)],
        query.instances,
        query.modality,
        query.utilities,
        query.coverage_gap,
        tuple(map(len, pools)),
        query.audited,
    )


def check_query(query: object, kind: type[AnyQuery]) -> AnyQuery:
    """Return the query, or raise unless it is one of this kind."""
    if not isinstance(query, kind):
        raise TypeError(
            f"query must be what query() returned, got {type(query).__name__}"
        )
    return query


class Query(BaseQuery):
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
    pool_sizes : tuple of two ints, default=None
        How many rows the pools had. None: not known, and answers are not checked by it.
    audited : ndarray of bool, shape (n_instances,), default=None
        Which of them were drawn at random, see `audit` of `PairedActiveLearner`; None
        where none was. Their utility is NaN.

    Examples
    --------
    >>> from skmal import Query
    >>> query = Query([4, 7], ["a fox", "a hen"], modality=1)
    >>> indices, instances = query
    >>> query.pairs([12, -1])             # the fox is image 12, the hen has none
    (array([12]), array([4]))
    """

    def pairs(self, partners: npt.ArrayLike) -> tuple[IntArray, IntArray]:
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
            If there is not one integer of at least -1 per item, or if one is no row of
            the other pool.

        Notes
        -----
        A row may be the partner of several items: an image, of two captions.
        """
        partners = np.asarray(plain(partners, "partners"))
        indices, sizes = np.asarray(self.indices), self.pool_sizes
        if partners.shape != indices.shape or (
            partners.size and partners.dtype.kind not in "iu"
        ):
            raise ValueError(
                f"partners must hold one integer row for each of the {len(indices)} "
                f"items, -1 for none; got {partners.dtype} of shape {partners.shape}"
            )
        size = None if sizes is None else sizes[1 - self.modality]
        _check_rows(partners, size, "the other pool")
        found = partners >= 0
        own, other = indices[found], partners[found].astype(np.int64)
        return (own, other) if self.modality == 0 else (other, own)


class MultimodalQuery(BaseQuery):
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
    pool_sizes : tuple of ints, default=None
        How many rows the pools had. None: not known, and answers are not checked by it.
    audited : None
        Audits are for learners of two modalities.

    Examples
    --------
    >>> from skmal.learners import MultimodalQuery
    >>> query = MultimodalQuery([4, 7], ["a fox", "a hen"], modality=1)
    >>> query.tuples([[12, 4, 3], [8, 7, -1]])     # the hen has no partner in the third
    (array([12]), array([4]), array([3]))
    """

    def tuples(self, partners: npt.ArrayLike) -> tuple[IntArray, ...]:
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
            If there is not one integer of at least -1 per item and modality, if one is
            no row of its pool, or if the asked modality's column does not hold the rows
            asked about.
        """
        partners = np.asarray(plain(partners, "partners"))
        indices = np.asarray(self.indices)
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
        for m, column in enumerate(partners.T):
            sizes = self.pool_sizes
            _check_rows(
                column, sizes[m] if sizes and m < len(sizes) else None, f"pool {m}"
            )
        if (partners[:, self.modality] != indices).any():
            raise ValueError(
                f"column {self.modality} of partners must be the rows asked about, "
                f"{indices.tolist()}, got {partners[:, self.modality].tolist()}"
            )
        complete = partners[(partners >= 0).all(axis=1)].astype(np.int64)
        return tuple(complete.T)


def _check_rows(partners: IntArray, size: int | None, pool: str) -> None:
    """Raise unless these are rows of a pool of this size, where it is known, or -1."""
    if (partners < -1).any():
        raise ValueError(
            f"partners holds {partners.min()}; use -1 for items without a partner"
        )
    if size is not None and (partners >= size).any():
        raise ValueError(
            f"partners holds {partners.max()}, but {pool} has {size} rows; pass rows "
            f"from 0 to {size - 1}, or -1 for none"
        )
