"""The gate between an encoder and everything that looks at its features."""

from functools import partial
from inspect import signature

import numpy as np

from ..arrays._numbers import all_finite, check_squares, to_floats
from ..arrays._rows import mapped
from ..items._containers import numeric_rows


def encode(encoder, X, y, host=True):
    """Return the features of X and of y in the encoder's shared space.

    X and y may differ in length. Whatever container `transform` returns (a data
    frame under global pandas output, say) becomes a float array; float32 and float64
    are kept, everything else becomes float64. Tensors do not where `host` is False:
    they stay where they are. Features of float16 rows are float32. Features of pools
    that are not in memory are made when they are read.
    """
    check_encoder(encoder)
    together = partial(_encode_together, encoder, host)
    return mapped(together, partial(_encode_alone, encoder), (X, y), "Xy")


def _encode_together(encoder, host, X, y):
    """Return the features of two pools that are in memory."""
    name = type(encoder).__name__
    features = encoder.transform(X, y)
    if not isinstance(features, tuple) or len(features) != 2:
        raise TypeError(
            f"{name}.transform(X, y) returned {type(features).__name__}, expected the "
            "two arrays (features of X, features of y), as "
            "sklearn.cross_decomposition.PLSSVD returns them"
        )
    X_features = _as_features(features[0], len(X), f"{name}.transform", host)
    y_features = _as_features(features[1], len(y), f"{name}.transform", host)
    if X_features.shape[1] != y_features.shape[1]:
        raise ValueError(
            f"{name}.transform(X, y) returned {X_features.shape[1]} features for X and "
            f"{y_features.shape[1]} for y; both must lie in one shared space"
        )
    return _as_precise(X_features, X), _as_precise(y_features, y)


def _encode_alone(encoder, modality, first, rows):
    """Return the features of rows of one modality, beside the first of the other."""
    pair = list(first)
    pair[modality] = rows
    try:
        return _encode_together(encoder, True, *pair)[modality]
    except ValueError as error:
        for name, numbers in zip("Xy", map(numeric_rows, pair), strict=True):
            if numbers is not None and not np.isfinite(numbers).all():
                raise ValueError(
                    f"{name}_pool holds NaN or infinity; leave out such rows"
                ) from error
        raise


def _as_precise(features, rows):
    """Return features in float32 where the rows that they are of are float16."""
    half = getattr(rows, "dtype", None) == np.float16
    if half and isinstance(features, np.ndarray):
        return features.astype(np.float32, copy=False)
    return features


def encode_all(encoder, *Xs):
    """Return the features of any number of modalities in the encoder's shared space.

    As `encode`, of an encoder whose `transform` takes one list of arrays and returns
    another.
    """
    name = f"{type(encoder).__name__}.transform"
    features = encoder.transform(list(Xs))
    if not isinstance(features, (list, tuple)) or len(features) != len(Xs):
        raise TypeError(
            f"{name}(Xs) returned {type(features).__name__}, expected a list of "
            f"{len(Xs)} arrays, one per modality, as RidgeMCCA returns it"
        )
    features = tuple(
        _as_features(array, len(X), name) for array, X in zip(features, Xs, strict=True)
    )
    widths = [array.shape[1] for array in features]
    if len(set(widths)) > 1:
        raise ValueError(
            f"{name}(Xs) returned {widths} features for the modalities; all must lie "
            "in one shared space"
        )
    return features


def check_encoder(encoder):
    """Raise unless there is a `transform` that can take both modalities."""
    name = type(encoder).__name__
    if not hasattr(encoder, "transform"):
        raise TypeError(
            f"{name} has no transform, so it is no encoder: that needs fit(X, y) and "
            "transform(X, y), which returns features of both modalities in one space. "
            "Take RidgeCCA(), PLSSVD() or a class of your own; classifiers, such as "
            "modAL's learners take, do not serve"
        )
    parameters = list(signature(encoder.transform).parameters.values())
    second = parameters[1] if len(parameters) > 1 else None
    if second is None or second.name == "copy" or second.kind is second.VAR_KEYWORD:
        raise TypeError(
            f"{name}.transform takes X alone, but an encoder needs transform(X, y), "
            "as PLSSVD and RidgeCCA have it; prepare the features of each modality "
            f"beforehand, on whole pools, and use the encoder without {name}"
        )


def unimodal_features(encoder, items, features, host=True):
    """Return, per modality, what is known of the items without any alignment.

    Numeric rows are that themselves. For others, images and texts, an encoder may offer
    a method ``unimodal_features(X, y)`` that returns two arrays, of any widths (a
    network's features before its projection, say). Without one, the features that it
    was trained to align have to do.
    """
    rows = [numeric_rows(modality) for modality in items]
    offer = getattr(encoder, "unimodal_features", None)
    if offer is not None and any(r is None for r in rows):
        name = f"{type(encoder).__name__}.unimodal_features"
        features = [
            _as_features(array, len(modality), name, host)
            for array, modality in zip(offer(*items), items, strict=True)
        ]
    return tuple(f if r is None else r for r, f in zip(rows, features, strict=True))


def _as_features(array, n_items, source, host=True):
    array = to_floats(array, source, host)
    if array.ndim != 2 or len(array) != n_items:
        raise ValueError(
            f"{source} returned an array of shape {tuple(array.shape)}; "
            f"expected (n_samples, n_features) with {n_items} rows, one for each item"
        )
    if not all_finite(array):
        raise ValueError(
            f"{source} returned NaN or infinity; check the scale of "
            "the input, or raise the encoder's regularisation"
        )
    check_squares(array, f"what {source} returned")
    return array
