"""Names of items that have none: made of their content, and all different."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ._pictures import read_picture
from ._stored import StoredImage


def content_hash(item: Any, name: str) -> str:
    """Return a hash of what an item is; a file is read."""
    if isinstance(item, Path):
        with open(item, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(item, StoredImage):
        return hashlib.sha256(item.read()).hexdigest()
    if isinstance(item, str):
        return hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()
    if hasattr(item, "tobytes") and hasattr(item, "getbands"):  # a PIL image
        picture = read_picture(item)  # what people see: palettes, turns and all
        head = f"{picture.mode} {picture.size}"
        return hashlib.sha256(head.encode() + picture.tobytes()).hexdigest()
    try:
        array = np.ascontiguousarray(item)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biufcSU":
        raise TypeError(
            f"{name} holds a {type(item).__name__}, whose content cannot be told; pass "
            "paths, strings, arrays of numbers or PIL images"
        )
    if array.ndim < 2 and array.dtype.kind in "biuf":  # a row: equal numbers are equal
        array = array.astype(np.float64) + 0.0  # in any precision, and -0 is 0
    head = f"{array.dtype.str} {array.shape}"
    return hashlib.sha256(head.encode() + array.tobytes()).hexdigest()


def content_keys(items: Iterable[Any], name: str) -> list[str]:
    """Return a key for each item, by its content; equal ones get a number."""
    return distinct_keys(content_hash(item, name)[:20] for item in items)


def distinct_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys, the second of equal ones with -2 behind it, and so on."""
    counts: dict[str, int] = {}
    numbered = []
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
        numbered.append(key if counts[key] == 1 else f"{key}-{counts[key]}")
    return numbered
