"""The gate between an encoder and everything that looks at its features."""

from collections.abc import Sequence
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from ..arrays._numbers import all_finite, check_squares, to_floats
from ..arrays._verbs import mapped, take
from ._containers import numeric_rows


def encode(
    encoder: Any,
    *items: Any,
    listed: bool = False,
    host: bool = True,
    names: Sequence[str] | None = None,
) -> tuple[Any, ...]:
    """Return the features of each modality in the encoder's shared space.

    Modalities may differ in length. `listed` says how the encoder takes them: as one
    list, else as X and y; `names` are what the caller's user calls them. Whatever
    container `transform` returns (a data frame under global pandas output, say) becomes
    a float array; float32 and float64 are kept, everything else becomes float64.
    Tensors do not where `host` is False: they stay where they are. Features of float16
    rows are float32. Features of pools that are not in memory are made when they are
    read.
    """
    check_encoder(encoder, listed)
    if names is None:
        names = [f"Xs[{m}]" for m in range(len(items))] if listed else "Xy"
    together = partial(_encode_together, encoder, listed, host)
    alone = partial(_encode_alone, encoder, listed, names)
    return mapped(together, alone, items, names)


def _encode_together(
    encoder: Any, listed: bool, host: bool, *items: Any
) -> tuple[Any, ...]:
    """Return the features of pools that are in memory."""
    name = f"{type(encoder).__name__}.transform"
    returned = encoder.transform(list(items)) if listed else encoder.transform(*items)
    check_form(returned, name, len(items), listed)
    features = [
        _as_features(array, len(modality), name, host)
        for array, modality in zip(returned, items, strict=True)
    ]
    widths = [array.shape[1] for array in features]
    if len(set(widths)) > 1 and listed:
        raise ValueError(
            f"{name}(Xs) returned {widths} features for the modalities; all must lie "
            "in one shared space"
        )
    if len(set(widths)) > 1:
        raise ValueError(
            f"{name}(X, y) returned {widths[0]} features for X and {widths[1]} for y; "
            "both must lie in one shared space"
        )
    return tuple(map(_as_precise, features, items))


def check_form(
    returned: Any, name: str, n_modalities: int = 2, listed: bool = False
) -> None:
    """Raise unless `transform` returned one thing for each modality."""
    got = type(returned).__name__
    right_length = isinstance(returned, (list, tuple)) and len(returned) == n_modalities
    if listed and not right_length:
        raise TypeError(
            f"{name}(Xs) returned {got}, expected a list of {n_modalities} arrays, one "
            "per modality, as RidgeMCCA returns it"
        )
    if not listed and not (right_length and isinstance(returned, tuple)):
        raise TypeError(
            f"{name}(X, y) returned {got}, expected the two arrays (features of X, "
            "features of y), as sklearn.cross_decomposition.PLSSVD returns them"
        )


def _encode_alone(
    encoder: Any,
    listed: bool,
    names: Sequence[str],
    modality: int,
    first: Sequence[Any],
    rows: Any,
) -> Any:
    """Return the features of rows of one modality, beside the first of each other."""
    items = list(first)
    items[modality] = rows
    try:
        return _encode_together(encoder, listed, True, *items)[modality]
    except ValueError as error:
        for name, numbers in zip(names, map(numeric_rows, items), strict=True):
            if numbers is not None and not np.isfinite(numbers).all():
                raise ValueError(
                    f"{name} holds NaN or infinity; leave out such rows"
                ) from error
        raise


def _as_precise(features: Any, rows: Any) -> Any:
    """Return features in float32 where the rows that they are of are float16."""
    first = rows if hasattr(rows, "dtype") else numeric_rows(take(rows, [0]))
    half = getattr(first, "dtype", None) == np.float16
    if half and isinstance(features, np.ndarray):
        return features.astype(np.float32, copy=False)
    return features


def check_encoder(encoder: Any, listed: bool = False) -> None:
    """Raise unless there is a `transform` that can take all modalities."""
    name = type(encoder).__name__
    if not hasattr(encoder, "transform"):
        raise TypeError(
            f"{name} has no transform, so it is no encoder: that needs fit(X, y) and "
            "transform(X, y), which returns features of both modalities in one space. "
            "Take KernelCCA(), PLSSVD() or a class of your own; classifiers, such as "
            "modAL's learners take, do not serve"
        )
    if listed:
        if hasattr(encoder, "fit") and "y" in _required(encoder.fit):
            raise TypeError(
                f"{name}.fit takes X and y, but an encoder of several modalities needs "
                "fit(Xs) and transform(Xs), as RidgeMCCA has"
            )
        return
    parameters = list(signature(encoder.transform).parameters.values())
    second = parameters[1] if len(parameters) > 1 else None
    if second is None or second.name == "copy" or second.kind is second.VAR_KEYWORD:
        raise TypeError(
            f"{name}.transform takes X alone, but an encoder needs transform(X, y), "
            "as PLSSVD and KernelCCA have it; prepare the features of each modality "
            f"beforehand, on whole pools, and use the encoder without {name}"
        )


def _required(function: Any) -> set[str]:
    """Return the names of the parameters that have no default."""
    parameters = signature(function).parameters.values()
    return {p.name for p in parameters if p.default is p.empty}


def unimodal_features(
    encoder: Any,
    items: Sequence[Any],
    features: Sequence[Any],
    listed: bool = False,
    host: bool = True,
    rows: Sequence[Any] | None = None,
) -> tuple[Any, ...]:
    """Return, per modality, what is known of the items without any alignment.

    Numeric rows are that themselves. For others, images and texts, an encoder may offer
    a method ``unimodal_features(X, y)`` that returns two arrays, of any widths (a
    network's features before its projection, say); one that takes lists returns as many
    as it is given. Without one, the features that it was trained to align have to do.
    `rows` are what `numeric_rows` returns of the items, where that is known.
    """
    if rows is None:
        rows = [numeric_rows(modality) for modality in items]
    offer = getattr(encoder, "unimodal_features", None)
    if offer is not None and any(r is None for r in rows):
        name = f"{type(encoder).__name__}.unimodal_features"
        offered = offer(list(items)) if listed else offer(*items)
        features = [
            _as_features(array, len(modality), name, host)
            for array, modality in zip(offered, items, strict=True)
        ]
    return tuple(f if r is None else r for r, f in zip(rows, features, strict=True))


def _as_features(array: Any, n_items: int, source: str, host: bool = True) -> Any:
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
