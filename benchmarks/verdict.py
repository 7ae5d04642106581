"""Does a sample of known pairs tell whether choosing will pay?

    OMP_NUM_THREADS=1 python benchmarks/verdict.py

Draws samples of 400 pairs of glyphs and names, and asks of each alone what the guide's
page "Would it help?" asks: 100 pairs held out, 180 of the other 300 bought in batches
of 15, twenty seeds, default against random, both with `KernelCCA`. Prints each sample's
verdict, and writes benchmarks/results/verdict.csv. The last lines are of features that
mean nothing.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from skmal import KernelCCA, PairedActiveLearner, RandomSampling, VOptimalDesign
from skmal.datasets import load_glyphs
from skmal.experiments import write_table
from skmal.metrics import annotation_savings

RESULTS = Path(__file__).parent / "results" / "verdict.csv"
HEADER = ["features", "sample", "mean", "ci_low", "ci_high", "prequential"]


def verdict(X: np.ndarray, y: np.ndarray, n_seeds: int) -> dict[str, float]:
    """Return what playing the annotator on known pairs says.

    Parameters
    ----------
    X, y : ndarray
        Aligned rows.
    n_seeds : int
        Runs of each strategy.

    Returns
    -------
    dict
        The savings with their interval, and the last `prequential_`, mean over seeds.
    """
    X, X_test, y, y_test = train_test_split(X, y, test_size=100, random_state=0)
    by_strategy = [
        [
            PairedActiveLearner(
                KernelCCA(), strategy, budget=180, batch_size=15, random_state=seed
            ).fit(X, y, validation_data=(X_test, y_test))
            for seed in range(n_seeds)
        ]
        for strategy in (VOptimalDesign(), RandomSampling())
    ]
    ours, random = (
        [learner.validation_scores_ for learner in learners] for learners in by_strategy
    )
    savings = annotation_savings(by_strategy[0][0].n_pairs_iter_, ours, random)
    last = np.mean([learner.prequential_[-3:] for learner in by_strategy[0]])
    return {
        "mean": round(savings.mean, 3),
        "ci_low": round(savings.ci_low, 3),
        "ci_high": round(savings.ci_high, 3),
        "prequential": round(float(last), 3),
    }


def main() -> None:
    """Draw the samples, judge each, print and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    X, y = load_glyphs(features=True, return_X_y=True)
    rows = []
    for features in ("glyphs", "meaningless"):
        for sample in range(arguments.samples):
            rng = np.random.default_rng(sample)
            drawn = rng.choice(len(X), 400, replace=False)
            partners = drawn if features == "glyphs" else rng.permutation(drawn)
            row = {"features": features, "sample": sample}
            rows.append(row | verdict(X[drawn], y[partners], arguments.seeds))
            print(rows[-1], flush=True)
        of_these = [row for row in rows if row["features"] == features]
        print(
            f"{features}: mean {np.mean([row['mean'] for row in of_these]):.2f}, from "
            f"{min(row['mean'] for row in of_these)} to "
            f"{max(row['mean'] for row in of_these)}; interval above 0 in "
            f"{sum(row['ci_low'] > 0 for row in of_these)}, below 0 in "
            f"{sum(row['ci_high'] < 0 for row in of_these)} of {len(of_these)}"
        )
    write_table(arguments.out, HEADER, rows)


if __name__ == "__main__":
    main()
