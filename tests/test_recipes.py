"""The recipes for maintainers, followed in a copy of the package."""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from helpers import ROOT

import skmal

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^`(?P<file>[\w./]+)`, (?P<where>new|after|before)(?: `(?P<line>.+?)`)?:\n\n"
    r"```\w+\n(?P<text>.*?)```",
    re.DOTALL | re.MULTILINE,
)
RECIPES = {
    part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.M)[1:]
}


def follow(recipe, root):
    """Change the files of a copy as a recipe says."""
    steps = list(STEP.finditer(recipe))
    assert steps
    for step in steps:
        path = root / step["file"]
        if step["where"] == "new":
            assert not path.exists()
            path.write_text(step["text"], encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        line = next(t for t in text.split("\n") if t.startswith(step["line"]))
        new = {
            "after": f"{line}\n{step['text']}",
            "before": f"{step['text']}\n\n{line}\n",
        }
        assert text.count(f"\n{line}\n") == 1, f"{step['file']}: {line}"
        changed = text.replace(f"\n{line}\n", f"\n{new[step['where']]}", 1)
        path.write_text(changed, encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the package, changed by all recipes."""
    root = tmp_path_factory.mktemp("recipes")
    package = Path(skmal.__file__).parent
    copytree(package, root / "skmal", ignore=ignore_patterns("__pycache__"))
    for recipe in RECIPES.values():
        follow(recipe, root)
    return root


def test_recipes_lead_to_something_that_works(copy):
    parts = [
        re.search(r"It works when:\n\n```py\n(.*?)```", recipe, re.DOTALL)[1]
        for recipe in RECIPES.values()
    ]
    assert len(parts) == 6
    script = f"import skmal\nassert {str(copy)!r} in skmal.__file__\n" + "\n".join(
        parts
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:skmal|tests)/[\w./]+?)`(?!, new)", PAGE)))
)
def test_the_files_that_recipes_name_are_there(name):
    assert (ROOT / name).exists()
