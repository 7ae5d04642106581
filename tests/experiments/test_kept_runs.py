"""Runs in a folder are kept, gone on with, and never mixed."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from PIL import Image

import skmal.experiments._fingerprints as fingerprints
from skmal import RidgeCCA
from skmal.cli import main
from skmal.experiments import Curve, compare, read_runs, run, run_suite, write_results
from skmal.experiments._fingerprints import _short as hashed
from skmal.experiments._fingerprints import described
from skmal.experiments._runs import LOCK, RUNS_HEADER, alone_in, keep_missing
from skmal.experiments._tables import ALL_FILES, write_table

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("no_pictures")

SCRIPT = """
import sys, time
import numpy as np
from skmal.experiments import _compare, compare
run = _compare.run

def until_the_third(pool, estimator, strategy, seed, plan, **options):
    if seed == 2:
        print("there", flush=True)
        time.sleep(600)
    return run(pool, estimator, strategy, seed, plan, **options)

_compare.run = until_the_third
X = np.random.default_rng(0).normal(size=(90, 5))
compare(["margin"], data=(X, X @ np.ones((5, 4)) + X[:, :4]), encoder="ridge-cca",
        n_seeds=3, budget=40, batch_size=10, n_jobs=1, out=sys.argv[1])
"""


def pairs(seed=0):
    """Return the pairs of the script."""
    X = np.random.default_rng(seed).normal(size=(90, 5))
    return X, X @ np.ones((5, 4)) + X[:, :4]


def small(out, strategies=("margin",), n_seeds=2, budget=40, seed=0, **more):
    """Run the comparison of the script."""
    given = {"encoder": "ridge-cca", "n_jobs": 1, "batch_size": 10} | more
    return compare(
        strategies, data=pairs(seed), n_seeds=n_seeds, budget=budget, out=out, **given
    )


def test_a_killed_comparison_resumes_to_the_same_bytes(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-c", SCRIPT, str(killed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        told = process.stdout.readline()
        process.kill()
    assert told.strip() == b"there"
    assert {row["seed"] for row in read_runs(killed)} == {0, 1}
    runs = killed / "runs.csv"
    content = runs.read_text()
    runs.write_text(content[: len(content) - 20])  # a line was half written
    for out in (killed, whole):
        write_results(out, *small(out, n_seeds=3))
    for name in ("curves.csv", "savings.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert [row | {"seconds_per_query": 0} for row in read_runs(killed)] == [
        row | {"seconds_per_query": 0} for row in read_runs(whole)
    ]


def test_only_what_is_missing_is_run(tmp_path, monkeypatch):
    curves, _ = small(tmp_path)
    first = (tmp_path / "runs.csv").read_bytes()
    done = []

    def counted(pool, estimator, strategy, seed, plan, **options):
        done.append(seed)
        return run(pool, estimator, strategy, seed, plan, **options)

    monkeypatch.setattr("skmal.experiments._compare.run", counted)
    assert small(tmp_path)[0] == curves
    assert done == []
    assert (tmp_path / "runs.csv").read_bytes() == first
    small(tmp_path, n_seeds=3)
    assert done == [2, 2]
    more, savings = small(tmp_path, ["k-center"])
    assert done == [2, 2, 0, 1]
    assert {row["strategy"] for row in more} == {"random", "margin", "k-center"}
    assert {(row["strategy"], row["n_seeds"]) for row in savings} == {
        ("margin", 3),
        ("k-center", 2),
    }


def test_another_comparison_in_the_folder_is_refused(tmp_path, monkeypatch):
    small(tmp_path, n_seeds=1)
    for more, message in [
        ({"budget": 50}, "budget 40, now 50. Choose another folder"),
        ({"seed": 1}, "content of the data '.*', now"),
        ({"encoder": "kernel-cca"}, "data 'features/ridge-cca', now 'features/kernel"),
    ]:
        with pytest.raises(ValueError, match=message):
            small(tmp_path, n_seeds=1, **more)
    monkeypatch.setattr("skmal.experiments._compare.__version__", "9")
    with pytest.raises(ValueError, match="skmal '.*', now '9'"):
        small(tmp_path, n_seeds=1)
    (tmp_path / "settings.json").unlink()
    with pytest.raises(ValueError, match=r"holds a runs.csv of something else"):
        small(tmp_path, n_seeds=1)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(ValueError, match=r"settings.json is damaged"):
        small(tmp_path, n_seeds=1)


def test_the_command_overwrites_only_when_asked(tmp_path, capsys):
    X, y = pairs()
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    out = tmp_path / "out"
    command = (
        f"compare --features {tmp_path}/X.npy {tmp_path}/y.npy --strategies margin "
        f"--encoder ridge-cca --seeds 1 --jobs 1 --quiet --out {out} --budget"
    )
    assert main([*command.split(), "20"]) == 0
    assert json.loads((out / "settings.json").read_text())["chance"]["mrr"] < 0.3
    stored = (out / "curves.csv").read_bytes()
    assert main([*command.split(), "30"]) == 1
    assert "budget 20, now 30" in capsys.readouterr().err
    assert (out / "curves.csv").read_bytes() == stored
    assert main([*command.split(), "300", "--overwrite"]) == 1  # nothing is lost
    assert (out / "curves.csv").read_bytes() == stored
    assert main([*command.split(), "30", "--overwrite"]) == 0
    assert (out / "curves.csv").read_bytes() != stored


def test_ctrl_c_ends_in_a_line_that_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("skmal.cli._compare.compare", interrupted)
    out = tmp_path / "out"
    command = f"compare --strategies margin --out {out}"
    assert main(command.split()) == 130
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Stopped. 0 runs are kept" in printed.out
    assert not out.exists()


def test_a_larger_budget_runs_again_and_a_smaller_one_does_not(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    np.savez(tmp_path / "openmoji.npz", x=x, y=x @ rng.normal(size=(4, 3)))
    given = {"suite": "real", "path": tmp_path, "pools": ["openmoji"], "batch": 0.1}
    given |= {"encoder": "ridge-cca", "strategies": ["random"], "n_seeds": 1}

    def ends(budget):
        run_suite(tmp_path / "out", budget=budget, n_jobs=1, **given)
        (row,) = read_runs(tmp_path / "out")
        return row["n_pairs"].split()[-1], row["scores"]

    _, short = ends(0.3)
    with pytest.warns(UserWarning, match="1 run is made again, .*a larger budget"):
        end, long = ends(0.5)
    assert end == "50"
    assert long.startswith(short)
    assert ends(0.3) == (end, long)
    assert not os.path.exists(tmp_path / "out" / "runs.csv.tmp")


def test_a_version_is_part_of_a_run(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(460, 4))
    np.savez(tmp_path / "openmoji.npz", x=x, y=x)
    given = {"suite": "real", "path": tmp_path, "pools": ["openmoji"], "batch": 0.3}
    given |= {"encoder": "ridge-cca", "strategies": ["random"], "n_seeds": 1}
    run_suite(tmp_path / "out", n_jobs=1, **given)
    old = read_runs(tmp_path / "out")
    monkeypatch.setattr(fingerprints, "__version__", "9.0")
    with pytest.warns(UserWarning, match=r"another version \(.*, now 9.0\)"):
        run_suite(tmp_path / "out", n_jobs=1, **given)
    assert read_runs(tmp_path / "out", "replaced.csv") == old
    monkeypatch.undo()
    run_suite(tmp_path / "out", n_jobs=1, **given)  # the old ones come back
    assert read_runs(tmp_path / "out") == old


def test_what_a_run_rests_on_is_told_by_class_parameters_and_code():
    from skmal import CoresetMargin

    assert described(CoresetMargin(trim=0.1)) != described(CoresetMargin())
    assert described([np.ones(2)]) != described([np.zeros(2)])
    assert described({"a": 1, "b": 2}) == described({"b": 2, "a": 1})
    assert "test_kept_runs" in described(pairs)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    file = tmp_path / "runs.csv"
    write_table(file, ["a"], [{"a": 1}])

    class Full:
        def __str__(self):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_table(file, ["a"], [{"a": 2}, {"a": Full()}])
    assert file.read_text() == "a\n1\n"
    assert os.listdir(tmp_path) == ["runs.csv"]


def test_a_run_that_is_there_twice_is_one(tmp_path):
    small(tmp_path, n_seeds=1)
    runs = read_runs(tmp_path)
    lines = (tmp_path / "runs.csv").read_text().splitlines(keepends=True)
    (tmp_path / "runs.csv").write_text("".join(lines + lines[1:]))
    assert read_runs(tmp_path) == runs


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("n_pairs", "nan", "expected ints"),
        ("n_pairs", "10 20 20 30", "expected numbers that rise"),
        ("n_pairs", "", "expected numbers that rise"),
        ("scores", "0.1 0.2 nan 0.3", "expected 4 finite numbers, one per point"),
        ("scores", "0.1 0.2 0.3", "expected 4 finite numbers, one per point"),
        ("scores", "0,1 0,2 0,3 0,4", "expected floats"),
        ("seed", "first", "expected ints"),
        ("seed", "", "expected one number"),
        ("n_pool", "1 000", "expected one number"),
        ("batch", "0,05", "expected floats"),
        ("n_metrics", "1.0", "expected ints"),
    ],
)
def test_a_line_that_was_edited_is_refused_by_its_place(
    tmp_path, column, value, expected
):
    row = dict.fromkeys(RUNS_HEADER, "a") | {
        **{"batch": 0.1, "seed": 0, "n_pool": 100, "n_pairs": "10 20 30 40"},
        **{"scores": "0.1 0.2 0.3 0.4", "seconds_per_query": "nan"},
        **{"n_metrics": 1, "fingerprint": "unknown"},
    }
    write_table(tmp_path / "runs.csv", RUNS_HEADER, [row])
    assert len(read_runs(tmp_path)) == 1

    rows = [row, row | {"seed": 1, column: value}]
    write_table(tmp_path / "runs.csv", RUNS_HEADER, rows)
    before = (tmp_path / "runs.csv").read_bytes()
    place = f"{column} is {value!r} in line 3 of {tmp_path / 'runs.csv'}, "
    with pytest.raises(ValueError, match=re.escape(place + expected)):
        read_runs(tmp_path)
    with pytest.raises(ValueError, match="in line 3 of"):
        keep_missing(tmp_path, [], list, {})
    assert (tmp_path / "runs.csv").read_bytes() == before


def test_a_file_of_other_columns_is_refused(tmp_path):
    small(tmp_path, n_seeds=1)
    text = (tmp_path / "runs.csv").read_text()
    (tmp_path / "runs.csv").write_text(text.replace(",", ";"))
    with pytest.raises(ValueError, match=r"runs.csv has no column 'pool', but 'pool;"):
        read_runs(tmp_path)
    (tmp_path / "runs.csv").write_text("")  # begun
    assert read_runs(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there it is this process's")
def test_the_lock_of_another_system_is_left_alone(tmp_path):
    (tmp_path / LOCK).touch()  # of a process on Windows, in a folder that is shared
    with alone_in(tmp_path):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_second_writer_is_refused(tmp_path, monkeypatch):
    def meanwhile(*args, **options):
        for other in ({"n_seeds": 2}, {"budget": 30, "overwrite": True}):
            with pytest.raises(ValueError, match="another process writes to"):
                small(tmp_path, **other)
        return run(*args, **options)

    monkeypatch.setattr("skmal.experiments._compare.run", meanwhile)
    small(tmp_path, n_seeds=1)
    assert {row["seed"] for row in read_runs(tmp_path)} == {0}
    small(tmp_path, n_seeds=1)


def test_overwriting_the_same_comparison_goes_on_with_it(tmp_path, monkeypatch):
    small(tmp_path, n_seeds=1)
    monkeypatch.setattr("skmal.experiments._compare.run", None)
    small(tmp_path, n_seeds=1, overwrite=True)


def test_seeds_are_added_where_groups_have_several_sizes(tmp_path):
    X, y = pairs()
    groups = np.repeat(np.arange(18), [1, 9] * 9)
    given = {"encoder": "ridge-cca", "n_jobs": 1, "budget": 0.3, "batch_size": 20}
    given |= {"data": (X[groups], y), "groups": groups, "out": tmp_path}
    for n_seeds in (1, 5):
        curves, _ = compare(["margin"], n_seeds=n_seeds, **given)
    sizes = {row["seed"]: row["n_pool"] for row in read_runs(tmp_path)}
    budgets = [round(0.3 * n) for n in (sizes[0], min(sizes.values()))]
    assert budgets[0] > budgets[1]  # the plan is that of the first seed
    assert len({row["seed"] for row in curves}) == 5


def test_a_suite_is_not_mixed_with_a_comparison(tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(ValueError, match="holds a settings.json, of a comparison on"):
        run_suite(tmp_path, pools=["scenes"], strategies=["margin"], n_jobs=1)
    assert "aulc.csv" in ALL_FILES


def test_images_that_have_changed_are_other_data(tmp_path, monkeypatch):
    from skmal.encoders.clip import _encoder as clip

    class OnFiles(RidgeCCA):
        def __init__(self, model=None, pretrained=None, random_state=None):
            super().__init__()
            self.model = model
            self.pretrained = pretrained
            self.random_state = random_state

    monkeypatch.setattr(clip, "CLIPEncoder", OnFiles)
    monkeypatch.setattr(
        "skmal.experiments._compare.run",
        lambda *args, **options: Curve([10, 12], [{"mrr": 0.1}, {"mrr": 0.2}]),
    )
    monkeypatch.chdir(tmp_path)
    names = [f"{n}.png" for n in range(20)]
    for name in names:
        Image.new("RGB", (8, 8)).save(name)
    given = {"encoder": "clip", "n_seeds": 1, "budget": 12, "n_jobs": 1, "out": "out"}
    compare(["margin"], data=(names, names), **given)
    compare(["margin"], data=([str(tmp_path / n) for n in names], names), **given)
    Image.new("RGB", (9, 9)).save(names[3])
    with pytest.raises(ValueError, match="holds a comparison with content of the data"):
        compare(["margin"], data=(names, names), **given)


def test_settings_of_another_program_are_left_alone(tmp_path):
    for text in ('{"editor": 1}', '{"settings": {"editor": 1}}', "[]"):
        (tmp_path / "settings.json").write_text(text)
        for overwrite in (False, True):
            with pytest.raises(ValueError, match="settings.json is not of skmal; ch"):
                small(tmp_path, n_seeds=1, overwrite=overwrite)
        assert (tmp_path / "settings.json").read_text() == text


def first_rows(learner, X, y, n_instances=1, k=0):
    """Choose rows from the k-th on."""
    return np.arange(k, k + n_instances), np.zeros(n_instances)


def from_row(k):
    """Return a function that holds k."""

    def choose(learner, X, y, n_instances=1):
        return first_rows(learner, X, y, n_instances, k)

    return choose


class From:
    """Choose rows from the k-th on, as an instance that is called."""

    def __init__(self, k):
        self.k = k

    def __call__(self, learner, X, y, n_instances=1):
        """Choose them."""
        return first_rows(learner, X, y, n_instances, self.k)

    def choose(self, learner, X, y, n_instances=1):
        """Choose them."""
        return self(learner, X, y, n_instances)


def with_default(k):
    """Return a function with k as its default."""

    def choose(learner, X, y, n_instances=1, k=k):
        return first_rows(learner, X, y, n_instances, k)

    return choose


@pytest.mark.parametrize(
    "make",
    [
        lambda k: partial(first_rows, k=k),
        lambda k: partial(first_rows, None, None, None, 1, k),
        from_row,
        From,
        lambda k: From(k).choose,
        with_default,
        lambda k: from_row(from_row(k)),
        np.random.default_rng,
        np.random.RandomState,
    ],
)
def test_what_a_function_holds_is_told(make):
    assert described(make(0)) == described(make(0)) != described(make(1))


def test_a_function_that_holds_itself_is_told():
    def own(n):
        return own(n - 1) if n else late

    assert described(own) == described(own)
    late = 1
    assert "[1, ...]" in described(own)


def test_the_code_of_a_base_class_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    base = "from skmal import RandomSampling\nclass Base(RandomSampling):\n    n = {}\n"
    told = []
    for n in (1, 2):
        (tmp_path / f"own_base_{n}.py").write_text(base.format(n))
        (tmp_path / f"own_{n}.py").write_text(
            f"from own_base_{n} import Base\nclass Mine(Base):\n    pass\n"
        )
        module = importlib.import_module(f"own_{n}")
        told.append(described(module.Mine()).split()[-1])
        own = hashed(inspect.getsource(module))
        of_base = hashed(inspect.getsource(sys.modules[f"own_base_{n}"]))
        assert described(module.Mine()).endswith(f" {own} {of_base}")
    assert told[0] != told[1]
