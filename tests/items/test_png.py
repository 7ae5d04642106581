"""Whether a PNG is whole, from its bytes alone."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import chunk, encoded
from PIL import Image

from skmal.items._png import SIGNATURE, is_whole

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
PLAIN = [
    encoded(Image.fromarray(PIXELS).convert(mode), "PNG")
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA")
]


def png(head, *parts):
    end = chunk(b"IEND", b"")
    return SIGNATURE + chunk(b"IHDR", head) + b"".join(parts) + end


@settings(max_examples=150)
@given(st.sampled_from(PLAIN), st.data())
def test_a_file_with_any_fault_is_not_whole(content, data):
    assert is_whole(content)
    assert is_whole(content + data.draw(st.binary(max_size=9)))
    at = data.draw(st.integers(0, len(content) - 1))
    assert not is_whole(content[:at])
    assert not is_whole(content[:at] + bytes(len(content) - at))
    flipped = bytes([content[at] ^ data.draw(st.integers(1, 255))])
    assert not is_whole(content[:at] + flipped + content[at + 1 :])


@settings(max_examples=150)
@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_what_is_whole_can_be_decoded(content, starts, is_headed):
    head = (1).to_bytes(4) * 2 + b"\x08\x00\x00\x00\x00"
    start = SIGNATURE + (chunk(b"IHDR", head) if is_headed else b"")
    content = start + content if starts else content
    if is_whole(content):
        Image.open(io.BytesIO(content)).load()


@pytest.mark.parametrize(
    ("width", "depth", "colours"),
    [(0, 8, 0), (1, 16, 0), (1, 3, 0), (1, 8, 1), (1, 8, 3), (2**31, 8, 0)],
    ids=["no size", "deep grey", "odd depth", "odd colours", "no palette", "bomb"],
)
def test_odd_heads_are_left_to_the_decoder(width, depth, colours):
    head = width.to_bytes(4) + (1).to_bytes(4) + bytes([depth, colours, 0, 0, 0])
    data = chunk(b"IDAT", zlib.compress(bytes(9)))
    assert not is_whole(png(head, data))
    one = (1).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    assert is_whole(png(one, data))
    assert not is_whole(png(one))
    assert not is_whole(png(one, chunk(b"zTXt", b""), data))
