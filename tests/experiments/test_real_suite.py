"""The suite of real pairs: pools from files, runs of several batches, its tables."""

import csv
import warnings

import numpy as np
import pytest
from helpers import load_benchmark

from skmal.annotation import Cost
from skmal.experiments import (
    STRATEGIES,
    SUITES,
    Case,
    read_runs,
    run_suite,
    savings_rows,
    write_table,
)
from skmal.experiments import _suite as suite
from skmal.experiments._real_pools import real_pool
from skmal.experiments._runs import RUNS_HEADER
from skmal.experiments._seconds import in_seconds
from skmal.experiments._tables import curves_of_runs, savings_table

N = 600  # 400 of them are held out


def write_pool(folder, name, n=N, seed=0):
    """Write two views of one latent variable, as the script of real pairs would."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 4))
    x, y = (
        (latent @ rng.normal(size=(4, d)) + 0.3 * rng.normal(size=(n, d)))
        for d in (8, 6)
    )
    x, y = x.astype(np.float16), y.astype(np.float16)
    np.savez_compressed(folder / f"{name}.npz", x=x, y=y)
    return x, y


def test_a_pool_holds_each_pair_once(tmp_path):
    x, y = write_pool(tmp_path, "openmoji")
    pool = real_pool(tmp_path, "openmoji", 0)
    assert (len(pool.X), len(pool.X_test)) == (200, 400)
    assert pool.X.dtype == np.float32
    held = np.concatenate([pool.X, pool.X_test]), np.concatenate([pool.y, pool.y_test])
    pairs = {(*map(float, a), *map(float, b)) for a, b in zip(*held, strict=True)}
    assert pairs == {
        (*map(float, a), *map(float, b)) for a, b in zip(x, y, strict=True)
    }
    assert set(pool.X[:, 0]) != set(real_pool(tmp_path, "openmoji", 1).X[:, 0])
    write_pool(tmp_path, "clipart", n=2500)
    assert len(real_pool(tmp_path, "clipart", 0).X_test) == 500
    write_pool(tmp_path, "iconify", n=6000)
    assert len(real_pool(tmp_path, "iconify", 0).X_test) == 1000


def test_a_broken_pool_is_refused(tmp_path):
    np.savez(tmp_path / "glyphs.npz", x=np.ones((500, 2)))
    with pytest.raises(ValueError, match=r"glyphs\.npz has no array y"):
        real_pool(tmp_path, "glyphs", 0)
    np.savez(tmp_path / "glyphs.npz", x=np.ones((500, 2)), y=np.ones((400, 2)))
    with pytest.raises(ValueError, match="at least 450 pairs, got 500 and 400"):
        real_pool(tmp_path, "glyphs", 0)


def test_missing_pools_are_named_and_the_others_run(tmp_path):
    with pytest.raises(ValueError, match=r"none of openmoji\.npz, .*real_pairs\.py"):
        run_suite(tmp_path / "out", suite="real", path=tmp_path)
    assert not (tmp_path / "out").exists()
    write_pool(tmp_path, "glyphs")
    options = {"strategies": ["random"], "n_seeds": 1, "n_jobs": 1, "batch": 0.2}
    with pytest.warns(UserWarning, match=r"openmoji\.npz, clipart\.npz, iconify\.npz"):
        run_suite(tmp_path / "out", suite="real", path=tmp_path, **options)
    assert {row["pool"] for row in read_runs(tmp_path / "out")} == {"glyphs"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"suite": "unreal"}, "unknown suite 'unreal'; choose from default, real"),
        ({"suite": "real"}, "needs a path, the folder of its files"),
        ({"path": "."}, "path='.' does not go with the suite 'default'"),
        ({"suite": "real", "path": ".", "encoder": "clip"}, "learns from images"),
        ({"suite": "real", "path": ".", "pools": ["scenes"]}, "unknown pool 'scenes'"),
        ({"batch": 2}, "batch must be a share of the pool, a float above 0 .* got 2"),
    ],
)
def test_bad_parameters(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run_suite(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_shares_are_the_suites_unless_they_are_given():
    def plan(pool, n, **own):
        case = Case(pool, "kernel-cca", "random", 0, STRATEGIES["random"], **own)
        plan = case.plan(n)
        return plan.n_initial, plan.batch_size, plan.budget

    assert plan("glyphs", 4000, suite="real") == (100, 100, 2400)
    assert plan("glyphs", 4000, suite="real", batch=0.01) == (100, 40, 2400)
    assert plan("iconify", 20000, suite="real") == (100, 100, 1000)
    assert plan("glyphs", 4000) == (100, 200, 2400)
    assert plan("glyphs", 4000, budget=0.1) == (100, 200, 400)


def buy(folder, encoder, batch, strategies=("margin",)):
    """Run a small part of the suite in the folder of its pool."""
    return run_suite(
        folder,
        suite="real",
        path=folder,
        pools=["openmoji"],
        strategies=strategies,
        encoder=encoder,
        n_seeds=1,
        batch=batch,
        n_jobs=1,
    )


def test_runs_of_another_batch_are_other_runs(tmp_path, monkeypatch):
    write_pool(tmp_path, "openmoji")
    for batch in (0.2, 0.4):
        buy(tmp_path, "ridge-cca", batch)
    runs = read_runs(tmp_path)
    assert [row["batch"] for row in runs] == [0.2, 0.4, 0.2, 0.4]
    assert [row["n_pairs"] for row in runs[:2]] == ["10 50 90 130", "10 90 170"]
    monkeypatch.setattr(suite, "run_case", None)  # nothing is run again
    for batch in (0.2, 0.4):
        buy(tmp_path, "ridge-cca", batch)


def test_random_with_the_linear_encoder_runs_beside_another(tmp_path):
    write_pool(tmp_path, "openmoji")
    buy(tmp_path, "kernel-cca", 0.2)
    runs = {(row["encoder"], row["strategy"]) for row in read_runs(tmp_path)}
    assert runs == {
        *(("kernel-cca", "random"), ("kernel-cca", "margin")),
        ("ridge-cca", "random"),
    }


SCALES = {  # pairs that a run needs, as a share of what the linear one needs at random
    ("ridge-cca", "random"): 1,
    ("ridge-cca", "v-optimal"): 0.8,
    ("kernel-cca", "random"): 0.7,
    ("kernel-cca", "v-optimal"): 0.5,
}


def test_a_run_on_real_pairs_needs_a_path():
    case = Case("glyphs", "ridge-cca", "random", 0, STRATEGIES["random"], suite="real")
    with pytest.raises(ValueError, match="needs a path"):
        suite.run_case(case)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a folder of made-up runs: two encoders, two batches, two seeds."""
    folder = tmp_path_factory.mktemp("out")
    runs = [
        made_up(pool, encoder, name, seed, batch, scale)
        for pool in SUITES["real"].pools
        for (encoder, name), scale in SCALES.items()
        for seed in (0, 1)
        for batch in ([0.005] if pool == "iconify" else [0.025, 0.05])
        if (batch, encoder) != (0.05, "kernel-cca")
    ]
    write_table(folder / "runs.csv", RUNS_HEADER, runs)
    return folder


def made_up(pool, encoder, strategy, seed, batch, scale):
    """Return a run whose score is that of 1 / scale times as many pairs at random."""
    start, end = (0.005, 0.05) if pool == "iconify" else (0.025, 0.6)
    n_pairs = np.arange(start, end + batch, batch) * 4000
    return {
        "pool": pool,
        "encoder": encoder,
        "strategy": strategy,
        "batch": batch,
        "seed": seed,
        "metric": "mrr",
        "n_pool": 4000,
        "n_pairs": " ".join(f"{n:.0f}" for n in n_pairs),
        "scores": " ".join(f"{n / scale / 4000:.6f}" for n in n_pairs),
        "seconds_per_query": "0.1000",
        "n_metrics": 1,
        "fingerprint": "unknown",
    }


def test_savings_are_told_against_both_references(results):
    rows = {
        (r["pool"], r["encoder"], r["strategy"], r["batch"], r["against"]): float(
            r["mean"]
        )
        for r in savings_rows(read_runs(results), "real")
        if r["budgets"] in ("1-5 %", "10-30 %")
    }
    today = "ridge-cca/random"
    for pool in [*SUITES["real"].pools, "average"]:
        batch = 0.005 if pool == "iconify" else 0.025
        saved = {case[1:]: mean for case, mean in rows.items() if case[0] == pool}
        if pool == "iconify":
            assert set(saved) == {
                ("ridge-cca", "v-optimal", batch, "random"),
                ("kernel-cca", "v-optimal", batch, "random"),
                ("kernel-cca", "v-optimal", batch, today),
                ("kernel-cca", "random", batch, today),
            }
        else:
            of_linear = saved["ridge-cca", "v-optimal", batch, "random"]
            of_kernel = saved["kernel-cca", "v-optimal", batch, "random"]
            assert of_linear == pytest.approx(0.2, abs=1e-3)
            assert of_kernel == pytest.approx(1 - 0.5 / 0.7, abs=1e-3)
            assert saved["kernel-cca", "v-optimal", batch, today] == pytest.approx(
                0.5, abs=1e-3
            )
            assert saved["kernel-cca", "random", batch, today] == pytest.approx(
                0.3, abs=1e-3
            )
            assert ("ridge-cca", "v-optimal", 0.05, "random") in saved
            assert ("kernel-cca", "v-optimal", 0.05, today) not in saved


def test_savings_are_told_where_the_runs_begin_and_end(results):
    bands = {}
    for row in savings_rows(read_runs(results), "real"):
        bands.setdefault(row["pool"], set()).add(row["budgets"])
    assert bands.pop("iconify") == {"1-5 %"}
    assert all(told == {"5-10 %", "10-30 %", "30-60 %"} for told in bands.values())


def test_files_without_a_batch_have_it_from_the_curve(results, tmp_path):
    runs = [row for row in read_runs(results) if row["batch"] != 0.05]
    new = ("batch", "n_metrics", "fingerprint")
    old_header = [name for name in RUNS_HEADER if name not in new]
    old = [{name: row[name] for name in old_header} for row in runs]
    write_table(tmp_path / "runs.csv", old_header, old)
    assert read_runs(tmp_path) == runs


def test_the_page_shows_real_pools_first(results, tmp_path, monkeypatch):
    evidence = load_benchmark("evidence")
    for name in ("clip_loop", "query_cost.csv"):
        (tmp_path / name).symlink_to(evidence.RESULTS / name)
    few = [run for run in read_runs(evidence.RESULTS / "default") if run["seed"] < 2]
    (tmp_path / "default").mkdir()
    write_table(tmp_path / "default" / "runs.csv", RUNS_HEADER, few)
    without_real = evidence.page(tmp_path)
    (tmp_path / "real").symlink_to(results)
    page = evidence.page(tmp_path)
    real, simple = page.index("## Real pairs"), page.index("## Glyphs and made-up")
    assert real < page.index("### Against random questions with RidgeCCA") < simple
    assert without_real.endswith(page[simple:])
    part = page[real:simple]
    for start in (
        "| `openmoji` | colour emoji, their names and tags | 4,000 |",
        "| RidgeCCA | `VOptimalDesign()`, the default | 2.5 % | 2 |",
        "| RidgeCCA | `VOptimalDesign()`, the default | 5 % | 2 |",
        "| KernelCCA | `RandomSampling()` | 2.5 % | 2 |",
        "| `clipart` | 500 | 2 | 0.179 | 0.125 |",
    ):
        assert start in part
    monkeypatch.setattr(evidence, "DEFAULT_ENCODER", "kernel-cca")
    real = evidence.readme_table(tmp_path)
    assert real.startswith("| real pool | same encoder, early | same encoder, later |")
    assert "| `iconify` | +29 ± 0 |  | +50 ± 0 |  |" in real


def test_runs_of_another_kind_in_the_folder_are_refused(tmp_path):
    out = tmp_path / "out"
    for name in ("glyphs", "openmoji"):
        write_pool(tmp_path, name)
    options = {"strategies": ["random"], "n_seeds": 1, "n_jobs": 1}

    def run(suite="real", pools=("glyphs",), path=tmp_path, **more):
        path = {} if path is None else {"path": path}
        given = {"suite": suite, "pools": list(pools), "encoder": "ridge-cca"}
        return run_suite(out, **given, **options, **path, **more)

    run(batch=0.2, budget=0.3)
    stored = read_runs(out)
    other = tmp_path / "other"
    other.mkdir()
    rows = np.random.default_rng(1).normal(size=(700, 4))
    np.savez(other / "glyphs.npz", x=rows, y=rows)
    with pytest.raises(ValueError, match="runs of 200 pairs of 'glyphs', and the file"):
        run(batch=0.2, budget=0.3, path=other)
    np.savez(other / "glyphs.npz", x=rows[:N], y=rows[:N])  # as many
    with pytest.raises(ValueError, match="with other pairs than those of the file in"):
        run(batch=0.2, budget=0.3, path=other)
    run(pools=["openmoji"], batch=0.2, budget=0.3)
    with pytest.raises(ValueError, match="runs of another suite, of the pool 'openmoj"):
        run("default", ["scenes"], path=None)
    run(batch=0.2, budget=0.3)  # the same again
    assert [row for row in read_runs(out) if row["pool"] == "glyphs"] == stored


def test_a_budget_that_buys_nothing_is_refused(tmp_path):
    write_pool(tmp_path, "glyphs")
    given = {"suite": "real", "path": tmp_path, "pools": ["glyphs"], "n_jobs": 1}
    with pytest.raises(
        ValueError, match="budget=0.01 of 200 pairs is no more than the"
    ):
        run_suite(tmp_path, strategies=["random"], n_seeds=1, budget=0.01, **given)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": np.full((600, 2), np.nan), "y": np.ones((600, 2))},
            "row 0 of x of .* not",
        ),
        (
            {"x": np.ones((600, 2)), "y": np.ones(600)},
            "y of .* must be rows of numbers",
        ),
        ({"x": np.ones((600, 2))}, "has no array y"),
        (
            {"x": np.array(["a"] * 600)[:, None], "y": np.ones((600, 2))},
            "x of .* rows of",
        ),
        (
            {"x": np.full((600, 2), 1e30), "y": np.ones((600, 2))},
            "x of .*glyphs.npz holds values up to 1e.30, whose squares overflow",
        ),
    ],
)
def test_faults_of_files_are_told_before_any_run(tmp_path, arrays, message):
    write_pool(tmp_path, "openmoji")
    np.savez(tmp_path / "glyphs.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        run_suite(tmp_path / "out", suite="real", path=tmp_path, n_seeds=1)
    assert not (tmp_path / "out").exists()
    content = (tmp_path / "openmoji.npz").read_bytes()
    (tmp_path / "glyphs.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="glyphs.npz is damaged or no npz file"):
        run_suite(tmp_path / "out", suite="real", path=tmp_path, n_seeds=1)


def test_the_command_runs_it(tmp_path, capsys):
    from skmal.cli._main import main

    write_pool(tmp_path, "openmoji")
    command = (
        f"compare --suite real --path {tmp_path} --pools openmoji --strategies margin "
        f"--seeds 1 --batch-size 0.2 --jobs 1 --quiet --out {tmp_path}"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(command.split()) == 0
    assert "against random, batches of 20 %" in capsys.readouterr().out


def test_seconds_are_those_of_the_encoder_asked_for(tmp_path):
    """Random questions with ridge-cca are in the folder, too, and in no second."""
    write_pool(tmp_path, "openmoji")
    out, cost = tmp_path / "out", Cost(verify=None, pick=4.0, search=12.0)
    given = {"suite": "real", "path": tmp_path, "pools": ["openmoji"], "batch": 0.1}
    given |= {"strategies": ["k-center"], "n_seeds": 2, "budget": 0.4, "n_jobs": 1}
    run_suite(out, encoder="kernel-cca", cost=cost, **given)
    rows = read_runs(out)
    assert {row["encoder"] for row in rows} == {"kernel-cca", "ridge-cca"}
    own = [row for row in rows if row["encoder"] == "kernel-cca"]
    curves = in_seconds(curves_of_runs(own, ["random", "k-center"]), cost)
    expected = [str(row["mean"]) for row in savings_table(curves)]
    with open(out / "seconds.csv", encoding="utf-8", newline="") as file:
        assert [row["mean"] for row in csv.DictReader(file)] == expected
