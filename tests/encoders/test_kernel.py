"""KernelCCA against plain formulas, and on the glyphs."""

import numpy as np
import pytest
from small import set_sizes

from skmal import KernelCCA, RidgeCCA
from skmal.datasets import load_glyphs
from skmal.encoders._kernel import _nystroem_whitening, _whitening, kernel
from skmal.metrics import mean_reciprocal_rank


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plain_features(X, y, X_new, gamma, reg, n_components):
    """Return features of new rows of X in the words of the class's Notes."""
    n, parts = len(X), []
    for own in (X, y):
        own = unit(own - own.mean(axis=0))
        K = np.exp(-gamma * (1 - own @ own.T))
        H = np.eye(n) - 1 / n
        w, U = np.linalg.eigh(H @ K @ H)
        kept = w > 1e-9 * w.max()
        w, U = w[kept], U[:, kept]
        ridged = w + reg * w.sum() / n
        parts.append((K, w, U, ridged, U * np.sqrt(w / ridged)))
    left, s, _ = np.linalg.svd(parts[0][-1].T @ parts[1][-1])
    K, w, U, ridged, _ = parts[0]
    new = unit(X_new - X.mean(axis=0)) @ unit(X - X.mean(axis=0)).T
    values = np.exp(-gamma * (1 - new)) - K.mean(axis=0)
    values -= values.mean(axis=1, keepdims=True)
    k = n_components
    return unit(values @ (U / np.sqrt(w * ridged)) @ left[:, :k] * np.sqrt(s[:k]))


@pytest.mark.parametrize(("gamma", "reg"), [(1.0, 1.0), (3.0, 0.1)])
def test_features_are_those_of_the_formulas(pairs, gamma, reg):
    X, y = pairs
    encoder = KernelCCA(gamma, reg=reg, n_components=4).fit(X[:50], y[:50])
    expected = plain_features(X[:50], y[:50], X[50:], gamma, reg, 4)
    found = encoder.transform(X[50:])
    # Directions are found up to their signs.
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found, expected * signs, atol=1e-7)


def test_all_pairs_as_landmarks_are_the_exact_kernel(pairs):
    X, _ = pairs
    rows = unit(X - X.mean(axis=0))
    values = kernel(rows, rows, 1.0)
    chosen = np.arange(len(rows))
    exact, _ = _whitening(values, chosen, 0.5)
    seen, _ = _nystroem_whitening(values, chosen, 0.5)
    np.testing.assert_allclose(exact @ exact.T, seen @ seen.T, atol=1e-6)


def test_more_pairs_than_landmarks_are_seen_through_those(pairs):
    X, y = pairs
    encoder = KernelCCA(n_landmarks=30, random_state=0).fit(X, y)
    assert encoder.x_landmarks_.shape == (30, X.shape[1])
    again = KernelCCA(n_landmarks=30, random_state=0).fit(X, y)
    np.testing.assert_array_equal(encoder.transform(X), again.transform(X))
    near = mean_reciprocal_rank(*encoder.transform(X, y))
    assert near > 0.8 * mean_reciprocal_rank(*KernelCCA().fit(X, y).transform(X, y))


def test_it_ranks_partners_better_than_linear_maps():
    X, y = load_glyphs(features=True, return_X_y=True)
    gains = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(X))
        test, train = order[:1000], order[1000:1600]
        kernel, linear = (
            mean_reciprocal_rank(
                *encoder.fit(X[train], y[train]).transform(X[test], y[test])
            )
            for encoder in (KernelCCA(), RidgeCCA())
        )
        gains.append(kernel / linear)
    assert np.mean(gains) > 1.1


def test_float32_stays_float32_per_modality(pairs):
    X, y = pairs
    encoder = KernelCCA().fit(X.astype(np.float32), y)
    x_features, y_features = encoder.transform(X.astype(np.float32), y)
    assert (x_features.dtype, y_features.dtype) == (np.float32, np.float64)


def test_result_does_not_depend_on_row_order_or_on_blocks(pairs, monkeypatch):
    X, y = pairs
    order = np.random.default_rng(1).permutation(len(X))
    one, other = KernelCCA(n_components=5), KernelCCA(n_components=5)
    expected = one.fit(X, y).transform(X)
    other.fit(X[order], y[order])
    np.testing.assert_allclose(other.transform(X), expected, atol=1e-7)
    set_sizes(monkeypatch, rows=7)
    np.testing.assert_allclose(one.transform(X), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.eye(2, 5), np.eye(2, 4)),
        (np.ones((6, 3)), np.ones((6, 2))),
        (np.repeat(np.eye(2, 5), 3, 0), np.repeat(np.eye(2, 4), 3, 0)),
        (np.hstack([np.eye(6), np.ones((6, 30))]), np.eye(6)),
    ],
    ids=["two pairs", "one row", "equal rows", "more features than pairs"],
)
def test_few_and_equal_pairs_give_finite_features(X, y):
    for features in KernelCCA().fit(X, y).transform(X, y):
        assert np.isfinite(features).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gamma": 0}, "gamma must be a finite number above 0, got 0"),
        ({"reg": 0}, "reg must be a finite number above 0, got 0; without a ridge"),
        ({"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
        ({"n_landmarks": 1}, "n_landmarks must be an integer of at least 2, got 1"),
    ],
)
def test_parameters_out_of_range(pairs, parameters, message):
    with pytest.raises(ValueError, match=message):
        KernelCCA(**parameters).fit(*pairs)
