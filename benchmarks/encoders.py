"""How well each encoder finds partners after so many random pairs of glyphs and names.

    python benchmarks/encoders.py --out benchmarks/results/encoders

Writes a table: encoder, n_pairs, seed, mean reciprocal rank on 1,000 held-out glyphs,
and processor seconds of the fit. Each fit has one thread; fits run side by side.
"""

import argparse
import time
from pathlib import Path

import joblib
import numpy as np

from skmal.datasets import load_glyphs
from skmal.experiments import (
    ENCODERS,
    in_parallel,
    make_estimator,
    single_threaded,
    write_table,
)
from skmal.metrics import mean_reciprocal_rank

SIZES = (200, 1000, 4000)
HEADER = ("encoder", "n_pairs", "seed", "mrr", "cpu_seconds")


def run(name: str, n_pairs: int, seed: int) -> dict:
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
        mrr = mean_reciprocal_rank(*encoder.transform(X[test], y[test]))
    figures = name, n_pairs, seed, round(mrr, 4), round(seconds, 2)
    return dict(zip(HEADER, figures, strict=True))


def main() -> None:
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
    rows = list(in_parallel(run, runs, n_jobs=arguments.jobs, verbose=True, unit="fit"))
    path = arguments.out / f"{'-'.join(arguments.encoders)}.csv"
    write_table(path, HEADER, rows)
    for name in arguments.encoders:
        means = [
            np.mean(
                [
                    (row["mrr"], row["cpu_seconds"])
                    for row in rows
                    if (row["encoder"], row["n_pairs"]) == (name, n)
                ],
                axis=0,
            )
            for n in SIZES
        ]
        print(name, *(f"{mrr:.3f} ({seconds:.2f} s)" for mrr, seconds in means))


if __name__ == "__main__":
    main()
