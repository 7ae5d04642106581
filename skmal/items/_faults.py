"""Which images cannot be read, looked for before anybody is asked about them."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .._shared.progress import progress
from .._shared.threads import mapped_in_threads
from ._pictures import UnreadableImage, is_whole_file, read_bytes, read_picture
from ._png import is_whole as is_whole_png
from ._stored import StoredImage

if TYPE_CHECKING:
    from ._images import Images, OneImage

Look = TypeVar("Look")

AHEAD = 4096  # images that wait for a thread


def fault_of(
    image: "OneImage | str", *, thorough: bool = False, side: int | None = None
) -> str | None:
    """Return why an image cannot be read, without its path; None where it can be.

    It is read as `read_picture` reads it, except for JPEG and PNG files: where the head
    of the one is in order and its scan has an end, and all checksums of the other are
    right, they count as whole without being decoded, unless the look is to be
    `thorough`. With `side`, decoding may be to a smaller size, as in `read_picture`.
    """
    try:
        is_file = isinstance(image, (str, Path, StoredImage))
        if thorough or not (is_file and is_whole_file(image)):
            read_picture(image, side)
    except UnreadableImage as error:
        return str(error)
    return None


def fault_and_hash(path: Path) -> tuple[str | None, str]:
    """Return `fault_of` a file, and a hash of what it holds; "" where it has none.

    The file is read once, unless it has to be decoded.
    """
    try:
        content = read_bytes(path)
    except UnreadableImage as error:
        return str(error), ""
    fault = None if is_whole_png(content) else fault_of(path)
    return fault, "" if fault else hashlib.sha256(content).hexdigest()


def find_faults(
    images: "Images",
    *,
    verbose: int = 0,
    desc: str = "looking at images",
    thorough: bool = False,
) -> dict[int, str]:
    """Return the rows of images that cannot be read, and why each cannot.

    An image that is there several times is looked at once. Threads share the work; an
    image takes the time of decoding it, a JPEG or PNG that of reading its bytes.

    Parameters
    ----------
    images : list of paths, PIL images and uint8 arrays, or one uint8 array
        As `check_images` returns them.
    verbose : int, default=0
        With 1 and more there is a progress bar.
    desc : str, default="looking at images"
        What stands before the bar.
    thorough : bool, default=False
        Whether JPEG and PNG files are decoded as well.
    """
    if isinstance(images, np.ndarray):  # pixels are there already
        return {}
    looked = each_looked_at(images, partial(fault_of, thorough=thorough), verbose, desc)
    return {row: fault for row, fault in enumerate(looked) if fault is not None}


def each_looked_at(
    images: "Sequence[OneImage]",
    look: Callable[[Any], Look],
    verbose: int,
    desc: str,
) -> "list[Look]":
    """Return what a look at each image tells; equal ones are looked at once."""
    rows: dict[object, list[int]] = {}
    for row, image in enumerate(images):
        key = os.fspath(image) if isinstance(image, (str, Path)) else id(image)
        rows.setdefault(key, []).append(row)
    equals = list(rows.values())
    told: dict[int, Look] = {}
    threads = ThreadPoolExecutor()
    try:
        with progress(len(images), desc, verbose, unit="image") as advance:
            for start in range(0, len(equals), AHEAD):
                batch = equals[start : start + AHEAD]
                firsts = [images[same[0]] for same in batch]
                found = mapped_in_threads(threads, look, firsts)
                for same, one in zip(batch, found, strict=True):
                    told.update(dict.fromkeys(same, one))
                    advance(len(same))
    finally:
        threads.shutdown(cancel_futures=True)
    return [told[row] for row in range(len(images))]
