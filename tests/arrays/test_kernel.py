"""The kernel's space: landmarks, and coordinates whose products are the kernel."""

import numpy as np
import pytest
from small import set_sizes

from skmal.arrays._kernel import kernel, kernel_root, landmarks_of, solved
from skmal.arrays._verbs import unit


def directions(n, dtype=np.float64):
    """Return rows of length one."""
    return unit(np.random.default_rng(0).normal(size=(n, 6)).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_of_coordinates_are_the_kernel(dtype):
    rows = directions(40, dtype)
    landmarks = landmarks_of(rows, 40, np.random.default_rng(0))
    coordinates = solved(kernel_root(landmarks, 2.0), kernel(rows, landmarks, 2.0).T).T
    assert coordinates.dtype == dtype
    expected = np.exp(-2.0 * (1 - rows.astype(np.float64) @ rows.T))
    # The diagonal is raised by (1000 + n) eps, which inverses may magnify tenfold.
    bound = 10 * 1040 * np.finfo(dtype).eps
    np.testing.assert_allclose(coordinates @ coordinates.T, expected, atol=bound)


def test_equal_rows_and_rows_of_zeros_have_coordinates():
    for rows in (np.repeat(directions(3), 5, axis=0), np.zeros((4, 6))):
        root = kernel_root(rows, 1.0)
        coordinates = solved(root, kernel(rows, rows, 1.0).T)
        assert np.isfinite(coordinates).all()


def test_landmarks_are_drawn_and_moved_amid_the_rows_next_to_them(monkeypatch):
    rows = directions(60)
    set_sizes(monkeypatch, rows=7)
    found = landmarks_of(rows, 10, np.random.RandomState(3))
    drawn = np.sort(np.random.RandomState(3).choice(len(rows), 10, replace=False))
    nearest = np.argmax(rows @ rows[drawn].T, axis=1)
    expected = unit(np.stack([rows[nearest == k].mean(axis=0) for k in range(10)]))
    np.testing.assert_allclose(found, expected, atol=1e-12)
