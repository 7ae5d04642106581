"""How often "is better than" is said of nothing, and whether the power table is right.

    python benchmarks/better_than.py

A strategy against itself under other seeds, 1,000 comparisons on simulated curves; then
the share of comparisons that tell a true difference of 5 points, with the seeds that
the table asks for. Both are made of what `skmal compare` prints.
"""

import argparse

import numpy as np

from skmal.experiments import pairwise_table, power_of, seeds_needed, write_table

POINTS = np.arange(40, 401, 40)
NOISE, SHARED, OWN = 0.01, 0.02, 0.008  # of a point; of a seed; of a run on it


def simulated(rng, n_strategies, n_seeds, pools=1, skewed=False):
    """Return rows of curves of strategies that are all the same."""
    rows = []
    for pool, seed in np.ndindex(pools, n_seeds):
        of_seed = rng.normal(scale=SHARED)
        for name in range(n_strategies):
            own = rng.exponential(OWN) if skewed else rng.normal(scale=OWN)
            scores = np.log(POINTS) / 10 + of_seed + own
            scores += rng.normal(scale=NOISE, size=len(POINTS))
            rows += [
                {
                    "data": f"pool {pool}",
                    "strategy": "random" if name == 0 else f"copy {name}",
                    "seed": seed,
                    "n_pairs": int(n),
                    "metric": "mrr",
                    "score": float(score),
                }
                for n, score in zip(POINTS, scores, strict=True)
            ]
    return rows


def said_of_nothing(rng, n_comparisons, **sizes):
    """Return the share of comparisons in which any strategy is called better."""
    said = [
        any(row["better"] for row in pairwise_table(simulated(rng, **sizes)))
        for _ in range(n_comparisons)
    ]
    return float(np.mean(said))


def told_apart(rng, n_comparisons, difference, sd, n_seeds):
    """Return the share of paired t tests that tell a true difference."""
    from scipy import stats

    drawn = rng.normal(difference, sd, size=(n_comparisons, n_seeds))
    return float((stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean())


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--out", help="a folder for the tables")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    errors, powers = [], []
    print("strategies  seeds  skewed  said to be better, of nothing", flush=True)
    for n_strategies, n_seeds, skewed in [
        *((2, 5, False), (2, 5, True), (4, 5, False), (2, 20, False)),
    ]:
        sizes = {"n_strategies": n_strategies, "n_seeds": n_seeds, "skewed": skewed}
        share = said_of_nothing(rng, arguments.comparisons, **sizes)
        errors.append(sizes | {"share": f"{share:.4f}"})
        print(f"{n_strategies:>10}{n_seeds:>7}{skewed!s:>8}  {share:.3f}", flush=True)
        if arguments.out:
            write_table(f"{arguments.out}/errors.csv", list(errors[0]), errors)
    print("spread of savings  seeds for 5 points  power said  power simulated")
    for sd in (0.03, 0.05, 0.08, 0.12, 0.2):
        n = seeds_needed(0.05, sd)
        said = power_of(n, 0.05 / sd)
        found = told_apart(rng, 20_000, 0.05, sd, n)
        powers.append({"sd": sd, "n_seeds": n, "said": f"{said:.4f}"})
        powers[-1]["simulated"] = f"{found:.4f}"
        print(f"{sd:>17}{n:>20}{said:>12.3f}{found:>17.3f}")
    if arguments.out:
        write_table(f"{arguments.out}/power.csv", list(powers[0]), powers)


if __name__ == "__main__":
    main()
