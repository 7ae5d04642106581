"""The page of evidence is made from the results that lie beside it."""

import re

import pytest
from helpers import ROOT, load_benchmark


@pytest.fixture(scope="module")
def evidence():
    """Return the script that makes the page, as a module."""
    return load_benchmark("evidence")


def test_the_page_is_up_to_date_with_the_tables(evidence):
    assert evidence.PAGE.read_text(encoding="utf-8") == evidence.page(), (
        "run python benchmarks/evidence.py"
    )


def test_the_readmes_table_is_the_suites(evidence):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert evidence.readme_table() in readme


def test_the_start_page_has_the_numbers_of_the_readmes_table(evidence):
    start = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    rows = evidence.readme_table().splitlines()[2:6]
    emoji, drawings, glyphs, icons = (
        re.findall(r"\+(\d+) ± ", row)[-2 if row.count("±") > 2 else -1] for row in rows
    )
    said = re.findall(r"(\d+) % (?:fewer|of the answers)", " ".join(start.split()))
    assert said[:4] == [emoji, drawings, glyphs, icons]


@pytest.mark.parametrize("suite", ["default", "real"])
def test_the_tables_are_up_to_date_with_the_runs(evidence, suite):
    folder = evidence.RESULTS / suite
    runs = evidence.read_runs(folder)
    if not runs:
        pytest.skip(f"no runs of {suite}")
    for name, rows in [
        ("savings", evidence.savings_of(evidence.RESULTS, suite)),
        ("aulc", evidence.aulc_rows(runs)),
    ]:
        header, *lines = (folder / f"{name}.csv").read_text().splitlines()
        assert lines == [",".join(map(str, row.values())) for row in rows]
        assert header == ",".join(rows[0])


def test_the_pictures_can_be_drawn_again(evidence, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    for name in ("CURVES", "SAVINGS"):
        assert getattr(evidence, name).exists()
        monkeypatch.setattr(evidence, name, tmp_path / f"{name}.png")
    evidence.draw()
    assert len(list(tmp_path.iterdir())) == 2
