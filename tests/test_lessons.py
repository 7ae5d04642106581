"""The lessons are clean notebooks with exercises and solutions; the docs run them."""

import ast
import json
import re
import sys

import pytest
from helpers import ROOT

DOCS = ROOT / "docs"
LESSONS = sorted((DOCS / "lessons").glob("*.ipynb"))
GALLERY = sorted((DOCS / "gallery").glob("*.py"))
LIBRARIES = {"numpy", "scipy", "sklearn", "matplotlib", "skmal"}


def imported(source):
    """Return the packages that the code imports, the standard library's left out."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def cells(request):
    """Return the cells of each lesson in turn, their source as one string."""
    notebook = json.loads(request.param.read_text("utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    return [cell | {"source": "".join(cell["source"])} for cell in notebook["cells"]]


def split_at_solutions(cells):
    """Return the cells before and after the heading of the solutions."""
    (at,) = (i for i, cell in enumerate(cells) if "## Solutions" in cell["source"])
    return cells[:at], cells[at:]


def test_there_are_five_and_the_index_has_them_in_order():
    index = (DOCS / "lessons" / "index.md").read_text("utf-8")
    toctree = re.search(r"```{toctree}(.*?)```", index, re.DOTALL)[1].split()
    assert [path.stem for path in LESSONS] == toctree[2:]
    assert len(LESSONS) == 5


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_notebooks_are_valid(path):
    nbformat = pytest.importorskip("nbformat", reason="comes with the extra 'docs'")
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))


def test_nothing_of_a_run_is_stored(cells):
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in code)
    assert all(cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_each_exercise_has_a_solution_and_there_is_something_to_take_home(cells):
    before, after = split_at_solutions(cells)
    texts = [
        "\n".join(cell["source"] for cell in part if cell["cell_type"] == "markdown")
        for part in (before, after)
    ]
    asked = re.findall(r"^### Exercise (\d)", texts[0], re.MULTILINE)
    answered = re.findall(r"^\*\*Exercise (\d)", texts[1], re.MULTILINE)
    assert asked == answered == [str(i) for i in range(1, len(asked) + 1)]
    assert len(asked) >= 3
    assert "## Take home" in texts[0] + texts[1]


def test_solutions_are_folded_away_and_assert(cells):
    before, after = split_at_solutions(cells)
    for part, folded in [(before, False), (after, True)]:
        code = [cell for cell in part if cell["cell_type"] == "code"]
        for cell in code:
            metadata = cell["metadata"]
            assert ("hide-cell" in metadata.get("tags", [])) == folded
            assert metadata.get("jupyter", {}).get("source_hidden", False) == folded
        assert any("assert " in cell["source"] for cell in code)


def test_lessons_need_no_more_than_the_package_and_matplotlib(cells):
    code = "\n".join(c["source"] for c in cells if c["cell_type"] == "code")
    assert imported(code) <= LIBRARIES
    models = re.findall(r"CLIPEncoder\((.*?),", code)
    assert set(models) <= {'"tiny"'}  # which needs no download
    assert "ContrastiveProjection" not in code


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_examples_have_a_title_and_say_what_to_see(path):
    source = path.read_text("utf-8")
    title, line = ast.get_docstring(ast.parse(source)).splitlines()[:2]
    assert line == "=" * len(title)
    assert source.rindex("# What to see:") > source.rindex("\nfig")
    optional = {"modAL"} if path.stem == "plot_modal_loop" else set()
    assert imported(source) <= LIBRARIES | optional
