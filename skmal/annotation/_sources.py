"""Pools as people have them: folders, files of texts, lists, each item by a stable key.

An item is known by its key (a path relative to its folder, an id out of a file, or its
own content) and by a hash of its content, never by its place.
"""

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import numpy as np

from .._shared.types import Items
from ..items._containers import check_items
from ..items._texts import check_unicode
from ._aside import describe, faults_of, without_nan
from ._ids import Key

UNREAD = ""  # in place of the hash of a file that cannot be read
IMAGE_SUFFIXES = (
    ".bmp",
    ".gif",
    ".jpeg",
    ".jpg",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
)


PoolSource: TypeAlias = str | Path | Mapping[str, Any] | Items  # what people pass


@dataclass(frozen=True)
class Pool:
    """The items of one modality, in the order given.

    Parameters
    ----------
    items : sequence
        The items, in the form that encoders take.
    keys : list of str
        One per item, all different.
    kind : {"image", "text", "other"}
        What a person is shown.
    faults : dict
        What is wrong with items that cannot be used, by row.
    """

    items: Items
    keys: list[Key]
    kind: str
    faults: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells that an item has not changed.

    Parameters
    ----------
    sha256 : str
        Of its content; "" where it has never been read.
    size, mtime_ns : int or None
        Of its file, when that was read; None where it is no file.
    """

    sha256: str
    size: int | None
    mtime_ns: int | None


def read_pool(
    source: PoolSource, name: str, on_error: str = "raise", verbose: int = 0
) -> Pool:
    """Return the Pool of a folder of images, a file of texts, a mapping or a sequence.

    A folder is searched with all below it, and keys are paths relative to it. A .csv
    file has a column `text` (or its last one) and perhaps `id`; a .jsonl file has one
    string or one object with `text` and perhaps `id` a line; any other file has one
    text a line. A mapping's keys are its items' keys. What has no id is known by its
    content; equal ones are told apart by a number.

    All items are looked at. Those that cannot be used are listed in `faults`, or raise.
    """
    keys: list[Any] | None = None
    if isinstance(source, (str, Path)):
        source = Path(source)
        if source.is_dir():
            keys, items = _read_folder(source, name)
        elif source.is_file():
            keys, items = _read_texts(source, name)
        else:
            raise FileNotFoundError(
                f"{name}: there is no file or folder {source}; correct the path"
            )
    elif isinstance(source, Mapping):
        keys, items = list(source), _stacked(list(source.values()))
    else:
        items = source
    if hasattr(items, "columns"):
        raise TypeError(
            f"{name} is a data frame of several columns; pass one column, or a mapping "
            "of keys to items"
        )
    given, faults = items, dict[int, str]()
    if on_error == "skip":
        items, faults = without_nan(items)
    items = check_items(items, name)
    kind, items = _kind(items)
    if kind == "text":
        for row, text in enumerate(items):
            check_unicode(text, f"{name}[{row}]")
    faults |= faults_of(items, kind, name, verbose)
    if keys is None:
        if len(items) and all(isinstance(item, Path) for item in items):
            keys = [item.as_posix() for item in items]
        else:
            rows = given if faults else items
            keys = distinct_keys([content_hash(row, name)[:20] for row in rows])
    _check_keys(keys, name)
    if faults and on_error == "raise":
        raise ValueError(
            f'{describe(faults, keys, name)}\nReplace them, or leave them out with '
            'on_error="skip" (--on-error skip)'
        )
    if len(faults) == len(keys):
        raise ValueError(f"{describe(faults, keys, name)}\nThere are no others")
    return Pool(items, [Key(key) for key in keys], kind, faults)


def content_hash(item: Any, name: str) -> str:
    """Return a hash of what an item is; a file is read."""
    if isinstance(item, Path):
        with open(item, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(item, str):
        return hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()
    if hasattr(item, "tobytes") and hasattr(item, "getbands"):  # a PIL image
        head = f"{item.mode} {item.size}"
        return hashlib.sha256(head.encode() + item.tobytes()).hexdigest()
    try:
        array = np.ascontiguousarray(item)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biufcSU":
        raise TypeError(
            f"{name} holds a {type(item).__name__}, whose content cannot be told; pass "
            "paths, strings, arrays of numbers or PIL images"
        )
    head = f"{array.dtype.str} {array.shape}"
    return hashlib.sha256(head.encode() + array.tobytes()).hexdigest()


def fingerprints(
    pool: Pool, known: Mapping[Key, Fingerprint], name: str
) -> list[Fingerprint]:
    """Return the fingerprint of each item; a file that looks untouched is not read.

    `known` maps keys to what was returned for them before. What cannot be used is as it
    was when it could.
    """
    aside = {pool.keys[row] for row in pool.faults}

    def fingerprint(key: Key, item: Any) -> Fingerprint:
        if key in aside:
            return known.get(key, Fingerprint(UNREAD, None, None))
        if not isinstance(item, Path):
            return Fingerprint(content_hash(item, name), None, None)
        try:
            found = os.stat(item)
            size, mtime_ns = found.st_size, found.st_mtime_ns
            before = known.get(key)
            if before and (before.size, before.mtime_ns) == (size, mtime_ns):
                return before
            return Fingerprint(content_hash(item, name), size, mtime_ns)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{name}: there is no file {item}; correct the path, or leave it out"
            ) from error

    if pool.kind == "image" and isinstance(pool.items, list):  # reading waits for disks
        with ThreadPoolExecutor() as threads:
            return list(threads.map(fingerprint, pool.keys, pool.items))
    return [fingerprint(key, pool.items[i]) for i, key in enumerate(pool.keys)]


def distinct_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys, the second of equal ones with -2 behind it, and so on."""
    counts: dict[str, int] = {}
    numbered = []
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
        numbered.append(key if counts[key] == 1 else f"{key}-{counts[key]}")
    return numbered


def _read_folder(folder: Path, name: str) -> tuple[list[str], list[Path]]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    )
    if not paths:
        raise ValueError(
            f"{name}: {folder} holds no images ({', '.join(IMAGE_SUFFIXES)}); name "
            "another folder, or pass a list of paths"
        )
    return [path.relative_to(folder).as_posix() for path in paths], paths


def _read_texts(path: Path, name: str) -> tuple[list[str] | None, list[str]]:
    """Return keys (None where the file has none) and texts of a file."""
    reader = {".csv": _read_csv, ".jsonl": _read_jsonl}.get(path.suffix.lower())
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if reader is None:
                lines = (line.strip() for line in file)
                return None, [line for line in lines if line]
            rows = reader(file, path)
    except csv.Error as error:
        raise ValueError(f"{name}: {path} is no table of texts: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: {path} is not UTF-8 ({error}); convert it first"
        ) from error
    ids, texts = zip(*rows, strict=True) if rows else ((), ())
    if all(i is None for i in ids):
        return None, list(texts)
    if any(i is None for i in ids):
        raise ValueError(
            f"{name}: {path} has {sum(i is None for i in ids)} texts without an id; "
            "give one to each, or to none"
        )
    return [str(i) for i in ids], list(texts)


def _read_csv(file: TextIO, path: Path) -> list[tuple[Any, str]]:
    rows = csv.DictReader(file)
    columns = rows.fieldnames or [""]
    text = "text" if "text" in columns else columns[-1]
    try:
        return [(row.get("id") or None, row[text].strip()) for row in rows]
    except AttributeError as error:  # a short row
        raise ValueError(
            f"{path}, line {rows.line_num}: no value in the column {text!r}; the file "
            "must have a header and a text in every row"
        ) from error


def _read_jsonl(file: TextIO, path: Path) -> list[tuple[Any, str]]:
    rows = []
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = row if isinstance(row, str) else row["text"]
            key = None if isinstance(row, str) else row.get("id")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}: expected a string, or an object with `text` "
                f"and perhaps `id`, got {line.strip()[:60]}"
            ) from error
        if not isinstance(text, str):
            raise ValueError(f"{path}, line {number}: {text!r} is no text")
        rows.append((key, text))
    return rows


def _stacked(items: list[Any]) -> Items:
    """Return rows of numbers as one array, everything else as the list it is."""
    shapes = {getattr(item, "shape", None) for item in items}
    rows = len(shapes) == 1 and len(next(iter(shapes)) or ()) == 1
    return np.stack(items) if rows else items


def _kind(items: Any) -> tuple[str, Items]:
    """Return what a person is shown, and the items with file names as paths."""
    if isinstance(items, np.ndarray) and items.dtype.kind not in "OUST":
        pixels = items.dtype == np.uint8 and items.ndim >= 3
        return ("image" if pixels else "other"), items
    items = [str(item) if isinstance(item, str) else item for item in items]
    if all(isinstance(item, (str, Path)) for item in items):
        suffixes = (Path(item).suffix.lower() for item in items)
        if all(suffix in IMAGE_SUFFIXES for suffix in suffixes):
            return "image", [Path(item) for item in items]
        if all(isinstance(item, str) for item in items):
            return "text", items
    images = all(
        hasattr(item, "getbands")
        or (isinstance(item, np.ndarray) and item.dtype == np.uint8 and item.ndim >= 2)
        for item in items
    )
    return ("image" if images else "other"), items


def _check_keys(keys: Sequence[Any], name: str) -> None:
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(
                f"{name} has the key {key!r}, a {type(key).__name__}; keys must be "
                "strings, for a number means a row"
            )
        try:
            key.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name} has the key {key!r}, which is no valid Unicode; rename it"
            ) from error
    twice, count = Counter(keys).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{name} has two items with the key {twice!r}; keys must be different"
        )
