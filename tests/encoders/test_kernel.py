"""KernelCCA against plain formulas, and on the glyphs."""

import numpy as np
import pytest
from small import set_sizes

from skmal import KernelCCA, RidgeCCA
from skmal.datasets import load_glyphs
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


def plain_nystroem(X, y, landmarks, reg, X_new):
    """Return features of new rows of X in all directions, seen through landmarks."""
    n, bases, maps = len(X), [], []
    for own, of in zip((X, y), landmarks, strict=True):
        w, U = np.linalg.eigh(np.exp(of @ of.T - 1))
        root = U / np.sqrt(w)  # kernel values times root: coordinates
        values = np.exp(unit(own - own.mean(axis=0)) @ of.T - 1)
        Z = (values - values.mean(axis=0)) @ root
        w, V = np.linalg.eigh(Z.T @ Z + reg * np.trace(Z.T @ Z) / n * np.eye(len(of)))
        bases.append(Z @ V / np.sqrt(w))
        maps.append((root @ V / np.sqrt(w), values.mean(axis=0)))
    left, s, _ = np.linalg.svd(bases[0].T @ bases[1])
    whiten, mean = maps[0]
    new = np.exp(unit(X_new - X.mean(axis=0)) @ landmarks[0].T - 1)
    return unit((new - mean) @ whiten @ left * np.sqrt(s))


@pytest.mark.parametrize("reg", [1.0, 0.1])
def test_more_pairs_than_landmarks_are_seen_through_those(pairs, reg):
    X, y = pairs
    encoder = KernelCCA(reg=reg, n_landmarks=12, random_state=0).fit(X[:60], y[:60])
    landmarks = encoder.x_landmarks_, encoder.y_landmarks_
    assert landmarks[0].shape == (12, X.shape[1])
    expected = plain_nystroem(X[:60], y[:60], landmarks, reg, X[60:])
    found = encoder.transform(X[60:])
    # Products of features do not depend on the directions' signs.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-7)


def test_random_state_determines_the_landmarks(pairs):
    X, y = pairs
    one, same, other = (
        KernelCCA(n_landmarks=30, random_state=seed).fit(X, y).transform(X)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one @ one.T, other @ other.T)


def test_landmarks_lose_little(pairs):
    X, y = pairs
    encoder = KernelCCA(n_landmarks=30, random_state=0).fit(X, y)
    near = mean_reciprocal_rank(*encoder.transform(X, y))
    assert near > 0.8 * mean_reciprocal_rank(*KernelCCA().fit(X, y).transform(X, y))


def test_it_ranks_partners_better_than_linear_maps():
    X, y = load_glyphs(features=True, return_X_y=True)
    gains = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(X))
        test, train = order[:500], order[500:800]
        kernel, linear = (
            mean_reciprocal_rank(
                *encoder.fit(X[train], y[train]).transform(X[test], y[test])
            )
            for encoder in (KernelCCA(), RidgeCCA())
        )
        gains.append(kernel / linear)
    assert np.mean(gains) > 1.05  # it was 1.12


def test_float32_stays_float32_per_modality(pairs):
    X, y = pairs
    encoder = KernelCCA().fit(X.astype(np.float32), y)
    x_features, y_features = encoder.transform(X.astype(np.float32), y)
    assert (x_features.dtype, y_features.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("n_landmarks", [100, 20])
def test_float32_finds_the_correlations_of_float64(pairs, n_landmarks):
    X, y = (rows.astype(np.float32) for rows in pairs)
    encoder = KernelCCA(n_landmarks=n_landmarks, random_state=0)
    single = encoder.fit(X, y).correlations_
    double = encoder.fit(X.astype(float), y.astype(float)).correlations_
    # What is added to the diagonal, (1000 + m) eps, is a share of that of the ridge,
    # which is about one half; correlations above 0.1 stay their tenfold apart.
    k = int((double > 0.1).sum())
    np.testing.assert_allclose(single[:k], double[:k], atol=2e-3)
    assert len(single) <= len(double)


@pytest.mark.parametrize("n_landmarks", [100, 20])
def test_fit_does_not_depend_on_blocks(pairs, monkeypatch, n_landmarks):
    X, y = pairs
    encoder = KernelCCA(n_components=5, n_landmarks=n_landmarks, random_state=0)
    expected = encoder.fit(X, y).transform(X)
    set_sizes(monkeypatch, rows=7)
    np.testing.assert_allclose(encoder.fit(X, y).transform(X), expected, atol=1e-7)


def test_result_does_not_depend_on_row_order_or_on_blocks(pairs, monkeypatch):
    X, y = pairs
    order = np.random.default_rng(1).permutation(len(X))
    one, other = KernelCCA(n_components=5), KernelCCA(n_components=5)
    expected = one.fit(X, y).transform(X)
    other.fit(X[order], y[order])
    np.testing.assert_allclose(other.transform(X), expected, atol=1e-7)
    set_sizes(monkeypatch, rows=7)
    np.testing.assert_allclose(one.transform(X), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_landmarks", [100, 3])
@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.eye(2, 5), np.eye(2, 4)),
        (np.ones((6, 3)), np.ones((6, 2))),
        (np.repeat(np.eye(2, 5), 3, 0), np.repeat(np.eye(2, 4), 3, 0)),
        (np.hstack([np.eye(6), np.ones((6, 30))]), np.eye(6)),
        (np.eye(6), np.arange(6.0)),
    ],
    ids=["two pairs", "one row", "equal rows", "more features than pairs", "a column"],
)
def test_few_and_equal_pairs_give_finite_features(X, y, dtype, n_landmarks):
    for reg in (1.0, 1e-12):
        encoder = KernelCCA(reg=reg, n_landmarks=n_landmarks, random_state=0)
        X, y = X.astype(dtype), y.astype(dtype)
        for features in encoder.fit(X, y).transform(X, y):
            assert np.isfinite(features).all()


def test_rounding_is_no_direction():
    X = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    # A column, seen from its mean, has the angles 0 and 180 degrees alone.
    assert KernelCCA().fit(X, X[:, 0]).n_components_ == 1
    assert KernelCCA().fit(X[:, :1], X).n_components_ == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gamma": 0}, "gamma must be a finite number in .0.01, 10000.0., got 0"),
        (
            {"reg": 0},
            "reg must be a finite number in .0, 1000000., got 0; without a ridge",
        ),
        ({"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
        ({"n_landmarks": 1}, "n_landmarks must be an integer of at least 2, got 1"),
    ],
)
def test_parameters_out_of_range(pairs, parameters, message):
    with pytest.raises(ValueError, match=message):
        KernelCCA(**parameters).fit(*pairs)
