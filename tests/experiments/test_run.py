"""One run, and many side by side."""

from functools import partial

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from skmal import RandomSampling, RidgeCCA
from skmal.experiments import (
    STRATEGIES,
    HeldOut,
    Plan,
    Pool,
    in_parallel,
    load_held_out,
    run,
)
from skmal.experiments._run import default_jobs


def test_seeds_hold_out_different_pairs_and_threads_change_nothing():
    pairs = load_held_out("glyphs-mono")
    plan = Plan(n_initial=200, batch_size=100, budget=400)
    runs = []
    for seed, n_threads in [(0, 1), (0, 2), (1, 1)]:
        with threadpool_limits(n_threads, user_api="blas"):
            strategy = STRATEGIES["k-center"]
            pool = pairs.pool(seed)
            runs.append(run(pool, RidgeCCA(), strategy, seed, plan).scores)
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[2][0]


def test_a_run_buys_what_the_annotator_says_until_the_budget_is_spent():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2, 200, 3))
    taught = []

    class Watching(RidgeCCA):
        def fit(self, X, y):
            taught.append(np.column_stack([X, y]))
            return super().fit(X, y)

    def scoring(learner, X_test, y_test):
        np.testing.assert_array_equal(X_test, X[:9])
        return {"n_known": len(learner.X_training)}

    plan = Plan(n_initial=10, batch_size=20, budget=120)
    answers = {tuple(row) for row in np.column_stack([X, y])}
    pool = Pool(X, y, X[:9], y[:9], scoring, known=(X[:0], y[:0]))
    curve = run(pool, Watching(), RandomSampling(), 0, plan)
    assert curve.n_pairs == [10, 30, 50, 70, 90, 110, 130]
    assert curve.scores == [{"n_known": n} for n in curve.n_pairs]
    assert curve.seconds > 0
    assert {tuple(row) for row in taught[-1]} <= answers

    rest, known = (X[50:], y[50:]), (X[:50], y[:50])  # that cost nothing
    pool = Pool(*rest, X[:9], y[:9], scoring, known=known)
    curve = run(pool, Watching(), RandomSampling(), 0, Plan(10, 15, 90))
    assert curve.n_pairs == [0, 15, 30, 45, 60, 75, 90]
    assert len(taught[-1]) == 50 + 90

    pool = Pool(X, y, X[:9], y[:9], scoring)  # and where fit asks
    curve = run(pool, Watching(), RandomSampling(), 0, plan)
    assert curve.n_pairs == [10, 30, 50, 70, 90, 110, 120]
    assert curve.scores == [{"n_known": n} for n in curve.n_pairs]
    assert {tuple(row) for row in taught[-1]} <= answers


def test_the_last_round_of_a_whole_pool_is_as_large_as_what_is_left():
    X, y = np.random.default_rng(0).normal(size=(2, 30, 3))
    pool = Pool(X, y, X, y, lambda *_: {"score": 0.0}, known=(X[:0], y[:0]))
    curve = run(pool, RidgeCCA(), RandomSampling(), 0, Plan(10, 8, 30))
    assert curve.n_pairs == [10, 18, 26, 30]


def test_a_gpu_serves_one_run_at_a_time(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert default_jobs("clip") == 1
    assert default_jobs("contrastive") == joblib.cpu_count()


def test_processes_map_the_pairs_into_memory():
    X = np.zeros((2000, 100))  # larger than a megabyte

    def is_mapped(pairs, row):
        return isinstance(pairs.X, np.memmap) and pairs.X[row, 0] == 0

    mapped = partial(is_mapped, HeldOut(X, X[:, :2], scoring=None))
    assert list(in_parallel(mapped, [(0,), (1,)], n_jobs=2)) == [True, True]
