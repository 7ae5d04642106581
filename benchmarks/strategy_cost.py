"""What one query of each strategy costs, and how that grows with the pool.

    python benchmarks/strategy_cost.py benchmarks/results/strategy_cost.csv

The pools of query_cost.py: 192 features, 1,000 pairs known, 50 items asked about,
KernelCCA, one thread. A query holds the encoder's pass over both pools and the
strategy's choice. Seconds are of the processor; the strategies take turns, and each
number is the least of several, for other work on the machine only adds. Those that
compare all items with each other are left out of the largest pools. Prints the table of
docs/performance.md.
"""

import sys
import time
from typing import Any

from query_cost import N_INSTANCES, N_KNOWN, Trusted, make_pools
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
    ProbCover,
    RandomSampling,
    TypiClust,
    UncertaintyHerding,
    VOptimalDesign,
)
from skmal.experiments import write_table

SIZES = (1250, 5000, 20_000, 100_000)
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
QUADRATIC = ("density", "prob-cover", "margin", "cluster-margin", "drop-query")
N_QUADRATIC = 20_000  # items at most for these


def measure(n: int) -> dict[str, float]:
    """Return the processor seconds of a query by strategy."""
    X, y = make_pools(n)
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
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1, user_api="blas"):
        for n in SIZES:
            seconds = measure(n)
            own = [f"{seconds[s]:.3f}" if s in seconds else "" for s in STRATEGIES]
            rows.append({"n": n, **dict(zip(STRATEGIES, own, strict=True))})
            print(*rows[-1].values(), file=sys.stderr)
            write_table(path, ["n", *STRATEGIES], rows)
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table of docs/performance.md: a line per strategy, a column per n."""
    sizes = [f"{row['n']:,}" for row in rows]
    lines = [f"| strategy | {' | '.join(sizes)} |", "|---" * (len(rows) + 1) + "|"]
    for name, strategy in STRATEGIES.items():
        label = type(strategy).__name__
        lines.append(f"| `{label}` | {' | '.join(row[name] or '-' for row in rows)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1])
