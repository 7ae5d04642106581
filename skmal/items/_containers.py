"""What people pass as X and y: arrays, data frames, columns, lists of names or images.

Everything else in the package relies on the one form that leaves this module: a
container with a length, whose rows `take` can pick and `join` can append.
"""

from collections.abc import Iterable, Mapping, Sequence, Set, Sized
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from .._shared.types import Items
from ..arrays._block_math import to_host
from ..arrays._frames import is_frame
from ..arrays._plain import number_rows, plain
from ..arrays._verbs import check_streamed, n_columns, whole


def check_items(
    items: Any, name: str, streamed: bool = False, picked: bool = False
) -> Items:
    """Return `items` in a form with a length and rows that can be taken.

    Arrays, array-likes of numbers, sparse matrices, pyarrow's tables of numbers and
    columns of data frames become NumPy arrays; data frames of pandas and polars and
    lists of other things (file names, images, arrays) stay what they are. Nothing is
    copied that is an array already. With `streamed`, numeric rows that are not in
    memory stay there: their values are not looked at. So with `picked`, but for dask
    arrays: rows will be picked out of these time and again.
    """
    if items is None:
        raise ValueError(f"{name} is None; pass a sequence with one item per row")
    if isinstance(items, (str, bytes, Path, Real)):
        raise ValueError(
            f"{name} must be a sequence of items, got the single "
            f"{type(items).__name__} {items!r}; put it into a list"
        )
    if streamed or picked:
        pool = check_streamed(items, name, picked)
        if pool is not None:
            return pool
    items = whole(items, name)
    values = plain(items, name)
    if isinstance(values, Mapping) or not (
        hasattr(values, "__getitem__") or hasattr(values, "__array__")
    ):
        raise ValueError(
            f"{name} must be a sequence of items (array, data frame, column or list), "
            f"got {type(items).__name__}"
        )
    if is_frame(items):
        if values is not items:  # of others, none is missing
            check_array(values, dtype=None, input_name=name)
        return items
    if isinstance(values, (list, tuple)):
        if not values:
            raise ValueError(f"{name} is empty; at least one item is needed")
        values = list(values)
        _check_no_missing(values, name)
        return values
    try:
        values = np.asarray(to_host(values))
    except ValueError as error:  # groups of a frame, say
        raise ValueError(
            f"{name} must be a sequence of items (array, data frame, column or list), "
            f"got {type(items).__name__}"
        ) from error
    if not values.ndim:
        raise ValueError(
            f"{name} must be a sequence of items, got one {type(items).__name__}"
        )
    if not len(values):
        raise ValueError(f"{name} is empty; at least one item is needed")
    if values.dtype == object and values.ndim == 1:
        _check_no_missing(values, name)
        return values
    values = check_array(
        values, dtype=None, ensure_2d=False, allow_nd=True, input_name=name
    )
    if _are_one_by_one(items, values):
        return list(items if isinstance(items, (list, tuple)) else np.asarray(items))
    return values


def check_pairs(
    X: Any,
    y: Any,
    estimator_name: str,
    allow_empty: bool = False,
    streamed: bool = False,
    picked: bool = False,
    names: tuple[str, str] = ("X", "y"),
) -> tuple[Items, Items]:
    """Return aligned X and y, checked; row i of one belongs to row i of the other.

    `streamed` and `picked` as for `check_items`; `names` are what the user calls them.
    """
    if y is None:
        raise ValueError(
            f"{estimator_name} requires {names[1]} to be passed, but the target "
            f"{names[1]} is None; {names[0]} holds the items of one modality and "
            f"{names[1]} their partners in the other"
        )
    if allow_empty and n_rows(X) == 0 and n_rows(y) == 0:
        return [], []
    X = check_items(X, names[0], streamed, picked)
    y = check_items(y, names[1], streamed, picked)
    check_same_length(X, y, names)
    return X, y


def check_same_length(X: Sized, y: Sized, names: tuple[str, str] = ("X", "y")) -> None:
    """Raise unless X and y have the same number of rows."""
    if len(X) != len(y):
        raise ValueError(
            f"{names[0]} has {len(X)} rows and {names[1]} has {len(y)}, but row i of "
            f"{names[0]} belongs to row i of {names[1]}; pass aligned rows only"
        )


def as_modalities(
    Xs: Sequence[Any], name: str = "Xs", n_modalities: int | None = None
) -> list[Any]:
    """Return the modalities as a list, or raise unless there are as many as needed."""
    if not isinstance(Xs, (list, tuple)):
        raise TypeError(
            f"{name} must be a list with one array per modality, got "
            f"{type(Xs).__name__}; pass [first, second, third]"
        )
    if n_modalities is None and len(Xs) < 2:
        raise ValueError(
            f"{name} holds {len(Xs)} modality, but partners are looked for in another; "
            "pass a list of at least two arrays"
        )
    if n_modalities is not None and len(Xs) != n_modalities:
        raise ValueError(
            f"{name} holds {len(Xs)} modalities where {n_modalities} are known; pass "
            "one array for each of them, in the same order"
        )
    return list(Xs)


def check_aligned(Xs: Sequence[Any]) -> None:
    """Raise unless all modalities have the same number of rows."""
    lengths = list(map(n_rows, Xs))
    if len({*lengths} - {None}) > 1:
        raise ValueError(
            f"the modalities have {lengths} rows, but rows i of all of them belong "
            "together; pass aligned rows only"
        )


def check_sequence(items: Any, name: str, form: str) -> None:
    """Raise unless `items` is one sequence with a length, and not empty."""
    if (
        isinstance(items, (str, bytes, Path, Mapping, Set))
        or hasattr(items, "columns")
        or not (hasattr(items, "__len__") and hasattr(items, "__getitem__"))
        or getattr(items, "ndim", 1) == 0
    ):
        raise ValueError(
            f"{name} must be {form}, got {type(items).__name__}; of a data frame or a "
            "dict, pass one column or the values as a list"
        )
    if len(items) == 0:
        raise ValueError(f"{name} is empty; at least one item is needed")


def n_rows(items: Any) -> int | None:
    """Return the number of items, None where it is not known yet."""
    try:
        shape = getattr(items, "shape", ())  # sparse arrays have no length
    except RuntimeError:  # nested tensors have no shape
        return None
    if shape:
        return int(shape[0]) if isinstance(shape[0], Integral) else None
    return len(items) if hasattr(items, "__len__") else None


def n_features(items: Any) -> int | None:
    """Return the number of features of two-dimensional numeric items, else None."""
    return items.shape[1] if is_frame(items) else n_columns(items)


def check_same_features(
    items: Any, fitted: Any, name: str, estimator_name: str
) -> None:
    """Raise when `items` have other features than the `fitted` ones."""
    refuse_one_row(items, fitted, name)
    got, expected = n_features(items), n_features(fitted)
    if got is not None and expected is not None and got != expected:
        raise ValueError(
            f"{name} has {got} features, but {estimator_name} is expecting {expected} "
            "features as input; pass items of the modality that it was fitted on"
        )
    if is_frame(items) and is_frame(fitted):
        got, expected = list(items.columns), list(fitted.columns)
        if got != expected:
            raise ValueError(
                f"The feature names of {name} should match those that were passed "
                f"during fit, in the same order; got {got}, expected {expected}"
            )


def refuse_one_row(items: Any, fitted: Any, name: str) -> None:
    """Raise where `items` are the numbers of one row, and the `fitted` ones rows."""
    one_row = isinstance(items, np.ndarray) and items.ndim == 1 and len(items) > 0
    if one_row and items.dtype.kind in "biuf" and n_features(fitted) is not None:
        raise ValueError(
            f"{name} is one row of {len(items)} numbers where rows are needed; pass "
            f"{name}[[0]] in place of {name}[0]"
        )


def numeric_rows(items: Any) -> Any:
    """Return 2-D numeric items as an array of floats or ints, else None.

    It does not depend on the container. Those that are not in memory stay what they
    are.
    """
    rows = None if items is None else plain(items, "items")
    return None if n_columns(rows) is None else rows


def join(first: Any, second: Any) -> Any:
    """Return the rows of `first`, then those of `second`, in the container of first."""
    try:
        if isinstance(first, list):
            return first + list(np.asarray(second) if is_frame(second) else second)
        if is_frame(first):
            return _joined_frames(first, second)
        of_numbers = first.dtype.kind in "biuf"
        second = _as_array(second, of_numbers)
        if of_numbers and second.dtype.kind not in "biuf":
            raise ValueError(f"{second.dtype} does not go with {first.dtype}")
        return np.concatenate([first, second])
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"items in a {type(second).__name__} cannot be added to those known so "
            f"far, in a {type(first).__name__}: {error}; pass the same kind of items "
            "as in the first place"
        ) from error


def _joined_frames(first: Any, second: Any) -> Any:
    """Return the rows of a data frame, then others, in a data frame of its kind."""
    rows = [numeric_rows(first), numeric_rows(second)]
    if (rows[0] is None) != (rows[1] is None):
        raise ValueError("one of them holds numbers only, and the other does not")
    of_numbers = rows[0] is not None
    if hasattr(first, "iloc"):
        import pandas as pd

        if not (is_frame(second) and hasattr(second, "iloc")):
            second = pd.DataFrame(_as_array(second, of_numbers), columns=first.columns)
        return pd.concat([first, second])
    import polars as pl

    if not isinstance(second, pl.DataFrame):
        second = pl.DataFrame(_as_array(second, of_numbers), schema=first.columns)
    if first.schema != second.schema and of_numbers:
        first, second = (pl.DataFrame(part, first.columns) for part in rows)
    return pl.concat([first, second], how="vertical_relaxed")


def _as_array(items: Any, of_numbers: bool) -> npt.NDArray[Any]:
    values = (number_rows if of_numbers else plain)(items, "what is added")
    return np.asarray(to_host(values))


def _are_one_by_one(items: Any, values: npt.NDArray[Any]) -> bool:
    """Say whether items are rows in a list or a column, of which `values` were made.

    They stay a list, for they may be of one length in one batch and not in the next.
    """
    if isinstance(items, (list, tuple)):
        return any(getattr(item, "ndim", 0) > 0 for item in items)
    return len(getattr(items, "shape", ())) == 1 < values.ndim


def _check_no_missing(items: Iterable[Any], name: str) -> None:
    for row, item in enumerate(items):
        nan = isinstance(item, float) and item != item
        if item is None or nan or type(item).__name__ == "NAType":
            raise ValueError(
                f"{name} has no value in row {row}, but {item!r}; drop such rows, and "
                "their partners with them"
            )
