"""Checks of the contract that all strategies keep, to run on your own."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from .._shared.contracts import name_of, run_check
from ..strategies._base import QueryStrategy, Strategy
from ._checks import CHECKS, CHECKS_OF_FUNCTIONS, Check

if TYPE_CHECKING:
    import pytest

__all__ = ["check_strategy", "parametrize_with_strategy_checks"]


def check_strategy(strategy: Strategy) -> None:
    """Run the contract of all strategies on one, and say which part it breaks.

    Use it while you write a strategy. The pools are small and made up, the encoder is
    `RidgeCCA`. With pytest, `parametrize_with_strategy_checks` makes one test of each
    check.

    Parameters
    ----------
    strategy : QueryStrategy or callable
        An instance, or a function ``f(learner, X_pool, y_pool, n_instances)``. What
        `QueryStrategy` sees to (the start without pairs, bad input, lists and data
        frames) and parameters are not asked of functions.

    Raises
    ------
    AssertionError
        By the first check that fails: which one, what happened and what is expected.
        Where the strategy itself failed, its error is the cause.
    TypeError
        If `strategy` is a class, or cannot be called.

    See Also
    --------
    parametrize_with_strategy_checks : Each check as a test of its own.
    skmal.QueryStrategy : How to write a strategy.

    Notes
    -----
    The checks say nothing about the worth of the choices; for that compare annotation
    curves, see `skmal.metrics.annotation_savings`. Random draws are welcome where the
    round's generator makes them. Whether the same items are chosen from a shuffled pool
    is asked only of strategies that pick the same rows whatever the seed.

    The strategy is called about 50 times; for those of the package this is a fraction
    of a second in all.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import QueryStrategy, Selection
    >>> from skmal.strategy_checks import check_strategy
    >>> class Longest(QueryStrategy):
    ...     '''Ask about the rows of one modality that are farthest from zero.'''
    ...     def __init__(self, modality=0):
    ...         self.modality = modality
    ...     def select(self, round):
    ...         length = np.linalg.norm(round.open_inputs[self.modality], axis=1)
    ...         rows = (-length).argsort(kind="stable")[: round.n_instances]
    ...         return Selection(rows, length[rows], self.modality)
    >>> check_strategy(Longest())
    >>> class Again(Longest):
    ...     '''Ask about the farthest row over and over.'''
    ...     def select(self, round):
    ...         rows, utilities = super().select(round)
    ...         return Selection(np.full_like(rows, rows[0]), utilities, self.modality)
    >>> check_strategy(Again())
    Traceback (most recent call last):
      ...
    AssertionError: check_distinct_rows failed for Again(): asked for 6 of 64 rows, it
    chose [...] more than once. Expected: all rows are different rows of the pool
    that the selection's modality names.
    """
    for check in _checks_for(strategy):
        run_check(check, strategy)


def parametrize_with_strategy_checks(
    strategies: Sequence[Strategy],
) -> "pytest.MarkDecorator":
    """Return a pytest decorator that tests each strategy with each check.

    Parameters
    ----------
    strategies : list of QueryStrategy or callable
        Instances or functions, as `check_strategy` takes them.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `strategy` and `check`. A test's id
        names both, so that ``pytest -k check_cold_start`` runs one check.

    Raises
    ------
    TypeError
        If a strategy is a class, or cannot be called.

    See Also
    --------
    check_strategy : Runs all checks on one strategy, without pytest.

    Examples
    --------
    >>> from skmal import CoresetMargin, RandomSampling
    >>> from skmal.strategy_checks import parametrize_with_strategy_checks
    >>> @parametrize_with_strategy_checks([RandomSampling(), CoresetMargin(trim=0.3)])
    ... def test_my_strategies(strategy, check):
    ...     check(strategy)
    """
    import pytest

    return pytest.mark.parametrize(
        ("strategy", "check"),
        [
            pytest.param(
                strategy,
                partial(run_check, check),
                id=f"{name_of(strategy)}-{name_of(check)}",
            )
            for strategy in strategies
            for check in _checks_for(strategy)
        ],
    )


def _checks_for(strategy: Strategy) -> tuple[Check, ...]:
    """Return the checks that hold for a strategy, the most telling ones first."""
    if isinstance(strategy, type) or not callable(strategy):
        raise TypeError(
            "a strategy must be an instance, such as VOptimalDesign(), or a function, "
            f"got {strategy!r}"
        )
    return CHECKS if isinstance(strategy, QueryStrategy) else CHECKS_OF_FUNCTIONS
