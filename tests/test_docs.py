"""The API page has one entry for every public name, and the site's pages are found."""

import csv
import importlib
import math
import pkgutil
import re
import tomllib

import pytest
from helpers import ROOT

import skmal

DOCS = ROOT / "docs"
API = (DOCS / "api.rst").read_text(encoding="utf-8")
SUMMARIES = re.findall(r"\.\. autosummary::\n(?:   :.*\n)*\n((?:   \S+\n)+)", API)
ENTRIES = [name for table in SUMMARIES for name in table.split()]
DATA = re.findall(r"^\.\. data:: (\S+)$", API, re.M)
MODULES = {
    info.name
    for info in pkgutil.walk_packages(skmal.__path__, "skmal.")
    if "._" not in info.name
}
FACE = {f"skmal.{name}" for name in skmal.__all__} & MODULES


def named(name):
    """Return what a name below `skmal` stands for."""
    room, _, last = f"skmal.{name}".rpartition(".")
    return getattr(importlib.import_module(room), last)


@pytest.mark.parametrize("module", sorted(MODULES - {"skmal.items"}))
def test_every_module_says_what_is_public(module):
    assert importlib.import_module(module).__all__


@pytest.mark.parametrize("module", sorted({"skmal"} | MODULES - {"skmal.items"}))
def test_every_public_name_has_one_entry_in_the_api(module):
    entries = {id(named(entry)) for entry in ENTRIES}
    room = importlib.import_module(module)
    for name in set(room.__all__) - {m.removeprefix("skmal.") for m in MODULES}:
        value, full = getattr(room, name), f"{module}.{name}".removeprefix("skmal.")
        listed = id(value) in entries if callable(value) else full in DATA
        assert listed, f"add to docs/api.rst: {full}"


def test_no_name_has_two_entries():
    values = [id(named(entry)) for entry in ENTRIES]
    assert len(values) == len(set(values))
    assert len(DATA) == len(set(DATA))


@pytest.mark.parametrize("title", sorted(FACE))
def test_every_public_module_has_a_section(title):
    assert f"\n{title}\n{'-' * len(title)}\n" in API
    assert f".. automodule:: {title}\n" in API


@pytest.mark.parametrize("entry", ENTRIES + DATA)
def test_every_entry_is_there_and_public(entry):
    room, _, name = f"skmal.{entry}".rpartition(".")
    assert name in importlib.import_module(room).__all__
    assert callable(named(entry)) == (entry in ENTRIES)


def test_every_page_is_in_a_table_of_contents():
    listed = {(DOCS / "index.md").resolve()}
    for page in [*DOCS.glob("*.md"), *DOCS.glob("*/index.md")]:
        text = page.read_text(encoding="utf-8")
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", text, flags=re.DOTALL):
            for line in tree.split("\n"):
                if line and not line.startswith(":"):
                    name = re.sub(r".*<(.*)>", r"\1", line)
                    listed.add((page.parent / f"{name}.md").resolve())
    pages = {*DOCS.glob("*.md"), *DOCS.glob("guide/*.md"), *DOCS.glob("lessons/*.md")}
    missing = {page.resolve() for page in pages} - listed
    assert not missing, f"add to a toctree, such as docs/guide/index.md's: {missing}"


def stored_intervals():
    """Return mean and half the interval of all stored savings, in percent."""
    stored = set()
    for table in (ROOT / "benchmarks" / "results").rglob("*.csv"):
        with table.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if {"mean", "ci_low", "ci_high"} <= set(row):
                    mean, low, high = (
                        100 * float(row[name]) for name in ("mean", "ci_low", "ci_high")
                    )
                    if math.isfinite(high):
                        stored.add((round(mean), round((high - low) / 2)))
    return stored


def test_no_page_has_an_interval_that_no_stored_run_has():
    # The pages of evidence and of the studies are made from runs, as other tests see.
    stored = stored_intervals()
    made = (DOCS / "evidence.md").read_text(encoding="utf-8")
    interval = re.compile(r"(costs )?([+-]?\d+) ± (\d+)(?![\d.])")
    seen = 0
    for page in [ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("guide/*.md")]:
        if page.name in ("evidence.md", "studies.md"):
            continue
        for costs, mean, half in interval.findall(page.read_text(encoding="utf-8")):
            shown = -int(mean) if costs else int(mean), int(half)
            assert shown in stored or f"{mean} ± {half}" in made, f"{page}: {shown}"
            seen += 1
    assert seen > 80


def test_the_story_of_two_folders_tells_the_stored_runs():
    page = (DOCS / "guide" / "two_folders.md").read_text(encoding="utf-8")
    table = ROOT / "benchmarks" / "results" / "two_folders" / "found.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for n in {row["n_answers"] for row in rows}:
        runs = [row for row in rows if row["n_answers"] == n]
        cells = (
            f"{sum(float(run[name]) for run in runs) / len(runs):.0%}"
            for name in ("recall@1", "recall@9", "guessing@9")
        )
        line = f"| {n} | {' | '.join(cells)} |".replace("%", " %")
        assert line in page


def test_scores_of_the_decision_tables_are_on_the_pages_that_are_linked():
    guide = DOCS / "guide" / "which.md"
    seen = 0
    for row in guide.read_text(encoding="utf-8").splitlines():
        scores = re.findall(r"(?<!\d)(\.\d{3})(?!\d)", row)
        links = re.findall(r"\]\((\S+\.md)", row)
        pages = "".join((guide.parent / link).read_text("utf-8") for link in links)
        for score in scores:
            assert re.search(rf"(?<!\d)0?{re.escape(score)}(?!\d)", pages), row
            seen += 1
    assert seen > 10


def test_every_extra_is_in_the_table_of_the_installation():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (DOCS / "guide" / "install.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert {*listed} == {*project["project"]["optional-dependencies"]}
