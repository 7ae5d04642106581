"""Features of the second modality: alone, and in scikit-learn's containers."""

from typing import Any

from sklearn.utils._set_output import _wrap_data_with_container

from .._shared.types import Items
from ..arrays._verbs import take
from ..items._encoding import check_form
from ._score import PairScore


def check_some(X: object, y: object) -> None:
    """Raise where there are items of neither modality."""
    if X is None and y is None:
        raise ValueError(
            "X and y are both None; pass items of X, of y (with X=None), or of both"
        )


def in_container(transformer: Any, features: Any, y: object) -> Any:
    """Return features of y in what `set_output` of a transformer asks for.

    scikit-learn puts the first output of `transform` into a data frame, and leaves the
    second as it is.
    """
    return _wrap_data_with_container("transform", features, y, transformer)


def transform_second(encoder: Any, y: Items, known: Items | None) -> Any:
    """Return features of y, without any of X.

    Encoders of this package do that. Any other, one that derives from these and has a
    `transform` of its own included, gets the first of the `known` items of X beside
    them, for its contract is to transform both.
    """
    own = str(getattr(type(encoder).transform, "__module__", ""))
    if issubclass(type(encoder), PairScore) and own.startswith("skmal."):
        return encoder.transform(None, y)
    if known is None:
        raise ValueError(
            f"{type(encoder).__name__} transforms y beside items of X, and the learner "
            "keeps none; pass some as X"
        )
    return transform_both(encoder, take(known, [0]), y)[1]


def transform_both(encoder: Any, X: Items, y: Items) -> tuple[Any, Any]:
    """Return features of X and of y, or raise where an encoder returned else."""
    returned = encoder.transform(X, y)
    check_form(returned, f"{type(encoder).__name__}.transform")
    return returned
