"""Pools as people have them: folders, files of texts, lists, each item by a stable key.

An item is known by its key (a path relative to its folder, an id out of a file, or its
own content) and by a hash of its content, never by its place.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import issparse

from .._shared.threads import mapped_in_threads
from .._shared.types import Items
from ..datasets._texts import KeyedTexts, load_texts
from ..items._containers import check_items
from ..items._faults import each_looked_at, fault_and_hash, fault_of
from ..items._folders import list_files, list_images
from ..items._formats import known_suffixes
from ..items._images import check_images
from ..items._keys import content_hash, content_keys
from ..items._sounds import MIMETYPES, is_sound
from ..items._stored import StoredImage
from ..items._texts import check_texts
from ._aside import MISSING, describe, faults_of, without_missing
from ._ids import Key

# Endings of images that Pillow does not read, or not without other programs.
UNREAD_SUFFIXES = frozenset((".arw", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".exr"))
UNREAD_SUFFIXES |= {".ico", ".jxl", ".nef", ".pdf", ".psd", ".svg", ".tga"}
UNREAD = ""  # in place of the hash of a file that cannot be read

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
    kind : {"image", "text", "audio", "other"}
        What a person is shown.
    faults : dict
        What is wrong with items that cannot be used, by row.
    left_out : str
        What a folder holds besides, counted, and why it is not taken; "" for nothing.
    prints : dict
        Fingerprints of image files that can be used, by row.
    """

    items: Items
    keys: list[Key]
    kind: str
    faults: dict[int, str] = field(default_factory=dict)
    left_out: str = ""
    prints: "dict[int, Fingerprint]" = field(default_factory=dict)


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

    A folder is searched with all below it, and keys are paths relative to it; where it
    holds no images, its sound files are taken, else its .txt files as texts. Files are
    read by `load_texts`. A mapping's keys are its items' keys. What has no id is known
    by its content; equal ones are told apart by a number.

    All items are looked at. Those that cannot be used are listed in `faults`, or raise.
    """
    keys: list[Any] | None = None
    kind, left_out = None, ""
    if isinstance(source, (str, Path)):
        found, left_out = read_path(Path(source), name)
        keys, items = list(found), list(found.values())
        kind = "text" if isinstance(items[0], str) else None
    elif isinstance(source, Mapping) and not issparse(source):  # as some are
        keys, items = list(source), _stacked(list(source.values()))
        kind = "text" if isinstance(source, KeyedTexts) else None
    else:
        items = source
    if hasattr(items, "columns"):
        raise TypeError(
            f"{name} is a table ({type(items).__name__}); pass one column of it, or a "
            "mapping of keys to items"
        )
    given: Any = items
    faults: dict[int, str] = {}
    if on_error == "skip":
        items, faults = without_missing(items)
    items = check_items(items, name)
    if kind is None:
        kind, items = _kind(items, name)
    if kind == "text":
        items = check_texts(items, name)
        _check_no_zeros(items, name)
    prints: dict[int, Fingerprint] = {}
    if kind == "image" and isinstance(items, list):
        bad, prints = _looked_at(items, verbose)
        faults |= bad
    else:
        faults |= faults_of(items, kind, verbose)
    if keys is None:
        paths = [item for item in items if isinstance(item, Path)]
        if len(paths) == len(items):
            keys = [path.as_posix() for path in paths]
        else:
            keys = content_keys(_for_keys(given, items, faults), name)
        for row in faults:
            if faults[row] == MISSING:
                keys[row] = f"row {row}"
    _check_keys(keys, name)
    if faults and on_error == "raise":
        raise ValueError(
            f"{describe(faults, keys, name)}\nReplace them, or leave them out with "
            'on_error="skip" (--on-error skip)'
        )
    if len(faults) == len(keys):
        raise ValueError(f"{describe(faults, keys, name)}\nThere are no others")
    return Pool(items, [Key(key) for key in keys], kind, faults, left_out, prints)


def _looked_at(
    images: list[Any], verbose: int
) -> tuple[dict[int, str], dict[int, Fingerprint]]:
    """Return what is wrong with images, and fingerprints of files, by row.

    Each file is read once for both.
    """
    looked = each_looked_at(images, _look, verbose, "looking at images")
    faults = {row: why for row, (why, _) in enumerate(looked) if why is not None}
    prints = {row: own for row, (_, own) in enumerate(looked) if own is not None}
    return faults, prints


def _look(image: Any) -> tuple[str | None, Fingerprint | None]:
    """Return why an image cannot be used; if it can, the fingerprint of its file."""
    if not isinstance(image, Path):
        return fault_of(image), None
    try:
        found = os.stat(image)
    except OSError:
        return fault_of(image), None
    fault, sha256 = fault_and_hash(image)
    if fault is not None:
        return fault, None
    return None, Fingerprint(sha256, found.st_size, found.st_mtime_ns)


def fingerprints(
    pool: Pool, known: Mapping[Key, Fingerprint], name: str
) -> list[Fingerprint]:
    """Return the fingerprint of each item.

    `known` maps keys to what was returned for them before. What cannot be used is as it
    was when it could.
    """

    def fingerprint(keyed: tuple[int, Key]) -> Fingerprint:
        row, key = keyed
        if row in pool.faults:
            return known.get(key, Fingerprint(UNREAD, None, None))
        if row in pool.prints:
            return pool.prints[row]
        return Fingerprint(content_hash(pool.items[row], name), None, None)

    if pool.kind == "image" and isinstance(pool.items, list):  # reading waits for disks
        with ThreadPoolExecutor() as threads:
            keyed = list(enumerate(pool.keys))
            return list(mapped_in_threads(threads, fingerprint, keyed))
    return [fingerprint(keyed) for keyed in enumerate(pool.keys)]


def read_path(path: Path, name: str) -> tuple[dict[str, Path] | dict[str, str], str]:
    """Return the items of a folder or a file by key, and what a folder leaves out."""
    if not path.exists():
        raise FileNotFoundError(
            f"{name}: there is no file or folder {path}; correct the path"
        )
    if not path.is_dir():
        return load_texts(path), ""
    try:
        listing = list_images(path)
    except ValueError as no_images:  # a folder of sounds, of texts, or of nothing
        try:
            listing = list_files(path, MIMETYPES)
        except ValueError as error:
            if not any(path.rglob("*.txt")):
                raise no_images from error
            return load_texts(path), list_files(path, (".txt",)).left_out
    return dict(zip(listing.keys, listing.paths, strict=True)), listing.left_out


def _for_keys(given: Any, items: Any, faults: Mapping[int, str]) -> Any:
    """Return what keys are made of: items as they came, before some were set aside."""
    if isinstance(given, np.ndarray) and given.ndim > 1:
        return given
    unknown = {  # whose content cannot be told
        row for row, why in faults.items() if why == MISSING or _is_picture(items[row])
    }
    return [f"row {r}" if r in unknown else item for r, item in enumerate(items)]


def _stacked(items: list[Any]) -> Items:
    """Return rows of numbers as one array, everything else as the list it is."""
    shapes = {getattr(item, "shape", None) for item in items}
    rows = len(shapes) == 1 and len(next(iter(shapes)) or ()) == 1
    return np.stack(items) if rows else items


def _kind(items: Any, name: str) -> tuple[str, Items]:
    """Return what a person is shown, and images as `check_images` returns them."""
    if isinstance(items, np.ndarray) and items.dtype.kind not in "OUST":
        pixels = items.dtype == np.uint8 and items.ndim >= 3
        return ("image", check_images(items, name)) if pixels else ("other", items)
    items = [str(item) if isinstance(item, str) else item for item in items]
    if all(map(is_sound, items)) and (
        all(isinstance(item, Path) or len(item.split()) == 1 for item in items)
        or any(map(_is_file, items))
    ):
        return "audio", [Path(item) for item in items]
    is_text = [isinstance(item, str) for item in items]
    if all(is_text):
        if not _are_names(items, name):
            return "text", items
        return "image", check_images(items, name)
    is_image = [isinstance(item, Path) or _is_picture(item) for item in items]
    is_either = [text or image for text, image in zip(is_text, is_image, strict=True)]
    if all(is_either):
        return "image", check_images(items, name)
    odd = is_either.index(False)
    if any(is_either) or isinstance(items[odd], bytes):
        raise TypeError(
            f"{name} holds a {type(items[odd]).__name__} in row {odd}, "
            f"{items[odd]!r:.60}, where images (paths, PIL images, uint8 arrays) or "
            "texts (str) are expected; pass items of one kind, and texts as str"
        )
    return "other", items


def _is_picture(item: Any) -> bool:
    """Say whether an item is a PIL image, one in an archive, or an array of pixels."""
    if isinstance(item, StoredImage):
        return True
    is_pixels = isinstance(item, np.ndarray) and item.dtype == np.uint8
    return hasattr(item, "getbands") or (is_pixels and item.ndim >= 2)


def _are_names(items: list[str], name: str) -> bool:
    """Say whether strings are names of image files; raise where only some may be."""
    has_ending = [Path(item).suffix.lower() in known_suffixes() for item in items]
    if all(has_ending):
        return True
    for item, ends in zip(items, has_ending, strict=True):
        # A caption may end like a file, but in one word, or as a file that there is?
        ends |= Path(item).suffix.lower() in UNREAD_SUFFIXES
        if (ends and len(item.split()) == 1) or _is_file(item):
            other = items[has_ending.index(False)]
            raise ValueError(
                f"{name} holds names of files and other strings, or files of other "
                f"endings than images have: {item!r} and {other!r:.60}; pass images as "
                "pathlib.Path objects, and texts that read like files in a table (see "
                "skmal.datasets.load_texts)"
            )
    return False


def _is_file(text: str | Path) -> bool:
    """Say whether a string names a file that there is, by a path with an ending."""
    try:
        return bool(Path(text).suffix) and os.path.isfile(text)
    except ValueError:  # a zero in it
        return False


def _check_no_zeros(texts: list[str], name: str) -> None:
    """Raise for a text that a table of answers could not hold."""
    for row, text in enumerate(texts):
        if "\0" in text:
            raise ValueError(
                f"{name}[{row}] holds a zero character at {text.index(chr(0))}, which "
                "tables cannot hold; take it out"
            )


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
