"""Curves against the seconds of a person: which question costs what."""

import json
import re

import numpy as np
import pytest
from helpers import make_pairs

from skmal import PairedActiveLearner, RandomSampling, RidgeCCA, SimulatedAnnotator
from skmal.annotation import Cost
from skmal.cli import main
from skmal.experiments import Plan, Pool, _run, compare, curves_of, run, write_results
from skmal.experiments._seconds import FOUND, count_shown, in_seconds

COST = Cost(verify=None, pick=4.0, search=12.0)
X, Y = make_pairs(90)
Y = Y + 2 * Y.std() * np.random.default_rng(0).normal(size=Y.shape)  # not all is found


def mrr(learner, X_test, y_test):
    return {"mrr": learner.score(X_test, y_test)}


def row(strategy, n_pairs, metric, score, seed=0):
    return {
        "data": "d",
        "strategy": strategy,
        "seed": seed,
        "n_pairs": n_pairs,
        "metric": metric,
        "score": score,
    }


def curve(strategy, found, scores):
    """Return the rows of one run that bought ten answers a round."""
    rows = []
    for i, (n, score) in enumerate(zip(found, scores, strict=True)):
        rows.append(row(strategy, 10 * (i + 1), "mrr", score))
        rows.append(row(strategy, 10 * (i + 1), FOUND, n))
    return rows


def ranks_of_partners(learner, query, rows, partners):
    """Return the rank of each partner among all rows, by the encoder that asks."""
    sides = learner.estimator_.transform(*rows)
    units = [own / np.linalg.norm(own, axis=1)[:, None] for own in sides]
    similar = units[query.modality][query.indices] @ units[1 - query.modality].T
    own = similar[np.arange(len(partners)), partners]
    return 1 + (similar > own[:, None] + 1e-9).sum(axis=1)


def test_partners_among_the_first_nine_are_counted():
    """Compare with similarities of the encoder that has asked, all of them."""
    pool, plan = Pool(X[:70], Y[:70], X[70:], Y[70:], mrr), Plan(10, 10, 50)
    with_counts = run(pool, RidgeCCA(), RandomSampling(), 3, plan, count_found=True)
    plain = run(pool, RidgeCCA(), RandomSampling(), 3, plan)
    assert with_counts.n_pairs == plain.n_pairs
    counts = [int(own.pop(FOUND)) for own in with_counts.scores]
    assert with_counts.scores == plain.scores

    expected = [0]

    def watch(query, X_ids, y_ids):
        partners = SimulatedAnnotator()(query, X_ids, y_ids)
        ranks = ranks_of_partners(learner, query, (X[X_ids], Y[y_ids]), partners)
        expected.append(expected[-1] + int((ranks <= 9).sum()))
        return partners

    learner = PairedActiveLearner(
        RidgeCCA(),
        RandomSampling(),
        annotator=watch,
        n_initial=10,
        batch_size=10,
        budget=50,
        random_state=3,
    )
    learner.fit(X[:70], Y[:70])
    assert counts == expected
    assert 0 < counts[-1] < 40


def test_partners_are_counted_where_other_pairs_are_known(monkeypatch):
    pool = Pool(X[:50], Y[:50], X[70:], Y[70:], mrr, known=(X[50:70], Y[50:70]))
    plan, expected = Plan(0, 10, 40), [0]

    def watch(learner, query, pools, ids):
        asked, others = ids[query.modality], ids[1 - query.modality]
        partners = [np.flatnonzero(others == i)[0] for i in asked[query.indices]]
        ranks = ranks_of_partners(learner, query, pools, np.array(partners))
        expected.append(expected[-1] + int((ranks <= 9).sum()))
        return count_shown(learner, query, pools, ids)

    monkeypatch.setattr(_run, "count_shown", watch)
    plain = run(pool, RidgeCCA(), RandomSampling(), 3, plan)
    counted = run(pool, RidgeCCA(), RandomSampling(), 3, plan, count_found=True)
    assert [int(own.pop(FOUND)) for own in counted.scores] == expected
    assert counted.scores == plain.scores
    assert 0 < expected[-1] < 40


def test_points_are_those_that_all_strategies_have():
    # 120 s at the start; then 40 s a round where all are found, 120 where none is.
    found, lost = [0, 10, 20], [0, 0, 0]
    curves = curve("random", lost, [0.1, 0.2, 0.3])
    curves += curve("mine", found, [0.1, 0.3, 0.5])
    told = in_seconds(curves, COST)
    assert {own["metric"] for own in told} == {"mrr"}
    by_strategy = curves_of(told, "mrr")
    points, scores = by_strategy["mine"]
    assert points.tolist() == [120, 160, 200]
    np.testing.assert_allclose(scores, [[0.1, 0.3, 0.5]])
    np.testing.assert_allclose(
        by_strategy["random"][1], [[0.1, 0.1 + 0.1 / 3, 0.1 + 0.2 / 3]]
    )


@pytest.mark.usefixtures("no_pictures")
def test_a_comparison_goes_on_by_another_cost_without_running_again(tmp_path):
    from skmal.plotting import AnnotationCurveDisplay, new_axes

    given = {"data": (X, Y), "encoder": RidgeCCA(), "n_seeds": 2, "n_jobs": 1}
    given |= {"budget": 40, "batch_size": 10, "out": tmp_path}
    curves, savings = compare(["k-center"], cost=COST, **given)
    assert {own["metric"] for own in savings} >= {"mrr"}
    runs = (tmp_path / "runs.csv").read_text()
    twice, _ = compare(["k-center"], cost=Cost(None, 8.0, 24.0), **given)
    assert (tmp_path / "runs.csv").read_text() == runs
    for once, again in zip(curves, twice, strict=True):
        assert abs(again["seconds"] - 2 * once["seconds"]) <= 1  # rounded
        assert again["score"] == pytest.approx(once["score"], abs=2e-3)
    write_results(tmp_path, curves, savings)
    told = json.loads((tmp_path / "settings.json").read_bytes())
    assert told["cost"] == {"pick": 8.0, "search": 24.0}
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Seconds saved against random</h2>" in report
    assert "reaches with b seconds" in report
    assert "<h2>Cost</h2>" in report
    assert "nswers" not in report
    header = (tmp_path / "curves.csv").read_text().splitlines()[0]
    assert header == "data,strategy,seed,seconds,metric,score"
    display = AnnotationCurveDisplay.from_csv(tmp_path / "curves.csv", ax=new_axes())
    assert display.ax_.get_xlabel() == "seconds of a person"
    assert display.n_pairs == sorted({own["seconds"] for own in curves})
    with pytest.raises(ValueError, match="holds a comparison with"):
        compare(["k-center"], **given | {"budget": 50}, cost=COST)
    with pytest.raises(ValueError, match=r"seconds \(cost\) True, now None"):
        compare(["k-center"], **given)


def test_costs_that_cannot_be_counted():
    given = {"data": (X, Y), "encoder": RidgeCCA(), "n_jobs": 1}
    with pytest.raises(ValueError, match=r"cost.search must be .*, got None"):
        compare(["margin"], cost=Cost(None, 4.0, None), **given)
    for cost in ({"pick": 4.0, "search": 12.0}, (4.0, 12.0), 12.0, {}):
        told = re.escape("cost must be a skmal.annotation.Cost, with the seconds to")
        got = re.escape(f"got {cost!r}; pass Cost(verify=None, pick=4.0, search=12.0)")
        with pytest.raises(ValueError, match=f"{told}.*{got}"):
            compare(["margin"], cost=cost, **given)
    with pytest.raises(
        ValueError, match=r"cost.search must be .* 1000000.0., got 1e\+300"
    ):
        compare(["margin"], cost=Cost(None, 4.0, 1e300), **given)
    with pytest.raises(ValueError, match="the 10 answers .* less than 10 seconds"):
        compare(["margin"], cost=Cost(None, 0.9, 12.0), budget=20, **given)
    groups = np.repeat(np.arange(45), 2)
    with pytest.raises(ValueError, match="items of features.* have several partners"):
        compare(
            ["margin"], cost=COST, groups=groups, **given | {"data": (X[groups], Y)}
        )


@pytest.mark.usefixtures("no_pictures")
def test_the_command_says_that_seconds_are_saved(tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    files = [str(tmp_path / name) for name in ("x.npy", "y.npy")]
    options = ["--strategies", "margin", "--cost", "4", "12", "--seeds", "1"]
    options += ["--encoder", "ridge-cca", "--budget", "30", "--batch-size", "10"]
    options += ["--jobs", "1", "--quiet", "--out", str(tmp_path / "out")]
    main(["compare", "--features", *files, *options])
    assert "Seconds of a person saved against random" in capsys.readouterr().out
