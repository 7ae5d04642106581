"""The scripts of `benchmarks` fit the package as it is."""

import pytest
from helpers import ROOT, load_benchmark

from skmal import RandomSampling, SimulatedAnnotator
from skmal.experiments import STRATEGIES

pytest.importorskip("matplotlib")
pytest.importorskip("dask.distributed")

FOLDER = ROOT / "benchmarks"
OF_CURVES = {path.parent.name for path in FOLDER.glob("results/*/curves.csv")}


@pytest.fixture
def load(monkeypatch):
    """Return what loads a script as if it stood in the current folder."""
    monkeypatch.syspath_prepend(FOLDER)
    return load_benchmark


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_every_script_can_be_loaded(load, name):
    assert load(name).__doc__


def test_the_script_for_a_card_runs_through_on_the_host(load, tmp_path):
    device = load("device")
    device.main(["--dry", "--device", "cpu", "--out", str(tmp_path)])
    assert {path.stem for path in tmp_path.iterdir()} == {*device.PARTS}
    (row, *_) = (tmp_path / "acquisition.csv").read_text().splitlines()[1:]
    assert row.startswith("cpu,2000,60,6,")


def test_what_is_checked_against_stored_curves_is_stored(load):
    check = load("check_stored")
    assert {*check.OF_SCRIPTS} == OF_CURVES
    for script, cases in check.OF_SCRIPTS.items():
        runs = load(script).RUNS
        assert {data for data, _ in cases} <= set(runs)
        assert {name for _, name in cases} <= set(STRATEGIES)
    assert check.suite_cases(0)
    assert check.study_cases(0)


def test_a_number_that_is_not_the_stored_one_is_told(load, capsys):
    check = load("check_stored")
    assert check._tell("a run", [1, 2], [1, 2])
    assert not check._tell("a run", [1, 3], [1, 2])
    assert "now     3\n    stored  2\n" in capsys.readouterr().out
    assert not check._tell("a run", [1, 2], [])
    assert "not stored" in capsys.readouterr().out


def test_glyphs_are_bought_for_answers(load):
    curves = load("_curves")
    annotator = SimulatedAnnotator(missing_rate=0.5, random_state=0)
    curve = curves.run_glyphs(
        RandomSampling(), 0, batch_size=20, budget=60, annotator=annotator
    )
    assert curve.n_pairs == [20, 40, 60]  # answers, some of them no pairs
    assert [list(table) for table in curve.scores] == [["mrr"]] * 3
