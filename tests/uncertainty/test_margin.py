"""Margins and best similarities, and what holds of all scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import cosines, features, small_similarities

from skmal.uncertainty import (
    cross_modal_entropy,
    cross_modal_margin,
    cross_modal_top1,
)

SCORES = [cross_modal_margin, cross_modal_top1, cross_modal_entropy]


@settings(max_examples=75)
@given(features(1), features(2), st.integers(1, 5))
def test_scores_are_those_of_the_full_similarity_matrix(q, g, block):
    ordered = np.sort(cosines(q, g), axis=1)
    with pytest.MonkeyPatch.context() as patch:
        small_similarities(patch, block)
        margin, top1 = cross_modal_margin(q, g), cross_modal_top1(q, g)
    np.testing.assert_allclose(margin, ordered[:, -1] - ordered[:, -2], atol=1e-12)
    np.testing.assert_allclose(top1, ordered[:, -1], atol=1e-12)


def test_float64_is_exact_across_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    q, g = rng.normal(size=(70, 8)), rng.normal(size=(90, 8))
    ordered = np.sort(cosines(q, g), axis=1)
    small_similarities(monkeypatch, 16)
    np.testing.assert_allclose(
        cross_modal_margin(q, g), ordered[:, -1] - ordered[:, -2], atol=1e-12
    )


def test_duplicates_in_the_gallery_leave_no_margin():
    rng = np.random.default_rng(0)
    g = rng.normal(size=(50, 9))
    margin = cross_modal_margin(g + 0.01, np.concatenate([g, g]))
    np.testing.assert_allclose(margin, 0, atol=1e-12)


def test_a_single_partner_counts_against_the_least_similarity():
    np.testing.assert_allclose(cross_modal_margin([[1.0, 0]], [[0.0, 1]]), [1])


@pytest.mark.parametrize("score", SCORES)
def test_scale_of_rows_does_not_matter(score):
    rng = np.random.default_rng(0)
    q, g = rng.normal(size=(5, 4)), rng.normal(size=(6, 4))
    lengths = rng.uniform(0.1, 10, size=(6, 1))
    np.testing.assert_allclose(score(q, g), score(3 * q, lengths * g))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("q", "g", "message"),
    [
        ([[1.0, 2]], [[1.0]], "queries has 2 columns and gallery has 1"),
        (np.empty((0, 2)), [[1.0, 2]], "0 sample"),
        ([[1.0, 2]], np.empty((0, 2)), "0 sample"),
        ([[np.nan, 2]], [[1.0, 2]], "queries contains NaN"),
        ([[1.0, 2]], [[1.0, np.inf]], "gallery contains infinity"),
    ],
)
def test_bad_input(score, q, g, message):
    with pytest.raises(ValueError, match=message):
        score(q, g)
