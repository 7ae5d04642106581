"""The API page has one entry for every public name, and the site's pages are found."""

import importlib
import inspect
import re

import pytest
from helpers import ROOT

import skmal

DOCS = ROOT / "docs"
API = (DOCS / "api.rst").read_text(encoding="utf-8")
SUMMARIES = re.findall(r"\.\. autosummary::\n(?:   :.*\n)*\n((?:   \S+\n)+)", API)
ENTRIES = [name for table in SUMMARIES for name in table.split()]
MODULES = {n for n in skmal.__all__ if inspect.ismodule(getattr(skmal, n))}


def public_names():
    """Return each public class and function once, by the shortest way to it."""
    names = {n: getattr(skmal, n) for n in set(skmal.__all__) - MODULES}
    names.pop("__version__")
    shown = {id(value) for value in names.values()}
    for module in MODULES:
        room = f"skmal.{module}"
        for name, value in vars(getattr(skmal, module)).items():
            own = getattr(value, "__module__", None) or ""
            if (
                not name.startswith("_")
                and (inspect.isclass(value) or inspect.isfunction(value))
                and (own == room or own.startswith(f"{room}."))
                and id(value) not in shown
            ):
                names[f"{module}.{name}"] = value
    return names


def test_every_public_name_has_one_entry_in_the_api():
    missing = set(public_names()) - set(ENTRIES)
    assert not missing, f"add to docs/api.rst: {sorted(missing)}"
    assert len(ENTRIES) == len(set(ENTRIES))
    assert ".. data:: __version__" in API


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_public_module_has_a_section(module):
    title = f"skmal.{module}"
    assert f"\n{title}\n{'-' * len(title)}\n" in API
    assert f".. automodule:: {title}\n" in API


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_is_there_and_public(entry):
    room, _, name = f"skmal.{entry}".rpartition(".")
    assert not name.startswith("_")
    assert callable(getattr(importlib.import_module(room), name))


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
