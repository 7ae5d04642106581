"""Images as people pass them."""

import os
import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
import numpy.typing as npt

from ._containers import check_sequence
from ._equals import digest
from ._pictures import UnreadableImage, colours_last, read_head, read_picture
from ._stored import StoredImage

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels: TypeAlias = npt.NDArray[np.uint8]
OneImage: TypeAlias = Union[Pixels, Path, StoredImage, "PILImage"]
Images: TypeAlias = Pixels | list[OneImage]  # as check_images returns them

FORMS = (
    "a uint8 array of shape (n, height, width), (n, height, width, 3) or "
    "(n, 3, height, width), or a sequence of paths, PIL images or single such arrays"
)


# A letter alone before the colon is a drive of Windows.
ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+:/|data:)")


def check_images(images: Any, name: str) -> Images:
    """Return images in one of two forms, or raise; no file is opened.

    Pixels in one array become a uint8 array of shape (n, height, width) or (n, height,
    width, 3). Everything else becomes a list of paths, PIL images and arrays of pixels.
    """
    check_sequence(images, name, FORMS)
    images = _without_torch(images, name)
    images = _unmasked(images, name)
    if isinstance(images, np.ndarray) and images.dtype == np.uint8:
        _check_many(images, name)
    if isinstance(images, np.ndarray) and images.dtype.kind not in "OUST":
        return _check_pixels(images, name, n_axes=3)
    if getattr(images, "ndim", 1) != 1:
        raise ValueError(
            f"{name} has shape {images.shape}; paths must be in one row: {FORMS}"
        )
    return [_check_image(image, f"{name}[{row}]") for row, image in enumerate(images)]


def check_readable(images: Images, name: str) -> None:
    """Raise where a path leads to no image; only the heads of the files are read."""
    if isinstance(images, list):
        for row, image in enumerate(images):
            if isinstance(image, (Path, StoredImage)):
                try:
                    read_head(image)
                except UnreadableImage as error:
                    raise unreadable(f"{name}[{row}]", image, error) from error


def image_keys(images: Iterable[OneImage]) -> Iterator[Hashable]:
    """Yield one key per image; equal ones share a key.

    Arrays are equal by their pixels, files by being one file, however its path is
    written and through whatever link (one look at the folder each; no file is read),
    stored ones by the place of their bytes, and PIL images by what `read_picture`
    gives, for they may have been drawn on since they were opened: each is decoded, and
    kept decoded, which every encoder does too.
    """
    objects: dict[int, tuple[Any, Hashable]] = {}  # holds them, so that ids stay theirs
    for image in images:
        if isinstance(image, np.ndarray):
            yield digest(image)
        elif isinstance(image, (str, Path)):
            yield _file_key(image)
        elif isinstance(image, StoredImage):
            yield image.identity()
        else:
            if id(image) not in objects:
                objects[id(image)] = image, _picture_key(image)
            yield objects[id(image)][1]


def _file_key(path: str | Path) -> Hashable:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # whoever reads it says so
        return os.fspath(path)
    if status.st_ino == 0:  # a file system that does not number its files
        return os.path.realpath(path)
    return "file", status.st_dev, status.st_ino


def _picture_key(image: "PILImage") -> Hashable:
    try:
        return digest(np.asarray(read_picture(image)))
    except UnreadableImage:  # whoever reads it says so
        return "object", id(image)


def read_image(
    image: OneImage | str, place: str, side: int | None = None
) -> "PILImage":
    """Return an image in RGB, as `read_picture` does, or an error that names it."""
    try:
        return read_picture(image, side)
    except UnreadableImage as error:
        raise unreadable(place, image, error) from error


def unreadable(
    place: str, image: OneImage | str, reason: UnreadableImage
) -> ValueError | FileNotFoundError:
    """Return the error of an image that cannot be read, by its place and path."""
    what = image if isinstance(image, (str, Path, StoredImage)) else "it"
    if isinstance(reason.__cause__, FileNotFoundError):
        return FileNotFoundError(
            f"{place}: there is no file {what}; correct the path, or drop the item and "
            "its partner"
        )
    return ValueError(
        f"{place}: {what} cannot be read as an image ({reason}); replace it, or drop "
        "the item and its partner"
    )


def _check_image(image: Any, place: str) -> OneImage:
    if isinstance(image, (str, Path)):
        return _check_path(image, place)
    if isinstance(image, StoredImage):
        return image
    image = _without_torch(image, place)
    image = _unmasked(image, place)
    if isinstance(image, np.ndarray):
        return _check_pixels(image, place, n_axes=2)
    if hasattr(image, "convert") and hasattr(image, "load"):  # a PIL image
        return image
    raise ValueError(
        f"{place} must be a path, a PIL image or a uint8 array, got "
        f"{type(image).__name__} {image!r:.60}"
    )


def _check_path(path: str | Path, place: str) -> Path:
    """Return a path; no address, which Path would make a path of without a word."""
    if ADDRESS.match(os.fspath(path)):
        raise ValueError(
            f"{place} is {os.fspath(path)[:60]!r}, an address; download what is there, "
            "and pass the path of the file"
        )
    return Path(path)


def _check_pixels(pixels: npt.NDArray[Any], place: str, n_axes: int) -> Pixels:
    """Return uint8 pixels with `n_axes` axes, and perhaps a last one of 3 colours."""
    _check_dtype(pixels, place, np.uint8)
    if pixels.ndim == n_axes + 1:
        pixels = colours_last(pixels)
    grey = pixels.ndim == n_axes
    coloured = pixels.ndim == n_axes + 1 and pixels.shape[-1] == 3
    if not (grey or coloured) or 0 in pixels.shape[-3 if coloured else -2 :]:
        raise ValueError(f"{place} has shape {pixels.shape}; images must be {FORMS}")
    return pixels


def _check_many(pixels: npt.NDArray[Any], name: str) -> None:
    """Raise for the pixels of one image in place of many."""
    if pixels.ndim == 3 and 1 <= pixels.shape[2] <= 4:
        height, _, n_colours = pixels.shape
        last = {3: "", 4: ", :, :, :3"}.get(n_colours, ", :, :, 0")
        raise ValueError(
            f"{name} has shape {pixels.shape}, which looks like one image and would be "
            f"read as {height} grey ones; pass images[None{last}] if it is one, "
            "list(images) if they are many"
        )


def _unmasked(images: Any, place: str) -> Any:
    """Return a masked array that hides nothing as an array, all else as it is."""
    if not isinstance(images, np.ma.MaskedArray):
        return images
    if np.ma.is_masked(images):
        raise ValueError(
            f"{place} is a masked array, and images have no missing pixels; fill them, "
            "for instance images.filled(255)"
        )
    return images.data


def _check_dtype(pixels: Any, place: str, uint8: Any) -> None:
    if pixels.dtype != uint8:
        raise ValueError(
            f"{place} has dtype {pixels.dtype}, but pixels are uint8 from 0 to 255; "
            "convert them, for instance (255 * images).astype(np.uint8) where they lie "
            "between 0 and 1"
        )


def _without_torch(images: Any, place: str) -> Any:
    """Return a torch tensor as an array, everything else as it is."""
    if type(images).__module__.partition(".")[0] != "torch":
        return images
    import torch

    _check_dtype(images, place, torch.uint8)
    return images.cpu().numpy()
