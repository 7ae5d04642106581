"""One picture as everybody sees it: the encoder, the page, what is exported."""

import io
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from ._formats import HEIF_REMEDY, readable_formats
from ._jpeg import is_whole
from ._png import SIGNATURE
from ._png import is_whole as is_whole_png
from ._stored import StoredImage

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage
    from PIL.ImageFile import ImageFile

T = TypeVar("T")

ORIENTATION = 0x0112  # EXIF's tag
DEPTHS = {"L;2": 85, "L;4": 17}  # factors from Pillow's raw modes to 8 bits
LOOK = 16  # bytes at the end of a file that are looked at for zeros

# Held while warnings are ignored: catch_warnings changes what the whole program does
# with them, and two threads in it may leave that changed for good (another's warning
# may be missed meanwhile). And while a PIL image is loaded, which two threads must not
# do at the same time.
_alone = threading.RLock()


class UnreadableImage(ValueError):
    """An image that cannot be read, and why, without its path."""


def read_picture(image: Any, side: int | None = None) -> "PILImage":
    """Return an image in RGB, upright, on white where it is transparent.

    Of an animation it is the first frame. `image` is a path, a stored image, a PIL
    image, which is not changed (but loaded), or a uint8 array of shape (h, w),
    (h, w, 3) or (3, h, w). With
    `side` the picture may be smaller than in the file, its longer side not below
    `side`, where that saves time and memory (JPEG). Whatever cannot be read raises
    UnreadableImage; no warning of Pillow's does.
    """
    return _told(lambda: _read(image, side))


def read_head(path: str | Path | StoredImage) -> None:
    """Raise UnreadableImage where a file's head is not that of an image."""

    def read() -> None:
        with opened(path):
            pass

    _told(read)


def is_whole_file(path: str | Path | StoredImage) -> bool:
    """Say whether a file is a JPEG that has an end, or a PNG whose checksums are right.

    Raises as `read_head` does.
    """

    def read() -> bool:
        with _bytes_of(path) as file:
            if file.read(len(SIGNATURE)) == SIGNATURE:
                file.seek(0)
                return is_whole_png(file.read())
        with opened(path) as image:
            if image.format not in ("JPEG", "MPO") or image.fp is None:
                return False
            image.fp.seek(0)
            return is_whole(image.fp.read())

    return _told(read)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; raise UnreadableImage where it cannot be read."""

    def read() -> bytes:
        with _bytes_of(path) as file:
            return file.read()

    return _told(read)


@contextmanager
def opened(path: str | Path | StoredImage) -> "Iterator[ImageFile]":
    """Open an image file of a form that can be read, without reading its pixels."""
    from PIL import Image, UnidentifiedImageError

    with _bytes_of(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - LOOK, 0))
        ends_in_zeros = not file.read().strip(b"\0")
        try:
            image = Image.open(file, formats=readable_formats())
        except UnidentifiedImageError as error:
            raise UnreadableImage(_what_it_is(file)) from error
        with image:
            _check_mode(image)
            if ends_in_zeros:
                _check_end(file, image.format)
            yield image


def _bytes_of(path: str | Path | StoredImage) -> IO[bytes]:
    if isinstance(path, StoredImage):
        return io.BytesIO(path.read())
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
        raise UnreadableImage("it is no file")
    return open(path, "rb")


def colours_last(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return pixels with an axis of three colours, where there is one, at the end."""
    if pixels.ndim >= 3 and pixels.shape[-3] == 3 != pixels.shape[-1]:
        return np.moveaxis(pixels, -3, -1)
    return pixels


def _read(image: Any, side: int | None) -> "PILImage":
    from PIL import Image

    if isinstance(image, np.ndarray):
        return Image.fromarray(colours_last(image)).convert("RGB")
    if isinstance(image, (str, Path, StoredImage)):
        with opened(image) as found:
            if side is not None and found.format in ("JPEG", "MPO"):
                scale = min(1, side / max(found.size))
                width, height = (max(1, int(n * scale)) for n in found.size)
                found.draft(None, (width, height))
            return _as_rgb(found, _load(found))
    with _alone:
        _check_mode(image)
        orientation = _load_object(image)
    return _as_rgb(image, orientation)


def _load_object(image: Any) -> int:
    """Load a PIL image once; return its orientation.

    Where Pillow failed, or was stopped by a warning, a second try may give black pixels
    without a word. So there is none, and that it failed is noted in the image.
    """
    from PIL import ImageFile

    if not isinstance(image, ImageFile.ImageFile):
        return _load(image)
    if (fault := getattr(image, "_skmal_fault", None)) is not None:
        raise UnreadableImage(fault)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _load(image)
        except Exception as error:  # decoders of damaged files raise many kinds
            image._skmal_fault = _reason(error)  # pyright: ignore
            raise


def _load(image: "PILImage") -> int:
    """Read the pixels of an image; return its orientation."""
    if image.format == "PNG" and getattr(image, "tile", None):
        image._skmal_depth = image.tile[0][3]  # pyright: ignore
    with _unmapped(image):
        image.load()
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Warning:  # where warnings are errors
        raise
    except Exception:  # damaged EXIF raises many kinds; the picture is as it lies
        return 1


@contextmanager
def _unmapped(image: "PILImage") -> Iterator[None]:
    """Keep Pillow from mapping a TIFF file into memory.

    It maps the rows of one that lies on its side as if it stood, which gives other
    pixels (Pillow 13.0). It maps files that it knows by their names.
    """
    name = getattr(image, "filename", "")
    if image.format != "TIFF" or not name:
        yield
        return
    image.filename = ""  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        image.filename = name  # pyright: ignore[reportAttributeAccessIssue]


def _as_rgb(image: "PILImage", orientation: int) -> "PILImage":
    """Return a loaded image upright, on white, in RGB; a new one, without its info.

    That would turn it once more where it is read or shown again.
    """
    from PIL import Image

    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    upright = image.copy() if turn is None else image.transpose(turn)
    upright.info = {}
    if (transparent := _transparent_value(image)) is not None:
        upright.info["transparency"] = transparent
    if upright.has_transparency_data:
        if upright.mode == "La":  # which Pillow turns into LA alone
            upright = upright.convert("LA")
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright.convert("RGBA"))
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _transparent_value(image: Any) -> int | bytes | tuple[int, ...] | None:
    """Return which pixels are transparent by their value; None where none are.

    Pillow brings the pixels of a PNG to 8 bits, and leaves this value in the file's
    depth. What an image has kept of another mode means nothing.
    """
    value = image.info.get("transparency")
    depth = getattr(image, "_skmal_depth", "")
    if image.mode in ("1", "L") and isinstance(value, int):
        return DEPTHS.get(depth, 1) * value
    if image.mode == "P" and isinstance(value, (int, bytes)):
        return value
    if image.mode == "RGB" and isinstance(value, tuple) and len(value) == 3:
        return tuple(v >> 8 for v in value) if depth == "RGB;16B" else value
    return None


def _check_mode(image: "PILImage") -> None:
    """Raise for more than 8 bits of grey, which PIL would clip to black and white."""
    if image.mode == "F" or image.mode.startswith("I"):
        raise UnreadableImage(
            f"mode {image.mode}, more than 8 bits a pixel; scale the values to 0..255 "
            "and convert it to mode L"
        )


def _check_end(file: IO[bytes], name: str | None) -> None:
    """Raise where zeros stand in place of the end of a compressed image.

    A copy that broke off leaves such files, and most decoders make pixels of them.
    """
    at = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(at)
    if name == "WEBP":  # zeros behind it are only padding
        content = content[: 8 + int.from_bytes(content[4:8], "little")]
    n_zeros = len(content) - len(content.rstrip(b"\0"))
    if name in ("JPEG", "MPO"):
        is_cut = not is_whole(content)
    elif name == "PNG":
        is_cut = b"IEND\xae\x42\x60\x82" not in content
    elif name == "GIF":
        is_cut = not content.rstrip(b"\0").endswith(b";")
    else:
        is_cut = name in ("WEBP", "AVIF", "HEIF") and 8 * n_zeros > len(content)
    if is_cut:
        raise UnreadableImage(f"its last {n_zeros:,} bytes are zeros: it was cut short")


def _what_it_is(file: IO[bytes]) -> str:
    """Return what a file is that Pillow does not know."""
    file.seek(0)
    head = file.read(512)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "the file is empty"
    if head.startswith((b"\0\x05\x16\x07", b"\0\x05\x16\0")):
        return "it holds what macOS notes about another file (AppleDouble)"
    if not head.strip(b"\0"):
        return "it begins with zeros alone"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page (HTML)"
    if start.startswith((b"<svg", b"<?xml")):
        return "it is SVG or another kind of XML"
    if start.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; get the file itself by git lfs pull"
    is_heif = head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1")
    if is_heif and "HEIF" not in readable_formats():
        return f"it is HEIC; {HEIF_REMEDY}"
    return "it is damaged, or in none of the formats that are read"


def _told(read: Callable[[], T]) -> T:
    """Return what a function reads; whatever goes wrong becomes UnreadableImage."""
    try:
        try:
            return read()
        except Warning:  # where warnings are errors; what Pillow warns of can be read
            with _alone, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return read()
    except UnreadableImage:
        raise
    except Exception as error:  # decoders of damaged files raise many kinds
        raise UnreadableImage(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return what an error says, in few words and without a path."""
    from PIL import Image

    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    if isinstance(error, Image.DecompressionBombError):
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        return f"it has more pixels than the {limit:,} that Pillow reads"
    if isinstance(error, MemoryError):
        return "its pixels take more memory than there is"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{' '.join(words.split()):.120}"
