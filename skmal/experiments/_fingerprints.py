"""What a run rests on, in a few letters: another version, parameter or data tells."""

import inspect
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import joblib
import numpy as np

from .._shared.types import Items
from .._version import __version__
from ..items._stored import PackedImage

OF_OLD = "unknown"  # of runs from before there were fingerprints
LENGTH = 8  # hexadecimal digits of a part


def fingerprint(data: str, *more: Any) -> str:
    """Return what tells a run from others of the same name.

    Parameters
    ----------
    data : str
        What `data_hash` returned.
    *more
        Strategy, encoder, and whatever else of plain values decides its numbers.

    Returns
    -------
    str
        Version of skmal, data and settings, between hyphens.
    """
    settings = _short(" ".join(map(described, more)))
    return f"{__version__}-{data}-{settings}"


def parts_that_differ(one: str, other: str) -> str:
    """Say in words how two fingerprints differ.

    Parameters
    ----------
    one, other : str
        What `fingerprint` returned.

    Returns
    -------
    str
        Such as "another version (0.1 -> 0.2), other parameters".
    """
    (version, data, settings), (other_version, other_data, other_settings) = (
        text.rsplit("-", 2) for text in (one, other)
    )
    said = []
    if version != other_version:
        said.append(f"another version ({version}, now {other_version})")
    if data != other_data:
        said.append("other data")
    if settings != other_settings:
        said.append("other parameters or code")
    return ", ".join(said)


def data_of(text: str) -> str:
    """Return the part of a fingerprint that tells the data.

    Parameters
    ----------
    text : str
        What `fingerprint` returned.

    Returns
    -------
    str
        As `data_hash` returned it.
    """
    return text.rsplit("-", 2)[1]


def data_hash(*data: Any) -> str:
    """Return a few letters that change with the content of arrays and lists.

    Parameters
    ----------
    *data
        Arrays, lists, strings or None.

    Returns
    -------
    str
        Eight hexadecimal digits.
    """
    return _short(data)


def with_stamps(items: Items) -> Items:
    """Return items to hash: files with their size and when they were last changed.

    Parameters
    ----------
    items : sequence
        Arrays of pixels, paths of images, or images in archives.

    Returns
    -------
    sequence
        In place of a path, also that of an archive, the real one; what is no file stays
        as it is.
    """
    if isinstance(items, np.ndarray) and items.dtype.kind in "buif":
        return items
    return [_with_stamp(items[row]) for row in range(len(items))]


def _with_stamp(item: Any) -> Any:
    if isinstance(item, PackedImage):  # it has a stamp
        return replace(item, archive=os.path.realpath(item.archive))
    if not isinstance(item, str | Path):
        return item
    try:
        status = os.stat(item)
    except (OSError, ValueError):  # whoever reads it says so
        return os.fspath(item)
    return os.path.realpath(item), status.st_size, status.st_mtime_ns


def described(value: Any) -> str:
    """Return a text that names a class, its parameters and, of your own, its code.

    Parameters
    ----------
    value : object
        A strategy, an encoder, or a parameter. Of a function also its defaults and what
        it holds of the functions around it; of a callable instance, its attributes.

    Returns
    -------
    str
        The same in every process.
    """
    return _described(value, ())


def _described(value: Any, outer: tuple[int, ...]) -> str:
    """Describe a value within those that have these addresses."""
    if id(value) in outer:  # it holds itself
        return "..."
    outer = (*outer, id(value))

    def told(part: Any) -> str:
        return _described(part, outer)

    if isinstance(value, np.ndarray):
        return f"array {value.dtype} {value.shape} {_short(value)}"
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return f"{_place_of(type(value))} {_short(value)}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(told, value))}]"
    if isinstance(value, dict):
        entries = sorted((str(k), told(v)) for k, v in value.items())
        return f"{{{', '.join(': '.join(entry) for entry in entries)}}}"
    if isinstance(value, type):
        return f"{_place_of(value)}{_code_of_class(value)}"
    if hasattr(value, "get_params"):
        parameters = told(value.get_params(deep=False))
        return f"{_place_of(type(value))} {parameters}{_code_of_class(type(value))}"
    if isinstance(value, partial):
        return f"partial {told([value.func, value.args, value.keywords])}"
    if isinstance(value, MethodType):
        return f"method {told([value.__func__, value.__self__])}"
    if isinstance(value, FunctionType):
        defaults = [value.__defaults__, value.__kwdefaults__]
        held = [_content_of(cell) for cell in value.__closure__ or ()]
        return f"{_place_of(value)} {told([defaults, held])}{_code_of(value)}"
    if callable(value):
        attributes = told(getattr(value, "__dict__", {}))
        return f"{_place_of(value)} {attributes}{_code_of_class(type(value))}"
    return repr(value)


def _content_of(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _place_of(what: Any) -> str:
    module = getattr(what, "__module__", type(what).__module__)
    return f"{module}.{getattr(what, '__qualname__', type(what).__name__)}"


def _code_of_class(what: type) -> str:
    """Return the hashes of the code of a class and of those that it is made from."""
    return "".join(dict.fromkeys(map(_code_of, what.__mro__)))


def _code_of(what: Any) -> str:
    """Return a hash of the code of a class or function that is not of a package.

    That of its whole module, for it may call functions beside it; of what stands in a
    script or a notebook, its own alone.
    """
    name: str = getattr(what, "__module__", "")
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) or ""
    package = name.partition(".")[0]
    if package in {"skmal", "sklearn", *sys.stdlib_module_names}:
        return ""
    if "site-packages" in file:
        return ""
    try:
        read: Any = what if name == "__main__" or not file else module
        return " " + _short(inspect.getsource(read))
    except (OSError, TypeError):  # typed into an interpreter
        return ""


def _short(value: Any) -> str:
    digest = joblib.hash(value, coerce_mmap=True)
    assert digest is not None
    return digest[:LENGTH]
