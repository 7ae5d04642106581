"""skmal compare."""

import os
import sys

import numpy as np
import pytest

from skmal.cli import main
from skmal.cli._printing import with_interval

pytest.importorskip("matplotlib")


@pytest.fixture
def on_features(tmp_path):
    """Return a command that compares on 90 pairs of features."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 8))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x + 0.3 * rng.normal(size=x.shape))
    command = f"compare --features {tmp_path}/x.npy {tmp_path}/y.npy --seeds 1 --jobs 1"
    return f"{command} --strategies margin --quiet --out {tmp_path}/out".split()


def test_compare_writes_tables_and_curves(tmp_path, capsys):
    command = "compare --data glyphs-mono --strategies k-center margin --seeds 2"
    sizes = f"--budget 30 --batch-size 10 --jobs 1 --quiet --out {tmp_path}/results"
    assert main([*command.split(), *sizes.split()]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n  k-center  ") == 4
    assert printed.out.count("not told apart") + printed.out.count("better than") == 3
    assert sorted(os.listdir(tmp_path / "results")) == [
        "curves.csv",
        "curves.png",
        "pairwise.csv",
        "report.html",
        "runs.csv",
        "savings.csv",
        "settings.json",
        "wins.csv",
    ]


@pytest.mark.usefixtures("no_pictures")
def test_compare_with_another_encoder_names_it_in_the_tables(
    on_features, tmp_path, capsys
):
    assert main([*on_features, "--encoder", "ridge-cca", "--budget", "20"]) == 0
    assert "margin" in capsys.readouterr().out
    table = (tmp_path / "out" / "savings.csv").read_text(encoding="utf-8")
    assert table.splitlines()[1].startswith("features/ridge-cca,margin,mrr,")


@pytest.mark.usefixtures("no_pictures")
def test_one_seed_is_not_given_an_interval(on_features, capsys):
    assert main([*on_features, "--budget", "2.5e-1"]) == 0
    assert "(one seed)" in capsys.readouterr().out


def test_without_matplotlib_the_tables_are_kept(
    on_features, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main([*on_features, "--budget", "20"]) == 1
    assert "pip install skmal[plot]" in capsys.readouterr().out
    tables = ["pairwise.csv", "runs.csv", "savings.csv", "settings.json", "wins.csv"]
    assert sorted(os.listdir(tmp_path / "out")) == ["curves.csv", *tables]


@pytest.mark.usefixtures("no_pictures")
def test_the_suite_goes_on_where_it_was_stopped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skmal.experiments._suite_pools.N_QUADRUPLES", 70)
    monkeypatch.setattr("skmal.experiments._suite_pools.N_TEST_QUADRUPLES", 20)
    command = "compare --suite default --pools scenes --strategies k-center --jobs 1"
    for seeds, n_runs in [("1", "2/2"), ("2", "2/2"), ("2", "0run")]:
        assert main([*command.split(), "--seeds", seeds, "--out", str(tmp_path)]) == 0
        printed = capsys.readouterr()
        assert n_runs in printed.err
        assert "2 seeds, against random" in printed.out or seeds == "1"
    tables = ["aulc.csv", "pairwise.csv", "runs.csv", "savings.csv", "wins.csv"]
    assert sorted(os.listdir(tmp_path)) == sorted([*tables, "report.html"])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>kernel-cca, batches of 5 %</h2>" in page
    assert "not told apart" in page or "is better than" in page
    assert page.count("data:image/png;base64,") == 2  # curves and ranks
    # Pools that are there and were not asked for are in the tables alone.
    runs = (tmp_path / "runs.csv").read_text(encoding="utf-8")
    other = runs.partition("\n")[2].replace("scenes,", "serif,")
    (tmp_path / "runs.csv").write_text(runs + other, encoding="utf-8")
    assert main([*command.split(), "--seeds", "2", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "scenes" in told
    assert "serif" not in told
    assert "\nserif," in (tmp_path / "savings.csv").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_pictures")
def test_a_suite_counts_seconds_beside_answers(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skmal.experiments._suite_pools.N_QUADRUPLES", 70)
    monkeypatch.setattr("skmal.experiments._suite_pools.N_TEST_QUADRUPLES", 20)
    command = "compare --suite default --pools scenes --strategies k-center --jobs 1"
    command = [*command.split(), "--seeds", "2", "--out", str(tmp_path)]
    assert main([*command, "--cost", "0.001", "0.001"]) == 1
    assert "could take less than 10 seconds" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())  # nothing has run
    assert main([*command, "--cost", "4", "12"]) == 0
    told = capsys.readouterr().out
    assert "Answers saved, %" in told
    assert "Seconds of a person saved, %" in told
    assert "seconds.csv" in told
    runs = (tmp_path / "runs.csv").read_text()
    saved = (tmp_path / "seconds.csv").read_text()
    assert "found among 9" in runs
    for table in ("savings.csv", "seconds.csv", "aulc.csv", "report.html"):
        assert "found among 9" not in (tmp_path / table).read_text()
    # Twice the seconds save the same share, and no run is made again.
    assert main([*command, "--cost", "8", "24"]) == 0
    assert (tmp_path / "runs.csv").read_text() == runs
    twice = (tmp_path / "seconds.csv").read_text()
    means = [
        [float(line.split(",")[3]) for line in table.splitlines()[1:]]
        for table in (saved, twice)
    ]
    assert means[0] == pytest.approx(means[1], abs=0.05)
    # What was counted would be missing from further runs.
    capsys.readouterr()
    assert main(command) == 1
    told = capsys.readouterr().err
    assert "holds runs of 'scenes' with cost, in seconds, and none is passed" in told
    assert (tmp_path / "runs.csv").read_text() == runs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "name --strategies, out of random, v-optimal"),
        ("--suite default --budget 20", "budget must be a share of the pool, a float"),
        ("--suite default --data glyphs-mono", "--data does not go with --suite"),
        (
            "--suite default --batch-size 5",
            "batch must be a share of the pool, a float",
        ),
        ("--suite default --pools coco", "unknown pool 'coco'; choose from glyphs"),
        ("--pools openmoji --strategies margin", "--pools goes with --suite only"),
        ("--suite real", "the suite 'real' needs a path, the folder of its files"),
        ("--suite real --path . --cache x", "--cache does not go with --suite"),
        ("--batch-size 0.5 --strategies margin", "batch_size must be an integer"),
        (
            "--features x.npy y.npy --data coco --strategies margin",
            "--features takes the place of --data, got 'coco'",
        ),
        ("--suite default --seeds 0", "n_seeds must be an integer of at least 1"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, capsys, options, message):
    out = tmp_path / "new" / "folder"
    assert main(["compare", *options.split(), "--out", str(out)]) == 1
    assert message in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_a_run_that_fails_leaves_no_empty_folder(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(500, 3))
    np.savez(tmp_path / "openmoji.npz", x=rows, y=rows)
    out = tmp_path / "out"
    command = f"compare --suite real --path {tmp_path} --pools openmoji --budget 0.02"
    command += f" --strategies random --jobs 1 --quiet --out {out}"
    assert main(command.split()) == 1
    assert "is no more than the 10 known at the start" in capsys.readouterr().err
    assert not out.exists()
    out.mkdir()  # one that was there stays
    assert main(command.split()) == 1
    assert os.listdir(out) == []


def test_out_must_be_a_folder(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "folder"):
        assert main(["compare", "--strategies", "margin", "--out", str(out)]) == 1
        assert f"--out {out} is or lies in a file" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--budget", "--batch-size"])
def test_what_is_no_number_is_told_what_would_be_one(capsys, option):
    with pytest.raises(SystemExit):
        main(["compare", option, "x"])
    message = f"argument {option}: 'x' is no number; pass a share of the pool (0.05) or"
    assert message in capsys.readouterr().err


def test_one_seed_has_no_interval():
    row = {"mean": "0.12", "ci_low": "nan", "ci_high": "nan", "n_seeds": "1"}
    assert with_interval(row) == " +12.0  (one seed)"
    row |= {"ci_low": "-0.01", "ci_high": "0.25", "n_seeds": "2"}
    assert with_interval(row) == " +12.0  (-1.0 to +25.0)"
