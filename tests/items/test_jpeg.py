"""Whether a JPEG has an end, from its bytes alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, exif
from PIL import Image

from skmal.items._jpeg import is_whole

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
SMALL = encoded(Image.fromarray(PIXELS[:8, :8]), "JPEG")
FILES = [
    encoded(Image.fromarray(PIXELS), "JPEG", exif=exif(6) + SMALL, **options)
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 2})
]


@settings(max_examples=200)
@given(st.sampled_from(FILES), st.data())
def test_a_file_that_was_cut_anywhere_has_no_end(content, data):
    assert is_whole(content)
    assert is_whole(content + data.draw(st.binary()))
    at = data.draw(st.integers(0, len(content) - 1))
    assert not is_whole(content[:at])
    assert not is_whole(content[:at] + bytes(len(content) - at))


@given(st.binary(), st.booleans())
def test_any_bytes_may_be_asked_about(content, starts):
    assert is_whole(b"\xff\xd8" + content if starts else content) in (False, True)
