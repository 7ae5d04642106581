"""Coverage against a few obvious lines in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from small import pools, small_distances, sphere, squared_distances

from skmal.coverage import coverage_gap, distance_to_aligned


@settings(max_examples=100)
@given(pools(25))
def test_distances_are_those_of_direct_differences(pool):
    features, aligned = pool
    expected = np.sqrt(squared_distances(features, aligned).min(axis=1))
    got = distance_to_aligned(features, aligned)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert coverage_gap(features, aligned) == got.max()


def test_distances_between_precisions_are_exact():
    rng = np.random.default_rng(0)
    aligned = (rng.normal(size=(50, 4)) + 1e3).astype(np.float32)
    features = aligned[rng.integers(50, size=200)] + 1e-5 * rng.normal(size=(200, 4))
    expected = np.sqrt(squared_distances(features, aligned).min(axis=1))
    np.testing.assert_allclose(distance_to_aligned(features, aligned), expected)


@pytest.mark.parametrize("is_small", [False, True])
def test_what_differs_by_rounding_alone_is_told_apart(monkeypatch, is_small):
    if is_small:
        small_distances(monkeypatch)
    near, far = 1e-7 * sphere(40), sphere(300)
    expected = np.sqrt(squared_distances(near, far).min(axis=1))
    np.testing.assert_array_equal(distance_to_aligned(near, far), expected)
    assert coverage_gap(near, far) == expected.max()
    centre = 1e-7 * sphere(3)
    expected = np.sqrt(squared_distances(far, centre).min(axis=1))
    assert coverage_gap(far, centre) == expected.max()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coverage_gap([[0.0]], np.empty((0, 1))), "0 sample"),
        (lambda: coverage_gap([[0.0]], [[np.inf]]), "aligned contains infinity"),
        (lambda: coverage_gap([["a"]], [[1.0]]), "numbers are needed"),
        (lambda: coverage_gap([[1e200]], [[0.0]]), "1e\\+200, whose squares overflow"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
