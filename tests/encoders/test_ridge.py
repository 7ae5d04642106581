"""RidgeCCA against plain formulas, and on the glyphs."""

import numpy as np
import pytest
from helpers import make_pairs
from scipy.linalg import eigh
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skmal import RidgeCCA
from skmal.datasets import load_glyphs
from skmal.metrics import mean_reciprocal_rank


def correlations_by_eigenvalues(X, y, reg):
    """Return canonical correlations from the textbook's eigenvalue problem."""
    X, y = X - X.mean(axis=0), y - y.mean(axis=0)
    n = len(X)
    Cxx, Cyy, Cxy = X.T @ X / n, y.T @ y / n, X.T @ y / n
    Cxx += reg * np.trace(Cxx) / len(Cxx) * np.eye(len(Cxx))
    Cyy += reg * np.trace(Cyy) / len(Cyy) * np.eye(len(Cyy))
    values = eigh(Cxy @ np.linalg.inv(Cyy) @ Cxy.T, Cxx, eigvals_only=True)
    return np.sqrt(np.maximum(values[::-1], 0))


@pytest.mark.parametrize("reg", [1e-6, 0.1, 2.0])
def test_correlations_are_those_of_the_eigenvalue_problem(pairs, reg):
    X, y = pairs
    encoder = RidgeCCA(reg=reg).fit(X, y)
    expected = correlations_by_eigenvalues(X, y, reg)[:5]
    np.testing.assert_allclose(encoder.correlations_, expected, atol=1e-8)


def test_directions_are_uncorrelated_across_modalities(pairs):
    X, y = pairs
    encoder = RidgeCCA().fit(X, y)
    weights = encoder.correlations_
    x = (X - X.mean(axis=0)) @ encoder.x_weights_ / weights
    y = (y - y.mean(axis=0)) @ encoder.y_weights_ / weights
    np.testing.assert_allclose(x.T @ y / len(x), np.diag(weights), atol=1e-8)


def test_more_features_than_pairs_gives_the_same_as_the_gram_matrices():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 40)), rng.normal(size=(12, 30))
    encoder = RidgeCCA().fit(X, y)
    expected = correlations_by_eigenvalues(X, y, 0.1)[:11]  # centring costs one
    np.testing.assert_allclose(encoder.correlations_[:11], expected, atol=1e-7)
    assert encoder.x_weights_.shape == (40, 12)


def test_rows_have_unit_length_and_the_mean_stays_zero(pairs):
    X, y = pairs
    encoder = RidgeCCA().fit(X, y)
    x_features, y_features = encoder.transform(X, y[:7])
    assert y_features.shape == (7, 5)
    np.testing.assert_allclose(np.linalg.norm(x_features, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(y_features, axis=1), 1)
    assert not encoder.transform(encoder.x_mean_[None]).any()


def test_components_are_capped_by_the_data(pairs):
    X, y = pairs
    assert RidgeCCA(128).fit(X, y).n_components_ == 5
    assert RidgeCCA(2).fit(X, y).transform(X).shape == (80, 2)
    assert RidgeCCA(128).fit(X[:3], y[:3]).n_components_ == 3


def test_constant_modality_gives_zeros_not_nan(pairs):
    X, y = pairs
    x_features, y_features = RidgeCCA().fit(X, np.ones_like(y)).transform(X, y)
    assert np.isfinite(x_features).all()
    assert np.isfinite(y_features).all()


def test_sign_and_result_do_not_depend_on_row_order(pairs):
    X, y = pairs
    order = np.random.default_rng(1).permutation(len(X))
    one, other = RidgeCCA().fit(X, y), RidgeCCA().fit(X[order], y[order])
    np.testing.assert_allclose(one.x_weights_, other.x_weights_, atol=1e-10)


def test_float32_stays_float32_per_modality(pairs):
    X, y = pairs
    encoder = RidgeCCA().fit(X.astype(np.float32), y)
    x_features, y_features = encoder.transform(X.astype(np.float32), y)
    assert (x_features.dtype, y_features.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize(("n", "expected"), [(200, 0.12), (1000, 0.25), (4000, 0.325)])
def test_glyphs_reach_the_expected_mrr(n, expected):
    X, y = load_glyphs(features=True, return_X_y=True)
    scores = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(X))
        test, train = order[:1000], order[1000 : 1000 + n]
        encoder = RidgeCCA().fit(X[train], y[train])
        scores.append(mean_reciprocal_rank(*encoder.transform(X[test], y[test])))
    assert np.mean(scores) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
        ({"n_components": 2.5}, "n_components must be an integer .* got 2.5"),
        ({"reg": 0}, "reg must be a finite number in .0, 1000000., got 0"),
        ({"reg": np.nan}, "reg must be a finite number in .0, 1000000., got nan"),
    ],
)
def test_parameters_out_of_range(pairs, parameters, message):
    with pytest.raises(ValueError, match=message):
        RidgeCCA(**parameters).fit(*pairs)


def test_bad_input_leaves_a_fitted_encoder_as_it_was(pairs):
    X, y = pairs
    encoder = RidgeCCA().fit(X, y)
    before = encoder.transform(X)
    broken = X.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="X has 80 rows and y has 79"):
        encoder.fit(X, y[:-1])
    with pytest.raises(ValueError, match="NaN"):
        encoder.fit(broken, y)
    with pytest.raises(ValueError, match="y contains infinity"):
        encoder.fit(X, np.full_like(y, np.inf))
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        encoder.fit(X[:1], y[:1])
    np.testing.assert_array_equal(encoder.transform(X), before)
    with pytest.raises(
        ValueError, match="y has 4 features, but RidgeCCA is expecting 5"
    ):
        encoder.transform(X, y[:, :4])
    with pytest.raises(NotFittedError):
        clone(encoder).transform(X)


def test_one_dimensional_y_is_a_column():
    X, y = make_pairs()
    one = RidgeCCA().fit(X, y[:, 0]).transform(X, y[:, 0])
    other = RidgeCCA().fit(X, y[:, :1]).transform(X, y[:, :1])
    np.testing.assert_array_equal(one[1], other[1])
