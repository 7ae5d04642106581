"""The entropy of a softmax against SciPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy
from small import cosines, features, small_similarities

from skmal.uncertainty import cross_modal_entropy


@settings(max_examples=75)
@given(features(1), features(2), st.integers(1, 5), st.sampled_from([0.01, 0.07, 1.0]))
def test_it_is_that_of_the_full_similarity_matrix(q, g, block, temperature):
    expected = entropy(softmax(cosines(q, g) / temperature, axis=1), axis=1)
    with pytest.MonkeyPatch.context() as patch:
        small_similarities(patch, block)
        got = cross_modal_entropy(q, g, temperature)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_float64_is_exact_across_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    q, g = rng.normal(size=(70, 8)), rng.normal(size=(90, 8))
    expected = entropy(softmax(cosines(q, g) / 0.07, axis=1), axis=1)
    small_similarities(monkeypatch, 16)
    np.testing.assert_allclose(cross_modal_entropy(q, g), expected, atol=1e-12)


def test_of_a_single_partner_there_is_none():
    assert cross_modal_entropy([[1.0, 0]], [[0.0, 1]]).tolist() == [0]


def test_entropy_of_equal_similarities_is_the_log_of_their_number():
    np.testing.assert_allclose(
        cross_modal_entropy([[1.0, 0]], np.ones((7, 2))), np.log(7)
    )


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(
        ValueError, match="temperature must be a finite number of at least 1e-100"
    ):
        cross_modal_entropy([[1.0]], [[1.0]], temperature)
