"""The command line."""

import os
import subprocess
import sys

import numpy as np
import pytest

from skmal import __version__
from skmal.cli import _main as cli
from skmal.cli._demo import verdict
from skmal.cli._main import main

pytest.importorskip("matplotlib")


def test_compare_writes_tables_and_curves(tmp_path, capsys):
    command = "compare --data glyphs-mono --strategies k-center margin --seeds 2"
    sizes = f"--budget 30 --batch-size 10 --jobs 1 --quiet --out {tmp_path}/results"
    assert main([*command.split(), *sizes.split()]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("k-center") == printed.out.count("margin ") == 4
    assert sorted(os.listdir(tmp_path / "results")) == [
        "curves.csv",
        "curves.png",
        "savings.csv",
    ]


def test_compare_with_another_encoder_names_it_in_the_tables(tmp_path, capsys):
    command = "compare --strategies margin --encoder contrastive --seeds 1 --budget 20"
    assert (
        main([*command.split(), "--jobs", "1", "--quiet", "--out", str(tmp_path)]) == 0
    )
    assert "margin" in capsys.readouterr().out
    table = (tmp_path / "savings.csv").read_text(encoding="utf-8")
    assert table.splitlines()[1].startswith("glyphs/contrastive,margin,mrr,")


def test_demo_shows_questions_and_says_what_was_measured(tmp_path, capsys, monkeypatch):
    compare = cli.compare

    def small(strategies, **parameters):
        assert parameters["n_seeds"] >= 5
        parameters.update(budget=40, batch_size=15, n_jobs=1)
        return compare(strategies, **parameters)

    monkeypatch.setattr(cli, "compare", small)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    printed = capsys.readouterr()
    out = printed.out
    assert "Round 3: 50 questions about the images" in out
    assert "Which name? The encoder's best guesses:" in out
    assert "250 pairs known, held-out MRR 0." in out
    assert "The paper's strategy" in out
    assert out.count("against asking at random (95 % interval") == 3
    assert "20/20" in printed.err  # a progress bar
    assert (tmp_path / "demo" / "curves.png").exists()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.3, "saves 20 % of the answers"),
        (-0.3, -0.1, "costs 20 % more answers"),
        (-0.1, 0.3, "makes no clear difference"),
    ],
)
def test_verdict_is_only_as_sure_as_the_interval(low, high, words):
    row = {"mean": (low + high) / 2, "ci_low": low, "ci_high": high, "n_seeds": 5}
    assert verdict(row).startswith(words)


def test_one_seed_is_not_given_an_interval(tmp_path, capsys):
    row = {"mean": 0.2, "ci_low": np.nan, "ci_high": np.nan, "n_seeds": 1}
    assert verdict(row) == "differs by +20 % on one seed, which says little"
    command = "compare --data glyphs-mono --strategies margin --seeds 1 --budget 1.2e-2"
    assert (
        main([*command.split(), "--jobs", "1", "--quiet", "--out", str(tmp_path)]) == 0
    )
    assert "(one seed)" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "File exists" in printed.err


def test_errors_are_one_line_without_a_traceback(tmp_path, capsys):
    command = f"compare --strategies margin --budget 99999 --out {tmp_path}"
    assert main(command.split()) == 1
    error = capsys.readouterr().err
    assert error == "skmal compare: budget=99999 is above the 4299 pairs of the pool\n"


def test_without_matplotlib_the_tables_are_kept(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    command = "compare --data glyphs-mono --strategies margin --seeds 1 --budget 20"
    assert (
        main([*command.split(), "--jobs", "1", "--quiet", "--out", str(tmp_path)]) == 1
    )
    assert "pip install skmal[plot]" in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == ["curves.csv", "savings.csv"]


def test_unknown_names_are_refused_with_the_choices(capsys):
    for wrong in (["--strategies", "best"], ["--encoder", "bert"]):
        with pytest.raises(SystemExit) as stop:
            main(["compare", "--strategies", "margin", *wrong])
        assert stop.value.code == 2
        assert "choose from" in capsys.readouterr().err


def test_the_installed_command_answers():
    command = [sys.executable, "-m", "skmal", "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == __version__


def test_a_console_without_braille_still_gets_the_demo(tmp_path):
    code = "from skmal import cli; cli.compare = None; cli.main(['demo', '--out', 'x'])"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert "Round 3" in printed.stdout
    assert "UnicodeEncodeError" not in printed.stderr


def test_pictures_are_drawn_in_braille():
    image = np.zeros((32, 32), np.uint8)
    image[0, 0] = image[3, 1] = 255
    assert cli._picture(image).strip() == chr(0x2800 + 0x01 + 0x80) + chr(0x2800) * 15


def test_the_suite_goes_on_where_it_was_stopped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skmal.experiments._suite_pools.N_QUADRUPLES", 70)
    monkeypatch.setattr("skmal.experiments._suite_pools.N_TEST_QUADRUPLES", 20)
    command = "compare --suite default --pools scenes --strategies k-center --jobs 1"
    for seeds, n_runs in [("1", "2/2"), ("2", "2/2"), ("2", "0run")]:
        assert main([*command.split(), "--seeds", seeds, "--out", str(tmp_path)]) == 0
        printed = capsys.readouterr()
        assert n_runs in printed.err
        assert "2 seeds, against random" in printed.out or seeds == "1"
    files = ["aulc.csv", "runs.csv", "savings.csv"]
    assert sorted(os.listdir(tmp_path)) == files


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "name --strategies, out of random, v-optimal"),
        ("--suite default --budget 20", "budget must be a share of the pool, got 20"),
        ("--suite default --data glyphs-mono", "--data does not go with --suite"),
        ("--suite default --batch-size 5", "--batch-size does not go with --suite"),
        ("--suite default --seeds 0", "n_seeds must be an integer of at least 1"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, capsys, options, message):
    assert main(["compare", *options.split(), "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
