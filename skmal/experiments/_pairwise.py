"""Any two strategies against each other: tables, sentences, ranks."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._shared.types import FloatArray, IntArray
from ..metrics._savings import annotation_savings, area_under_learning_curve
from ._names import REFERENCE
from ._statistics import (
    Ranks,
    average_ranks,
    beats,
    holm,
    paired_difference,
    seeds_needed,
)
from ._tables import Row, curves_with_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all pools"  # the mean over them, seed by seed
POINTS = 0.05  # of savings, for which seeds are counted
LEVEL = 0.05
PAIRWISE_HEADER = (
    *("data", "metric", "strategy", "against", "n_seeds"),
    *("difference", "ci_low", "ci_high", "effect", "effect_low", "effect_high"),
    *("p", "p_holm", "better", "seeds_for_5_points"),
)

Curves: TypeAlias = dict[str, tuple[IntArray, dict[int, FloatArray]]]


def pairwise_table(curves: Sequence[Row]) -> list[Row]:
    """Compare any two strategies by the area under their curves, paired by seed.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one or more data sets.

    Returns
    -------
    list of dict
        One per data set and pair of strategies, of its first metric; of several data
        sets also of their mean, "all pools", seed by seed. `difference` is the area of
        `strategy` less that of `against`, with a 95 % interval; `effect` the same in
        standard deviations over seeds; `p` of the paired t test; `p_holm` corrected for
        all pairs of the data set; `better` who is better, "" where they are not told
        apart at 5 %; `seeds_for_5_points` how many seeds show, four times out of five,
        a difference of 5 points of the answers saved, from the spread of the savings.
        Areas are taken over the numbers of pairs that all strategies of a data set
        went through.
    """
    rows: list[Row] = []
    areas: dict[str, dict[str, dict[int, float]]] = {}
    saved: dict[str, dict[str, dict[int, float]]] = {}
    for data, metric, of_data in _of_each(curves):
        areas[data] = _areas_by_seed(of_data)
        saved[data] = _savings_by_seed(of_data)
        rows += _pairs(data, metric, areas[data], saved[data])
    if len(areas) > 1:
        rows += _pairs(ALL, "main", _over_pools(areas), _over_pools(saved))
    return rows


def _of_each(curves: Sequence[Row]) -> list[tuple[str, str, Curves]]:
    """Return name, first metric and curves of each data set."""
    found = []
    for data in dict.fromkeys(row["data"] for row in curves):
        of_data = [row for row in curves if row["data"] == data]
        metric: str = of_data[0]["metric"]
        found.append((data, metric, curves_with_seeds(of_data, metric)))
    return found


def _areas_by_seed(curves: Curves) -> dict[str, dict[int, float]]:
    """Return the areas under the curves, over the range that all of them have."""
    curves = {name: curve for name, curve in curves.items() if len(curve[0]) > 1}
    low = max((points[0] for points, _ in curves.values()), default=0)
    high = min((points[-1] for points, _ in curves.values()), default=0)
    if low >= high:
        return {}
    areas: dict[str, dict[int, float]] = {}
    for name, (points, seeds) in curves.items():
        at = np.array([low, *points[(points > low) & (points < high)], high])
        areas[name] = {
            seed: float(area_under_learning_curve(at, np.interp(at, points, scores)))
            for seed, scores in seeds.items()
        }
    return areas


def _savings_by_seed(curves: Curves) -> dict[str, dict[int, float]]:
    """Return what each strategy saves against random on each seed."""
    if REFERENCE not in curves:
        return {}
    points, references = curves[REFERENCE]
    return {
        name: {
            seed: annotation_savings(
                own, [scores[seed]], [references[seed]], reference_n_pairs=points
            ).mean
            for seed in sorted(set(scores) & set(references))
        }
        for name, (own, scores) in curves.items()
    }


def _over_pools(
    values: Mapping[str, Mapping[str, Mapping[int, float]]],
) -> dict[str, dict[int, float]]:
    """Return means over pools, of strategies and seeds that all pools have."""
    pools = list(values.values())
    names = [name for name in pools[0] if all(name in pool for pool in pools)]
    return {
        name: {
            seed: float(np.mean([pool[name][seed] for pool in pools]))
            for seed in sorted(set.intersection(*(set(pool[name]) for pool in pools)))
        }
        for name in names
    }


def _pairs(
    data: str,
    metric: str,
    areas: Mapping[str, Mapping[int, float]],
    saved: Mapping[str, Mapping[int, float]],
) -> list[Row]:
    """Return the rows of one data set."""
    rows: list[Row] = []
    for one, other in combinations(areas, 2):
        seeds = sorted(set(areas[one]) & set(areas[other]))
        if not seeds:
            continue
        found = paired_difference(
            [areas[one][seed] for seed in seeds], [areas[other][seed] for seed in seeds]
        )
        both = sorted(set(saved.get(one, {})) & set(saved.get(other, {})))
        more = [saved[one][seed] - saved[other][seed] for seed in both]
        sd = float(np.std(more, ddof=1)) if len(more) > 1 else float("nan")
        told = found._asdict()
        rows.append(
            {"data": data, "metric": metric, "strategy": one, "against": other}
            | {"n_seeds": told.pop("n_seeds"), "difference": told.pop("mean")}
            | told
            | {"seeds_for_5_points": seeds_needed(POINTS, sd) if sd == sd else ""}
        )
    corrected = holm([row["p"] for row in rows])
    for row, p in zip(rows, corrected, strict=True):
        row["p_holm"] = float(p)
        better = row["strategy"] if row["difference"] > 0 else row["against"]
        row["better"] = better if p <= LEVEL else ""
    return rows


def sentence_of(row: Row) -> str:
    """Say what a row of the pairwise table says.

    Parameters
    ----------
    row : dict
        Of `pairwise_table`.

    Returns
    -------
    str
        "a is better than b ..." or "a and b are not told apart ...".
    """
    one, other = row["strategy"], row["against"]
    if row["better"] == other:
        one, other = other, one
    low, high = sorted(
        (row[end] if row["better"] != row["against"] else -row[end])
        for end in ("ci_low", "ci_high")
    )
    n = row["n_seeds"]
    if n < 2:
        return f"{one} and {other}: one seed tells nothing"
    area = f"area {low:+.4f} to {high:+.4f}, {n} seeds, p = {row['p_holm']:.2g}"
    if row["better"]:
        return f"{one} is better than {other} ({area})"
    needed = row["seeds_for_5_points"]
    more = f"; {needed} seeds would show 5 points of savings" if needed != "" else ""
    return f"{one} and {other} are not told apart ({area}{more})"


def penalty_matrix(curves: Sequence[Row]) -> list[Row]:
    """Count where a strategy beats another along their curves, as in BADGE's paper.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one or more data sets.

    Returns
    -------
    list of dict
        One per strategy, with a count by the name of each other: in how many of the
        data sets it beats that one, by a two-sided paired t test at 5 % at each point
        of the curves; a share of the points counts as that share. The row "mean" has
        the mean of each column: how much a strategy is beaten, less is better.

    References
    ----------
    .. [1] Ash, J. T. et al. (2020). "Deep Batch Active Learning by Diverse, Uncertain
       Gradient Lower Bounds". ICLR. https://arxiv.org/abs/1906.03671
    """
    of_each = [of_data for _, _, of_data in _of_each(curves)]
    names = list(dict.fromkeys(name for of_data in of_each for name in of_data))
    wins = {name: dict.fromkeys(names, 0.0) for name in names}
    for of_data in of_each:
        for one, other in combinations(of_data, 2):
            curves_of_both = _at_common_points(of_data[one], of_data[other])
            if curves_of_both is not None:
                first, second = curves_of_both
                wins[one][other] += float(beats(first, second).mean())
                wins[other][one] += float(beats(second, first).mean())
    rows: list[Row] = [{"strategy": name} | wins[name] for name in names]
    others = max(1, len(names) - 1)
    beaten = {name: sum(row[name] for row in rows) / others for name in names}
    return [*rows, {"strategy": "mean"} | beaten]


def _at_common_points(
    one: tuple[IntArray, Mapping[int, FloatArray]],
    other: tuple[IntArray, Mapping[int, FloatArray]],
) -> tuple[FloatArray, FloatArray] | None:
    """Return both strategies' curves on their common seeds, at points of the first."""
    points, scores = one
    other_points, other_scores = other
    inside = (points >= other_points[0]) & (points <= other_points[-1])
    seeds = sorted(set(scores) & set(other_scores))
    if len(seeds) < 2 or not inside.any():
        return None
    at = points[inside]
    return (
        np.array([scores[seed][inside] for seed in seeds]),
        np.array([np.interp(at, other_points, other_scores[seed]) for seed in seeds]),
    )


def ranks_of(curves: Sequence[Row]) -> Ranks:
    """Rank strategies by the area under their curves.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one or more data sets.

    Returns
    -------
    Ranks
        Over data sets, by means over seeds; of a single one, over its seeds. Strategies
        that some of them lack are left out.
    """
    areas = [_areas_by_seed(of_data) for _, _, of_data in _of_each(curves)]
    names = [name for name in areas[0] if all(name in pool for pool in areas)]
    if len(areas) > 1:
        means = [
            [float(np.mean(list(pool[name].values()))) for name in names]
            for pool in areas
        ]
        return average_ranks(names, means)
    (pool,) = areas
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in pool.values())))
    values = [[pool[name][seed] for name in names] for seed in seeds]
    return average_ranks(names, values, "seeds")


def plot_ranks(ranks: Ranks, ax: "Axes | None" = None) -> "Axes":
    """Draw average ranks on a line; a bar joins those that are not told apart.

    Parameters
    ----------
    ranks : Ranks
        Of `ranks_of`.
    ax : matplotlib Axes, default=None
        Where to draw; None: on a new figure that pyplot does not know of.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from ..plotting import new_axes

    axes = new_axes() if ax is None else ax
    at = np.asarray(ranks.ranks)
    rows = np.arange(len(at))
    axes.plot(at, rows, "o")
    axes.set_yticks(
        rows, [f"{n}  {r:.2f}" for n, r in zip(ranks.names, at, strict=True)]
    )
    for row, rank in enumerate(at):  # to the last that is not told from this one
        last = int(np.flatnonzero(at <= rank + ranks.critical)[-1])
        if last > row:
            axes.plot([rank, at[last]], [row, row], color="0.7", linewidth=4, zorder=0)
    axes.invert_yaxis()
    axes.set_xlabel(
        f"mean rank over {ranks.n_blocks} {ranks.blocks}; critical difference "
        f"{ranks.critical:.2f}"
    )
    return axes
