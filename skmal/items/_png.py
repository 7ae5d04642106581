"""What the bytes of a PNG file tell without decoding them."""

from zlib import crc32

SIGNATURE, HEAD = b"\x89PNG\r\n\x1a\n", b"\0\0\0\rIHDR"
# Bits of each colour type that Pillow makes 8 bits of, colours or shades of grey.
DEPTHS = {0: {1, 2, 4, 8}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
PALETTE = 3  # the colour type that needs one
PLAIN = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"}
PLAIN |= {b"bKGD", b"sBIT", b"pHYs", b"tIME", b"tEXt", b"eXIf"}
MOST_PIXELS = 2**26  # of more, Pillow may not want to read so many
MOST_BYTES = 2**26  # nor so long texts


def is_whole(content: bytes) -> bool:
    """Say whether a PNG is as its writer left it, by the checksums of all its parts.

    Only what the writer did wrong can be wrong with it then. False may be wrong, of a
    file that is odd.
    """
    if content[:8] != SIGNATURE or content[8:16] != HEAD or len(content) < 33:
        return False
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    depth, colours = content[24], content[25]
    is_plain = depth in DEPTHS.get(colours, ()) and not any(content[26:28])
    n_pixels = width * height
    if not is_plain or not 0 < n_pixels <= MOST_PIXELS or len(content) > MOST_BYTES:
        return False
    view, at, seen = memoryview(content), 8, set[bytes]()
    while b"IEND" not in seen:
        length = int.from_bytes(content[at : at + 4])
        kind, end = content[at + 4 : at + 8], at + 8 + length
        if kind not in PLAIN or (kind == b"IHDR" and at > 8):
            return False
        if crc32(view[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        seen.add(kind)
        at = end + 4
    return (
        at <= len(content)
        and b"IDAT" in seen
        and (b"PLTE" in seen or colours != PALETTE)
    )
