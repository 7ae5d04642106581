"""The gate between an encoder and everything that looks at its features."""

import numpy as np
from sklearn.preprocessing import normalize

from ._items import numeric_rows


def encode(encoder, X, y):
    """Return the features of X and of y in the encoder's shared space.

    X and y may differ in length. Whatever container `transform` returns (a data
    frame under global pandas output, say) becomes a float array; float32 and float64
    are kept, everything else becomes float64.
    """
    name = type(encoder).__name__
    features = encoder.transform(X, y)
    if not isinstance(features, tuple) or len(features) != 2:
        raise TypeError(
            f"{name}.transform(X, y) returned {type(features).__name__}, expected the "
            "two arrays (features of X, features of y), as "
            "sklearn.cross_decomposition.PLSSVD returns them"
        )
    X_features, y_features = (_as_features(f, name) for f in features)
    if X_features.shape[1] != y_features.shape[1]:
        raise ValueError(
            f"{name}.transform(X, y) returned {X_features.shape[1]} features for X and "
            f"{y_features.shape[1]} for y; both must lie in one shared space"
        )
    return X_features, y_features


def as_floats(array):
    """Return an array of float32 or float64; only those two are not converted."""
    array = np.asarray(array)
    if array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)


def unit_rows(features):
    """Return the rows scaled to length one; rows of zeros stay zero.

    The similarity that the whole package means is the dot product of such rows.
    """
    return normalize(features)


def unimodal_features(items, features):
    """Return, per modality, numeric rows themselves, or else the given features."""
    rows = [numeric_rows(modality) for modality in items]
    return tuple(f if r is None else r for r, f in zip(rows, features, strict=True))


def _as_features(array, encoder_name):
    array = as_floats(array)
    if array.ndim != 2:
        raise ValueError(
            f"{encoder_name}.transform returned an array of shape {array.shape}; "
            "expected (n_samples, n_features)"
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{encoder_name}.transform returned NaN or infinity; check the scale of "
            "the input, or raise the encoder's regularisation"
        )
    return array
