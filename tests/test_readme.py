"""The code in README and docs runs, and the commands are those that CI runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def anchors(page):
    """Return what a link may name in a page: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name
)
def test_the_docs_python_blocks_run_and_their_links_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    namespace = {}
    for block in blocks("python", text):
        exec(block, namespace)
    for link, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
        if not link.startswith("https://"):
            target = page.parent / link if link else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


def test_the_python_blocks_run_one_after_the_other(capsys):
    code = blocks("python")
    assert len(code) == 5
    namespace = {}
    for block in code:
        exec(block, namespace)
    printed = capsys.readouterr().out.strip()
    assert f"It prints `{printed}`" in README
    assert namespace["curve"][1].shape == (3, 3)


def test_ci_finds_the_test_command_in_the_readme():
    pattern = re.search(r"grep -E '(.*)' README.md", (ROOT / ".ci/run").read_text())[1]
    assert len(re.findall(pattern, README, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_to_files(link):
    assert link.startswith("https://") or (ROOT / link).exists()
