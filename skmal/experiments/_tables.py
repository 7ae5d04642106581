"""Curves and savings as tables."""

import csv
from pathlib import Path

import numpy as np

from ..metrics._savings import AnnotationSavings, annotation_savings
from ._names import REFERENCE

CURVES_HEADER = ("data", "strategy", "seed", "n_pairs", "metric", "score")
SAVINGS_HEADER = ("data", "strategy", "metric", *AnnotationSavings._fields[:-1])


def savings_table(curves):
    """Return each strategy's savings against random, paired by seed.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.

    Returns
    -------
    list of dict
        One per strategy other than random and metric, with the fields of
        `skmal.metrics.AnnotationSavings`.
    """
    rows = []
    data = curves[0]["data"]
    for metric in dict.fromkeys(row["metric"] for row in curves):
        by_strategy = curves_of(curves, metric)
        n_pairs, reference = by_strategy.pop(REFERENCE)
        for name, (points, scores) in by_strategy.items():
            savings = annotation_savings(
                points, scores, reference, reference_n_pairs=n_pairs
            )
            row = {"data": data, "strategy": name, "metric": metric}
            rows.append(row | savings._asdict())
    return rows


def curves_of(curves, metric):
    """Return {strategy: (n_pairs, scores of shape (n_seeds, n_points))} of one metric.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.
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


def write_results(out, curves, savings):
    """Write `curves.csv`, `savings.csv` and `curves.png` into a folder.

    Parameters
    ----------
    out : str or path
        The folder; made where it is missing.
    curves, savings : list of dict
        As `compare` returns them.

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


def plot_curves(curves, metric=None):
    """Draw the curves of all strategies, mean and 95 % band over seeds.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.
    metric : str, default=None
        Which of their metrics; None: the first, which the set is about.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.
    """
    from ..plotting import AnnotationCurveDisplay, new_axes

    metric = curves[0]["metric"] if metric is None else metric
    by_strategy = curves_of(curves, metric)
    n_pairs = by_strategy[REFERENCE][0]
    scores = {name: scores for name, (_, scores) in by_strategy.items()}
    display = AnnotationCurveDisplay(n_pairs, scores, f"{metric} on held-out pairs")
    return display.plot(new_axes()).figure_


def write_table(path, header, rows):
    """Write rows as CSV; what the header does not name is left out.

    Parameters
    ----------
    path : path
        The file.
    header : sequence of str
        The columns.
    rows : sequence of dict
        The rows.
    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, header, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
