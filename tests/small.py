"""Sizes so small that a few rows walk every path, and the arrays that do so."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmal._shared.sizes import SIZES


def set_sizes(monkeypatch, **sizes):
    """Have so much looked at at a time, see `skmal._shared.sizes`."""
    for name, size in sizes.items():
        monkeypatch.setattr(SIZES, name, size)


def small_distances(monkeypatch):
    """Make blocks and bands so small that a few rows walk every path."""
    set_sizes(
        monkeypatch, rows=64, centres=4, first_centres=2, covering=5, plain=3, band=4
    )


def small_similarities(monkeypatch, block):
    """Make blocks and groups so small that a few rows walk every path."""
    set_sizes(monkeypatch, rows=block, queries=3, group=2, candidates=2)


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


def pools(max_rows, max_aligned=6):
    """Return pairs of such arrays, (pool, aligned), of every precision."""
    return st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
        lambda dtype: st.tuples(arrays(max_rows, dtype), arrays(max_aligned, dtype))
    )


def sphere(n, d=24):
    """Return rows of single precision, as far from the origin but for rounding."""
    rows = np.random.default_rng(0).normal(size=(n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def squared_distances(a, b):
    """Return all squared distances by direct differences in float64."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return ((a[:, None] - b) ** 2).sum(axis=-1)


def cosines(queries, gallery):
    """Return all cosine similarities, zero rows giving zero."""
    queries, gallery = np.float64(queries), np.float64(gallery)
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(gallery, axis=1)
    return np.divide(
        queries @ gallery.T, norms, out=np.zeros_like(norms), where=norms > 0
    )


def features(n):
    """Return arrays of n to 12 rows with duplicates and zeros among them."""
    values = st.one_of(st.integers(-1, 1), st.floats(-10, 10, width=16))
    shape = st.tuples(st.integers(n, 12), st.just(3))
    return hnp.arrays(np.float32, shape, elements=values)
