"""Annotation curves as pictures."""

import sys

import numpy as np
import pytest
from helpers import make_pairs

from skmal import KCenterGreedy, PairedActiveLearner, RandomSampling, RidgeCCA
from skmal.metrics import retrieval_scores
from skmal.plotting import AnnotationCurveDisplay, new_axes, plot_curve_grid

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


def test_many_curves_differ_and_leave_room_for_their_names():
    points = np.arange(5)
    scores = {f"strategy-{i:02d}-of-a-long-name": [points + i] for i in range(23)}
    display = AnnotationCurveDisplay(points, scores).plot()
    looks = {
        (line.get_color(), line.get_linestyle()) for line in display.lines_.values()
    }
    assert len(looks) == 23
    display.figure_.draw_without_rendering()
    axes, legend = display.ax_, display.ax_.get_legend()
    assert legend.get_window_extent().x0 >= axes.get_window_extent().x1
    few = AnnotationCurveDisplay(points, dict(list(scores.items())[:3])).plot()
    few.figure_.draw_without_rendering()
    extent = few.ax_.get_legend().get_window_extent()
    assert extent.x1 <= few.ax_.get_window_extent().x1


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


def test_a_learner_may_stand_alone_and_a_list_is_explained():
    learner = fitted(RandomSampling(), 0)
    display = AnnotationCurveDisplay.from_learners({"one": learner}, ax=new_axes())
    np.testing.assert_array_equal(
        display.lines_["one"].get_ydata(), learner.validation_scores_
    )
    with pytest.raises(TypeError, match="a dict of learners by their names, .* list"):
        AnnotationCurveDisplay.from_learners([learner])
    with pytest.raises(ValueError, match="learners holds none"):
        AnnotationCurveDisplay.from_learners({})


CURVES = [
    f"{data},{name},{seed},{n},{metric},{n / 100 + seed + (name == 'b')}"
    for data in ("p", "q")
    for name in ("random", "b")
    for seed in (0, 1)
    for n in (10, 20)
    for metric in (("mrr", "r1") if data == "p" else ("mrr",))
]


@pytest.fixture
def table(tmp_path):
    """Return a table of curves of two data sets."""
    file = tmp_path / "curves.csv"
    lines = ["data,strategy,seed,n_pairs,metric,score", *CURVES]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_curves_come_back_from_their_file(table):
    display = AnnotationCurveDisplay.from_csv(table, data="p", ax=new_axes())
    assert list(display.lines_) == ["random", "b"]
    np.testing.assert_allclose(display.lines_["b"].get_ydata(), [1.6, 1.7])
    assert display.ax_.get_ylabel() == "mrr"
    (table.parent / "settings.json").write_text('{"chance": {"mrr": 0.25}}')
    display = AnnotationCurveDisplay.from_csv(table, data="p", ax=new_axes())
    legend = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert legend == ["random", "b", "chance"]
    for more, message in [
        ({}, "holds several data sets; name one as data, out of p, q"),
        ({"data": "r"}, "has no data 'r'; it has p, q"),
        ({"data": "q", "metric": "r1"}, "no metric 'r1' of 'q'; it has mrr"),
    ]:
        with pytest.raises(ValueError, match=message):
            AnnotationCurveDisplay.from_csv(table, **more)


def test_runs_come_back_as_well_and_other_files_are_explained(tmp_path):
    file = tmp_path / "runs.csv"
    head = "pool,encoder,strategy,batch,seed,metric,n_pool,n_pairs,scores"
    file.write_text(f"{head}\np,ridge-cca,random,0.1,0,mrr,90,10 20,0.1 0.3\n")
    display = AnnotationCurveDisplay.from_csv(file, ax=new_axes())
    np.testing.assert_allclose(display.lines_["random"].get_ydata(), [0.1, 0.3])
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no curves.csv or runs.csv .* a, b"):
        AnnotationCurveDisplay.from_csv(file)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("data,strategy,seed,n_pairs,metric,score", "p,random,0,{},mrr,{}"),
        ("pool,strategy,seed,n_pairs,metric,scores", "p,random,0,{},mrr,{}"),
    ],
)
@pytest.mark.parametrize("numbers", [("x", "0.1"), ("10", "nan"), ("10", "0.1 0.2")])
def test_a_line_that_was_edited_is_refused_by_its_place(
    tmp_path, header, line, numbers
):
    file = tmp_path / "edited.csv"
    good = line.format(5, 0.1)
    file.write_text("\n".join([header, good, "", line.format(*numbers), ""]))
    with pytest.raises(ValueError, match=r"^line 4 of .*edited.csv holds the seed '0'"):
        AnnotationCurveDisplay.from_csv(file, ax=new_axes())

    file.write_text("\n".join([header, good, good[:-6]]))  # half-written
    display = AnnotationCurveDisplay.from_csv(file, ax=new_axes())
    assert display.lines_["random"].get_xydata().tolist() == [[5, 0.1]]


def test_columns_that_lack_one_are_refused(tmp_path):
    file = tmp_path / "runs.csv"
    file.write_text("strategy,seed,n_pairs,metric,scores\nrandom,0,5,mrr,0.1\n")
    with pytest.raises(ValueError, match=r"is no curves.csv .* metric, n_pairs, scor"):
        AnnotationCurveDisplay.from_csv(file)


def test_metrics_and_pools_stand_side_by_side(table):
    figure = plot_curve_grid(table)
    drawn = [ax.get_title() for ax in figure.axes if ax.axison]
    assert drawn == ["p", "q", "p"]
    assert len(plot_curve_grid(table, metrics=["mrr"], data=["q"]).axes) == 1
    with pytest.raises(ValueError, match="holds none of these; it holds mrr of p"):
        plot_curve_grid(table, metrics=["x"])
