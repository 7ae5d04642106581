"""What the bytes of a JPEG file tell without decoding them."""

START, END_OF_IMAGE, SCAN, TABLES = 0xD8, b"\xff\xd9", 0xDA, 0xDB
FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended and progressive, by Huffman's code
ALONE = {0x01, *range(0xD0, 0xD8)}  # markers that no length follows


def is_whole(content: bytes) -> bool:
    """Say whether a JPEG's head is in order and its first scan has an end.

    The end is looked for behind the head, where a small copy of the picture may lie
    that has an end of its own. In a scan every 0xFF of the data is followed by a zero,
    so that nothing else reads like an end; what follows it (the film of a motion
    photo, padding) does not matter. False may be wrong, of a file that is odd.
    """
    if content[:2] != bytes((0xFF, START)):
        return False
    at, seen = 2, set()
    while SCAN not in seen:
        while content[at : at + 2] == b"\xff\xff":  # padding
            at += 1
        if content[at : at + 1] != b"\xff" or len(content) < at + 4:
            return False
        marker = content[at + 1]
        seen.add(marker)
        length = int.from_bytes(content[at + 2 : at + 4])
        if marker not in ALONE and length < 2:
            return False
        at += 2 if marker in ALONE else 2 + length
    is_plain = TABLES in seen and len(FRAMES & seen) == 1
    return is_plain and content.find(END_OF_IMAGE, at) >= 0
