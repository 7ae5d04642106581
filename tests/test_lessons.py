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


def texts(cells):
    """Return the texts between code cells."""
    return [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]


def code_of(cells):
    """Return the code cells."""
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_are_six_and_the_index_has_them_in_order():
    index = (DOCS / "lessons" / "index.md").read_text("utf-8")
    toctree = re.search(r"```{toctree}(.*?)```", index, re.DOTALL)[1].split()
    assert [*(path.stem for path in LESSONS), "teachers"] == toctree[2:]
    assert len(LESSONS) == 6


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
    words, answers = ("\n".join(texts(part)) for part in (before, after))
    asked = re.findall(r"^### Exercise (\d)", words, re.MULTILINE)
    answered = re.findall(r"<b>Exercise (\d)", answers)
    assert asked == answered == [str(i) for i in range(1, len(asked) + 1)]
    assert len(asked) >= 3
    assert "## Take home" in words


def test_solutions_are_hidden_with_their_words_and_what_they_print(cells):
    before, after = split_at_solutions(cells)
    assert after[0]["metadata"] == {"jp-MarkdownHeadingCollapsed": True}
    for cell in after[1:]:
        if cell["cell_type"] == "markdown":
            assert re.fullmatch(r"<details>.*</details>", cell["source"], re.DOTALL)
        else:
            assert cell["metadata"]["tags"] == ["hide-cell"]
            assert cell["metadata"]["jupyter"] == {
                "outputs_hidden": True,
                "source_hidden": True,
            }
    assert not any("hide-cell" in c["metadata"].get("tags", []) for c in before)


def test_nothing_stops_a_notebook_and_each_exercise_checks_itself(cells):
    before, after = split_at_solutions(cells)
    assert not any(re.search(r"\bassert\b", cell["source"]) for cell in code_of(cells))
    begun = "\n".join(cell["source"] for cell in code_of(before))
    solved = "\n".join(cell["source"] for cell in code_of(after))
    for number in re.findall(r"^### Exercise (\d)", "\n".join(texts(before)), re.M):
        assert re.search(rf"^exercise\(\s*{number},", begun, re.M)
        assert f"def check_{number}(" in begun
        # In lesson 5, 4 is open and 2 would make all runs twice.
        if "Lesson 5" not in cells[0]["source"] or number not in "24":
            assert f"check_{number}(" in solved


def test_the_checks_are_the_same_in_all_lessons_and_do_what_they_say(capsys):
    folded = set()
    for path in LESSONS:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        folded |= {"".join(c["source"]) for c in cells if "def expect" in c["source"]}
    (source,) = folded
    lesson = {}
    exec(source, lesson)
    lesson["expect"](False, "two is three")
    lesson["exercise"](1, lambda yours: yours == 4, 4, "two and two")
    lesson["exercise"](2, lambda yours: yours() == 4, lambda: 1 / 0, "do not divide")
    assert capsys.readouterr().out.splitlines() == [
        "Other than the text says, which expects that two is three.",
        "If you have changed something above, that may be why: find out how.",
        "Exercise 1: solved.",
        "Your code raised ZeroDivisionError: division by zero",
        "Exercise 2: not yet. Hint: do not divide",
    ]


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
