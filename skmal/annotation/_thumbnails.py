"""Images as people are shown them: small, and in forms that browsers know."""

import io
from threading import BoundedSemaphore
from typing import Any

from ..items._pictures import UnreadableImage, read_picture

SIDE = 768  # of the thumbnail, in pixels
SMALL = 256  # up to here it is kept pixel by pixel

_decoding = BoundedSemaphore(2)  # images in memory at the same time


def thumbnail(image: Any, side: int = SIDE) -> tuple[bytes, str]:
    """Return the bytes and the media type of a small copy of an image.

    It shows what the encoder reads. Images up to 256 pixels a side are kept pixel by
    pixel, as PNG; larger ones become JPEG, with a longer side of at most `side` pixels.

    Parameters
    ----------
    image : path, PIL image or uint8 array
        The image.
    side : int, default=768
        The longest side, in pixels.

    Raises
    ------
    UnreadableImage
        Where it cannot be read; the message holds no path.
    """
    with _decoding:
        try:
            picture = read_picture(image, 2 * side)
        except UnreadableImage as error:
            raise UnreadableImage(f"the image cannot be read: {error}") from error
        is_small = max(picture.size) <= SMALL
        picture.thumbnail((side, side))
        encoded = io.BytesIO()
        if is_small:
            picture.save(encoded, "PNG")
            return encoded.getvalue(), "image/png"
        picture.save(encoded, "JPEG", quality=85)
        return encoded.getvalue(), "image/jpeg"
