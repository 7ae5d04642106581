"""The gate between an encoder and everything that looks at its features."""

from inspect import signature

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.extmath import row_norms

from . import _dask
from ._items import is_streamed, numeric_rows, take
from ._streamed import Mapped
from ._tensors import computing_dtype, is_tensor, largest_value, to_host


def encode(encoder, X, y, host=True):
    """Return the features of X and of y in the encoder's shared space.

    X and y may differ in length. Whatever container `transform` returns (a data
    frame under global pandas output, say) becomes a float array; float32 and float64
    are kept, everything else becomes float64. Tensors do not where `host` is False:
    they stay where they are. Features of float16 rows are float32. Features of pools
    that are not in memory are made when they are read.
    """
    check_encoder(encoder)
    if is_streamed(X) or is_streamed(y):
        return _encode_streamed(encoder, X, y)
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


def _encode_streamed(encoder, X, y):
    """Return the features of two pools of which one at least is not in memory."""
    pools = X, y
    first = [take(pool, [0]) for pool in pools]
    # These tell the width, or raise.
    features = [encode_rows(encoder, first[m], first[1 - m], m) for m in (0, 1)]

    def features_of(m):
        return lambda rows: encode_rows(encoder, rows, first[1 - m], m)

    for m, pool in enumerate(pools):
        if _dask.is_dask(pool):
            features[m] = _dask.encode(encoder, pool, first[1 - m], m, features[m])
        elif is_streamed(pool):
            width, dtype = features[m].shape[1], features[m].dtype
            features[m] = Mapped(pool, features_of(m), width, dtype)
        else:
            features[m] = features_of(m)(pool)
    return tuple(features)


def encode_rows(encoder, rows, other_row, modality):
    """Return the features of rows of one modality, beside a row of the other one."""
    pair = (rows, other_row) if modality == 0 else (other_row, rows)
    try:
        return encode(encoder, *pair)[modality]
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


def check_space(queries, gallery):
    """Return the features of two modalities as floats, or raise if spaces differ."""
    queries = as_floats(check_array(queries, input_name="queries"))
    gallery = as_floats(check_array(gallery, input_name="gallery"))
    check_widths(queries, gallery, "queries", "gallery")
    return queries, gallery


def check_widths(rows, others, name, other):
    """Raise unless both have as many columns."""
    if rows.shape[1] != others.shape[1]:
        raise ValueError(
            f"{name} has {rows.shape[1]} columns and {other} has "
            f"{others.shape[1]}; both must come from the same encoder"
        )


def check_features(features, name, like=None):
    """Return rows of one modality as floats that can be squared, or raise.

    With `like`, they must have as many columns and take its precision where that is
    larger; None or no rows at all become no rows of that form.
    """
    if like is not None and (features is None or np.size(features) == 0):
        return like[:0]
    features = as_floats(check_array(features, dtype="numeric", input_name=name))
    check_squares(features, name)
    if like is None:
        return features
    if features.shape[1] != like.shape[1]:
        raise ValueError(
            f"{name} has {features.shape[1]} columns where {like.shape[1]} are "
            "expected; all rows must be of one modality"
        )
    return features.astype(np.result_type(features, like), copy=False)


def check_squares(array, name):
    """Raise when the squares of the values would overflow."""
    if is_tensor(array):
        dtype, largest = computing_dtype(array), largest_value(array)
    else:
        dtype, largest = array.dtype, np.abs(array).max(initial=0)
    limit = np.sqrt(np.finfo(dtype).max) / 1e6
    if largest > limit:
        raise ValueError(
            f"{name} holds values up to {largest:.0e}, whose squares overflow "
            f"{dtype}; scale them"
        )


def as_floats(array):
    """Return an array of float32 or float64; only those two are not converted."""
    array = np.asarray(array)
    if array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)


def unit_rows(features):
    """Return the rows scaled to length one; rows of zeros stay zero.

    The similarity that the whole package means is the dot product of such rows. Each
    row is first divided by its largest value, so that no length is too small or too
    large to be squared (scikit-learn's `normalize` takes small ones for zero).
    """
    features = features / _nonzero(np.abs(features).max(axis=1, keepdims=True))
    return features / _nonzero(row_norms(features)[:, None])


def unit_floats(rows):
    """Return rows of a pool, any numbers, as floats of length one, or raise."""
    rows = as_floats(rows)
    if not np.isfinite(rows).all():  # those of a pool on disk are looked at here only
        raise ValueError("a pool holds NaN or infinity; leave out such rows")
    return unit_rows(rows)


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


def _nonzero(divisors):
    divisors[divisors == 0] = 1
    return divisors


def _as_features(array, n_items, source, host=True):
    if host or not is_tensor(array) or not array.is_floating_point():
        array = np.asarray(to_host(array))
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{source} returned {array.dtype}, not floats")
        array = as_floats(array)
    if array.ndim != 2 or len(array) != n_items:
        raise ValueError(
            f"{source} returned an array of shape {tuple(array.shape)}; "
            f"expected (n_samples, n_features) with {n_items} rows, one for each item"
        )
    if not is_tensor(array):
        finite = np.isfinite(array).all()
    else:
        finite = np.isfinite(largest_value(array))
    if not finite:
        raise ValueError(
            f"{source} returned NaN or infinity; check the scale of "
            "the input, or raise the encoder's regularisation"
        )
    check_squares(array, f"what {source} returned")
    return array
