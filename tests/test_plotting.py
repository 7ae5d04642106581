"""Annotation curves as pictures."""

import sys

import numpy as np
import pytest
from helpers import make_pairs

from skmal import KCenterGreedy, PairedActiveLearner, RandomSampling, RidgeCCA
from skmal.metrics import retrieval_scores
from skmal.plotting import AnnotationCurveDisplay, new_axes

pytest.importorskip("matplotlib")


def fitted(strategy, seed, budget=40, **fit_parameters):
    """Return a learner with validation scores."""
    learner = PairedActiveLearner(
        RidgeCCA(), strategy, budget=budget, random_state=seed
    )
    return learner.fit(
        *make_pairs(), validation_data=make_pairs(40, seed=1), **fit_parameters
    )


def test_one_line_and_band_per_strategy_from_learners():
    learners = {
        "random": [fitted(RandomSampling(), seed) for seed in range(3)],
        "k-center": [fitted(KCenterGreedy(), seed) for seed in range(3)],
    }
    display = AnnotationCurveDisplay.from_learners(learners, ax=new_axes())
    assert list(display.lines_) == list(display.fill_betweens_) == list(learners)
    x, y = display.lines_["k-center"].get_data()
    np.testing.assert_array_equal(x, [10, 18, 26, 34, 40])
    scores = [learner.validation_scores_ for learner in learners["k-center"]]
    np.testing.assert_allclose(y, np.mean(scores, axis=0))
    assert display.ax_.get_ylabel() == "mean reciprocal rank"
    assert display.figure_ is display.ax_.figure
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == list(
        learners
    )


def test_a_single_seed_has_no_band():
    display = AnnotationCurveDisplay([1, 2], {"one": [[0.1, 0.2]]}).plot(new_axes())
    assert display.fill_betweens_ == {}


def test_band_is_the_interval_of_the_mean():
    scores = np.array([[0.1, 0.2], [0.3, 0.2]])
    display = AnnotationCurveDisplay([1, 2], {"two": scores}).plot(new_axes())
    (path,) = display.fill_betweens_["two"].get_paths()
    half_width = 12.706 * 0.1  # Student t with one degree of freedom, times the sem
    assert path.vertices[:, 1].max() == pytest.approx(0.2 + half_width, rel=1e-3)


def test_learners_that_cannot_be_drawn_together():
    one = fitted(RandomSampling(), 0)
    with pytest.raises(ValueError, match="a learner of 'x' has no validation scores"):
        AnnotationCurveDisplay.from_learners({"x": [PairedActiveLearner()]})
    table = fitted(
        RandomSampling(),
        0,
        scoring=lambda s, X, y: retrieval_scores(*s.transform(X, y)),
    )
    with pytest.raises(ValueError, match="a scoring that returns one number"):
        AnnotationCurveDisplay.from_learners({"x": [table]})
    longer = fitted(RandomSampling(), 0, budget=50)
    with pytest.raises(ValueError, match="curves have different points"):
        AnnotationCurveDisplay.from_learners({"x": [one], "y": [longer]})


def test_missing_matplotlib_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install skmal\[plot\]"):
        new_axes()
