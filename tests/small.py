"""Sizes so small that a few rows walk every path, and the arrays that do so."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmal.arrays import _blocks
from skmal.coverage import _farthest
from skmal.uncertainty import _margin, _similarity


def small_distances(monkeypatch):
    """Make blocks and bands so small that a few rows walk every path."""
    monkeypatch.setattr(_blocks, "ROWS", 64)
    for name, value in [
        ("CENTRES", 4),
        ("FIRST", 2),
        ("COVER", 5),
        ("PLAIN", 3),
        ("BAND", 4),
    ]:
        monkeypatch.setattr(_farthest, name, value)


def small_similarities(monkeypatch, block):
    """Make blocks and groups so small that a few rows walk every path."""
    monkeypatch.setattr(_blocks, "ROWS", block)
    monkeypatch.setattr(_margin, "QUERIES", 3)
    monkeypatch.setattr(_margin, "GROUP", 2)
    monkeypatch.setattr(_similarity, "MANY", 2)


def arrays(max_rows, dtype):
    """Return clustered, duplicate-ridden arrays and 0/1 grids of one width."""
    if dtype == np.float16:
        values = st.integers(-8, 8)
    else:
        values = st.one_of(
            st.integers(0, 1),
            st.floats(-100, 100, width=32),
            st.just(float(np.float32(0.1))),
        )
    return hnp.arrays(
        dtype, st.tuples(st.integers(1, max_rows), st.just(3)), elements=values
    )
