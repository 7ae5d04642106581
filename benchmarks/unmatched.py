"""Does it help to know which items turned out to have no partner?

Glyphs of which a share has no partner in the other pool: whole scripts, or items at
random. Random questions, and the linear design with and without `teach_unmatched`.
"""

import argparse

import numpy as np

from skmal import (
    PairedActiveLearner,
    QueryStrategy,
    RandomSampling,
    RidgeCCA,
    SimulatedAnnotator,
)
from skmal.datasets import load_glyphs
from skmal.experiments import LINEAR_DESIGN, STRATEGIES

N_TEST, N_START, BATCH, BUDGET = 600, 120, 150, 2000


def make_pool(missing: str, rate: float, seed: int) -> tuple[np.ndarray, ...]:
    """Return X, y, which of either are there, and test pairs of what is there."""
    rng = np.random.default_rng([seed, 77])
    X, y = load_glyphs(features=True, return_X_y=True)
    script = load_glyphs().script
    order = rng.permutation(len(X))
    test, pool = order[:N_TEST], np.sort(order[N_TEST:])
    if missing == "random":
        annotator = SimulatedAnnotator(missing_rate=rate, random_state=seed)
        return X[pool], y[pool], *annotator.present(len(pool)), X[test], y[test]
    wanted = 1.1 * len(pool) * rate / (1 + rate)
    gone, counts = ([], []), [0, 0]
    for name in rng.permutation(np.unique(script)):
        size = np.sum(script[pool] == name)
        for side in (0, 1):
            if counts[side] + size <= wanted:
                counts[side] += size
                gone[side].append(name)
                break
    X_present, y_present = (~np.isin(script[pool], names) for names in gone)
    test = test[~np.isin(script[test], [*gone[0], *gone[1]])]
    return X[pool], y[pool], X_present, y_present, X[test], y[test]


def run(
    strategy: QueryStrategy, told: bool, pool: tuple[np.ndarray, ...], seed: int
) -> tuple[float, float, float]:
    """Return the mean score over the run, the last, and the share of answers of -1."""
    X, y, X_present, y_present, *test = pool
    rng = np.random.default_rng([seed, 5])
    start = rng.permutation(np.flatnonzero(X_present & y_present))[:N_START]
    rows = [
        rng.permutation(np.setdiff1d(np.flatnonzero(present), start))
        for present in (X_present, y_present)
    ]
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=seed)
    learner.teach(X[start], y[start])
    annotator = SimulatedAnnotator(random_state=seed)
    scores, alone = [], []
    while N_START + BATCH * len(scores) < BUDGET:
        query = learner.query(X[rows[0]], y[rows[1]], n_instances=BATCH)
        partners = annotator(query, *rows)
        pairs = query.pairs(partners)
        learner.teach(X[rows[0][pairs[0]]], y[rows[1][pairs[1]]])
        if told:
            learner.teach_unmatched(query, partners)
        gone = list(pairs)
        gone[query.modality] = query.indices
        rows = [np.delete(r, g) for r, g in zip(rows, gone, strict=True)]
        scores.append(learner.score(*test))
        alone.append(np.mean(partners < 0))
    return np.mean(scores), scores[-1], np.mean(alone)


def main() -> None:
    """Print one line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--rates", type=float, nargs="+", default=[0.3])
    options = parser.parse_args()
    linear = STRATEGIES[LINEAR_DESIGN]
    variants = {
        "random": (RandomSampling(), False),
        "linear, not told": (linear, False),
        "linear, told": (linear, True),
    }
    print("missing  rate  seed  strategy           mean MRR  last MRR  answers of -1")
    for missing in ("scripts", "random"):
        for rate in options.rates:
            for seed in options.seeds:
                pool = make_pool(missing, rate, seed)
                for name, (strategy, told) in variants.items():
                    mean, last, alone = run(strategy, told, pool, seed)
                    print(
                        f"{missing:7}  {rate:.2f}  {seed:4d}  {name:17}  "
                        f"{mean:8.3f}  {last:8.3f}  {alone:13.2f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
