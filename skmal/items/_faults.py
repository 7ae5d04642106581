"""Which images cannot be read, looked for before anybody is asked about them."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._shared.progress import progress
from .._shared.threads import mapped_in_threads
from ._pictures import UnreadableImage, is_whole_jpeg, read_picture
from ._stored import StoredImage

if TYPE_CHECKING:
    from ._images import Images, OneImage

AHEAD = 4096  # images that wait for a thread


def fault_of(image: "OneImage | str", *, thorough: bool = False) -> str | None:
    """Return why an image cannot be read, without its path; None where it can be.

    It is read as `read_picture` reads it, except for JPEG files: where their head is in
    order and their scan has an end, they count as whole without being decoded, unless
    the look is to be `thorough`.
    """
    try:
        is_file = isinstance(image, (str, Path, StoredImage))
        if thorough or not (is_file and is_whole_jpeg(image)):
            read_picture(image)
    except UnreadableImage as error:
        return str(error)
    return None


def find_faults(
    images: "Images",
    *,
    verbose: int = 0,
    desc: str = "looking at images",
    thorough: bool = False,
) -> dict[int, str]:
    """Return the rows of images that cannot be read, and why each cannot.

    An image that is there several times is looked at once. Threads share the work; an
    image takes the time of decoding it, a JPEG that of reading its bytes.

    Parameters
    ----------
    images : list of paths, PIL images and uint8 arrays, or one uint8 array
        As `check_images` returns them.
    verbose : int, default=0
        With 1 and more there is a progress bar.
    desc : str, default="looking at images"
        What stands before the bar.
    thorough : bool, default=False
        Whether JPEG files are decoded as well.
    """
    if isinstance(images, np.ndarray):  # pixels are there already
        return {}
    rows: dict[object, list[int]] = {}
    for row, image in enumerate(images):
        key = os.fspath(image) if isinstance(image, (str, Path)) else id(image)
        rows.setdefault(key, []).append(row)
    equals = list(rows.values())
    faults: dict[int, str] = {}
    look = partial(fault_of, thorough=thorough)
    threads = ThreadPoolExecutor()
    try:
        with progress(len(images), desc, verbose, unit="image") as advance:
            for start in range(0, len(equals), AHEAD):
                batch = equals[start : start + AHEAD]
                firsts = [images[same[0]] for same in batch]
                found = mapped_in_threads(threads, look, firsts)
                for same, fault in zip(batch, found, strict=True):
                    if fault is not None:
                        faults.update(dict.fromkeys(same, fault))
                    advance(len(same))
    finally:
        threads.shutdown(cancel_futures=True)
    return dict(sorted(faults.items()))
