"""Curves and savings as tables."""

import csv

import pytest

from skmal.experiments import (
    compare,
    curves_of,
    savings_table,
    write_results,
    write_suite_report,
)
from skmal.metrics import annotation_savings

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def comparison():
    """Return curves and savings of a small comparison."""
    return compare(["margin", "random"], n_seeds=2, budget=40, batch_size=10, n_jobs=1)


def test_savings_are_those_of_the_curves(comparison):
    curves, savings = comparison
    assert [row["metric"] for row in savings] == [
        "mrr",
        "recall@1",
        "recall@5",
        "recall@10",
    ]
    by_strategy = curves_of(curves, "recall@5")
    n_pairs, scores = by_strategy["margin"]
    expected = annotation_savings(n_pairs, scores, by_strategy["random"][1])
    (row,) = [row for row in savings if row["metric"] == "recall@5"]
    assert (row["data"], row["strategy"]) == ("glyphs", "margin")
    assert tuple(row[field] for field in expected._fields) == expected


def test_results_on_disk(comparison, tmp_path):
    curves, savings = comparison
    files = write_results(tmp_path / "new" / "folder", curves, savings)
    assert [file.name for file in files] == [
        *("curves.csv", "savings.csv", "pairwise.csv", "wins.csv", "curves.png"),
        "report.html",
    ]
    with open(files[0], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["data", "strategy", "seed", "n_pairs", "metric", "score"]
    assert [float(row["score"]) for row in rows] == [row["score"] for row in curves]
    with open(files[1], encoding="utf-8") as file:
        assert file.readline().strip() == (
            "data,strategy,metric,mean,sem,ci_low,ci_high,n_seeds,n_censored"
        )
        assert len(file.readlines()) == len(savings)
    assert files[4].read_bytes().startswith(b"\x89PNG")


def test_curves_with_other_points_are_compared_at_equal_score():
    row = {"data": "glyphs", "seed": 0, "metric": "mrr"}
    curves = [
        row | {"strategy": name, "n_pairs": n, "score": n / scale}
        for name, step, scale in [("random", 10, 400), ("margin", 5, 200)]
        for n in range(10, 101, step)
    ]
    (savings,) = savings_table(curves)
    assert savings["mean"] == pytest.approx(0.5)


def test_a_report_of_runs_without_random_ones(tmp_path):
    told = {"pool": "glyphs", "encoder": "ridge-cca", "batch": 0.1, "metric": "mrr"}
    runs = [
        told | {"strategy": name, "seed": seed, "n_pairs": "10 20", "scores": "0.1 0.2"}
        for name in ("margin", "<best>")
        for seed in (0, 1)
    ]
    report = write_suite_report(tmp_path / "report.html", runs, [])
    page = report.read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert "&lt;best&gt;" in page
    assert "<best>" not in page


def test_runs_without_a_common_budget_are_reported_as_that(tmp_path):
    told = {"pool": "glyphs", "encoder": "ridge-cca", "batch": 0.1, "metric": "mrr"}
    runs = [
        told | {"strategy": name, "seed": 0, "n_pairs": n_pairs, "scores": "0.1 0.2"}
        for name, n_pairs in [("random", "10 20"), ("margin", "30 40")]
    ]
    report = write_suite_report(tmp_path / "report.html", runs, [])
    assert "within the budgets of all of them" in report.read_text(encoding="utf-8")
