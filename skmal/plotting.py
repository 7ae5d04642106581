"""Annotation curves as pictures, in the manner of scikit-learn's displays."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._shared.intervals import student_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import FillBetweenPolyCollection
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D


class AnnotationCurveDisplay:
    """Score against the number of answers: one line per strategy, mean and band.

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Answers paid for at each point, the pairs at the start included: aligned pairs,
        where no partner was missing.
    scores : dict of str to array-like of shape (n_seeds, n_points)
        The curves of each strategy by its name.
    score_name : str, default=None
        Label of the vertical axis.

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
    ) -> None:
        self.n_pairs = n_pairs
        self.scores = scores
        self.score_name = score_name

    @classmethod
    def from_learners(
        cls,
        learners: Mapping[str, Iterable[Any]],
        *,
        score_name: str = "mean reciprocal rank",
        ax: "Axes | None" = None,
    ) -> "AnnotationCurveDisplay":
        """Draw the validation scores of fitted learners.

        Parameters
        ----------
        learners : dict of str to list of PairedActiveLearner
            By name, learners (one per seed) fitted with `validation_data`, all with
            the same budget and batches.
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
        ValueError
            If a learner has no validation scores, or the learners' points differ.
        """
        points: list[Any] = []
        scores: dict[str, Any] = {}
        for name, fitted in learners.items():
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
        if any(not np.array_equal(points[0], other) for other in points):
            raise ValueError(
                "the learners' curves have different points; use the same budget, "
                "n_initial and batch_size for all"
            )
        return cls(points[0], scores, score_name).plot(ax=ax)

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
        for name, scores in self.scores.items():
            scores = np.atleast_2d(scores)  # (n_seeds, n_points)
            mean, _, half_width = student_interval(scores, confidence)
            (line,) = axes.plot(self.n_pairs, mean, label=name)
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
        axes.set(xlabel="answers bought", ylabel=self.score_name)
        axes.legend()
        return self


def new_axes() -> "Axes":
    """Return axes on a new figure that pyplot does not know of.

    Returns
    -------
    matplotlib Axes
        Nothing pops up, and nothing needs to be closed.
    """
    figure = _import("matplotlib.figure").Figure(layout="constrained")
    return figure.subplots()


def _new_in_pyplot() -> "Axes":
    return _import("matplotlib.pyplot").subplots(layout="constrained")[1]


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib; install it with `pip install skmal[plot]`"
        ) from error
