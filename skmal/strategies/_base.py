"""QueryStrategy: checks and encodes the pools, then asks `select`."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Protocol

from sklearn.base import BaseEstimator

from .._shared.parameters import check_integer
from .._shared.types import Items
from ..items._containers import check_items, check_same_features
from ._round import Round, Selection, in_memory, on_host, open_round
from ._steps import random_selection


class Strategy(Protocol):
    """Whatever chooses what to ask next: a `QueryStrategy`, or a function of yours.

    What it returns unpacks to indices, rows of one pool, and utilities; it asks about
    X unless the result has an attribute `modality` of 1. A `Selection` has one.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner
    >>> def first_rows(learner, X_pool, y_pool, *, n_instances):
    ...     return np.arange(n_instances), np.zeros(n_instances)
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> PairedActiveLearner(None, first_rows).query(X, y, n_instances=2).indices
    array([0, 1])
    """

    def __call__(
        self, learner: Any, X_pool: Any, y_pool: Any, *, n_instances: int
    ) -> Any:
        """Choose `n_instances` items of one modality to ask about.

        Parameters
        ----------
        learner : PairedActiveLearner
            Who asks.
        X_pool, y_pool : sequence
            The open items of both modalities.
        n_instances : int
            How many items to ask about.

        Returns
        -------
        pair of array-likes of shape (n_instances,)
            Indices and utilities, best first.
        """
        ...


class QueryStrategy(BaseEstimator):
    """Base of all strategies: checks and encodes the pools, then asks `select`.

    Write your own by deriving from it and giving it one method,
    ``select(round) -> Selection``: arrays in, arrays out, no model. Strategies keep no
    state, so that one object serves any number of learners, clones and pickles. A
    strategy that only ever asks about one modality says so by an attribute `modality`
    of 0 or 1.

    Two class attributes say what `select` can do without: with ``streams = True`` the
    open features of pools that are not in memory may come as objects that make them
    block by block, and with ``stays_on_device = True`` all features may come as torch
    tensors (see `Round`); else they are arrays. A method ``check_parameters(
    n_instances)`` may raise where a parameter is out of range, before anything is
    computed.

    A strategy is called as modAL calls its own, with a second pool:
    ``strategy(learner, X_pool, y_pool, n_instances=1)``.

    See Also
    --------
    skmal.strategy_checks.check_strategy : Names what a strategy of your own breaks.

    Notes
    -----
    All randomness of a round comes from ``numpy.random.default_rng([seed,
    n_aligned])``, where the seed is the strategy's `random_state` or else the
    learner's: a round can be repeated, and rounds with different numbers of known pairs
    draw differently. Take items without a partner out of the pools, or they may be
    drawn again.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, QueryStrategy, RidgeCCA, Selection
    >>> class Longest(QueryStrategy):
    ...     '''Ask about the rows of X farthest from zero.'''
    ...     modality = 0
    ...     def select(self, round: Round) -> Selection:
    ...         length = np.linalg.norm(round.open_inputs[0], axis=1)
    ...         rows = (-length).argsort(kind="stable")[: round.n_instances]
    ...         return Selection(rows, length[rows])
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), Longest()).fit(X[:10], y[:10])
    >>> learner.query(X[10:], y[10:], n_instances=2).indices
    array([2, 8])
    """

    streams: bool = False
    stays_on_device: bool = False

    def __call__(
        self,
        learner: Any,
        X_pool: Items,
        y_pool: Items | None = None,
        n_instances: int = 1,
    ) -> Selection:
        """Choose `n_instances` items of one modality to ask about.

        Parameters
        ----------
        learner : PairedActiveLearner or modAL learner
            Its encoder and its training pairs are looked at; nothing is changed.
        X_pool, y_pool : sequence
            The open items of both modalities; rows need not be aligned.
        n_instances : int, default=1
            How many items to ask about; at most the items of either pool, or of the
            asked one where the strategy's `modality` is 0 or 1.

        Returns
        -------
        Selection
            (indices, utilities), best first, with `modality` and `coverage_gap`.

        Raises
        ------
        ValueError
            If a pool is missing, empty or holds NaN, has other features than the
            learner was fitted on, or if `n_instances` is out of range.
        MemoryError
            As `PairedActiveLearner.query` raises it, of pools that are not in memory.
        """
        pools = check_pools(learner, X_pool, y_pool)
        n_instances = check_n_instances(n_instances, pools, ("X_pool", "y_pool"), self)
        if (
            not getattr(learner, "hands_out_both_modalities", False)
            and fixed_modality(self) != 0
            and len(pools[0]) != len(pools[1])
        ):
            raise ValueError(
                f"{type(learner).__name__} hands out rows of X whatever the modality, "
                f"but X_pool has {len(pools[0])} rows and y_pool {len(pools[1])}; set "
                "the strategy's modality=0, or use skmal.PairedActiveLearner"
            )
        self.check_parameters(n_instances)
        random_state = getattr(self, "random_state", None)
        return choose(self, open_round(learner, *pools, n_instances, random_state))

    def check_parameters(self, n_instances: int) -> None:
        """Raise where a parameter is out of range, before anything is computed.

        Parameters
        ----------
        n_instances : int
            How many items will be asked about, at least 1.

        Raises
        ------
        ValueError
            If a parameter is out of range; the base class accepts all.
        """

    def select(self, round: Round) -> Selection:
        """Choose from the round's arrays; the one method that a strategy writes.

        Parameters
        ----------
        round : Round
            Features of the open and the aligned items, batch size and generator.

        Returns
        -------
        Selection
            (indices, utilities) of one modality, best first.
        """
        raise TypeError(f"{type(self).__name__} must define select(round)")


def choose(strategy: QueryStrategy, seen: Round) -> Selection:
    """Ask a strategy's `select`; where nothing has been learned yet, draw."""
    check_asked(strategy, len(seen.open))
    if seen.open[0].shape[1] == 0:
        fixed = fixed_modality(strategy)
        modality = getattr(strategy, "modality", "random") if fixed is None else fixed
        by_coverage = modality in ("coverage", "relative_coverage")
        return random_selection(seen, "random" if by_coverage else modality)
    if not strategy.stays_on_device:
        seen = on_host(seen)
    if not strategy.streams:
        seen = in_memory(seen, type(strategy).__name__)
    return strategy.select(seen)


def fixed_modality(strategy: object) -> int | None:
    """Return the one modality that a strategy asks about; None where it varies."""
    modality = getattr(strategy, "modality", None)
    return int(modality) if isinstance(modality, Integral) else None


def check_asked(strategy: object, n_modalities: int) -> int | None:
    """Return the one modality that a strategy asks about, or raise if there is none."""
    asked = fixed_modality(strategy)
    if asked is not None and asked >= n_modalities:
        raise ValueError(
            f"modality={asked} is asked for, but there are {n_modalities} modalities; "
            f"the last one is {n_modalities - 1}"
        )
    return asked


def check_n_instances(
    n_instances: int, pools: Sequence[Items], names: Sequence[str], strategy: object
) -> int:
    """Return how many items to ask about, or raise where the pools have fewer.

    A strategy that may ask about any pool needs so many in each; a function need not
    say which it asks about, so one that has them is enough for it.
    """
    n_instances = check_integer(n_instances, "n_instances", minimum=1)
    sizes = [len(pool) for pool in pools]
    asked = check_asked(strategy, len(pools))
    if not isinstance(strategy, QueryStrategy):
        asked = sizes.index(max(sizes))
    for m, (name, size) in enumerate(zip(names, sizes, strict=True)):
        if n_instances > size and asked in (None, m):
            raise ValueError(
                f"n_instances={n_instances} is above the {size} items of {name}; ask "
                "for fewer"
            )
    return n_instances


def check_pools(
    learner: Any,
    X_pool: Items,
    y_pool: Items | None,
    call: str = "query(X_pool, y_pool, n_instances=...)",
) -> tuple[Items, Items]:
    """Return both pools in the form that the package relies on, or raise."""
    if y_pool is None:
        raise ValueError(
            f"y_pool is missing: partners are looked for in a second pool; call {call}"
        )
    X_pool = check_items(X_pool, "X_pool", streamed=True)
    y_pool = check_items(y_pool, "y_pool", streamed=True)
    name = type(learner).__name__
    check_same_features(X_pool, learner.X_training, "X_pool", name)
    check_same_features(y_pool, learner.y_training, "y_pool", name)
    return X_pool, y_pool
