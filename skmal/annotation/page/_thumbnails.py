"""Images as a page can show them: decoded with care, made small, encoded again."""

import io
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")  # none that runs other programs
MAX_PIXELS = 50_000_000  # a decoded image takes 3 or 4 bytes a pixel
SIDE = 768  # of the thumbnail, in pixels
SMALL = 256  # up to here it stays as it is, pixel by pixel

_decoding = BoundedSemaphore(2)  # images in memory at the same time


class UnreadableImage(ValueError):
    """An image that cannot be shown, and why."""


def thumbnail(image: Any) -> tuple[bytes, str]:
    """Return the bytes and the media type of a small copy of an image.

    `image` is a path, a PIL image or a uint8 array. Only the head of a file is read
    before its size is known to be bearable.
    """
    from PIL import Image, UnidentifiedImageError

    with _decoding:
        try:
            if isinstance(image, Path):
                with Image.open(image, formats=FORMATS) as opened:
                    return _encode(opened)
            if isinstance(image, np.ndarray):
                image = Image.fromarray(_colours_last(image))
            return _encode(image.copy())
        except UnreadableImage:
            raise
        except UnidentifiedImageError as error:  # whose message holds the path
            raise UnreadableImage(
                f"the image is damaged, or in none of the formats {', '.join(FORMATS)}"
            ) from error
        except OSError as error:  # as does that of a file that is gone
            why = error.strerror or error
            raise UnreadableImage(f"the image cannot be read: {why}") from error
        except Exception as error:  # decoders of damaged files raise many kinds
            raise UnreadableImage(f"the image cannot be read: {error}") from error


def _encode(image: "Image.Image") -> tuple[bytes, str]:
    from PIL import Image, ImageOps

    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage(
            f"the image has {image.width} x {image.height} pixels, more than the "
            f"{MAX_PIXELS:,} that are shown"
        )
    is_small = max(image.size) <= SMALL
    if image.mode in ("1", "P"):
        image = image.convert("RGBA")
    image.thumbnail((SIDE, SIDE))
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    encoded = io.BytesIO()
    if is_small:
        image.convert("RGB").save(encoded, "PNG")
        return encoded.getvalue(), "image/png"
    image.convert("RGB").save(encoded, "JPEG", quality=85)
    return encoded.getvalue(), "image/jpeg"


def _colours_last(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.ndim == 3 and pixels.shape[0] == 3 and pixels.shape[2] != 3:
        return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
    return pixels
