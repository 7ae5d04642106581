"""The rooms of the package: imports point down, and one room knows kinds of arrays."""

import ast

import pytest
from helpers import ROOT

PACKAGE = ROOT / "skmal"
LAYERS = [  # the highest first; a room uses itself and what stands below it
    {"__main__"},
    {"cli"},
    {"experiments", "annotation", "strategy_checks", "encoder_checks"},
    {"learners", "evaluation"},
    {"strategies", "metrics"},
    {"encoders"},
    {"coverage", "uncertainty", "datasets"},
    {"items"},
    {"arrays"},
    {"_shared", "plotting", "_version"},
]
HEIGHT = {room: -level for level, rooms in enumerate(LAYERS) for room in rooms}
KINDS = {"is_dask", "is_tensor", "is_streamed"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    """Return the folder or loose file of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """Yield the rooms that a file imports from, wherever in it."""
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
        for parts in modules:
            if parts[0] == "skmal" and len(parts) > 1:
                yield parts[1]


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
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & KINDS, "let a verb of skmal/arrays do it"
