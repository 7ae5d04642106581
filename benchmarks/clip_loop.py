"""An active loop with the tiny CLIPEncoder, from pixels and names.

    python benchmarks/clip_loop.py --out benchmarks/results/clip_loop

500 random pairs of glyphs and names at the start, then rounds of 100 questions until
1,500 pairs are known; the model is trained from random weights in every round. Writes
`curves.csv` (strategy, seed, n_pairs, mrr, and the seconds and processor seconds since
the start) and `curves.png`, MRR on 1,000 held-out glyphs. As many loops run side by
side as there are cores, each with one thread; with `--jobs 1` one runs with all.
"""

import argparse
import time
from contextlib import nullcontext
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import train_test_split

from skmal import CLIPEncoder, PairedActiveLearner, RandomSampling
from skmal.datasets import load_glyphs
from skmal.experiments import in_parallel, single_threaded, write_table
from skmal.plotting import AnnotationCurveDisplay, new_axes

STRATEGIES = {"random": RandomSampling(), "default": None}
HEADER = ("strategy", "seed", "n_pairs", "mrr", "seconds", "cpu_seconds")


def run(name: str, seed: int, one_thread: bool) -> list[dict]:
    """Return the rows of one loop."""
    X, y = load_glyphs(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=seed)
    learner = PairedActiveLearner(
        CLIPEncoder("tiny"),
        STRATEGIES[name],
        budget=1500,
        n_initial=500,
        batch_size=100,
        random_state=seed,
    )
    rows = []
    start = np.array([time.perf_counter(), time.process_time()])

    def score(learner, X, y):
        seconds = np.array([time.perf_counter(), time.process_time()]) - start
        figures = round(learner.score(X, y), 5), *map(float, seconds.round(1))
        row = name, seed, len(learner.X_training), *figures
        rows.append(dict(zip(HEADER, row, strict=True)))
        return figures[0]

    with single_threaded(with_torch=True) if one_thread else nullcontext():
        learner.fit(X, y, validation_data=(X_test, y_test), scoring=score)
    return rows


def main() -> None:
    """Run the loops and write what they gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=joblib.cpu_count())
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    runs = [
        (name, seed, arguments.jobs > 1)
        for seed in range(arguments.seeds)
        for name in STRATEGIES
    ]
    loops = in_parallel(run, runs, n_jobs=arguments.jobs, verbose=True, unit="loop")
    rows = [row for loop in loops for row in loop]
    write_table(arguments.out / "curves.csv", HEADER, rows)

    n_pairs = sorted({row["n_pairs"] for row in rows})
    curves = {
        name: np.array([row["mrr"] for row in rows if row["strategy"] == name]).reshape(
            arguments.seeds, len(n_pairs)
        )
        for name in STRATEGIES
    }
    display = AnnotationCurveDisplay(np.array(n_pairs), curves, "MRR on held-out pairs")
    display.plot(new_axes()).figure_.savefig(arguments.out / "curves.png", dpi=150)
    for row in rows:
        if row["n_pairs"] == n_pairs[-1]:
            print(
                f"{row['strategy']}, seed {row['seed']}: MRR {row['mrr']:.3f} after "
                f"{row['seconds'] / 60:.1f} minutes, {row['cpu_seconds'] / 60:.1f} of "
                "a processor"
            )


if __name__ == "__main__":
    main()
