"""The rooms of the package: imports point down, and one room knows kinds of arrays."""

import ast
from pathlib import Path

import pytest
from helpers import ROOT

import skmal

PACKAGE = Path(skmal.__file__).parent
LAYERS = [  # the highest first; a room uses itself and what stands below it
    {"__main__"},
    {"cli"},
    {"experiments"},
    {"annotation", "strategy_checks", "encoder_checks"},
    {"learners", "evaluation"},
    {"strategies", "matching"},
    {"encoders"},
    {"metrics"},
    {"coverage", "uncertainty", "datasets"},
    {"items"},
    {"arrays", "plotting"},
    {"_shared", "_version"},
]
HEIGHT = {room: -level for level, rooms in enumerate(LAYERS) for room in rooms}
# What only `arrays` may ask and import; others use its verbs, which serve all kinds.
ASKING = {"is_dask", "is_tensor", "is_streamed", "is_sliceable", "takes_rows"}
KINDS = {"_dask", "_tensors", "_mapped", "_stacked", "_sharded", "_slices"}
OF_A_KIND = {"coverage/_farthest_dask.py"}  # its whole subject is dask arrays
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = set(FILES)


def room_of(path):
    """Return the folder or loose file of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path):
    """Yield the full name of all that a file imports, cut at its dots."""
    package = ("skmal", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base = [*base, *(node.module or "").split(".")] if node.module else [*base]
            modules = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from map(tuple, modules)


def imported_rooms(path):
    """Yield the rooms that a file imports from, wherever in it."""
    for parts in imported_names(path):
        if parts[0] == "skmal" and len(parts) > 1:
            yield parts[1]


def imported_modules(path):
    """Yield the files of the package that a file imports from, wherever in it."""
    for parts in imported_names(path):
        for n in range(len(parts), 0, -1):
            base = PACKAGE.parent.joinpath(*parts[:n])
            for other in (base.with_suffix(".py"), base / "__init__.py"):
                if other in MODULES:
                    yield other
                    break
            else:
                continue
            break


def test_modules_are_no_circle():
    left = {path: set(imported_modules(path)) - {path} for path in FILES}
    while free := {path for path, used in left.items() if not used & set(left)}:
        left = {path: used for path, used in left.items() if path not in free}
    names = sorted(str(path.relative_to(PACKAGE)) for path in left)
    assert not names, "these import one another, or modules that do"


def test_the_page_draws_these_layers():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.split("```text\n")[1].split("\n```")[0].splitlines()
    assert [set(line.split(" | ")) for line in drawn] == LAYERS


def test_every_room_has_a_layer():
    rooms = {room_of(path) for path in FILES} - {"__init__"}
    assert rooms == set(HEIGHT)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = room_of(path)
    if room == "__init__":
        return
    level = HEIGHT[room]
    for other in imported_rooms(path):
        assert other == room or HEIGHT.get(other, -99) < level, (
            f"{room} imports {other}, which does not stand below it"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_arrays_asks_which_kind_an_array_is(path):
    if room_of(path) == "arrays":
        return
    of_a_kind = path.relative_to(PACKAGE).as_posix() in OF_A_KIND
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = [n for n in ast.walk(tree) if isinstance(getattr(n, "ctx", None), ast.Load)]
    names = {node.id for node in used if isinstance(node, ast.Name)}
    names |= {node.attr for node in used if isinstance(node, ast.Attribute)}
    assert of_a_kind or not names & ASKING, "let a verb of skmal/arrays do it"
    for name in imported_names(path):
        if name[:2] == ("skmal", "arrays"):
            inner = name[2] if len(name) > 2 else ""
            assert of_a_kind or inner not in KINDS, f"{inner} is for one kind of rows"
            assert of_a_kind or name[-1] not in ASKING, "let a verb of it do that"


def test_what_is_of_a_kind_is_there():
    for name in OF_A_KIND:
        assert (PACKAGE / name).is_file()
    for name in KINDS:
        assert (PACKAGE / "arrays" / f"{name}.py").is_file()
