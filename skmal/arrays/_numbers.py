"""Floats, lengths and widths of rows, checked before they are computed with."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array
from sklearn.utils.extmath import row_norms

from .._shared.types import FloatArray
from ._kinds import Block, Rows, RowsLike, is_tensor
from ._plain import check_table, has_no_rows, number_rows, plain
from ._tensors import computing_dtype, host_array, largest_value


def check_numbers(rows: Any, name: str, **kwargs: Any) -> Any:
    """Return rows of numbers in any container as an array, or raise.

    This is `sklearn.utils.check_array`, of what `number_rows` makes of the container.
    """
    rows = check_table(host_rows(rows, name), name, 1 + kwargs.get("ensure_2d", True))
    return check_array(rows, input_name=name, **kwargs)


def host_rows(rows: Any, name: str) -> Any:
    """Return what `number_rows` makes of the container, tensors as arrays too."""
    rows = number_rows(rows, name)
    return host_array(rows) if is_tensor(rows) else rows


def check_space(queries: RowsLike, gallery: RowsLike) -> tuple[FloatArray, FloatArray]:
    """Return the features of two modalities as floats, or raise if spaces differ."""
    queries = as_floats(check_numbers(queries, "queries"))
    gallery = as_floats(check_numbers(gallery, "gallery"))
    check_widths(queries, gallery, "queries", "gallery")
    return queries, gallery


def check_widths(rows: Rows, others: Rows, name: str, other: str) -> None:
    """Raise unless both have as many columns."""
    if rows.shape[1] != others.shape[1]:
        raise ValueError(
            f"{name} has {rows.shape[1]} columns and {other} has "
            f"{others.shape[1]}; both must come from the same encoder"
        )


def check_features(
    features: RowsLike | None, name: str, like: FloatArray | None = None
) -> FloatArray:
    """Return rows of one modality as floats that can be squared, or raise.

    With `like`, they must have as many columns and take its precision where that is
    larger; None or no rows at all become no rows of that form.
    """
    if like is not None and (features is None or has_no_rows(features)):
        return like[:0]
    rows = as_floats(check_numbers(features, name, dtype="numeric"))
    check_squares(rows, name)
    if like is None:
        return rows
    if rows.shape[1] != like.shape[1]:
        raise ValueError(
            f"{name} has {rows.shape[1]} columns where {like.shape[1]} are "
            "expected; all rows must be of one modality"
        )
    return rows.astype(np.result_type(rows, like), copy=False)


def check_squares(array: Block, name: str) -> None:
    """Raise when the squares of the values would overflow."""
    if is_tensor(array):
        dtype, largest = computing_dtype(array), largest_value(array)
    else:
        dtype = array.dtype  # and no copy for the largest, as of absolute values
        largest = max(array.max(initial=0), -array.min(initial=0))
    limit = np.sqrt(np.finfo(dtype).max) / 1e6
    if largest > limit:
        raise ValueError(
            f"{name} holds values up to {largest:.0e}, whose squares overflow "
            f"{dtype}; scale them"
        )


def as_floats(array: npt.ArrayLike) -> FloatArray:
    """Return an array of float32 or float64; only those two are not converted."""
    values: npt.NDArray[Any] = np.asarray(array)
    if values.dtype in (np.float32, np.float64):
        return values
    return values.astype(np.float32 if values.dtype == np.float16 else np.float64)


def to_floats(values: Any, source: str, host: bool = True) -> Block:
    """Return values as an array of float32 or float64, or raise if they are no numbers.

    Tensors of floats stay what they are, where `host` is False. `source` returned them.
    """
    if is_tensor(values):
        if not host and values.is_floating_point():
            return values.detach()
        values = host_array(values)
    values = np.asarray(plain(values, f"what {source} returned"))
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{source} returned {values.dtype}, not floats")
    return as_floats(values)


def all_finite(values: Block) -> bool:
    """Say whether all values are finite; of float16 by their bits, which is fast."""
    if is_tensor(values):
        return bool(np.isfinite(largest_value(values)))
    if values.dtype == np.float16:
        exponent = np.uint16(0x7C00)
        return not bool(((values.view(np.uint16) & exponent) == exponent).any())
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def unit_rows(features: npt.NDArray[Any]) -> FloatArray:
    """Return the rows scaled to length one; rows of zeros stay zero.

    The similarity that the whole package means is the dot product of such rows. Each
    row is first divided by its largest value, so that no length is too small or too
    large to be squared (scikit-learn's `normalize` takes small ones for zero).
    """
    features = features / _nonzero(np.abs(features).max(axis=1, keepdims=True))
    return features / _nonzero(row_norms(features)[:, None])


def unit_floats(rows: npt.ArrayLike) -> FloatArray:
    """Return rows of a pool, any numbers, as floats of length one, or raise."""
    floats = as_floats(rows)
    if not np.isfinite(floats).all():  # those of a pool on disk are looked at here only
        raise ValueError("a pool holds NaN or infinity; leave out such rows")
    return unit_rows(floats)


def _nonzero(divisors: FloatArray) -> FloatArray:
    divisors[divisors == 0] = 1
    return divisors
