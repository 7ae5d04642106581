"""Annotation curves as pictures, in the manner of scikit-learn's displays."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._shared.figures import LINES, MOST_INSIDE, N_COLORS, size_of_grid
from ._shared.intervals import student_interval

__all__ = [
    "AnnotationCurveDisplay",
    "chance_beside",
    "new_axes",
    "new_figure",
    "plot_curve_grid",
]

POINTS = {"n_pairs": "answers bought", "seconds": "seconds of a person"}

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import FillBetweenPolyCollection
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class AnnotationCurveDisplay:
    """Score against the number of answers, or seconds: a line per strategy and a band.

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Answers paid for at each point, the pairs at the start included: aligned pairs,
        where no partner was missing. Or what else they cost, such as the seconds that
        ``skmal.experiments.compare(cost=...)`` counts.
    scores : dict of str to array-like of shape (n_seeds, n_points)
        The curves of each strategy by its name.
    score_name : str, default=None
        Label of the vertical axis.
    chance : float, default=None
        What guessing scores, a dashed line; None: no line.
    points_name : str, default="answers bought"
        Label of the horizontal axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of it.
    lines_ : dict of str to matplotlib Line2D
        The mean curves.
    fill_betweens_ : dict of str to matplotlib PolyCollection
        The bands, where there are several seeds.

    See Also
    --------
    skmal.metrics.annotation_savings : The same in numbers.

    Examples
    --------
    >>> from skmal.plotting import AnnotationCurveDisplay
    >>> display = AnnotationCurveDisplay(
    ...     [100, 200, 300], {"random": [[0.1, 0.2, 0.3], [0.1, 0.3, 0.3]]}, "MRR"
    ... ).plot()
    >>> display.lines_["random"].get_ydata().tolist()
    [0.1, 0.25, 0.3]
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"
    lines_: "dict[str, Line2D]"
    fill_betweens_: "dict[str, FillBetweenPolyCollection]"

    def __init__(
        self,
        n_pairs: npt.ArrayLike,
        scores: Mapping[str, npt.ArrayLike],
        score_name: str | None = None,
        chance: float | None = None,
        points_name: str = POINTS["n_pairs"],
    ) -> None:
        self.n_pairs = n_pairs
        self.scores = scores
        self.score_name = score_name
        self.chance = chance
        self.points_name = points_name

    @classmethod
    def from_learners(
        cls,
        learners: Mapping[str, Any],
        *,
        score_name: str = "mean reciprocal rank",
        ax: "Axes | None" = None,
    ) -> "AnnotationCurveDisplay":
        """Draw the validation scores of fitted learners.

        Parameters
        ----------
        learners : dict of str to PairedActiveLearner, or to list of them
            By name, a learner, or several (one per seed), fitted with
            `validation_data`, all with the same budget and batches.
        score_name : str, default="mean reciprocal rank"
            Label of the vertical axis.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.

        Returns
        -------
        AnnotationCurveDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `learners` is no dict.
        ValueError
            If it is empty, a learner has no validation scores, or the learners' points
            differ.
        """
        if not isinstance(learners, Mapping):
            raise TypeError(
                "learners must be a dict of learners by their names, such as "
                f"{{'random': learner}}, got {type(learners).__name__}"
            )
        points: list[Any] = []
        scores: dict[str, Any] = {}
        for name, given in learners.items():
            fitted: list[Any] = list(given) if isinstance(given, Iterable) else [given]
            for learner in fitted:
                if not isinstance(
                    getattr(learner, "validation_scores_", None), np.ndarray
                ):
                    raise ValueError(
                        f"a learner of {name!r} has no validation scores; pass "
                        "validation_data=(X_val, y_val) to fit, and a scoring that "
                        "returns one number"
                    )
                points.append(learner.n_answers_iter_)
            scores[name] = [learner.validation_scores_ for learner in fitted]
        if not points:
            raise ValueError("learners holds none; pass at least one, by its name")
        if any(not np.array_equal(points[0], other) for other in points):
            raise ValueError(
                "the learners' curves have different points; use the same budget, "
                "n_initial and batch_size for all"
            )
        return cls(points[0], scores, score_name).plot(ax=ax)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        data: str | None = None,
        metric: str | None = None,
        ax: "Axes | None" = None,
    ) -> "AnnotationCurveDisplay":
        """Draw curves of a comparison or of a suite from its file.

        Parameters
        ----------
        path : str or path
            A `curves.csv` (against answers, or seconds) or a `runs.csv`, as ``skmal
            compare`` writes them. Chance is drawn where the `settings.json` beside it
            tells it.
        data : str, default=None
            Which data set or pool; None: the only one.
        metric : str, default=None
            Which metric; None: the first.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.

        Returns
        -------
        AnnotationCurveDisplay
            The display, drawn; of the seeds that all strategies have.

        Raises
        ------
        ValueError
            If the file is of another kind, holds no or several such data, or what is
            no finite number where a score belongs.

        See Also
        --------
        plot_curve_grid : Several metrics and pools at once.
        """
        curves, axis = _read_curves(path)
        sets = list(dict.fromkeys(name for name, _ in curves))
        if data is None and len(sets) > 1:
            raise ValueError(
                f"{path} holds several data sets; name one as data, out of "
                f"{', '.join(sets)}, or draw all by plot_curve_grid"
            )
        data = sets[0] if data is None else data
        metrics = [name for of, name in curves if of == data]
        if not metrics:
            raise ValueError(f"{path} has no data {data!r}; it has {', '.join(sets)}")
        metric = metrics[0] if metric is None else metric
        if metric not in metrics:
            raise ValueError(
                f"{path} has no metric {metric!r} of {data!r}; it has "
                f"{', '.join(metrics)}"
            )
        points, scores = _on_common_seeds(curves[data, metric], f"{data} in {path}")
        chance = chance_beside(path).get(metric)
        return cls(points, scores, metric, chance, POINTS[axis]).plot(ax=ax)

    def plot(
        self, ax: "Axes | None" = None, *, confidence: float = 0.95
    ) -> "AnnotationCurveDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        confidence : float, default=0.95
            Coverage of the bands, Student t intervals of the mean over seeds.

        Returns
        -------
        AnnotationCurveDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        axes = _new_in_pyplot() if ax is None else ax
        self.ax_, self.figure_ = axes, axes.figure
        self.lines_, self.fill_betweens_ = {}, {}
        for i, (name, scores) in enumerate(self.scores.items()):
            scores = np.atleast_2d(scores)  # (n_seeds, n_points)
            mean, _, half_width = student_interval(scores, confidence)
            style = LINES[i // N_COLORS % len(LINES)]
            (line,) = axes.plot(self.n_pairs, mean, style, label=name)
            self.lines_[name] = line
            if len(scores) > 1:
                self.fill_betweens_[name] = axes.fill_between(
                    self.n_pairs,
                    mean - half_width,
                    mean + half_width,
                    color=line.get_color(),
                    alpha=0.15,
                    linewidth=0,
                )
        if self.chance is not None:
            axes.axhline(self.chance, color="grey", linestyle="--", label="chance")
        axes.set(xlabel=self.points_name, ylabel=self.score_name)
        beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        axes.legend(**(beside if len(self.scores) > MOST_INSIDE else {}))
        return self


def plot_curve_grid(
    path: str | Path,
    *,
    data: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
) -> "Figure":
    """Draw all curves of a file: a column per data set or pool, a row per metric.

    Parameters
    ----------
    path : str or path
        A `curves.csv` or a `runs.csv`, as ``skmal compare`` writes them.
    data : sequence of str, default=None
        Which data sets or pools; None: all.
    metrics : sequence of str, default=None
        Which metrics; None: all. A pool that lacks one has an empty place.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the file is of another kind, holds none of these, or what is no finite
        number where a score belongs.
    """
    curves, _ = _read_curves(path)
    columns = list(dict.fromkeys(name for name, _ in curves)) if data is None else data
    rows = (
        list(dict.fromkeys(name for _, name in curves)) if metrics is None else metrics
    )
    if not any((column, row) in curves for column in columns for row in rows):
        there = ", ".join(f"{name} of {of}" for of, name in curves)
        raise ValueError(f"{path} holds none of these; it holds {there}")
    n_curves = max(len(own) for own in curves.values())
    figure = new_figure(size_of_grid(len(rows), len(columns), n_curves))
    places = figure.subplots(len(rows), len(columns), squeeze=False)
    for row, metric in enumerate(rows):
        for column, name in enumerate(columns):
            axes = places[row, column]
            if (name, metric) not in curves:
                axes.set_axis_off()
                continue
            AnnotationCurveDisplay.from_csv(path, data=name, metric=metric, ax=axes)
            axes.set_title(name)
    return figure


DATA_AND_SCORES = {"data", "score"}, {"pool", "scores"}  # of curves.csv, of runs.csv
_Curves = dict[tuple[str, str], dict[str, dict[int, dict[int, float]]]]


def _read_curves(path: str | Path) -> tuple[_Curves, str]:
    """Return {(data, metric): {strategy: {seed: {point: score}}}}, and what points are.

    They are "n_pairs" or "seconds".
    """
    rows: dict[int, dict[str, str]] = {}  # by the number of the line
    with open(path, newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        for row in lines:
            if None not in row.values():  # half-written, by one that still runs
                rows[lines.line_num] = row
    columns = set(next(iter(rows.values()), ()))
    axis = next((name for name in POINTS if name in columns), "n_pairs")
    needed = {"strategy", "seed", "metric", axis}
    if not any(needed | both <= columns for both in DATA_AND_SCORES):
        raise ValueError(
            f"{path} is no curves.csv or runs.csv of skmal compare with rows in it; it "
            f"has the columns {', '.join(sorted(map(str, columns))) or 'none'}"
        )
    curves: _Curves = {}
    of = rows.values()
    told = [c for c in ("encoder", "batch") if len({row.get(c) for row in of}) > 1]
    for line, row in rows.items():
        name = row.get("data") or "/".join([row["pool"], *(row[c] for c in told)])
        strategies = curves.setdefault((name, row["metric"]), {})
        by_seed = strategies.setdefault(row["strategy"], {})
        scores = row.get("score") or row["scores"]
        try:
            points = {
                int(n): float(score)
                for n, score in zip(row[axis].split(), scores.split(), strict=True)
            }
            by_seed.setdefault(int(row["seed"]), {}).update(points)
            finite = all(map(isfinite, points.values()))
        except ValueError:
            finite = False
        if not finite:
            raise ValueError(
                f"line {line} of {path} holds the seed {row['seed']!r}, the points "
                f"{row[axis]!r} and the scores {scores!r}, expected an int, ints and "
                "as many finite numbers; put back what was written there"
            )
    return curves, axis


def _on_common_seeds(
    strategies: Mapping[str, Mapping[int, Mapping[int, float]]], called: str
) -> tuple[list[int], dict[str, list[list[float]]]]:
    """Return points, and scores of seeds that all strategies have, or raise."""
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in strategies.values())))
    if not seeds:
        raise ValueError(f"the strategies of {called} have no seed in common")
    points = sorted(next(iter(strategies.values()))[seeds[0]])
    scores = {}
    for name, by_seed in strategies.items():
        for seed in seeds:
            if sorted(by_seed[seed]) != points:
                raise ValueError(
                    f"the curves of {called} have different points, such as {name!r} "
                    f"with the seed {seed}; draw those of one budget and batch"
                )
        scores[name] = [[by_seed[seed][n] for n in points] for seed in seeds]
    return points, scores


def chance_beside(path: str | Path) -> dict[str, float]:
    """Return what guessing scores, where the settings beside a file tell it.

    Parameters
    ----------
    path : str or path
        Of a table that ``skmal compare`` has written.

    Returns
    -------
    dict of str to float
        By metric; empty where nothing is told.
    """
    file = Path(path).parent / "settings.json"
    if not file.is_file():
        return {}
    try:
        return json.loads(file.read_bytes())["chance"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is damaged ({error}); delete it") from error


def new_axes() -> "Axes":
    """Return axes on a new figure that pyplot does not know of.

    Returns
    -------
    matplotlib Axes
        Nothing pops up, and nothing needs to be closed.
    """
    return new_figure().subplots()


def new_figure(size: tuple[float, float] | None = None) -> "Figure":
    """Return a figure that pyplot does not know of.

    Parameters
    ----------
    size : tuple of two floats, default=None
        Width and height in inches; None: matplotlib's own.

    Returns
    -------
    matplotlib Figure
        Nothing pops up, and nothing needs to be closed.
    """
    return _import("matplotlib.figure").Figure(figsize=size, layout="constrained")


def _new_in_pyplot() -> "Axes":
    return _import("matplotlib.pyplot").subplots(layout="constrained")[1]


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib; install it with `pip install skmal[plot]`"
        ) from error
