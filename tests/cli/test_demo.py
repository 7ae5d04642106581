"""skmal demo."""

import io
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from skmal.cli import _demo, main
from skmal.cli._demo import verdict

pytest.importorskip("matplotlib")


def test_demo_shows_questions_and_says_what_was_measured(tmp_path, capsys, monkeypatch):
    compare, load = _demo.compare, _demo.load_glyphs

    def third(features=False):
        kept = load(features=features)
        names = ("X", "y") if features else ("images", "names")
        return SimpleNamespace(**{name: kept[name][::3] for name in names})

    def small(strategies, **parameters):
        assert parameters["n_seeds"] >= 5
        parameters.update(n_seeds=2, budget=40, batch_size=15, n_jobs=1)
        return compare(strategies, pool_size=200, **parameters)

    monkeypatch.setattr(_demo, "compare", small)
    monkeypatch.setattr(_demo, "load_glyphs", third)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    printed = capsys.readouterr()
    out = printed.out
    assert "Round 3: 50 questions about the images" in out
    assert "Which name? The encoder's best guesses:" in out
    assert "250 pairs known, held-out MRR 0." in out
    assert "The paper's strategy" in out
    assert out.count("against asking at random (95 % interval") == 3
    assert "8/8" in printed.err  # a progress bar
    assert (tmp_path / "demo" / "curves.png").exists()


@pytest.mark.usefixtures("no_pictures")
def test_the_demo_deletes_nothing_unasked(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_demo, "STRATEGIES", {"margin": "Margin"})
    monkeypatch.setattr(_demo, "_show_rounds", lambda n_rounds: None)
    monkeypatch.setattr(_demo, "N_SEEDS", 1)
    compare = partial(_demo.compare, n_jobs=1, pool_size=60)
    monkeypatch.setattr(_demo, "compare", lambda *a, **k: compare(*a, **k | small))
    small = {"budget": 20, "batch_size": 10}
    demo = ["demo", "--quiet", "--out", str(tmp_path / "demo")]
    assert main(demo) == 0
    kept = (tmp_path / "demo" / "curves.csv").read_bytes()
    small["budget"] = 30
    assert main(demo) == 1
    assert "holds a comparison with budget 20, now 30" in capsys.readouterr().err
    assert (tmp_path / "demo" / "curves.csv").read_bytes() == kept
    assert main([*demo, "--overwrite"]) == 0
    assert (tmp_path / "demo" / "curves.csv").read_bytes() != kept


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


def test_a_console_without_braille_still_gets_the_demo(tmp_path, monkeypatch):
    def shown(n_rounds):
        print(_demo._picture(np.full((32, 32), 255, np.uint8)), f"Round {n_rounds}")
        raise KeyboardInterrupt  # all that is printed was

    monkeypatch.setattr(_demo, "_show_rounds", shown)
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", console)
    assert main(["demo", "--out", str(tmp_path)]) == 130
    console.flush()
    assert b"????" in console.buffer.getvalue()
    assert b"Round 3" in console.buffer.getvalue()


def test_pictures_are_drawn_in_braille():
    image = np.zeros((32, 32), np.uint8)
    image[0, 0] = image[3, 1] = 255
    assert _demo._picture(image).strip() == chr(0x2800 + 0x01 + 0x80) + chr(0x2800) * 15


def test_one_seed_is_not_given_an_interval():
    row = {"mean": 0.2, "ci_low": np.nan, "ci_high": np.nan, "n_seeds": 1}
    assert verdict(row) == "differs by +20 % on one seed, which says little"


def test_signs_are_written_before_letters(tmp_path):
    assert main(["demo", "--write", str(tmp_path), "--size", "150"]) == 0
    names = (tmp_path / "texts.txt").read_text(encoding="utf-8").splitlines()
    written = {path.name for path in (tmp_path / "images").iterdir()}
    assert len(names) == len(written) == 150
    assert not any("latin" in name for name in names)
    assert "2603.png" in written or "2302.png" in written
