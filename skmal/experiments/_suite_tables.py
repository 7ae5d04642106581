"""The suite's runs, and its tables of savings and of areas under curves."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from .._shared.intervals import student_interval
from .._shared.types import FloatArray, IntArray
from ..metrics._savings import (
    AnnotationSavings,
    annotation_savings,
    area_under_learning_curve,
)
from ._names import DEFAULT, ENCODERS, PAPER, REFERENCE, STRATEGIES
from ._suite_pools import METRICS, POOLS
from ._tables import Row

BANDS = {"10-30 %": (0.1, 0.3), "30-60 %": (0.3, 0.6)}  # of the pool, bought by random
AVERAGE = "average"  # over the pools, seed by seed
RUNS_HEADER = (
    *("pool", "encoder", "strategy", "seed", "metric"),
    *("n_pool", "n_pairs", "scores", "seconds_per_query"),
)
INTERVAL_HEADER = AnnotationSavings._fields[:5]
SUITE_HEADER = (
    *("pool", "encoder", "strategy", "metric", "against", "budgets"),
    *(*INTERVAL_HEADER, "n_censored", "n_levels"),
)
AULC_HEADER = (
    *("pool", "encoder", "strategy", "metric", "aulc"),
    *(*(f"gain_{name}" for name in INTERVAL_HEADER), "seconds_per_query"),
)

SeedCurves: TypeAlias = dict[int, tuple[IntArray, FloatArray]]


class Compared(NamedTuple):
    """What one row of the savings is about.

    Parameters
    ----------
    pool, encoder, strategy, metric : str
        Which curves.
    budgets : str
        Which part of them, out of `BANDS`.
    """

    pool: str
    encoder: str
    strategy: str
    metric: str
    budgets: str


def read_runs(out: str | Path) -> list[Row]:
    """Return the runs in a folder, in order; a half-written one is left out.

    Parameters
    ----------
    out : str or path
        The folder.

    Returns
    -------
    list of dict
        With the columns of `runs.csv`: `seed` and `n_pool` are ints, `n_pairs` and
        `scores` strings of numbers between blanks.
    """
    path = Path(out) / "runs.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _is_whole(row)]

    # A run is whole if it has a row for every metric of its pool.
    n_rows = Counter(_run_of(row) for row in rows)
    runs: list[Row] = [
        row | {"seed": int(row["seed"]), "n_pool": int(row["n_pool"])}
        for row in rows
        if n_rows[_run_of(row)] == len(METRICS[row["pool"]])
    ]
    return sorted(runs, key=_place)


def _run_of(row: Row) -> tuple[str, ...]:
    return row["pool"], row["encoder"], row["strategy"], row["seed"]


def _is_whole(row: Row) -> bool:
    """Say whether the line was written to its end."""
    if None in row or any(value is None for value in row.values()):
        return False
    return len(row["seconds_per_query"].partition(".")[2]) == 4


def _place(row: Row) -> tuple[object, ...]:
    """Return what rows are sorted by: known names in their own order, then the seed."""
    names = row["pool"], row["encoder"], row["strategy"]
    orders = [list(POOLS), list(ENCODERS), list(STRATEGIES)]
    known = [o.index(n) for o, n in zip(orders, names, strict=True) if n in o]
    return known, *names, row["seed"], row["metric"]


def curves_by_seed(
    runs: Iterable[Row],
) -> dict[tuple[str, str, str], dict[str, SeedCurves]]:
    """Return {(pool, encoder, metric): {strategy: {seed: (n_pairs, scores)}}}.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.

    Returns
    -------
    dict
        Arrays by pool, encoder and metric, then by strategy, then by seed.
    """
    curves: dict[tuple[str, str, str], dict[str, SeedCurves]] = {}
    for row in runs:
        key = row["pool"], row["encoder"], row["metric"]
        seeds = curves.setdefault(key, {}).setdefault(row["strategy"], {})
        seeds[row["seed"]] = (
            np.array(row["n_pairs"].split(), dtype=int),
            np.array(row["scores"].split(), dtype=float),
        )
    return curves


def savings_rows(runs: Sequence[Row]) -> list[Row]:
    """Return the savings of each strategy in each pool, and averaged over the pools.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.

    Returns
    -------
    list of dict
        One per pool, encoder, strategy, metric and range of budgets: savings against
        random, paired by seed, with a 95 % interval; levels never reached are counted.
        Rows of the pool "average" hold the mean over all pools' main metrics, seed by
        seed, for seeds that every pool has; those of the default are there a second
        time `against` the paper's strategy: the difference of the savings.
    """
    saved = _saved_by_seed(runs)
    rows = []
    for of, by_seed in saved.items():
        ones = by_seed.values()
        censored = sum(one.n_censored for one in ones), sum(o.n_levels for o in ones)
        rows.append(_savings_row(of, REFERENCE, [one.mean for one in ones], *censored))
    return rows + _average_rows(saved)


def _saved_by_seed(runs: Sequence[Row]) -> dict[Compared, dict[int, AnnotationSavings]]:
    """Return the savings of every strategy, pool and range of budgets, by seed."""
    n_pool = {(row["pool"], row["seed"]): row["n_pool"] for row in runs}
    saved: dict[Compared, dict[int, AnnotationSavings]] = {}
    for (pool, encoder, metric), strategies in curves_by_seed(runs).items():
        reference = strategies.get(REFERENCE, {})
        for name, seeds in strategies.items():
            if name == REFERENCE:
                continue
            for seed in sorted(set(seeds) & set(reference)):
                n, (points, levels) = n_pool[pool, seed], reference[seed]
                for budgets, (low, high) in BANDS.items():
                    # The points of random's curve in this range, if it came so far.
                    inside = (points >= low * n) & (points <= high * n)
                    if points[-1] < 0.9 * high * n or not inside.any():
                        continue
                    n_pairs, scores = seeds[seed]
                    of = Compared(pool, encoder, name, metric, budgets)
                    saved.setdefault(of, {})[seed] = annotation_savings(
                        n_pairs,
                        [scores],
                        [levels],
                        reference_n_pairs=points,
                        budgets=points[inside],
                    )
    return saved


def _average_rows(
    saved: Mapping[Compared, Mapping[int, AnnotationSavings]],
) -> list[Row]:
    """Return the rows of the mean over pools, seed by seed."""
    # {(encoder, strategy, budgets): {pool: {seed: savings}}} of the main metrics
    by_case: dict[tuple[str, str, str], dict[str, Mapping[int, AnnotationSavings]]] = {}
    for of, by_seed in saved.items():
        if of.metric == main_metric(of.pool):
            case = of.encoder, of.strategy, of.budgets
            by_case.setdefault(case, {})[of.pool] = by_seed

    # Means of the strategies that have run on every pool, over seeds of every pool.
    means: dict[tuple[str, str, str], dict[int, float]] = {}
    for case, pools in by_case.items():
        everywhere = sorted(set.intersection(*(set(seeds) for seeds in pools.values())))
        if len(pools) == len(POOLS) and everywhere:
            means[case] = {
                seed: float(np.mean([seeds[seed].mean for seeds in pools.values()]))
                for seed in everywhere
            }

    rows = []
    for (encoder, strategy, budgets), by_seed in means.items():
        of = Compared(AVERAGE, encoder, strategy, "main", budgets)
        rows.append(_savings_row(of, REFERENCE, list(by_seed.values())))
        # The default also against the paper's, on the seeds of both.
        paper = means.get((encoder, PAPER, budgets), {})
        common = sorted(set(paper) & set(by_seed))
        if strategy == DEFAULT and common:
            more = [by_seed[seed] - paper[seed] for seed in common]
            rows.append(_savings_row(of, PAPER, more))
    return rows


def _savings_row(
    of: Compared,
    against: str,
    values: Sequence[float],
    n_censored: int | str = "",
    n_levels: int | str = "",
) -> Row:
    return {
        "pool": of.pool,
        "encoder": of.encoder,
        "strategy": of.strategy,
        "metric": of.metric,
        "against": against,
        "budgets": of.budgets,
        **_interval(values),
        "n_censored": n_censored,
        "n_levels": n_levels,
    }


def _interval(values: Sequence[float]) -> Row:
    """Return mean, standard error and 95 % interval of values, one per seed."""
    interval = student_interval(values)
    shown = float(interval.mean), float(interval.sem), interval.low, interval.high
    numbers = [f"{number:.4f}" for number in shown]
    return dict(zip(INTERVAL_HEADER, [*numbers, len(values)], strict=True))


def aulc_rows(runs: Sequence[Row]) -> list[Row]:
    """Return the area under each strategy's curve and the time of a query.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.

    Returns
    -------
    list of dict
        One per pool, encoder, strategy and metric: the mean area, what it is more than
        random's (with a 95 % interval, paired by seed), and seconds per query.
    """
    seconds: dict[tuple[str, ...], list[float]] = {}
    for row in runs:
        key = row["pool"], row["encoder"], row["metric"], row["strategy"]
        seconds.setdefault(key, []).append(float(row["seconds_per_query"]))
    rows = []
    for key, strategies in curves_by_seed(runs).items():
        areas = {
            name: {
                seed: float(area_under_learning_curve(*curve))
                for seed, curve in seeds.items()
            }
            for name, seeds in strategies.items()
        }
        reference = areas.get(REFERENCE, {})
        for name, by_seed in areas.items():
            # What it is more than random's, on the seeds of both.
            common = sorted(set(by_seed) & set(reference))
            gains = _interval([by_seed[seed] - reference[seed] for seed in common])
            rows.append(
                {
                    "pool": key[0],
                    "encoder": key[1],
                    "strategy": name,
                    "metric": key[2],
                    "aulc": f"{np.mean(list(by_seed.values())):.4f}",
                    **{f"gain_{column}": value for column, value in gains.items()},
                    "seconds_per_query": f"{np.mean(seconds[(*key, name)]):.4f}",
                }
            )
    return rows


def main_metric(pool: str) -> str:
    """Return the metric that a pool is about.

    Parameters
    ----------
    pool : str
        Its name.

    Returns
    -------
    str
        "group" for scenes, "mrr" for glyphs; "main" for the average of all.
    """
    return "main" if pool == AVERAGE else METRICS[pool][0]
