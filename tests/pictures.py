"""Image files of all kinds, drawn and damaged, for the tests of who reads them."""

import struct
import zlib
from io import BytesIO

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from skmal.items._formats import readable_formats

ORIENTATION = 0x0112
STORED = {  # how an upright picture is stored that EXIF's orientation turns back
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
MODES = {  # what Pillow writes of each format
    "AVIF": ["RGB", "RGBA", "L"],
    "BMP": ["1", "L", "P", "RGB"],
    "GIF": ["L", "P", "RGBA"],
    "HEIF": ["RGB", "RGBA", "L"],
    "JPEG": ["L", "RGB", "CMYK"],
    "JPEG2000": ["L", "LA", "RGB", "RGBA"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "PPM": ["1", "L", "RGB", "I"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "F"],
    "WEBP": ["L", "RGB", "RGBA"],
}
DAMAGES = [
    "none",
    "cut",
    "zeros",
    "empty",
    "html",
    "apple double",
    "text",
    "junk exif",
    "flips",
]


def stored(picture, orientation):
    """Return a picture as a camera held otherwise stores it."""
    turn = STORED[orientation]
    return picture if turn is None else picture.transpose(turn)


def exif(orientation):
    """Return EXIF that says how a picture is stored."""
    found = Image.Exif()
    found[ORIENTATION] = orientation
    return found.tobytes()


def encoded(picture, name, **options):
    """Return the bytes of a picture's file."""
    file = BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def chunk(kind, data):
    """Return a chunk of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def with_chunk(png, kind, data, before):
    """Return a PNG with a chunk more."""
    at = png.index(before) - 4
    return png[:at] + chunk(kind, data) + png[at:]


def damaged(content, damage):
    """Return what becomes of a file."""
    half = len(content) // 2
    return {
        "cut": content[:half],
        "zeros": content[:half] + bytes(len(content) - half),
        "empty": b"",
        "html": b"<!DOCTYPE html><html><body>404</body></html>",
        "apple double": b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(100),
        "text": b"no image",
    }.get(damage, content)


@st.composite
def image_files(draw):
    """Return (format, mode, damage, bytes) of an image's file."""
    name = draw(st.sampled_from([n for n in MODES if n in readable_formats()]))
    mode = draw(st.sampled_from(MODES[name]))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    if name in ("AVIF", "HEIF"):  # whose encoders want some pixels
        width, height = width + 16, height + 16
    seed = draw(st.integers(0, 99))
    shape = (height, width, 4)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    picture = in_mode(Image.fromarray(pixels), mode)
    options = {}
    if mode in ("1", "L", "RGB") and name == "PNG" and draw(st.booleans()):
        options["transparency"] = (9, 9, 9) if mode == "RGB" else 0
    if mode == "P" and name in ("PNG", "GIF") and draw(st.booleans()):
        index = draw(st.integers(0, 200))
        several = name == "PNG" and draw(st.booleans())
        options["transparency"] = bytes(range(index + 1)) if several else index
    damage = draw(st.sampled_from(DAMAGES))
    orientation = draw(st.integers(0, 9))
    if damage == "junk exif" and name != "AVIF":  # whose encoder refuses it
        options["exif"] = b"Exif\0\0" + draw(st.binary(max_size=40))
    elif draw(st.booleans()):
        options["exif"] = exif(orientation)
    if name == "TIFF":
        options.pop("exif", None)
        if draw(st.booleans()) and mode in ("1", "L", "RGB", "RGBA"):
            options["compression"] = "tiff_adobe_deflate"
        options["tiffinfo"] = {ORIENTATION: min(max(orientation, 1), 8)}
    if name == "GIF" and draw(st.booleans()):
        options |= {"save_all": True, "append_images": [picture.rotate(90)]}
    content = encoded(picture, name, **options)
    if damage == "cut":  # anywhere
        content = content[: draw(st.integers(0, len(content)))]
        return name, mode, damage, content
    if damage == "flips":  # of bits
        flipped = bytearray(content)
        for _ in range(draw(st.integers(1, 4))):
            flipped[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(1, 255))
        return name, mode, damage, bytes(flipped)
    return name, mode, damage, damaged(content, damage)


def in_mode(picture, mode):
    """Return a picture of mode RGBA in another one."""
    grey = np.asarray(picture.convert("L"))
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(grey.astype(np.int32) * 257)
    if mode == "F":
        return Image.fromarray(grey.astype(np.float32))
    if mode == "La":
        return picture.convert("LA").convert("La")
    if mode == "LAB":
        return Image.frombytes("LAB", picture.size, picture.convert("RGB").tobytes())
    if mode in ("P", "PA", "HSV", "YCbCr", "CMYK"):
        picture = picture.convert("RGB")
        palette = picture.convert("P") if mode == "PA" else picture
        return palette.convert(mode)
    return picture.convert(mode)
