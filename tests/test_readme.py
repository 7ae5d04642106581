"""The code in README and docs runs, and the commands are those that CI runs."""

import json
import re
import warnings
from pathlib import Path

import pytest
import sklearn
from helpers import ROOT
from sklearn.utils.fixes import parse_version

DOCS = ROOT / "docs"
MADE = {"_build", "examples", "generated"}  # by Sphinx
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if MADE.isdisjoint(page.relative_to(DOCS).parts)
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def anchors(page):
    """Return what a link may name in a page: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_docs_python_blocks_run_and_print_what_the_page_says(page, capsys):
    run(page.read_text(encoding="utf-8"), capsys)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_docs_links_lead_to_files_and_headings(page):
    check_links(page, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md")], ids=lambda p: p.name
)
def test_links_of_other_pages_lead_to_files_and_headings(page):
    check_links(page, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", sorted(DOCS.glob("lessons/*.ipynb")), ids=lambda p: p.stem
)
def test_links_of_lessons_lead_to_files(page):
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    check_links(page, "\n".join(texts))


def run(text, capsys):
    """Run a page's blocks one after the other; return what they leave.

    Where they take many seeds, two show as well that they run.
    """
    namespace = {}
    text = text.replace("n_seeds=5", "n_seeds=2").replace("range(20)", "range(2)")
    for block in blocks("python", text):
        if "modAL" in re.sub(r"#.*", "", block):
            needs_modal()
        with warnings.catch_warnings():
            # scikit-learn 1.6 and 1.7 warn of an argument that modAL passes.
            warnings.filterwarnings("ignore", "'force_all_finite' was renamed")
            exec(block, namespace)
    printed = capsys.readouterr().out
    for said in re.findall(r"It prints `(.*?)`", text):
        assert said in printed
    return namespace


def needs_modal():
    """Skip what is left of the page where modAL's own learners cannot run."""
    pytest.importorskip("modAL", reason="the extra 'modal' is not installed")
    if parse_version(sklearn.__version__) >= parse_version("1.8"):
        pytest.skip("modAL's own learners cannot fit with scikit-learn 1.8 and newer")


def check_links(page, text):
    """Follow each link of a page that leads nowhere else."""
    for link, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
        if not link.startswith("https://"):
            target = page.parent / link if link else page
            if not MADE.isdisjoint(Path(link).parts):
                continue  # the build itself says whether it is there
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


def test_the_python_blocks_of_the_readme_run_one_after_the_other(capsys):
    assert len(blocks("python")) == 2
    learner = run(README, capsys)["learner"]
    assert len(learner.X_training) == 20 + 3 * 8


def test_the_readme_is_short():
    assert README.count("\n") < 140


def test_ci_finds_the_test_command_in_the_readme():
    pattern = re.search(r"grep -E '(.*)' README.md", (ROOT / ".ci/run").read_text())[1]
    assert len(re.findall(pattern, README, flags=re.MULTILINE)) == 1
