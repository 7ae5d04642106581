"""Public names, which pickles and messages go by."""

from collections.abc import Iterable, Mapping
from typing import Any


def name_publicly(place: str, members: Mapping[str, Any], names: Iterable[str]) -> None:
    """Name classes and functions after where they are public.

    That stays when a file moves. A class that is public in several places is named by
    the last of these calls.

    Parameters
    ----------
    place : str
        The package, as imported.
    members : mapping
        What is there, by name.
    names : iterable of str
        Which of it is public; modules, types and plain values keep their names.
    """
    for name in names:
        if callable(members[name]) and hasattr(members[name], "__qualname__"):
            members[name].__module__ = place
