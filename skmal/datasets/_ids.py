"""Ids of rows, which people and journals know items by."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from ._columns import Column, value_fault
from ._reading import Problems

T = TypeVar("T")
WithId: TypeAlias = tuple[str, object, T]  # where the row stands, its id, its value


def id_column(name: str | None) -> list[Column]:
    """Return the column of ids: "id" if it is there, another that is asked for."""
    if name is None:
        return []
    return [Column("id", (name,), needed=name != "id", option=True)]


def has_ids(rows: Sequence[WithId[T]]) -> bool:
    """Say whether any of the rows has an id."""
    return not all(_is_none(found) for _, found, _ in rows)


def by_id(
    rows: Sequence[WithId[T]],
    file: Path,
    problems: Problems,
    what: str = "id",
) -> dict[str, T]:
    """Return the values by their ids; all must have one, each another.

    Ids that differ in the blanks around them alone would be taken for one another.
    """
    values: dict[str, T] = {}
    places: dict[str, str] = {}
    for place, found, value in rows:
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if _is_none(found):
            fault = "it has no id, but other rows have; give one to each, or to none"
        else:
            fault = value_fault(found, "id")
        key = str(found)
        plain = key.strip()
        if fault is None and plain in places:
            remedy = "change" if what == "id" else "leave out"
            fault = (
                f"the {what} {key!r} stands in {places[plain]} as well; {remedy} one"
            )
        if fault is None:
            values[key], places[plain] = value, place
        else:
            problems.add(f"{file}, {place}: {fault}")
    return values


def _is_none(found: object) -> bool:
    return found is None or (isinstance(found, str) and not found.strip())
