"""The suite's tables of savings and of areas under curves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from .._shared.intervals import student_interval
from .._shared.types import FloatArray, IntArray
from ..metrics._savings import (
    AnnotationSavings,
    annotation_savings,
    area_under_learning_curve,
    rises,
)
from ._names import DEFAULT, LINEAR, PAPER, REFERENCE
from ._suite_pools import metrics_of
from ._suites import SUITES, Suite
from ._tables import Row, curves_of_runs

AVERAGE = "average"  # over the pools, seed by seed
TODAY = f"{LINEAR}/{REFERENCE}"  # a linear map and random questions
INTERVAL_HEADER = AnnotationSavings._fields[:5]
SUITE_HEADER = (
    *("pool", "encoder", "strategy", "batch", "metric", "against", "budgets"),
    *(*INTERVAL_HEADER, "n_censored", "n_levels"),
)
AULC_HEADER = (
    *("pool", "encoder", "strategy", "batch", "metric", "aulc"),
    *(*(f"gain_{name}" for name in INTERVAL_HEADER), "seconds_per_query"),
)

SeedCurve: TypeAlias = tuple[IntArray, FloatArray]
SeedCurves: TypeAlias = dict[int, SeedCurve]


class Compared(NamedTuple):
    """What one row of the savings is about.

    Parameters
    ----------
    pool, encoder, strategy : str
        Which curves.
    batch : float
        Share of the pool asked about in a round.
    metric : str
        Of the scores.
    against : str
        What they are compared with: "random", with the same encoder, or another.
    budgets : str
        Which part of them, out of the suite's `bands`.
    """

    pool: str
    encoder: str
    strategy: str
    batch: float
    metric: str
    against: str
    budgets: str


def curves_by_seed(
    runs: Iterable[Row],
) -> dict[tuple[str, str, str], dict[str, SeedCurves]]:
    """Return {(pool, encoder, metric): {strategy: {seed: (n_pairs, scores)}}}.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them, of one batch each unless their
        strategies' names tell batches apart.

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


def savings_rows(runs: Sequence[Row], suite: str = "default") -> list[Row]:
    """Return the savings of each strategy in each pool, and averaged over the pools.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.
    suite : {"default", "real"}, default="default"
        The suite that they are of: it has the ranges of budgets.

    Returns
    -------
    list of dict
        One per pool, encoder, strategy, batch, metric, range of budgets and what it is
        `against`, where that rises: savings, paired by seed, with a 95 % interval;
        levels never reached are counted. All are told against random with the same
        encoder and batch, and those with another encoder than `RidgeCCA` also against
        random with `RidgeCCA`,
        "ridge-cca/random", where it has run with the same batch. Rows of the pool
        "average" hold the mean over all pools' main metrics, seed by seed, for seeds
        that every pool has; those of the default are there once more `against` the
        paper's strategy: the difference of the savings.
    """
    saved = _saved_by_seed(runs, SUITES[suite])
    rows = []
    for of, by_seed in saved.items():
        ones = by_seed.values()
        censored = sum(one.n_censored for one in ones), sum(o.n_levels for o in ones)
        rows.append(_savings_row(of, [one.mean for one in ones], *censored))
    return rows + _average_rows(saved, SUITES[suite])


def _saved_by_seed(
    runs: Sequence[Row], suite: Suite
) -> dict[Compared, dict[int, AnnotationSavings]]:
    """Return the savings of every strategy, pool and range of budgets, by seed."""
    n_pool = {(row["pool"], row["seed"]): row["n_pool"] for row in runs}
    saved: dict[Compared, dict[int, AnnotationSavings]] = {}
    for batch, of_batch in _by_batch(runs).items():
        curves = curves_by_seed(of_batch)
        for (pool, encoder, metric), strategies in curves.items():
            references = {REFERENCE: strategies.get(REFERENCE, {})}
            if encoder != LINEAR:
                linear = curves.get((pool, LINEAR, metric), {})
                references[TODAY] = linear.get(REFERENCE, {})
            for against, reference in references.items():
                if not rises(scores for _, scores in reference.values()):
                    continue
                for name in strategies:
                    if name == against:
                        continue
                    for seed in sorted(set(strategies[name]) & set(reference)):
                        for budgets, band in suite.bands.items():
                            one = _saved(
                                strategies[name][seed],
                                reference[seed],
                                [share * n_pool[pool, seed] for share in band],
                            )
                            if one is not None:
                                of = Compared(
                                    pool, encoder, name, batch, metric, against, budgets
                                )
                                saved.setdefault(of, {})[seed] = one
    return saved


def _by_batch(runs: Iterable[Row]) -> dict[float, list[Row]]:
    """Return the runs of each batch."""
    batches: dict[float, list[Row]] = {}
    for row in runs:
        batches.setdefault(row["batch"], []).append(row)
    return batches


def _saved(
    curve: SeedCurve, reference: SeedCurve, band: Sequence[float]
) -> AnnotationSavings | None:
    """Return the savings in a range of budgets, or None if it was not covered."""
    points, levels = reference
    low, high = band
    inside = (points >= low) & (points <= high)
    if points[0] > low or points[-1] < 0.9 * high or not inside.any():
        return None
    n_pairs, scores = curve
    return annotation_savings(
        n_pairs,
        [scores],
        [levels],
        reference_n_pairs=points,
        budgets=points[inside],
    )


def _average_rows(
    saved: Mapping[Compared, Mapping[int, AnnotationSavings]], suite: Suite
) -> list[Row]:
    """Return the rows of the mean over pools, seed by seed."""
    # {what is averaged: {pool: {seed: savings}}} of the main metrics
    by_case: dict[Compared, dict[str, Mapping[int, AnnotationSavings]]] = {}
    for of, by_seed in saved.items():
        if of.pool in suite.averaged and of.metric == main_metric(of.pool):
            case = of._replace(pool=AVERAGE, metric=main_metric(AVERAGE))
            by_case.setdefault(case, {})[of.pool] = by_seed

    # Means of the strategies that have run on every pool, over seeds of every pool.
    means: dict[Compared, dict[int, float]] = {}
    for case, pools in by_case.items():
        everywhere = sorted(set.intersection(*(set(seeds) for seeds in pools.values())))
        if len(pools) == len(suite.averaged) and everywhere:
            means[case] = {
                seed: float(np.mean([seeds[seed].mean for seeds in pools.values()]))
                for seed in everywhere
            }

    rows = []
    for case, by_seed in means.items():
        rows.append(_savings_row(case, list(by_seed.values())))
        # The default also against the paper's, on the seeds of both.
        paper = means.get(case._replace(strategy=PAPER), {})
        common = sorted(set(paper) & set(by_seed))
        if (case.strategy, case.against) == (DEFAULT, REFERENCE) and common:
            more = [by_seed[seed] - paper[seed] for seed in common]
            rows.append(_savings_row(case._replace(against=PAPER), more))
    return rows


def _savings_row(
    of: Compared,
    values: Sequence[float],
    n_censored: int | str = "",
    n_levels: int | str = "",
) -> Row:
    return {
        **of._asdict(),
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
        One per pool, encoder, strategy, batch and metric: the mean area, what it is
        more than random's (with a 95 % interval, paired by seed), and seconds per
        query. Of runs of a seed with different budgets, areas are taken over the
        range that all have.
    """
    rows = []
    for batch, of_batch in _by_batch(runs).items():
        seconds: dict[tuple[str, ...], list[float]] = {}
        for row in of_batch:
            key = row["pool"], row["encoder"], row["metric"], row["strategy"]
            seconds.setdefault(key, []).append(float(row["seconds_per_query"]))
        cut = at_common_points(of_batch, "pool", "encoder", "seed")
        for key, strategies in curves_by_seed(cut).items():
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
                        "batch": batch,
                        "metric": key[2],
                        "aulc": f"{np.mean(list(by_seed.values())):.4f}",
                        **{f"gain_{column}": value for column, value in gains.items()},
                        "seconds_per_query": f"{np.mean(seconds[(*key, name)]):.4f}",
                    }
                )
    return rows


def at_common_points(runs: Sequence[Row], *same: str) -> list[Row]:
    """Cut runs to the range that all of a group went through.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them, of one batch.
    *same : str
        The columns that the runs of a group have in common.

    Returns
    -------
    list of dict
        The runs; where the points of a group differ, at those of its first run within
        the range, between points on straight lines. Without common points, a group is
        left out.
    """
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in runs:
        groups.setdefault(tuple(row[name] for name in same), []).append(row)
    cut: list[Row] = []
    for group in groups.values():
        if len({row["n_pairs"] for row in group}) == 1:
            cut += group
            continue
        points = [np.array(row["n_pairs"].split(), dtype=int) for row in group]
        low, high = max(own[0] for own in points), min(own[-1] for own in points)
        at = points[0][(points[0] >= low) & (points[0] <= high)]
        if not len(at):
            continue
        shown = " ".join(map(str, at))
        for own, row in zip(points, group, strict=True):
            scores = np.interp(at, own, np.array(row["scores"].split(), dtype=float))
            told = " ".join(map(str, scores.tolist()))
            cut.append(row | {"n_pairs": shown, "scores": told})
    return cut


def curves_of_groups(runs: Sequence[Row]) -> dict[tuple[str, float], list[Row]]:
    """Return what can be compared with one another: the curves of an encoder and batch.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.

    Returns
    -------
    dict of list of dict
        By encoder and batch, rows as `skmal.experiments.compare` returns them, of the
        metric that each pool is about. Of runs with different budgets, the range that
        all of a pool have.
    """
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in runs:
        if row["metric"] == main_metric(row["pool"]):
            groups.setdefault((row["encoder"], row["batch"]), []).append(row)
    return {
        group: curves_of_runs(at_common_points(of_group, "pool"))
        for group, of_group in groups.items()
    }


def main_metric(pool: str) -> str:
    """Return the metric that a pool is about.

    Parameters
    ----------
    pool : str
        Its name.

    Returns
    -------
    str
        "group" for scenes, "mrr" for others; "main" for the average of all.
    """
    return "main" if pool == AVERAGE else metrics_of(pool)[0]
