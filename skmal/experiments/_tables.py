"""Curves and savings as tables."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from .._shared.files import replacing
from .._shared.types import FloatArray, IntArray
from ..metrics._savings import AnnotationSavings, annotation_savings, rises
from ._names import REFERENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row: TypeAlias = dict[str, Any]  # of a table, by the names of its columns

SETTINGS = "settings.json"  # of a comparison, beside its tables
SECONDS = "seconds.csv"  # what strategies save of a person's, in a suite
ALL_FILES = (  # that may be in a folder of results
    SECONDS,
    *(SETTINGS, "runs.csv", "replaced.csv", "curves.csv", "savings.csv"),
    *("aulc.csv", "pairwise.csv", "wins.csv", "curves.png", "report.html"),
)
NAN = float("nan")
CURVES_HEADER = ("data", "strategy", "seed", "n_pairs", "metric", "score")
SAVINGS_HEADER = ("data", "strategy", "metric", *AnnotationSavings._fields[:-1])


def curve_rows(
    data: str,
    strategy: str,
    seed: int,
    n_pairs: Sequence[int],
    scores: Sequence[Mapping[str, float]],
) -> list[Row]:
    """Return the curve of one run as rows of `curves.csv`.

    Parameters
    ----------
    data, strategy : str
        What the run is called.
    seed : int
        Its seed.
    n_pairs : sequence of int
        The points.
    scores : sequence of dict
        The scores there.

    Returns
    -------
    list of dict
        One per point and metric.
    """
    return [
        {
            "data": data,
            "strategy": strategy,
            "seed": seed,
            "n_pairs": n,
            "metric": metric,
            "score": score,
        }
        for n, table in zip(n_pairs, scores, strict=True)
        for metric, score in table.items()
    ]


def curves_of_runs(runs: Sequence[Row], first: Sequence[str] = ()) -> list[Row]:
    """Return runs, as they are kept, as rows of `curves.csv`.

    Parameters
    ----------
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.
    first : sequence of str, default=()
        Strategies that come before others, in this order.

    Returns
    -------
    list of dict
        One per seed, strategy, point and metric.
    """
    by_run: dict[tuple[int, str, str], list[Row]] = {}
    for row in runs:
        by_run.setdefault((row["seed"], row["strategy"], row["pool"]), []).append(row)
    names = dict.fromkeys([*first, *sorted({name for _, name, _ in by_run})])
    place = {name: number for number, name in enumerate(names)}
    rows: list[Row] = []
    for run in sorted(by_run, key=lambda run: (run[0], place[run[1]], run[2])):
        seed, name, data = run
        of_run = by_run[run]
        scores = {row["metric"]: map(float, row["scores"].split()) for row in of_run}
        points = zip(*scores.values(), strict=True)
        tables = [dict(zip(scores, point, strict=True)) for point in points]
        n_pairs = [int(n) for n in of_run[0]["n_pairs"].split()]
        rows += curve_rows(data, name, seed, n_pairs, tables)
    return rows


def savings_table(curves: Sequence[Row]) -> list[Row]:
    """Return each strategy's savings against random, paired by seed.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    list of dict
        One per data set, metric, and strategy other than random, with the fields of
        `skmal.metrics.AnnotationSavings`, of the seeds that both have. Where random's
        curves do not rise, there is nothing to save: the numbers are NaN.
    """
    rows: list[Row] = []
    for data in dict.fromkeys(row["data"] for row in curves):
        of_data = [row for row in curves if row["data"] == data]
        for metric in dict.fromkeys(row["metric"] for row in of_data):
            by_strategy = curves_with_seeds(of_data, metric)
            n_pairs, references = by_strategy.pop(REFERENCE)
            for name, (points, scores) in by_strategy.items():
                seeds = sorted(set(scores) & set(references))
                if not seeds:
                    continue
                reference = np.array([references[seed] for seed in seeds])
                savings = annotation_savings(
                    points,
                    np.array([scores[seed] for seed in seeds]),
                    reference,
                    reference_n_pairs=n_pairs,
                )
                if not rises(reference):
                    nothing = dict.fromkeys(("mean", "sem", "ci_low", "ci_high"), NAN)
                    savings = savings._replace(**nothing)
                row = {"data": data, "strategy": name, "metric": metric}
                rows.append(row | savings._asdict())
    return rows


def axis_of(curves: Sequence[Row]) -> str:
    """Return what the points of curves count: "n_pairs" or "seconds".

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    str
        The key.
    """
    return "seconds" if curves and "seconds" in curves[0] else "n_pairs"


def curves_of(
    curves: Sequence[Row], metric: str
) -> dict[str, tuple[IntArray, FloatArray]]:
    """Return {strategy: (n_pairs, scores of shape (n_seeds, n_points))} of one metric.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one data set.
    metric : str
        One of their metrics.

    Returns
    -------
    dict
        The points and the scores of each strategy.
    """
    return {
        name: (points, np.array(list(by_seed.values())))
        for name, (points, by_seed) in curves_with_seeds(curves, metric).items()
    }


def curves_with_seeds(
    curves: Sequence[Row], metric: str
) -> dict[str, tuple[IntArray, dict[int, FloatArray]]]:
    """Return {strategy: (n_pairs, {seed: scores of shape (n_points,)})} of one metric.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one data set.
    metric : str
        One of their metrics.

    Returns
    -------
    dict
        The points and, seed by seed, the scores of each strategy.

    Raises
    ------
    ValueError
        If the seeds of a strategy have different points.
    """
    found: dict[str, dict[int, dict[int, float]]] = {}
    axis = axis_of(curves)
    for row in curves:
        if row["metric"] == metric:
            seeds = found.setdefault(row["strategy"], {})
            seeds.setdefault(row["seed"], {})[row[axis]] = row["score"]
    by_strategy = {}
    for name, seeds in found.items():
        tables = {
            seed: np.array(sorted(seeds[seed].items())).T for seed in sorted(seeds)
        }
        points = next(iter(tables.values()))[0]
        if any(not np.array_equal(table[0], points) for table in tables.values()):
            raise ValueError(
                f"the seeds of {name!r} have different points; they are not of one "
                "comparison, or one was not run to its end"
            )
        scores = {seed: table[1] for seed, table in tables.items()}
        by_strategy[name] = points.astype(int), scores
    return by_strategy


def plot_curves(
    curves: Sequence[Row],
    metric: str | None = None,
    ax: "Axes | None" = None,
    score_name: str | None = None,
    chance: float | None = None,
) -> "Figure":
    """Draw the curves of all strategies, mean and 95 % band over seeds.

    Parameters
    ----------
    curves : list of dict
        As `skmal.experiments.compare` returns them, of one data set.
    metric : str, default=None
        Which of their metrics; None: the first, which the set is about.
    ax : matplotlib Axes, default=None
        Where to draw; None: a new figure.
    score_name : str, default=None
        Label of the vertical axis; None: the metric "on held-out pairs".
    chance : float, default=None
        What guessing scores, a dashed line; None: no line.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.
    """
    from ..plotting import POINTS, AnnotationCurveDisplay, new_axes

    shown: str = curves[0]["metric"] if metric is None else metric
    by_strategy = curves_of(curves, shown)
    n_pairs, _ = next(iter(by_strategy.values()))  # the same of all
    scores = {name: scores for name, (_, scores) in by_strategy.items()}
    display = AnnotationCurveDisplay(
        n_pairs,
        scores,
        score_name or f"{shown} on held-out pairs",
        chance,
        points_name=POINTS[axis_of(curves)],
    )
    return cast("Figure", display.plot(new_axes() if ax is None else ax).figure_)


def write_table(
    path: str | Path, header: Sequence[str], rows: Iterable[Row], append: bool = False
) -> None:
    """Write rows as CSV; what the header does not name is left out.

    A file that is there is replaced once the new one is whole.

    Parameters
    ----------
    path : str or path
        The file.
    header : sequence of str
        The columns, of which every row has a value.
    rows : iterable of dict
        The rows.
    append : bool, default=False
        Whether they are added to the rows of a file that has its header already.
    """
    table = [[row[name] for name in header] for row in rows]
    if append:
        with open(path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(table)
        return
    with replacing(path) as file:
        csv.writer(file, lineterminator="\n").writerows([header, *table])
