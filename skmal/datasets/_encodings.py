"""Files of text: their encoding, and their lines."""

import codecs
import io
from pathlib import Path

from ._columns import UnreadableTable

BOMS = (  # that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


MARK = "\ufeff"  # of the byte order, at the start of a file
PACKED = {
    b"PK\x03\x04": 'a ZIP archive, as .xlsx files are; save it as "CSV UTF-8"',
    b"\x1f\x8b": "compressed by gzip; unpack it first",
}


def read_text(file: Path) -> str:
    """Return what a file holds: UTF-16 and UTF-32 by their marks, else UTF-8.

    Bytes that are not UTF-8 become lone surrogates, which are found out row by row.
    """
    data = file.read_bytes()
    for magic, what in PACKED.items():
        if data.startswith(magic):
            raise UnreadableTable(f"it is no text but {what}")
    encoding = next((name for bom, name in BOMS if data.startswith(bom)), "utf-8")
    errors = "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
    try:
        return data.decode(encoding, errors).removeprefix(MARK)  # it may have two
    except UnicodeDecodeError as error:
        raise UnreadableTable(
            f"it begins as {encoding.upper()} does, but is not ({error}); save it as "
            "UTF-8"
        ) from error


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their ends: \\n, \\r\\n or \\r."""
    return list(io.StringIO(text, newline=""))
