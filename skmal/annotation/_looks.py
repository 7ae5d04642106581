"""Looks at images while people answer, for files may go bad at any time.

What can no longer be read is set aside.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ..items._faults import fault_of, find_faults
from ._aside import describe, list_path
from ._book import Book
from ._catalogue import Catalogue
from ._ids import Key, Number
from ._records import NAMES, Item, Question
from ._sources import Pool

T = TypeVar("T")

SIDE = 256  # pixels that are enough to see whether an image can be decoded


def look_at(book: Book, modality: int, key: str) -> str | None:
    """Look at one image; return why it cannot be used, or None."""
    items = book.items
    number = items.number(modality, key)
    value = items.item(number).value
    if number not in items.aside and items.kinds[modality] == "image":
        why = fault_of(value, thorough=True)
        if why is not None:
            with book.lock:
                book.set_aside({number: why})
    return items.aside.get(number)


def look_at_shown(book: Book, questions: Iterable[Question]) -> list[str]:
    """Look at what questions show; return what to say of what is set aside.

    Opening reads most images without decoding them. So each is decoded when it is shown
    for the first time, and once more only if its file is not as it was on opening.
    """
    shown = {
        (modality, item.key): item
        for question in questions
        for modality, some in (
            (question.modality, (question.item,)),
            (1 - question.modality, question.candidates),
        )
        for item in some
    }
    reasons: dict[Number, str] = {}
    for (modality, key), item in shown.items():
        if book.items.kinds[modality] != "image":
            continue
        if (modality, key) in book.decoded and _is_as_before(
            book.items, modality, item
        ):
            continue
        why = fault_of(item.value, thorough=True, side=SIDE)
        if why is None:
            book.decoded.add((modality, key))
        else:
            reasons[book.items.number(modality, key)] = why
    return _set_aside(book, reasons)


def look_at_all(book: Book) -> list[str]:
    """Look at all images, decoding each; return what to say of what is set aside."""
    items, told = book.items, list[str]()
    for modality, pool in enumerate(items.pools):
        if items.kinds[modality] != "image" or not isinstance(pool, list):
            continue
        with book.lock:
            numbers = items.numbers[modality]
            numbers = numbers[items.row[numbers] >= 0]
            rows = items.row[numbers]
        faults = find_faults([pool[row] for row in rows], thorough=True)
        reasons = {Number(int(numbers[i])): why for i, why in faults.items()}
        told += _set_aside(book, reasons)
    return told


def without_bad_images(
    book: Book, work: Callable[[], T], told: list[str] | None = None
) -> T:
    """Return what the work returns; where it fails, set bad images aside and repeat it.

    What is said of these is added to `told`. Work fails where no image is to blame.
    """
    while True:
        try:
            return work()
        except Exception:  # encoders of any kind raise what they like
            bad = look_at_all(book)
            if not bad:
                raise
            if told is not None:
                told += bad


def warn_of_pools(pools: Sequence[Pool], journal: Path) -> None:
    """Warn of what folders hold besides, and of what is set aside on opening."""
    for pool, name in zip(pools, NAMES, strict=True):
        if pool.left_out:
            warnings.warn(
                f"left out of the folder of {name}: {pool.left_out}", stacklevel=3
            )
    told = [
        describe(pool.faults, pool.keys, name)
        for pool, name in zip(pools, NAMES, strict=True)
        if pool.faults
    ]
    if told:
        message = "\n".join(told)
        warnings.warn(
            f"set aside: {message}\nAll are in {list_path(journal)}", stacklevel=3
        )


def warn_set_aside(told: Iterable[str], stacklevel: int) -> None:
    """Warn of what is set aside from now on, if anything is."""
    if message := "\n".join(told):
        warnings.warn(f"set aside from now on: {message}", stacklevel=stacklevel + 1)


def _set_aside(book: Book, reasons: Mapping[Number, str]) -> list[str]:
    """Set items aside; return what to say of them."""
    if not reasons:
        return []
    with book.lock:
        book.set_aside(reasons)
    told: list[str] = []
    for modality, name in enumerate(NAMES):
        own = [n for n in reasons if book.items.modality[n] == modality]
        if own:
            faults = {row: reasons[number] for row, number in enumerate(own)}
            told.append(describe(faults, list(map(book.items.key, own)), name))
    return told


def _is_as_before(items: Catalogue, modality: int, item: Item) -> bool:
    """Say whether an item is no file, or its file looks as it did on opening."""
    path = item.value
    if items.kinds[modality] != "image" or not isinstance(path, Path):
        return True
    before = items.fingerprint(modality, Key(item.key))
    try:
        now = os.stat(path)
    except OSError:
        return False
    is_same = (now.st_size, now.st_mtime_ns) == (before.size, before.mtime_ns)
    return is_same and os.access(path, os.R_OK)
