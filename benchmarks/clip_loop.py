"""Active loops with the small CLIP, from pixels and captions.

    python benchmarks/clip_loop.py --packages packages --out results/clip_loop

100 random pairs at the start, then rounds of 50 questions until 300 pairs are known;
scores are MRR on 1,000 held-out pairs. Pools: glyphs (in the package), openmoji and
clipart (drawn from the packages that `real_pairs.py` names). Ways to learn: the weights
in the package, fine-tuned whole ("full") or in the text tower alone ("lit"), in 10
epochs at a learning rate of 3e-4, which reach what the default's 30 at 1e-4 do once
there are 100 pairs, in a third of the time; two heads on its towers' features ("heads":
ContrastiveProjection, "kernel": KernelCCA); and the same network from random weights
("random-weights"). Writes `curves.csv`, as soon as a loop is done, and goes on with
what is there; then `savings.csv` and a plot of each way. Every loop has one thread.
"""

import argparse
import csv
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from _curves import DIGITS
from _raw_pools import POOLS, network_of_icons, raw_pool

from skmal import CLIPEncoder, ContrastiveProjection, KernelCCA, QueryStrategy
from skmal.experiments import (
    CURVES_HEADER,
    SAVINGS_HEADER,
    STRATEGIES,
    Curve,
    Plan,
    Pool,
    curve_rows,
    in_parallel,
    plot_curves,
    run,
    savings_table,
    single_threaded,
    write_table,
)

CHOSEN = ("random", "v-optimal", "coreset-margin", "max-herding")
WAYS = ("full", "lit", "heads", "kernel", "random-weights")
FINE_TUNING = {"max_epochs": 10, "learning_rate": 3e-4}
N_TEST = 1000
PLAN = Plan(n_initial=100, batch_size=50, budget=300)


def run_way(
    X: np.ndarray, y: np.ndarray, way: str, strategy: QueryStrategy, seed: int
) -> Curve:
    """Return the curve of one loop."""
    order = np.random.default_rng(seed).permutation(len(X))
    test, rows = order[:N_TEST], order[N_TEST:]
    with single_threaded(with_torch=True):
        encoder, X, y = _start(way, X, y)
    pool = Pool(X[rows], y[rows], X[test], y[test], _score_mrr)
    return run(pool, encoder, strategy, seed, PLAN)


def _score_mrr(learner, X, y):
    return {"mrr": learner.score(X, y)}


def _run_glyphs(way: str, strategy: QueryStrategy, seed: int) -> Curve:
    return run_way(*raw_pool("glyphs", None, Path()), way, strategy, seed)


# What needs no packages, and can be made again anywhere.
RUNS = {f"glyphs-{way}": partial(_run_glyphs, way) for way in WAYS}


def rows_of_loop(
    pool: str, X: np.ndarray, y: np.ndarray, way: str, name: str, seed: int
) -> list[dict]:
    """Run one loop; return the rows of its curve."""
    curve = run_way(X, y, way, STRATEGIES[name], seed)
    rows = curve_rows(f"{pool}-{way}", name, seed, curve.n_pairs, curve.scores)
    return [row | {"score": round(row["score"], DIGITS)} for row in rows]


def _start(way: str, X: np.ndarray, y: np.ndarray):
    """Return what learns, and what it sees of both pools."""
    if way == "random-weights":
        return CLIPEncoder(network_of_icons()), X, y
    if way in ("full", "lit"):
        trainable = "text" if way == "lit" else "all"
        encoder = CLIPEncoder("tiny", "icons", trainable=trainable, **FINE_TUNING)
        return encoder, X, y
    light = KernelCCA() if way == "kernel" else ContrastiveProjection()
    return light, *CLIPEncoder("tiny", "icons").unimodal_features(X, y)


def main() -> None:
    """Run the loops that are missing, and write what all gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    parser.add_argument("--cache", type=Path, default=Path("pictures"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pools", nargs="+", choices=POOLS, default=POOLS)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--strategies", nargs="+", choices=CHOSEN, default=CHOSEN)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=joblib.cpu_count())
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "curves.csv"
    curves = read_curves(file)
    done = {(row["data"], row["strategy"], row["seed"]) for row in curves}
    cases = [
        (pool, *raw_pool(pool, arguments.packages, arguments.cache), way, name, seed)
        for seed in range(arguments.seeds)
        for pool in arguments.pools
        for way in arguments.ways
        for name in arguments.strategies
        if (f"{pool}-{way}", name, seed) not in done
    ]
    loops = in_parallel(
        rows_of_loop,
        cases,
        n_jobs=arguments.jobs,
        verbose=True,
        unit="loop",
        in_order=False,
    )
    for rows in loops:
        curves += rows
        curves.sort(key=lambda row: [row[c] for c in CURVES_HEADER[:4]])
        write_table(file, CURVES_HEADER, curves)
    report(arguments.out, curves)


def read_curves(file: Path) -> list[dict]:
    """Return the rows of a table of curves; none where there is no table."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        rows = [*csv.DictReader(lines)]
    numbers = {"seed": int, "n_pairs": int, "score": float}
    return [row | {c: kind(row[c]) for c, kind in numbers.items()} for row in rows]


def report(out: Path, curves: list[dict]) -> None:
    """Write savings and plots of the seeds that all strategies have; print savings."""
    savings = []
    for data in sorted({row["data"] for row in curves}):
        rows = [row for row in curves if row["data"] == data]
        names = {row["strategy"] for row in rows}
        seeds = [{r["seed"] for r in rows if r["strategy"] == name} for name in names]
        common = set.intersection(*seeds)
        rows = [row for row in rows if row["seed"] in common]
        if common and "random" in names:
            savings += savings_table(rows)
            plot_curves(rows).savefig(out / f"{data}.png", dpi=100)
    write_table(out / "savings.csv", SAVINGS_HEADER, savings)
    for row in savings:
        print(
            "{data:24} {strategy:16} {mean:+.0%} ({ci_low:+.0%} to {ci_high:+.0%}), "
            "{n_seeds} seeds".format(**row)
        )


if __name__ == "__main__":
    main()
