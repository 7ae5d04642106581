"""Proposed partners, and how they are found among features."""

from dataclasses import dataclass, replace

import numpy as np

from .._shared.types import BoolArray, FloatArray, IntArray
from ._assignment import assign, partner_shares, shares_of_equals
from ._candidates import find_edges
from ._confidence import MOST_ERROR, N_TRUSTED


@dataclass(frozen=True, eq=False)
class Matching:
    """Proposed partners, the surest first.

    Parameters
    ----------
    X_rows, y_rows : ndarray of shape (n_proposed,)
        Rows of both pools that are proposed as partners. A row that is in none has no
        partner, as far as can be told.
    confidence : ndarray of shape (n_proposed,)
        The probability that they are, or that one is equal to the other's partner.
    n_checked : int
        How many answers that probability was learned from: those to random questions,
        or all, where these are fewer than 30.
    is_random : bool
        Whether these were about items drawn at random. Items that a strategy chose are
        harder than most, or easier: by how much differs from pool to pool.
    error : float
        By how much confidence is expected to be off, on average over all proposals:
        what so few answers leave open.

    Examples
    --------
    >>> from skmal import PairedActiveLearner
    >>> from skmal.datasets import load_glyphs
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> learner = PairedActiveLearner(random_state=0).fit(X[::8], y[::8])
    >>> matching = learner.match(X[1::16], y[1::16])
    >>> bool(matching.confidence[0] >= matching.confidence[-1])
    True
    """

    X_rows: IntArray
    y_rows: IntArray
    confidence: FloatArray
    n_checked: int
    is_random: bool
    error: float

    def __len__(self) -> int:
        """Return the number of proposals."""
        return len(self.X_rows)

    @property
    def is_trusted(self) -> bool:
        """Whether 30 random answers or more bear it out, and leave .05 open at most."""
        is_enough = self.is_random and self.n_checked >= N_TRUSTED
        return is_enough and self.error <= MOST_ERROR

    def at_least(self, confidence: float) -> "Matching":
        """Return the proposals of at least this confidence.

        Parameters
        ----------
        confidence : float
            The least.

        Returns
        -------
        Matching
            These, with the error of all.
        """
        kept: BoolArray = self.confidence >= confidence
        return replace(
            self,
            X_rows=self.X_rows[kept],
            y_rows=self.y_rows[kept],
            confidence=self.confidence[kept],
        )


@dataclass(frozen=True, eq=False)
class Proposals:
    """Proposed pairs of rows of features, and their shares.

    Parameters
    ----------
    x, y : ndarray of shape (n_proposed,)
        Rows of either side.
    shares : ndarray of shape (n_proposed,)
        How likely each is, as similarities alone tell it.
    """

    x: IntArray
    y: IntArray
    shares: FloatArray


def propose(
    X: FloatArray,
    Y: FloatArray,
    n_partners: IntArray | None = None,
    one_to_one: bool = True,
    same: tuple[IntArray, IntArray] | None = None,
) -> Proposals:
    """Propose partners among the features of two pools.

    Parameters
    ----------
    X, Y : ndarray of shape (n_x, n_features) and (n_y, n_features)
        Features of both in one space.
    n_partners : ndarray of shape (n_x,), default=None
        How many partners each row of X may have. None: one.
    one_to_one : bool, default=True
        Whether each row may be given only as often as it has partners. False: every row
        of Y is given its likeliest row of X.
    same : tuple of two arrays, default=None
        A number for each row of X and of Y, equal for equal items, which are as right
        as the partner. None: no two are equal.

    Returns
    -------
    Proposals
        What is proposed.
    """
    if n_partners is None:
        n_partners = np.ones(len(X), dtype=np.int64)
    if not one_to_one:  # as many of either side, on average
        n_partners = np.maximum(n_partners, -(-len(Y) // len(X)))
    # Ties must not go to the row at the same place: of known pairs that is the partner.
    order_y = np.random.default_rng(0).permutation(len(Y))
    edges = find_edges(X, Y[order_y])
    shares = partner_shares(edges, n_partners)
    if one_to_one:
        chosen = assign(edges, shares, n_partners)
    else:
        order = np.lexsort([-shares, edges.y])
        _, first = np.unique(edges.y[order], return_index=True)
        chosen = order[first]
    if same is None:
        own = np.clip(shares[chosen], 0, 1)
    else:
        own = shares_of_equals(edges, shares, (same[0], same[1][order_y]))[chosen]
    x, y = edges.x[chosen], order_y[edges.y[chosen]]
    order = np.lexsort([y, x] if one_to_one else [x, y])
    return Proposals(x[order], y[order], own[order])
