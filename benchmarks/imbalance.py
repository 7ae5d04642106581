"""Pools in which some scripts are rare: who gains, who loses, by group of scripts.

    OMP_NUM_THREADS=1 python benchmarks/imbalance.py

*long-tail*: glyphs of DejaVu Sans by Zipf's law over the scripts, the r-th most
frequent one with 1/r of the pairs of the first, as far as it has them; "head" are the
first two, "tail" all from the seventh on. *90-10*: nine tenths Latin, Greek and
Cyrillic, one tenth all other scripts, signs left out. As many pairs of each group are
held out, so that the mean is the mean over groups.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from _curves import main

from skmal import QueryStrategy, RidgeCCA
from skmal.datasets import load_glyphs
from skmal.experiments import Curve, Plan, Pool
from skmal.experiments import run as run_pool
from skmal.metrics import scores_by_group

COMMON = ("Latin", "Greek", "Cyrillic")
N_TEST_OF_GROUP, N_POOL = 150, 1200
PLAN = Plan(n_initial=60, batch_size=60, budget=600)
Division = tuple[np.ndarray, np.ndarray, np.ndarray]  # groups, pool and test


def long_tail(script: np.ndarray, rng: np.random.Generator) -> Division:
    """Return the group of each glyph, the rows of the pool, and the rows held out."""
    names, counts = np.unique(script, return_counts=True)
    names = names[(-counts).argsort(kind="stable")]
    rank = {name: r for r, name in enumerate(names)}
    ranks = np.array([rank[name] for name in script])
    groups = np.array(["head", "middle", "tail"])[np.digitize(ranks, [2, 6])]
    test = _held_out(groups, rng)
    rest = np.setdiff1d(np.arange(len(script)), test)
    unit = N_POOL / (1 / np.arange(1, len(names) + 1)).sum()
    pool = [
        _some(rng, rest[ranks[rest] == r], round(unit / (r + 1)))
        for r in range(len(names))
    ]
    return groups, np.sort(np.concatenate(pool)), test


def ninety_ten(script: np.ndarray, rng: np.random.Generator) -> Division:
    """Return the group of each glyph, the rows of the pool, and the rows held out."""
    groups = np.where(np.isin(script, COMMON), "majority", "minority")
    groups[np.isin(script, ("Common", "Inherited", "Unknown"))] = ""
    test = _held_out(groups, rng)
    rest = np.setdiff1d(np.flatnonzero(groups != ""), test)
    pool = [
        _some(rng, rest[groups[rest] == group], round(share * N_POOL))
        for group, share in (("majority", 0.9), ("minority", 0.1))
    ]
    return groups, np.sort(np.concatenate(pool)), test


def run(
    divide: Callable[[np.ndarray, np.random.Generator], Division],
    strategy: QueryStrategy,
    seed: int,
) -> Curve:
    """Buy pairs of a pool divided like that."""
    X, y = load_glyphs(features=True, return_X_y=True)
    rng = np.random.default_rng([seed, 12])
    groups, pool, test = divide(load_glyphs().script, rng)

    def scoring(learner, X_test, y_test):
        by_group = scores_by_group(*learner.transform(X_test, y_test), groups[test])
        tables = list(by_group.values())
        means = {
            m: float(np.mean([t[m] for t in tables])) for m in ("mrr", "recall@10")
        }
        return means | {
            f"recall@10-{group}": table["recall@10"]
            for group, table in by_group.items()
        }

    made = Pool(X[pool], y[pool], X[test], y[test], scoring)
    return run_pool(made, RidgeCCA(), strategy, seed, PLAN)


RUNS = {"long-tail": partial(run, long_tail), "90-10": partial(run, ninety_ten)}


def _held_out(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    names = [name for name in np.unique(groups) if name]
    rows = [_some(rng, np.flatnonzero(groups == g), N_TEST_OF_GROUP) for g in names]
    return np.sort(np.concatenate(rows))


def _some(rng: np.random.Generator, rows: np.ndarray, n: int) -> np.ndarray:
    return rng.choice(rows, min(n, len(rows)), replace=False)


if __name__ == "__main__":
    pictured = ("mrr", "recall@10")
    main(__doc__, "imbalance", RUNS, n_seeds=8, pictured=pictured)
