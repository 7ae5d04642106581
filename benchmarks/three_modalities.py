"""Three modalities: a character in DejaVu Sans, in DejaVu Serif, and its name.

    OMP_NUM_THREADS=1 python benchmarks/three_modalities.py

2,180 triples: 500 are held out, the rest are three pools in unrelated orders. Every
strategy starts from the same 60 triples and asks about 60 items of one modality in each
round; the answer names the partners in both others.
"""

from itertools import combinations

import numpy as np
from _curves import main

from skmal import MultimodalActiveLearner, QueryStrategy
from skmal.datasets import load_glyphs
from skmal.experiments import Curve, single_threaded
from skmal.metrics import mean_reciprocal_rank

NAMES = ("sans", "serif", "name")
N_TEST, START, BATCH, BUDGET = 500, 60, 60, 840


def load() -> list[np.ndarray]:
    """Return features of the three modalities, rows aligned."""
    sans, serif = load_glyphs("sans", features=True), load_glyphs("serif", True)
    return [sans.X[sans.shared], serif.X[serif.shared], sans.y[sans.shared]]


def run(strategy: QueryStrategy, seed: int) -> Curve:
    """Buy triples until the budget is spent."""
    with single_threaded(with_torch=False):
        return _run(strategy, seed)


def _run(strategy: QueryStrategy, seed: int) -> Curve:
    Xs = load()
    rng = np.random.default_rng([seed, 11])
    order = rng.permutation(len(Xs[0]))
    test, pool = order[:N_TEST], order[N_TEST:]
    Xs_test = [X[test] for X in Xs]
    # Row r of pool m is triple rows[m][r]: the pools' orders tell nothing.
    rows = [rng.permutation(pool) for _ in Xs]
    learner = MultimodalActiveLearner(query_strategy=strategy, random_state=seed)
    bought = rows[0][:START]
    points, scores = [], []
    while True:
        learner.teach([X[bought] for X in Xs])
        rows = [r[~np.isin(r, bought)] for r in rows]
        points.append(len(learner.Xs_training[0]))
        scores.append(_scores(learner, Xs_test))
        if points[-1] >= BUDGET:
            return Curve(points, scores)
        query = learner.query([X[r] for X, r in zip(Xs, rows, strict=True)], BATCH)
        bought = rows[query.modality][query.indices]


def _scores(
    learner: MultimodalActiveLearner, Xs_test: list[np.ndarray]
) -> dict[str, float]:
    features = dict(zip(NAMES, learner.transform(Xs_test), strict=True))
    pairs = {
        f"mrr-{a}-{b}": mean_reciprocal_rank(features[a], features[b])
        for a, b in combinations(NAMES, 2)
    }
    return {"mrr": float(np.mean(list(pairs.values())))} | pairs


RUNS = {"glyphs": run}

if __name__ == "__main__":
    main(__doc__, "three_modalities", RUNS, n_seeds=10)
