"""One run of one strategy, and many of them side by side."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from .._shared.randomness import FIRST_PAIRS
from ..arrays._verbs import take
from ..encoders._kernel import KernelCCA
from ..encoders._protocol import Encoder
from ..encoders._ridge import RidgeCCA
from ..learners._paired import PairedActiveLearner
from ..strategies._base import Strategy
from ._pools import Pool
from ._seconds import FOUND, Shown, count_shown
from ._tables import Row, curve_rows

Result = TypeVar("Result")


@dataclass(frozen=True)
class Plan:
    """How many answers are bought, and in which portions.

    Parameters
    ----------
    n_initial : int
        Random pairs known at the start; they are part of the budget.
    batch_size : int
        Items asked about in a round.
    budget : int
        Answers in all.
    """

    n_initial: int
    batch_size: int
    budget: int


@dataclass(frozen=True)
class Curve:
    """What a run bought, and how good the encoder was.

    Parameters
    ----------
    n_pairs : list of int
        Answers paid for at each point, those at the start included. They are pairs,
        unless the annotator found no partner.
    scores : list of dict
        The scores there.
    seconds : float, default=NaN
        Mean time of a query, where it was taken.
    """

    n_pairs: list[int]
    scores: list[dict[str, float]]
    seconds: float = float("nan")


def run(
    pool: Pool,
    estimator: Encoder,
    strategy: Strategy,
    seed: int,
    plan: Plan,
    *,
    callbacks: Sequence[Callable[[PairedActiveLearner], Any]] = (),
    count_found: bool = False,
    **parameters: Any,
) -> Curve:
    """Buy pairs of a pool until the budget is spent, in one thread.

    Parameters
    ----------
    pool : Pool
        The pairs.
    estimator : encoder
        What learns.
    strategy : QueryStrategy or callable
        What asks.
    seed : int
        Of the starting pairs, the same for all strategies, and of the learner.
    plan : Plan
        How many pairs.
    callbacks : sequence of callables, default=()
        Each is called with the learner whenever its encoder has learned; its
        `n_answers_iter_` and `validation_scores_` tell of the run so far.
    count_found : bool, default=False
        Whether the scores tell, as "found among 9", how many of the answers named one
        of the nine likeliest candidates, those at the start left out. It takes a look
        at all open items in each round, by an annotator who is always right, and pools
        without `groups`.
    **parameters
        More of the learner's: `annotator`, `buffer_size`. Those work in `fit` only,
        which asks where the pool says nothing of pairs that are known.

    Returns
    -------
    Curve
        Answers and scores.
    """
    with_torch = not isinstance(estimator, RidgeCCA | KernelCCA)
    with single_threaded(with_torch):
        if pool.known is not None:
            learner = PairedActiveLearner(
                estimator, strategy, random_state=seed, **parameters
            )
            return _run_by_hand(
                learner, pool, pool.known, seed, plan, callbacks, count_found
            )
        shown = Shown(pool) if count_found else None
        if shown is not None:
            parameters = {"annotator": shown} | parameters
        learner = PairedActiveLearner(
            estimator,
            strategy,
            n_initial=plan.n_initial,
            batch_size=plan.batch_size,
            budget=plan.budget,
            random_state=seed,
            **parameters,
        )
        if shown is not None:
            shown.learner = learner
        learner.fit(
            pool.X,
            pool.y,
            groups=pool.groups,
            validation_data=(pool.X_test, pool.y_test),
            scoring=pool.scoring,
            callbacks=callbacks,
        )
        scores: list[dict[str, float]] = list(learner.validation_scores_)
        if shown is not None:
            counts = np.cumsum([0, *shown.n_found])
            scores = [
                own | {FOUND: float(n)} for own, n in zip(scores, counts, strict=True)
            ]
        return Curve([int(n) for n in learner.n_answers_iter_], scores)


def _run_by_hand(
    learner: PairedActiveLearner,
    pool: Pool,
    known: tuple[Any, Any],
    seed: int,
    plan: Plan,
    callbacks: Sequence[Callable[[PairedActiveLearner], Any]],
    count_found: bool,
) -> Curve:
    """Teach what is known, then ask and answer: `fit` begins with a new encoder."""
    n = len(pool.X)
    rng = np.random.default_rng([seed, FIRST_PAIRS])
    # In these orders the pools are shown: unrelated, so that they tell nothing.
    orders = rng.permutation(n), rng.permutation(n)
    bought = np.zeros(n, dtype=bool)

    # Pairs from elsewhere cost nothing; without them, a few of the pool are bought.
    if len(known[0]):
        learner.teach(*known)
    else:
        bought[orders[0][: plan.n_initial]] = True
        start = np.flatnonzero(bought)
        learner.teach(take(pool.X, start), take(pool.y, start))

    n_pairs: list[int] = []
    scores: list[dict[str, float]] = []
    seconds: list[float] = []
    n_found = 0
    while True:
        # Say how good the encoder is with so many pairs.
        n_pairs.append(int(bought.sum()))
        scores.append(pool.scoring(learner, pool.X_test, pool.y_test))
        if count_found:
            scores[-1] |= {FOUND: float(n_found)}
        if callbacks:  # they see what `fit` would tell
            learner.n_answers_iter_ = np.array(n_pairs)
            learner.validation_scores_ = list(scores)
        for callback in callbacks:
            callback(learner)
        if n_pairs[-1] >= plan.budget:
            mean = float(np.mean(seconds)) if seconds else float("nan")
            return Curve(n_pairs, scores, mean)

        # Ask about some of the open items; the rows of a query count among them.
        rows = [order[~bought[order]] for order in orders]
        batch_size = min(plan.batch_size, len(rows[0]))
        X_open, y_open = take(pool.X, rows[0]), take(pool.y, rows[1])
        start = time.perf_counter()
        query = learner.query(X_open, y_open, batch_size)
        seconds.append(time.perf_counter() - start)
        if count_found:
            n_found += count_shown(learner, query, (X_open, y_open), rows)

        # Answer with the partners, which have the same rows in the pool.
        asked = rows[query.modality][query.indices]
        bought[asked] = True
        learner.teach(take(pool.X, asked), take(pool.y, asked))


def run_curves(
    runs: Mapping[str, Callable[[Strategy, int], Curve]],
    strategies: Mapping[str, Strategy],
    n_seeds: int,
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> list[Row]:
    """Run all strategies on all seeds of each data set.

    Parameters
    ----------
    runs : dict of str to callable
        By the name of the data, ``run(strategy, seed)`` returning a `Curve`.
    strategies : dict of str to QueryStrategy
        The strategies by their names, "random" first where savings are wanted.
    n_seeds : int
        Seeds 0 to n_seeds - 1.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : bool, default=False
        Whether a progress bar is shown.

    Returns
    -------
    list of dict
        The rows of `curves.csv`.
    """
    cases = [
        (data, seed, name)
        for data in runs
        for seed in range(n_seeds)
        for name in strategies
    ]
    jobs = [(runs[data], strategies[name], seed) for data, seed, name in cases]
    curves = in_parallel(_call, jobs, n_jobs=n_jobs, verbose=verbose)
    return [
        row
        for (data, seed, name), curve in zip(cases, curves, strict=True)
        for row in curve_rows(data, name, seed, curve.n_pairs, curve.scores)
    ]


def _call(
    function: Callable[[Strategy, int], Curve], strategy: Strategy, seed: int
) -> Curve:
    return function(strategy, seed)


def in_parallel(
    function: Callable[..., Result],
    cases: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
    unit: str = "run",
    in_order: bool = True,
) -> Iterator[Result]:
    """Call a function with the arguments of each case, in several processes.

    Parameters
    ----------
    function : callable
        What is called.
    cases : iterable of tuple
        Its arguments.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : bool, default=False
        Whether a progress bar is shown.
    unit : str, default="run"
        What the bar counts.
    in_order : bool, default=True
        Whether results come in the order of the cases, or as they are finished.

    Returns
    -------
    iterator
        The results.
    """
    from tqdm import tqdm

    cases = list(cases)
    results: Any = joblib.Parallel(
        n_jobs=n_jobs or joblib.cpu_count(),
        return_as="generator" if in_order else "generator_unordered",
    )(joblib.delayed(function)(*case) for case in cases)
    return iter(tqdm(results, total=len(cases), unit=unit, disable=not verbose))


def default_jobs(encoder: str) -> int:
    """Return how many runs are made at a time; a GPU serves one.

    Parameters
    ----------
    encoder : str
        The name of what learns.

    Returns
    -------
    int
        Processes.
    """
    if encoder == "clip":
        import torch

        if torch.cuda.is_available():
            return 1
    return joblib.cpu_count()


@contextmanager
def single_threaded(with_torch: bool) -> Iterator[None]:
    """Use one thread: sums of several differ in the last digits, and runs are many.

    Parameters
    ----------
    with_torch : bool
        Whether torch is used within.

    Yields
    ------
    None
        Within, one thread computes.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        if not with_torch:
            yield
            return
        import torch  # it has threads, and a BLAS, of its own

        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
