"""The formats of images that are read, and the endings of their files.

No format is among them whose reading runs other programs, as EPS does.
"""

from functools import cache

FORMATS = (
    "JPEG",  # and MPO, several of them in one file
    "PNG",
    "WEBP",
    "GIF",
    "TIFF",
    "BMP",
    "AVIF",
    "HEIF",
    "JPEG2000",
    "PPM",
    "DIB",
)

SUFFIXES = {
    ".apng": "PNG",
    ".avif": "AVIF",
    ".avifs": "AVIF",
    ".bmp": "BMP",
    ".dib": "DIB",
    ".gif": "GIF",
    ".heic": "HEIF",
    ".heics": "HEIF",
    ".heif": "HEIF",
    ".heifs": "HEIF",
    ".hif": "HEIF",
    ".j2c": "JPEG2000",
    ".j2k": "JPEG2000",
    ".jfif": "JPEG",
    ".jp2": "JPEG2000",
    ".jpc": "JPEG2000",
    ".jpe": "JPEG",
    ".jpeg": "JPEG",
    ".jpf": "JPEG2000",
    ".jpg": "JPEG",
    ".jpx": "JPEG2000",
    ".mpo": "JPEG",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".png": "PNG",
    ".pnm": "PPM",
    ".ppm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}

HEIF_REMEDY = 'pip install "skmal[heif]"'


def known_suffixes() -> frozenset[str]:
    """Return the endings of images, in small letters, whether they are read or not."""
    return frozenset(SUFFIXES)


def readable_suffixes() -> frozenset[str]:
    """Return the endings of images that this Pillow, with its plug-ins, reads."""
    formats = readable_formats()
    return frozenset(suffix for suffix, name in SUFFIXES.items() if name in formats)


def why_unread(suffix: str) -> str:
    """Return what is missing to read the images of a known ending."""
    return HEIF_REMEDY if SUFFIXES[suffix] == "HEIF" else "this Pillow does not read it"


@cache
def readable_formats() -> tuple[str, ...]:
    """Return those of FORMATS that Pillow can open here; HEIF is put into Pillow."""
    from PIL import Image, features

    Image.init()
    if "HEIF" not in Image.OPEN:
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            pass
        else:
            register_heif_opener()
    missing = {
        name
        for name, feature in (
            ("AVIF", "avif"),
            ("JPEG", "jpg"),
            ("JPEG2000", "jpg_2000"),
            ("PNG", "zlib"),
            ("WEBP", "webp"),
        )
        if not features.check(feature)
    }
    return tuple(n for n in FORMATS if n in Image.OPEN and n not in missing)
