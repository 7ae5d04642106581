"""How well each encoder finds partners after so many random pairs of glyphs and names.

    python benchmarks/encoders.py --out benchmarks/results/encoders

Writes a table: encoder, n_pairs, seed, mean reciprocal rank on 1,000 held-out glyphs,
and processor seconds of the fit. Each fit has one thread; fits run side by side.
"""

import argparse
import csv
import time
from pathlib import Path

import joblib
import numpy as np
from tqdm import tqdm

from skmal.datasets import load_glyphs
from skmal.encoders._protocol import encode
from skmal.experiments._names import ENCODERS, make_estimator
from skmal.experiments._run import single_threaded
from skmal.metrics import mean_reciprocal_rank

SIZES = (200, 1000, 4000)
HEADER = ("encoder", "n_pairs", "seed", "mrr", "cpu_seconds")


def run(name, n_pairs, seed):
    """Return the row of one fit."""
    X, y = load_glyphs(features=name != "clip", return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(X))
    test, train = order[:1000], order[1000 : 1000 + n_pairs]
    encoder = make_estimator(name)
    if "random_state" in encoder.get_params():
        encoder.set_params(random_state=seed)
    with single_threaded(with_torch=True):
        start = time.process_time()
        encoder.fit(X[train], y[train])
        seconds = time.process_time() - start
        mrr = mean_reciprocal_rank(*encode(encoder, X[test], y[test]))
    return name, n_pairs, seed, round(mrr, 4), round(seconds, 2)


def main():
    """Fit what is asked for, and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--encoders", nargs="+", choices=ENCODERS, default=ENCODERS, help="default: all"
    )
    parser.add_argument("--jobs", type=int, default=joblib.cpu_count())
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    runs = [
        (name, n_pairs, seed)
        for name in arguments.encoders
        for n_pairs in SIZES
        for seed in range(arguments.seeds)
    ]
    jobs = joblib.Parallel(arguments.jobs, return_as="generator")(
        joblib.delayed(run)(*key) for key in runs
    )
    rows = list(tqdm(jobs, total=len(runs), unit="fit"))
    path = arguments.out / f"{'-'.join(arguments.encoders)}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    for name in arguments.encoders:
        means = [
            np.mean([row[3:] for row in rows if row[:2] == (name, n)], axis=0)
            for n in SIZES
        ]
        print(name, *(f"{mrr:.3f} ({seconds:.2f} s)" for mrr, seconds in means))


if __name__ == "__main__":
    main()
