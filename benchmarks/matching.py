"""How many proposals of `learner.match` are right, and does their confidence hold?

    python benchmarks/matching.py pools --real real --seeds 1
    python benchmarks/matching.py audits --runs 1000
    python benchmarks/matching.py forecasts
    python benchmarks/matching.py scale 20000
    python benchmarks/matching.py page

`pools` lets the default pipeline buy 10, 20 and 40 % of the pools of both suites, a
tenth of the questions at random, and has partners proposed for the rest; what is
already stored is left out. The prior of the confidence was chosen on seed 0 of some
pools and on seed 1 of scenes, so others count; `pools-before.csv` has the errors before
that, when random answers that were left out counted as chosen ones. `audits` says how
often the intervals of `audit_` hold the truth in simulated runs, `forecasts` the same
of `forecast` along the stored curves of both suites. `scale` measures time and memory
on made-up features. `page` draws what the documentation shows.
"""

import argparse
import csv
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

from skmal import PairedActiveLearner, RandomSampling, RidgeCCA
from skmal.datasets import make_colorswap
from skmal.experiments import load_pool
from skmal.experiments._real_pools import real_pool
from skmal.experiments._suite_pools import POOLS
from skmal.matching._forecast import forecast
from skmal.matching._matching import propose
from skmal.metrics import nearest_rows, retrieval_ranks

OUT = Path(__file__).parent / "results" / "matching"
REAL = ("openmoji", "clipart", "glyphs", "iconify")
BUDGETS = (0.1, 0.2, 0.4)
N_BINS = 10


def add_row(name: str, row: dict[str, Any]) -> None:
    """Add a row to a table and print it."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / name
    is_new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


def is_stored(name: str, seed: int, budget: float) -> bool:
    """Return whether a pool is in the table."""
    return (OUT / "pools.csv").exists() and any(
        (row["pool"], row["seed"], row["budget"]) == (name, str(seed), str(budget))
        for row in read("pools.csv")
    )


def rounded(value: Any) -> float:
    """Return four digits, which is what is stored."""
    return round(float(value), 4)


def buy_and_match(name: str, seed: int, real: str | None) -> None:
    """Buy 40 % of a pool, and match what is open at 10, 20 and 40 %."""
    title = name if real is None else f"real {name}"
    last = BUDGETS[0] if name == "iconify" else BUDGETS[-1]
    if is_stored(title, seed, last):
        return
    pool = load_pool(name, seed) if real is None else real_pool(real, name, seed)
    X, y = np.asarray(pool.X), np.asarray(pool.y)
    known = [np.asarray(own) for own in pool.known or (X[:0], y[:0])]
    n, batch = len(X), max(1, round(0.025 * len(X)))
    rng = np.random.default_rng([seed, 77])
    start = rng.permutation(n)[:batch]
    learner = PairedActiveLearner(audit=0.1, random_state=seed)
    learner.teach(
        np.concatenate([known[0], X[start]]), np.concatenate([known[1], y[start]])
    )
    is_open = np.ones(n, dtype=bool)
    is_open[start] = False
    for budget in BUDGETS:
        while (~is_open).sum() < budget * n:
            rows = [rng.permutation(np.flatnonzero(is_open)) for _ in range(2)]
            query = learner.query(X[rows[0]], y[rows[1]], n_instances=batch)
            asked = rows[query.modality][query.indices]
            learner.teach(X[asked], y[asked])
            is_open[asked] = False
        if not is_stored(title, seed, budget):
            measure(title, seed, budget, learner, X, y)
        if budget == last:
            return


def measure(name: str, seed: int, budget: float, learner: Any, X: Any, y: Any) -> None:
    """Match the open rows, and write down how many proposals are right."""
    known = {row.tobytes() for row in np.asarray(learner.X_training)}
    left = np.array([row.tobytes() not in known for row in X])
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(left)) for _ in range(2)]
    sides = X[rows[0]], y[rows[1]]
    started = time.process_time()
    matching = learner.match(*sides)
    seconds = time.process_time() - started

    def are_right(x: Any, of_y: Any) -> Any:
        equal = x == of_y
        return equal | (X[x] == X[of_y]).all(axis=1) | (y[x] == y[of_y]).all(axis=1)

    right = are_right(rows[0][matching.X_rows], rows[1][matching.y_rows])
    a, b = learner.transform(*sides)
    nearest = [
        are_right(rows[0], rows[1][nearest_rows(a, b, 1)[:, 0]]).mean(),
        are_right(rows[0][nearest_rows(b, a, 1)[:, 0]], rows[1]).mean(),
    ]
    sure = matching.confidence >= 0.9
    place = np.minimum((matching.confidence * N_BINS).astype(int), N_BINS - 1)
    error = 0.0
    for b in np.unique(place):
        own = place == b
        mean, share = matching.confidence[own].mean(), right[own].mean()
        error += own.mean() * abs(mean - share)
        add_row(
            "reliability.csv",
            {
                "pool": name,
                "seed": seed,
                "budget": budget,
                "bin": b,
                "n": own.sum(),
                "confidence": rounded(mean),
                "right": rounded(share),
            },
        )
    add_row(
        "pools.csv",
        {
            "pool": name,
            "seed": seed,
            "budget": budget,
            "n_open": left.sum(),
            "n_checked": matching.n_checked,
            "trusted": matching.is_trusted,
            "right": rounded(right.sum() / left.sum()),
            "nearest": rounded(np.mean(nearest)),
            "confidence": rounded(matching.confidence.mean()),
            "error": rounded(error),
            "expected": rounded(matching.error),
            "by_chance": rounded(_by_chance(matching.confidence, rng)),
            "n_sure": sure.sum(),
            "sure_right": rounded(right[sure].mean()) if sure.any() else "",
            "seconds": round(seconds, 1),
        },
    )


def _by_chance(confidence: Any, rng: np.random.Generator) -> float:
    """Return the error that is measured on average where there is none."""
    place = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    bins = [confidence[place == b] for b in np.unique(place)]
    draws = [
        sum(
            abs(own.mean() - (rng.random(len(own)) < own).mean()) * len(own)
            for own in bins
        )
        for _ in range(200)
    ]
    return float(np.mean(draws) / len(confidence))


def check_audits(seed: int) -> None:
    """Run one loop on made-up scenes; say which intervals of `audit_` hold the truth.

    That is the mean over the rounds that they rest on, each as often as it has answers.
    """
    data = make_colorswap(200, features=True, return_X_y=False, random_state=seed)
    X, y = data.X, data.y
    rng = np.random.default_rng([seed, 5])
    learner = PairedActiveLearner(
        RidgeCCA(), RandomSampling(), audit=0.3, random_state=seed
    )
    is_open = np.ones(len(X), dtype=bool)
    start = rng.permutation(len(X))[:40]
    learner.teach(X[start], y[start])
    is_open[start] = False
    truths: list[list[float]] = []
    for _ in range(10):
        left = np.flatnonzero(is_open)
        features = learner.transform(X[left], y[left])
        rows = [rng.permutation(left) for _ in range(2)]
        query = learner.query(X[rows[0]], y[rows[1]], n_instances=20)
        way = features if query.modality == 0 else features[::-1]
        ranks = retrieval_ranks(way[0], way[1])
        before = learner.audit_.n_answers
        asked = rows[query.modality][query.indices]
        learner.teach(X[asked], y[asked])
        is_open[asked] = False
        truth = [float(own.mean()) for own in (ranks <= 1, ranks <= 9, 1 / ranks)]
        truths += [truth] * (learner.audit_.n_answers - before)
    estimates = learner.audit_
    row: dict[str, Any] = {"seed": seed, "n_answers": estimates.n_answers}
    intervals = estimates.recall_at_1, estimates.recall_at_9, estimates.mrr
    names = "recall_at_1", "recall_at_9", "mrr"
    for name, own, value in zip(names, intervals, np.mean(truths, axis=0), strict=True):
        row[name] = int(own.low <= value <= own.high)
    add_row("audits.csv", row)


def check_forecasts() -> None:
    """Forecast along the stored curves of both suites; say how often the truth is held.

    Of each round a tenth of the questions is random; their reciprocal ranks are drawn
    so that their mean is the stored score: three fifths of it by ranks of one.
    """
    rng = np.random.default_rng(0)
    for suite in ("default", "real"):
        with open(OUT.parent / suite / "runs.csv", encoding="utf-8") as file:
            runs = [
                run
                for run in csv.DictReader(file)
                if (run["metric"], run["encoder"]) == ("mrr", "kernel-cca")
                and run["strategy"] in ("random", "v-optimal")
                and int(run["seed"]) < 6
            ]
        for rounds_ahead in (2, 4):
            held: dict[str, list[tuple[float, ...]]] = {}
            for run in runs:
                n_pairs = [int(n) for n in run["n_pairs"].split()]
                scores = [float(score) for score in run["scores"].split()]
                before: list[int] = []
                ranks: list[float] = []
                for at in range(len(n_pairs) - rounds_ahead):
                    gain = scores[at + rounds_ahead] - scores[at]
                    n = n_pairs[at + rounds_ahead] - n_pairs[at]
                    told = forecast(before, ranks, n_pairs[at], n)
                    if told.is_trusted:
                        hit = told.low <= gain <= told.high
                        row = hit, told.high - told.low, told.gain, gain
                        held.setdefault(run["pool"], []).append(row)
                    n_audits = max(1, round(0.1 * (n_pairs[at + 1] - n_pairs[at])))
                    before += [n_pairs[at]] * n_audits
                    ranks += list(_drawn_ranks(scores[at], n_audits, rng))
            for pool, rows in held.items():
                means = np.mean(np.array(rows, dtype=float), axis=0)
                row = {"suite": suite, "pool": pool, "rounds_ahead": rounds_ahead}
                names = "held", "width", "forecast", "gain"
                values = zip(names, map(rounded, means), strict=True)
                add_row("forecasts.csv", {**row, "n": len(rows), **dict(values)})


def _drawn_ranks(score: float, n: int, rng: np.random.Generator) -> Any:
    """Return ranks whose reciprocals have this mean."""
    rest = 0.4 * score / (1 - 0.6 * score)
    reciprocal = np.where(
        rng.random(n) < 0.6 * score, 1.0, np.minimum(rng.exponential(rest, n), 1)
    )
    return 1 / np.maximum(reciprocal, 1e-4)


def measure_scale(n: int, n_features: int) -> None:
    """Match n made-up rows with n others, and write down time and memory."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_features), dtype=np.float32)
    y = rng.standard_normal(X.shape, dtype=np.float32)
    y *= 2.0
    y += X
    wall, cpu = time.perf_counter(), time.process_time()
    found = propose(X, y)
    add_row(
        "scale.csv",
        {
            "n": n,
            "n_features": n_features,
            "seconds": round(time.perf_counter() - wall),
            "processor_seconds": round(time.process_time() - cpu),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "right": rounded((found.x == found.y).sum() / n),
        },
    )


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a stored table."""
    with open(OUT / name, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _count_errors(cases: dict[Any, list[dict[str, str]]], before: Any) -> None:
    """Print how many errors are at most .05, of what was run now and before."""
    now = [row for own in cases.values() for row in own]
    groups = {
        "before": [*before.values()],
        "now, of these": [row for case in before for row in cases[case]],
        "now": now,
        "now, trusted": [row for row in now if row["trusted"] == "True"],
        "now, not trusted": [row for row in now if row["trusted"] != "True"],
    }
    for name, rows in groups.items():
        if not rows:
            continue
        errors = np.array([float(row["error"]) for row in rows])
        told = f"{(errors <= 0.05).sum()} of {len(errors)} at most .05"
        print(f"{name}: {told}, mean {errors.mean():.3f}, largest {errors.max():.3f}")


def draw() -> None:
    """Print the tables of `docs/matching.md` and draw its reliability plot."""
    import matplotlib.pyplot as plt

    cases: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read("pools.csv"):
        cases.setdefault((row["pool"], row["budget"]), []).append(row)
    before = {(row["pool"], row["budget"]): row for row in read("pools-before.csv")}
    order = [*(f"real {name}" for name in REAL), *POOLS]

    def mean(own: list[dict[str, str]], name: str) -> float:
        return float(np.mean([float(row[name]) for row in own]))

    print(
        "| pool | bought | right, % | nearest, % | error before | error | expected | "
        "by chance | trusted | sure | of these right, % |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for case in sorted(cases, key=lambda own: (order.index(own[0]), float(own[1]))):
        own = cases[case]
        n_sure = sum(int(row["n_sure"]) for row in own)
        hits = sum(int(row["n_sure"]) * float(row["sure_right"] or 0) for row in own)
        of_sure = f"{100 * hits / n_sure:.0f}" if n_sure else "-"
        told = [
            case[0],
            f"{float(case[1]):.0%}",
            f"{100 * mean(own, 'right'):.1f}",
            f"{100 * mean(own, 'nearest'):.1f}",
            f"{float(before[case]['error']):.3f}" if case in before else "-",
        ]
        names = "error", "expected", "by_chance"
        told += [f"{mean(own, name):.3f}" for name in names]
        told += ["yes" if all(row["trusted"] == "True" for row in own) else "no"]
        told += [f"{n_sure / len(own):.0f}", of_sure]
        print(f"| {' | '.join(told)} |")
    _count_errors(cases, before)
    points = read("reliability.csv")
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True)
    for ax, budget in zip(axes, ("0.1", "0.2", "0.4"), strict=True):
        for row in points:
            if row["budget"] == budget:
                ax.scatter(
                    float(row["confidence"]),
                    float(row["right"]),
                    s=2 + float(row["n"]) ** 0.5,
                    color="#1f5fa8" if row["pool"].startswith("real") else "#d0661c",
                    alpha=0.6,
                    linewidths=0,
                )
        ax.plot([0, 1], [0, 1], color="0.5", linewidth=0.8)
        ax.set(title=f"{float(budget):.0%} bought", xlabel="confidence")
    axes[0].set_ylabel("share right")
    figure.tight_layout()
    figure.savefig(OUT.parents[2] / "docs" / "images" / "matching.png", dpi=120)
    for name in ("recall_at_1", "recall_at_9", "mrr"):
        audits = read("audits.csv")
        print(f"{name}: {mean(audits, name):.1%} of {len(audits)} intervals hold")
    for row in read("forecasts.csv"):
        print(" | ".join(row.values()))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=("pools", "audits", "forecasts", "scale", "page")
    )
    parser.add_argument("n", type=int, nargs="?", default=20_000)
    parser.add_argument("--real", help="the folder of the pools of the suite real")
    parser.add_argument("--pools", nargs="+", default=[*POOLS, *REAL])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first run's seed")
    parser.add_argument("--features", type=int, default=128)
    options = parser.parse_args()
    if options.what == "audits":
        for seed in range(options.first, options.first + options.runs):
            check_audits(seed)
    elif options.what == "forecasts":
        check_forecasts()
    elif options.what == "scale":
        measure_scale(options.n, options.features)
    elif options.what == "page":
        draw()
    else:
        for seed in options.seeds:
            for name in options.pools:
                if name in POOLS:
                    buy_and_match(name, seed, None)
                if name in REAL and options.real:
                    buy_and_match(name, seed, options.real)


if __name__ == "__main__":
    main()
