"""Files that are called images and cannot be read as such, ten kinds of them."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

HEAD = b"\x89PNG\r\n\x1a\n"


def picture(seed=0, side=64):
    """Return a picture with enough in it that its file can be cut."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(image, kind="JPEG"):
    """Return the bytes of an image's file."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def chunk(kind, data):
    """Return a chunk of a PNG file."""
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png_of(width, height, *chunks, bits=8, colour=2):
    """Return a PNG file with this head and these chunks."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return HEAD + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def bad_files(seed=0):
    """Return the bytes of a file of each kind, by a name that tells the kind."""
    jpeg, png = encoded(picture(seed)), encoded(picture(seed), "PNG")
    half = len(jpeg) // 2
    text = zlib.compress(b"a" * 3_000_000)
    middle = len(png) // 2
    return {
        "cut.jpg": jpeg[: len(jpeg) * 2 // 3],
        "empty.jpg": b"",
        "page.jpg": b"<!DOCTYPE html><title>404</title>",
        "grey16.png": encoded(
            Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16),
            "PNG",
        ),
        "text.png": png[:33] + chunk(b"zTXt", b"Comment\0\0" + text) + png[33:],
        "huge.png": png_of(
            20_000,
            10_000,
            chunk(b"IDAT", zlib.compress(b"\0" * 1000)),
            bits=1,
            colour=0,
        ),
        "cut.png": png[:middle],
        "zeros.jpg": jpeg[:half] + bytes(len(jpeg) - half),
        "finder.png": b"\0\x05\x16\x07\0\x02\0\0Mac OS X        " + bytes(60),
        "cut.gif": encoded(picture(seed).convert("P"), "GIF")[:700],
    }
