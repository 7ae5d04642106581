"""What one query of each strategy costs, and how that grows with the pool.

    python benchmarks/query_cost.py benchmarks/results/query_cost.csv

Synthetic pools in which both modalities are noisy maps of 40 latent variables, 192
features each; 1,000 pairs known, 50 items asked about, KernelCCA, one thread. A query
holds the encoder's pass over both pools and the strategy's choice. Seconds are of the
processor; the strategies take turns, and each number is the least of several, for other
work on the machine only adds. Those that compare all items with each other are left out
of the largest pools. Prints the table of docs/performance.md.
"""

import sys
import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from skmal import (
    BADGE,
    CAL,
    ClusterMargin,
    CoresetMargin,
    DropQuery,
    InformationDensity,
    KCenterGreedy,
    KernelCCA,
    MarginSampling,
    MaxHerding,
    PairedActiveLearner,
    ProbCover,
    RandomSampling,
    TypiClust,
    UncertaintyHerding,
    VOptimalDesign,
)
from skmal.experiments import write_table

SIZES = (1250, 2500, 5000, 10_000, 20_000, 40_000, 80_000)
N_KNOWN, N_INSTANCES = 1000, 50
REPEATS = 3  # of pools of at most N_OFTEN items; larger ones once
N_OFTEN = 20_000
STRATEGIES = {
    "v-optimal": VOptimalDesign("alternate"),
    "coreset-margin": CoresetMargin(),
    "random": RandomSampling(),
    "k-center": KCenterGreedy(),
    "max-herding": MaxHerding(),
    "uncertainty-herding": UncertaintyHerding(),
    "density": InformationDensity(),
    "badge": BADGE(),
    "typiclust": TypiClust(),
    "cal": CAL(),
    "prob-cover": ProbCover(),
    "margin": MarginSampling(),
    "cluster-margin": ClusterMargin(),
    "drop-query": DropQuery(),
}
QUADRATIC = ("prob-cover", "margin", "cluster-margin", "drop-query")
N_QUADRATIC = 20_000  # items at most for these


class Trusted(PairedActiveLearner):
    """A learner whose gate is open, so that the default does all that it can."""

    trust_ = 1.0


def measure(n: int) -> dict[str, float]:
    """Return the processor seconds of a query by strategy."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(n + N_KNOWN, 40)) * np.linspace(2, 0.2, 40)
    X, y = (
        (latent @ rng.normal(size=(40, 192)) + rng.normal(size=(len(latent), 192)))
        .astype(np.float32)
        for _ in range(2)
    )  # fmt: skip
    learner = Trusted(KernelCCA(), random_state=0).fit(X[:N_KNOWN], y[:N_KNOWN])
    names = [s for s in STRATEGIES if n <= N_QUADRATIC or s not in QUADRATIC]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(REPEATS if n <= N_OFTEN else 1):
        for name in names:
            learner.query_strategy = STRATEGIES[name]
            start = time.process_time()
            learner.query(X[N_KNOWN:], y[N_KNOWN:], n_instances=N_INSTANCES)
            seconds[name].append(time.process_time() - start)
    return {name: min(times) for name, times in seconds.items()}


def main(path: str) -> None:
    """Measure all sizes and write one table."""
    header = ["n", *STRATEGIES, "ratio", "growth"]
    rows, before = [], None
    with threadpool_limits(1, user_api="blas"):
        for n in SIZES:
            seconds = measure(n)
            ours = seconds["v-optimal"]
            numbers = {
                name: f"{seconds[name]:.3f}" if name in seconds else ""
                for name in STRATEGIES
            }
            ratio = f"{ours / seconds['coreset-margin']:.2f}"
            growth = "" if before is None else f"{ours / before:.2f}"
            rows.append({"n": n, **numbers, "ratio": ratio, "growth": growth})
            print(*rows[-1].values(), file=sys.stderr)
            before = ours
            write_table(path, header, rows)
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table of docs/performance.md: a line per strategy, a column per n."""
    sizes = [f"{row['n']:,}" for row in rows]
    lines = [f"| strategy | {' | '.join(sizes)} |", "|---" * (len(rows) + 1) + "|"]
    for name, strategy in STRATEGIES.items():
        label = type(strategy).__name__
        lines.append(f"| `{label}` | {' | '.join(str(row[name]) for row in rows)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1])
