"""Images with several captions each, in the JSON files of Karpathy's splits."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from sklearn.utils import Bunch

from .._shared.parameters import check_integer
from ..items._stored import StoredImage
from ._columns import value_fault
from ._reading import Problems, as_objects

# Number, part of the split, possible names and captions of an image; a str: a fault.
Entry: TypeAlias = tuple[int, str, list[str], list[Any]] | str


def check_captions(n_captions: int | None) -> int | None:
    """Return how many captions of each image are wanted, None for all, or raise."""
    if n_captions is None:
        return None
    return check_integer(n_captions, "n_captions", minimum=1)


def captioned_images(
    entries: Iterable[tuple[str, Entry]],
    image_of: Callable[[list[str]], str | StoredImage],
    file: Path,
    n_captions: int | None,
    problems: Problems,
) -> Bunch:
    """Return a row for each caption of the images.

    `image_of` returns the image that has one of some names, or raises
    FileNotFoundError.
    """
    X: list[str | StoredImage] = []
    y: list[str] = []
    groups: list[int] = []
    splits: list[str] = []
    known: set[int] = set()
    for place, entry in entries:
        if isinstance(entry, str):
            problems.add(f"{file}, {place}: {entry}")
            continue
        number, part, names, captions = entry
        if number in known:
            problems.add(f"{file}, {place}: image {number} stands there twice")
            continue
        try:
            image = image_of(names)
        except FileNotFoundError as error:
            problems.add(f"{file}, {place}: {error}", error, FileNotFoundError)
            continue
        captions = texts_of(captions, f"{file}, {place}", problems)[:n_captions]
        known.add(number)
        X += [image] * len(captions)
        y += captions
        groups += [number] * len(captions)
        splits += [part] * len(captions)
    return Bunch(
        X=as_objects(X),
        y=as_objects(y),
        groups=np.array(groups),
        split=np.array(splits),
        skipped=problems.messages,
    )


def read_lists(file: Path, keys: tuple[str, ...]) -> list[list[Any]]:
    """Return the lists under these keys of a JSON file."""
    try:
        content = json.loads(file.read_bytes())
        lists = [content[key] for key in keys]
        if not all(isinstance(entries, list) for entries in lists):
            raise TypeError("they are no lists")
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{file} cannot be read ({error!r}); expected is JSON with the lists "
            f"{' and '.join(keys)}; get it anew"
        ) from error
    return lists


def karpathy_entries(
    lists: list[list[Any]], parts: tuple[str, ...]
) -> Iterator[tuple[str, Entry]]:
    """Yield (place, entry) for the images of these parts; what is broken as a str."""
    for row, image in enumerate(lists[0]):
        try:
            if image["split"] not in parts:
                continue
            number = image.get("cocoid", image.get("imgid", row))
            names = [image["filename"]]
            if "filepath" in image:
                names.insert(0, os.path.join(image["filepath"], image["filename"]))
            captions = [sentence.get("raw") for sentence in image["sentences"]]
            entry = make_entry(number, image["split"], names, captions)
        except (AttributeError, KeyError, TypeError) as error:
            entry = f"no filename, split and sentences with raw captions ({error!r})"
        yield f"images[{row}]", entry


def make_entry(number: Any, split: str, names: list[Any], captions: list[Any]) -> Entry:
    """Return what is to be known of an image, or a str that says what is wrong."""
    if not isinstance(number, int):
        return f"the image's number is {number!r}, no integer"
    if not all(isinstance(name, str) for name in names):
        return f"the image's file name is {names[0]!r}, no string"
    if not any(isinstance(c, str) and c.strip() for c in captions):
        return f"an image without captions, or with empty ones: {captions!r:.80}"
    return number, split, names, captions


def texts_of(captions: list[Any], place: str, problems: Problems) -> list[str]:
    """Return an image's captions; what is broken is left out alone."""
    texts = []
    for i, caption in enumerate(captions):
        if fault := value_fault(caption, "caption"):
            problems.add(f"{place}, caption {i}: {fault}")
        else:
            texts.append(caption.strip())
    return texts
