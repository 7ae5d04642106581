"""Curves and savings as tables."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from .._shared.types import FloatArray, IntArray
from ..metrics._savings import AnnotationSavings, annotation_savings
from ._names import REFERENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row: TypeAlias = dict[str, Any]  # of a table, by the names of its columns

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
        `skmal.metrics.AnnotationSavings`.
    """
    rows: list[Row] = []
    for data in dict.fromkeys(row["data"] for row in curves):
        of_data = [row for row in curves if row["data"] == data]
        for metric in dict.fromkeys(row["metric"] for row in of_data):
            by_strategy = curves_of(of_data, metric)
            n_pairs, reference = by_strategy.pop(REFERENCE)
            for name, (points, scores) in by_strategy.items():
                savings = annotation_savings(
                    points, scores, reference, reference_n_pairs=n_pairs
                )
                row = {"data": data, "strategy": name, "metric": metric}
                rows.append(row | savings._asdict())
    return rows


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
    chosen = [row for row in curves if row["metric"] == metric]
    by_strategy = {}
    for name in dict.fromkeys(row["strategy"] for row in chosen):
        rows = [row for row in chosen if row["strategy"] == name]
        seeds = sorted({row["seed"] for row in rows})
        points = sorted({row["n_pairs"] for row in rows})
        score = {(row["seed"], row["n_pairs"]): row["score"] for row in rows}
        scores = np.array([[score[seed, n] for n in points] for seed in seeds])
        by_strategy[name] = (np.array(points), scores)
    return by_strategy


def write_results(
    out: str | Path, curves: Sequence[Row], savings: Sequence[Row]
) -> list[Path]:
    """Write `curves.csv`, `savings.csv` and `curves.png` into a folder.

    Parameters
    ----------
    out : str or path
        The folder; made where it is missing.
    curves, savings : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the tables are written all the same.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in ("curves.csv", "savings.csv", "curves.png")]
    write_table(files[0], CURVES_HEADER, curves)
    write_table(files[1], SAVINGS_HEADER, savings)
    plot_curves(curves).savefig(files[2], dpi=150)
    return files


def plot_curves(
    curves: Sequence[Row],
    metric: str | None = None,
    ax: "Axes | None" = None,
    score_name: str | None = None,
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

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.
    """
    from ..plotting import AnnotationCurveDisplay, new_axes

    shown: str = curves[0]["metric"] if metric is None else metric
    by_strategy = curves_of(curves, shown)
    n_pairs = by_strategy[REFERENCE][0]
    scores = {name: scores for name, (_, scores) in by_strategy.items()}
    display = AnnotationCurveDisplay(
        n_pairs, scores, score_name or f"{shown} on held-out pairs"
    )
    return cast("Figure", display.plot(new_axes() if ax is None else ax).figure_)


def write_table(
    path: str | Path, header: Sequence[str], rows: Iterable[Row], append: bool = False
) -> None:
    """Write rows as CSV; what the header does not name is left out.

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
    with open(path, "a" if append else "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not append:
            writer.writerow(header)
        writer.writerows([row[name] for name in header] for row in rows)
