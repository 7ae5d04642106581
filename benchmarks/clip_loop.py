"""An active loop with the tiny CLIPEncoder, from pixels and names.

    python benchmarks/clip_loop.py --out benchmarks/results/clip_loop

500 random pairs of glyphs and names at the start, then rounds of 100 questions until
1,500 pairs are known; the model is trained from random weights in every round. Writes
`curves.csv` (strategy, seed, n_pairs, mrr, seconds since the start and processor
seconds used) and `curves.png`, MRR on 1,000 held-out glyphs. Loops run one after the
other, each with all cores.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from skmal import CLIPEncoder, PairedActiveLearner, RandomSampling
from skmal.datasets import load_glyphs
from skmal.plotting import AnnotationCurveDisplay, new_axes

HEADER = ("strategy", "seed", "n_pairs", "mrr", "seconds", "cpu_seconds")
STRATEGIES = {"random": RandomSampling(), "default": None}


def main():
    """Run the loops and write what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--device", help="default: a GPU where there is one")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    X, y = load_glyphs(return_X_y=True)
    rows = []
    runs = [(name, seed) for seed in range(arguments.seeds) for name in STRATEGIES]
    for name, seed in tqdm(runs, unit="loop"):
        start = time.perf_counter(), time.process_time()
        X_pool, X_test, y_pool, y_test = train_test_split(
            X, y, test_size=1000, random_state=seed
        )
        learner = PairedActiveLearner(
            CLIPEncoder("tiny", device=arguments.device),
            STRATEGIES[name],
            budget=1500,
            n_initial=500,
            batch_size=100,
            random_state=seed,
        )

        def score(learner, X, y, start=start):
            now = time.perf_counter(), time.process_time()
            seconds, cpu_seconds = np.subtract(now, start)
            mrr = learner.score(X, y)
            return {"mrr": mrr, "seconds": seconds, "cpu_seconds": cpu_seconds}

        learner.fit(X_pool, y_pool, validation_data=(X_test, y_test), scoring=score)
        for n_pairs, scores in zip(
            learner.n_pairs_iter_, learner.validation_scores_, strict=True
        ):
            figures = (
                round(scores["mrr"], 5),
                *(round(float(scores[key]), 1) for key in ("seconds", "cpu_seconds")),
            )
            rows.append((name, seed, int(n_pairs), *figures))

    with open(arguments.out / "curves.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    n_pairs = sorted({row[2] for row in rows})
    curves = {
        name: np.array(
            [
                [row[3] for row in rows if row[:2] == (name, seed)]
                for seed in range(arguments.seeds)
            ]
        )
        for name in STRATEGIES
    }
    display = AnnotationCurveDisplay(np.array(n_pairs), curves, "MRR on held-out pairs")
    display.plot(new_axes()).figure_.savefig(arguments.out / "curves.png", dpi=150)
    for name, seed in runs:
        last = [row for row in rows if row[:2] == (name, seed)][-1]
        print(
            f"{name}, seed {seed}: MRR {last[3]:.3f} after {last[4] / 60:.1f} minutes"
        )


if __name__ == "__main__":
    main()
