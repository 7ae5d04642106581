"""Which formats are read, and by which endings their files are known."""

import pytest
from pictures import encoded
from PIL import Image

from skmal.items import _formats, _pictures
from skmal.items._faults import fault_of
from skmal.items._formats import (
    FORMATS,
    SUFFIXES,
    known_suffixes,
    readable_formats,
    readable_suffixes,
)


def test_endings_are_those_that_pillow_knows():
    registered = Image.registered_extensions()
    for suffix, name in SUFFIXES.items():
        assert name in FORMATS
        if suffix != ".mpo":  # which the reader of JPEG opens
            assert registered.get(suffix, name) == name
    assert readable_suffixes() <= known_suffixes()
    assert {".jpg", ".jpe", ".jfif", ".png", ".ppm", ".tif"} <= readable_suffixes()


def test_nothing_is_read_that_runs_other_programs():
    assert not {"EPS", "WMF", "PSD", "FITS", "GRIB", "IM"} & set(readable_formats())
    assert not {".eps", ".ps", ".wmf", ".svg", ".pdf"} & known_suffixes()


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_files_of_readable_endings_are_read(tmp_path, suffix):
    name = SUFFIXES[suffix]
    if name not in readable_formats():
        pytest.skip(f"nothing here reads {name}")
    path = tmp_path / f"a{suffix.upper()}"
    path.write_bytes(encoded(Image.new("RGB", (32, 32)), name))
    assert fault_of(path) is None


def test_what_is_missing_for_heic_is_said(tmp_path, monkeypatch):
    if "HEIF" not in readable_formats():
        pytest.skip("nothing here writes HEIF")
    path = tmp_path / "a.heic"
    path.write_bytes(encoded(Image.new("RGB", (32, 32)), "HEIF"))
    others = tuple(name for name in readable_formats() if name != "HEIF")
    for module in (_formats, _pictures):
        monkeypatch.setattr(module, "readable_formats", lambda: others)
    assert fault_of(path) == 'it is HEIC; pip install "skmal[heif]"'
    assert ".heic" in known_suffixes() - readable_suffixes()
