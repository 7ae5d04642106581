"""What one query of the default costs beside the paper's, and how it grows.

    python benchmarks/query_cost.py benchmarks/results/query_cost.csv

Synthetic pools in which both modalities are noisy maps of 40 latent variables, 192
features each; 1,000 pairs known, 50 items asked about, KernelCCA, one thread. A query
holds the encoder's pass over both pools and the strategy's choice. Seconds are of the
processor; the strategies take turns, and each number is the least of several, for other
work on the machine only adds.
"""

import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from skmal import CoresetMargin, KernelCCA, PairedActiveLearner, VOptimalDesign
from skmal.experiments import write_table

SIZES = (5000, 10_000, 20_000, 40_000)
N_KNOWN, N_INSTANCES, REPEATS = 1000, 50, 5
STRATEGIES = {
    "v-optimal": VOptimalDesign("alternate"),
    "coreset-margin": CoresetMargin(),
}


class Trusted(PairedActiveLearner):
    """A learner whose gate is open, so that the default does all that it can."""

    trust_ = 1.0


def make_pools(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of both modalities, the first of them known, and n open ones."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(n + N_KNOWN, 40)) * np.linspace(2, 0.2, 40)
    X, y = (
        (latent @ rng.normal(size=(40, 192)) + rng.normal(size=(len(latent), 192)))
        .astype(np.float32)
        for _ in range(2)
    )  # fmt: skip
    return X, y


def measure(n: int) -> dict[str, float]:
    """Return the processor seconds of a query by strategy."""
    X, y = make_pools(n)
    learners = {
        name: Trusted(KernelCCA(), strategy, random_state=0).fit(
            X[:N_KNOWN], y[:N_KNOWN]
        )
        for name, strategy in STRATEGIES.items()
    }
    seconds = {name: [] for name in learners}
    for _ in range(REPEATS):
        for name, learner in learners.items():
            start = time.process_time()
            learner.query(X[N_KNOWN:], y[N_KNOWN:], n_instances=N_INSTANCES)
            seconds[name].append(time.process_time() - start)
    return {name: min(times) for name, times in seconds.items()}


def main(path: str) -> None:
    """Measure all sizes and write one table."""
    header = ["n", *STRATEGIES, "ratio", "growth"]
    rows, before = [], None
    print(*map("{:>15}".format, header))
    with threadpool_limits(1, user_api="blas"):
        for n in SIZES:
            seconds = measure(n)
            ours = seconds["v-optimal"]
            growth = "" if before is None else f"{ours / before:.2f}"
            ratio = ours / seconds["coreset-margin"]
            numbers = [f"{s:.3f}" for s in seconds.values()]
            figures = [n, *numbers, f"{ratio:.2f}", growth]
            rows.append(dict(zip(header, figures, strict=True)))
            print(*map("{:>15}".format, figures))
            before = ours
    write_table(path, header, rows)


if __name__ == "__main__":
    main(sys.argv[1])
