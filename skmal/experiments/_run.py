"""One run of one strategy."""

from contextlib import contextmanager
from functools import partial

import joblib
from threadpoolctl import threadpool_limits

from ..arrays._rows import take
from ..encoders._ridge import RidgeCCA
from ..learners._paired import PairedActiveLearner


def _default_jobs(encoder):
    """Return how many runs are made at a time; a GPU serves one."""
    if encoder == "clip":
        import torch

        if torch.cuda.is_available():
            return 1
    return joblib.cpu_count()


def _run(pairs, estimator, strategy, seed, pool_size, budget, n_initial, batch_size):
    """Return the points of one run and the scores there."""
    pool, test = pairs.split(seed, pool_size)
    groups = [None if pairs.groups is None else pairs.groups[r] for r in (pool, test)]
    learner = PairedActiveLearner(
        estimator,
        strategy,
        budget=budget,
        n_initial=n_initial,
        batch_size=batch_size,
        random_state=seed,
    )
    with single_threaded(with_torch=not isinstance(estimator, RidgeCCA)):
        learner.fit(
            take(pairs.X, pool),
            take(pairs.y, pool),
            groups=groups[0],
            validation_data=(take(pairs.X, test), take(pairs.y, test)),
            scoring=partial(pairs.scoring, groups=groups[1]),
        )
    return learner.n_pairs_iter_, learner.validation_scores_


@contextmanager
def single_threaded(with_torch):
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
