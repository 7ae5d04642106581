"""Columns by their names, whatever case and blanks; what a value must not be."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..items._texts import is_blank

Row: TypeAlias = dict[str, Any]  # values by the roles of their columns

ADDRESSES = {"url", "urls", "image_url", "img_url", "image_urls"}  # names of columns
DOWNLOAD = (
    "download what is there, for instance by img2dataset --url_list TABLE "
    "--input_format csv --url_col url --caption_col text --output_format webdataset "
    "--output_folder shards, and read that by load_webdataset"
)
SURROGATE = re.compile("[\ud800-\udfff]")


class UnreadableTable(ValueError):
    """A file of which not a single row can be told."""


@dataclass(frozen=True)
class Column:
    """What is looked for in a table.

    Parameters
    ----------
    role : str
        What it is for: the key of its values in rows.
    names : tuple of str
        Any of them will do; the first is what messages call it.
    needed : bool, default=True
        Whether a table without it is an error.
    option : bool, default=False
        Whether people can name another, by a parameter called as the role is.
    """

    role: str
    names: tuple[str, ...]
    needed: bool = True
    option: bool = False

    def __post_init__(self) -> None:
        if not all(isinstance(name, str) and name.strip() for name in self.names):
            raise ValueError(
                f"{self.role} must be the name of a column, got {self.names[0]!r}"
            )


def image_column(name: str = "image") -> Column:
    """Return the column of image files; ImageFolders call it otherwise."""
    others = ("file_name",) if name == "image" else ()
    hugging_face = (f"{name}_file_name",) if isinstance(name, str) else ()
    return Column("image", (name, *hugging_face, *others), option=True)


def find_columns(found: Sequence[Any], columns: Sequence[Column]) -> dict[str, int]:
    """Return by role where in the header `found` the columns stand, or raise."""
    plain = [_plain(name) for name in found]
    places: dict[str, int] = {}
    for column in columns:
        wanted = {_plain(name) for name in column.names}
        here = [i for i, name in enumerate(plain) if name in wanted]
        name = column.names[0]
        if len(here) > 1:
            raise UnreadableTable(
                f"it has more than one column {name!r} among {list(found)}: "
                f"{', '.join(repr(found[i]) for i in here)}; rename all but one"
                f"{_choice(column, [found[i] for i in here])}"
            )
        if here:
            places[column.role] = here[0]
        elif column.needed:
            told = f"it has no column {name!r} among {list(found)}"
            if column.role == "image" and not ADDRESSES.isdisjoint(plain):
                raise UnreadableTable(
                    f"{told}, but addresses of images; {DOWNLOAD}, or name the column "
                    "of image files"
                )
            raise UnreadableTable(told + _remedy(column))
    roles = {place: role for role, place in places.items()}
    for role, place in places.items():
        if roles[place] != role:
            raise UnreadableTable(
                f"{role} and {roles[place]} are both the column {found[place]!r}; name "
                "two"
            )
    return places


def _plain(name: str) -> str:
    """Return a name without what does not tell columns apart."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _choice(column: Column, found: Sequence[str]) -> str:
    """Return how to say which of the names of a column is meant, where that works."""
    others = [name for name in found if _plain(name) != column.names[0]]
    if not column.option or len(others) != 1:
        return ""
    return f", or say which: {column.role}={others[0]!r}"


def _remedy(column: Column) -> str:
    if not column.option:
        return "; correct the names of its columns"
    role = column.role
    return (
        f"; where another holds it, say which: {role}=NAME (on the command line "
        f"--{role}-column NAME). In a .csv or .tsv the first line must hold the names: "
        "where it does not, put such a line above it"
    )


def value_fault(value: object, name: str) -> str | None:
    """Say why a value cannot be a text or the name of a file; None: it can."""
    if value is None or value == "":
        return f"it has no {name!r}; fill it in"
    if not isinstance(value, str):
        kind = type(value).__name__
        return f"its {name!r} is {value!r:.60} ({kind}); it must be a string"
    if is_blank(value):
        return f"its {name!r} is blank; fill it in"
    return character_fault(value, name)


def character_fault(value: str, name: str) -> str | None:
    """Say which characters of a string stand for none; None: all are well."""
    if "\0" in value:
        return (
            f"its {name!r} holds the character NUL; take it out, or save the file as "
            "UTF-8"
        )
    lone = SURROGATE.search(value)
    if lone is None:
        return None
    if "\udc80" <= lone[0] <= "\udcff":  # how a byte that is not UTF-8 is kept
        return f"its {name!r} is not UTF-8; save the file as UTF-8"
    return (
        f"its {name!r} holds {lone[0]!a}, half a character (a lone surrogate); "
        "write the character whole, or leave it out"
    )


def url_fault(name: str) -> str | None:
    """Say that an image is no file; None: it may be one."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) or name.startswith("data:"):
        return f"{name:.80} is an address, no file; {DOWNLOAD}"
    return None
