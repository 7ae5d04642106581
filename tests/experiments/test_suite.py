"""The default suite: its pools, runs that are not repeated, and its tables."""

import csv
import shutil

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin

from skmal.experiments import (
    DEFAULT,
    PAPER,
    POOLS,
    REFERENCE,
    STRATEGIES,
    aulc_rows,
    load_pool,
    main_metric,
    read_runs,
    run_suite,
    savings_rows,
)
from skmal.experiments import _suite as suite
from skmal.experiments import _suite_pools as suite_pools
from skmal.experiments._pairwise import pairwise_table, ranks_of
from skmal.experiments._results import write_suite_pairs
from skmal.experiments._suite_tables import INTERVAL_HEADER
from skmal.experiments._tables import curves_of_runs
from skmal.metrics import annotation_savings, area_under_learning_curve


@pytest.mark.parametrize("name", ["serif", "glyphs-shift"])
def test_pools_of_glyphs_hold_each_pair_once(name):
    pool = load_pool(name, 0, features=False)
    known = pool.known[1]
    names = np.concatenate([pool.y, pool.y_test, known])
    assert len(names) == len(set(names)) == {"serif": 3172, "glyphs-shift": 5299}[name]
    assert len(pool.X_test) == len(pool.y_test) == 600
    assert len(pool.known[0]) == len(known)
    assert any("greek" in n for n in known) == (name == "glyphs-shift")
    other = load_pool(name, 1, features=False)
    assert set(other.y_test) != set(pool.y_test)
    features = load_pool(name, 0)
    assert features.X.shape == (len(pool.X), 192)
    assert features.X.dtype == np.float32


def test_a_tenth_of_the_images_or_of_the_answers_is_wrong():
    clean, noisy, wrong = (
        load_pool(f"serif{flaw}", 0, features=False)
        for flaw in ("", "-outliers", "-wrong")
    )
    changed = (noisy.X != clean.X).any(axis=(1, 2))
    assert changed.mean() == pytest.approx(0.1, abs=1e-3)
    np.testing.assert_array_equal(noisy.y, clean.y)
    np.testing.assert_array_equal(noisy.X_test, clean.X_test)
    changed = wrong.y != clean.y
    assert changed.mean() == pytest.approx(0.1, abs=1e-3)
    assert sorted(wrong.y) == sorted(clean.y)
    np.testing.assert_array_equal(wrong.y_test, clean.y_test)


class Identity(TransformerMixin, BaseEstimator):
    """Rows are features already."""

    def transform(self, X, y):
        return X, y


@pytest.fixture(scope="module")
def small():
    """Make the pools small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suite_pools, "N_QUADRUPLES", 90)
        patch.setattr(suite_pools, "N_TEST_QUADRUPLES", 30)
        load_pool.cache_clear()
        yield
    load_pool.cache_clear()


def test_pools_of_scenes_test_on_clean_quadruples(small):
    for name in ("scenes", "scenes-outliers", "scenes-duplicates"):
        pool = load_pool(name, 3, features=False)
        assert (len(pool.X), len(pool.X_test)) == (120, 60)
        pairs = pool.y_test.reshape(-1, 2)
        assert (pairs[:, 0] != pairs[:, 1]).all()
        coarse = (pool.X_test[:, :4, :4] == pool.X_test[:, :1, :1]).all(axis=(1, 2, 3))
        assert not coarse.any()  # noise comes in blocks
    scores = load_pool("scenes", 3).scoring(Identity(), np.eye(4), np.eye(4))
    assert scores == {"group": 1.0, "mrr": 1.0}


SMALL = {"pools": ["scenes"], "n_seeds": 2, "n_jobs": 1}


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    """Return a folder with two seeds of two strategies."""
    folder = tmp_path_factory.mktemp("finished")
    run_suite(folder, strategies=["coreset-margin"], **SMALL)
    return folder


@pytest.fixture
def results(finished, tmp_path):
    """Return a copy of that folder, to go on in."""
    return shutil.copytree(finished, tmp_path / "results")


def test_a_finished_run_is_not_run_again(results, monkeypatch):
    table = (results / "runs.csv").read_text()
    runs = read_runs(results)
    assert len(runs) == 2 * 2 * 2  # strategies, seeds, metrics
    done = []
    run = suite.run_case

    def counted(case):
        done.append(case.key)
        return run(case)

    monkeypatch.setattr(suite, "run_case", counted)
    run_suite(results, strategies=["coreset-margin"], **SMALL)
    assert done == []
    assert (results / "runs.csv").read_text() == table
    lines = table.splitlines()
    last = lines[-1].split(",")
    (results / "runs.csv").write_text("\n".join([*lines[:-1], ",".join(last)[:-30]]))
    run_suite(results, strategies=["coreset-margin"], **SMALL)
    assert done == [("scenes", "kernel-cca", "coreset-margin", 0.05, 1)]
    again = read_runs(results)
    assert [r["scores"] for r in again] == [r["scores"] for r in runs]
    run_suite(results, strategies=["k-center"], **SMALL)
    assert [(key[2], key[4]) for key in done[1:]] == [("k-center", 0), ("k-center", 1)]
    assert (results / "savings.csv").read_text().count("k-center") == 4


def test_tables_are_those_of_the_curves(results):
    runs = read_runs(results)
    savings, aulc = savings_rows(runs), aulc_rows(runs)
    assert len(savings) == 2 * 2  # metrics, ranges of budgets
    curves = {
        (r["strategy"], r["seed"]): np.array(r["scores"].split(), float)
        for r in runs
        if r["metric"] == "group"
    }
    points = np.array(runs[0]["n_pairs"].split(), int)
    for row, (low, high) in zip(savings, [(12, 36), (36, 72)], strict=False):
        expected = annotation_savings(
            points,
            [curves["coreset-margin", seed] for seed in (0, 1)],
            [curves["random", seed] for seed in (0, 1)],
            budgets=points[(points >= low) & (points <= high)],
        )
        assert (row["metric"], row["against"]) == ("group", "random")
        numbers = [float(row[name]) for name in INTERVAL_HEADER]
        np.testing.assert_allclose(numbers, expected[:5], atol=1e-4)
        assert (row["n_censored"], row["n_levels"]) == expected[5:]
    (row,) = (
        r for r in aulc if (r["strategy"], r["metric"]) == ("coreset-margin", "group")
    )
    areas = [
        [area_under_learning_curve(points, curves[name, seed]) for seed in (0, 1)]
        for name in ("coreset-margin", "random")
    ]
    assert float(row["aulc"]) == pytest.approx(np.mean(areas[0]), abs=1e-4)
    assert float(row["gain_mean"]) == pytest.approx(
        np.mean(areas[0]) - np.mean(areas[1]), abs=1e-4
    )
    assert float(row["seconds_per_query"]) > 0


def made_up(pool, strategy, seed, scale):
    """Return a run that reaches any score with `scale` times random's pairs."""
    n_pairs = np.arange(10, 61, 5)
    return {
        "pool": pool,
        "encoder": "ridge-cca",
        "strategy": strategy,
        "batch": 0.05,
        "seed": seed,
        "metric": main_metric(pool),
        "n_pool": 100,
        "n_pairs": " ".join(map(str, n_pairs)),
        "scores": " ".join(f"{n / scale / 100:.6f}" for n in n_pairs),
        "seconds_per_query": "0.1000",
    }


CASES = [("random", 1), ("v-optimal", 0.5)]


def test_savings_are_told_only_for_budgets_that_were_reached():
    runs = [made_up("serif", name, 0, scale) for name, scale in CASES]
    assert {r["budgets"] for r in savings_rows(runs)} == {"10-30 %", "30-60 %"}
    for run in runs:
        for column in ("n_pairs", "scores"):
            run[column] = " ".join(run[column].split()[:5])  # 10 to 30
    assert {r["budgets"] for r in savings_rows(runs)} == {"10-30 %"}


def test_runs_with_other_budgets_are_compared_at_common_points(tmp_path):
    runs = [made_up("serif", name, s, 1 + s / 9) for name, _ in CASES for s in range(5)]
    for run in runs:
        if run["strategy"] == "v-optimal":  # the same curves, cut
            for column in ("n_pairs", "scores"):
                run[column] = " ".join(run[column].split()[: 4 + (run["seed"] > 0)])
    write_suite_pairs(tmp_path, runs)
    (row,) = csv.DictReader((tmp_path / "pairwise.csv").read_text().splitlines())
    assert (float(row["difference"]), row["better"]) == (0, "")
    assert {r["gain_mean"] for r in aulc_rows(runs)} == {"0.0000"}
    curves = curves_of_runs([run for run in runs if run["seed"]])
    (row,) = pairwise_table(curves)
    assert row["difference"] == pytest.approx(0)
    assert ranks_of(curves).ranks == pytest.approx([1.5, 1.5])


def test_the_average_is_over_pools_seed_by_seed():
    runs = [
        made_up(pool, strategy, seed, scale)
        for number, pool in enumerate(POOLS)
        for seed in (0, 1, 2)
        for strategy, scale in [
            ("random", 1),
            ("v-optimal", 0.5 + 0.01 * seed + 0.02 * (number % 2)),
            ("coreset-margin", 0.8),
        ]
        if (pool, seed) != ("serif", 2)
    ]
    rows = [r for r in savings_rows(runs) if r["pool"] == "average"]
    late = [r for r in rows if r["budgets"] == "30-60 %"]
    by_case = {(r["strategy"], r["against"]): float(r["mean"]) for r in late}
    odd = len(POOLS) // 2 / len(POOLS)
    ours = 1 - (0.5 + 0.005 + 0.02 * odd)
    assert by_case["v-optimal", "random"] == pytest.approx(ours, abs=1e-3)
    assert by_case["coreset-margin", "random"] == pytest.approx(0.2, abs=1e-3)
    assert by_case["v-optimal", "coreset-margin"] == pytest.approx(ours - 0.2, abs=1e-3)
    assert {r["n_seeds"] for r in rows} == {2}
    missing = [run for run in runs if run["pool"] != "serif"]
    assert not [r for r in savings_rows(missing) if r["pool"] == "average"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pools": ["coco"]}, "unknown pool 'coco'; choose from glyphs"),
        ({"strategies": ["best"]}, "unknown strategy 'best'; choose from random"),
        ({"encoder": "bert"}, "unknown encoder 'bert'; choose from kernel-cca"),
        ({"n_seeds": 0}, "n_seeds must be an integer of at least 1"),
        ({"pools": "glyphs"}, r"pools must be a list .* write \['glyphs'\]"),
        ({"pools": []}, "pools is empty; choose from glyphs"),
        ({"strategies": "random"}, r"strategies must be a list .* write \['random'\]"),
        ({"budget": 0.0}, "budget must be a share .* above 0 and at most 1, got 0.0"),
        ({"budget": 100}, "budget must be a share of the pool, .* got 100"),
        ({"batch": True}, "batch must be a share of the pool, .* got True"),
        ({"batch": "0.1"}, "batch must be a share of the pool, .* got '0.1'"),
        ({"n_jobs": 0}, "n_jobs must be an integer of at least 1"),
    ],
)
def test_bad_parameters(tmp_path, parameters, message):
    with pytest.raises(ValueError, match=message):
        run_suite(tmp_path / "new", **parameters)
    assert not (tmp_path / "new").exists()


def test_the_suite_names_the_default_and_the_paper():
    assert {REFERENCE, DEFAULT, PAPER} <= set(STRATEGIES)
