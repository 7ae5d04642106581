"""Reading rows of whatever can be sliced: arrays, memory maps, zarr, h5py, tensors.

A pool is never converted or copied as a whole. What leaves this module are a few rows
at a time, as float32 or float64. Rows of tensors stay on their device.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from . import _dask
from ._block_math import device_of, to_host
from ._dask_chunks import check_dask
from ._kinds import Block, RowNumbers, Rows, RowsLike, is_dask, is_sliceable, is_tensor
from ._numbers import as_floats, check_squares, check_widths
from ._plain import check_table, number_rows
from ._slices import take_sliced
from ._tensors import TensorRows, float_dtypes


def check_rows(rows: RowsLike, name: str) -> Rows:
    """Return two-dimensional numeric rows in a form that `read` can take, or raise.

    Arrays, and whatever else has a two-dimensional shape, a NumPy dtype and slices,
    stay what they are, tensors of floats become `TensorRows`, other containers of
    numbers arrays. The values are not looked at: `check_values` does that, for rows
    that have been read.
    """
    if is_dask(rows):
        return check_dask(rows, name)
    pool = check_table(as_pool(number_rows(rows, name)), name)
    if isinstance(pool, TensorRows):
        return pool
    if is_sliceable(pool) and pool.dtype.kind in "biuf" and min(pool.shape) > 0:
        return pool
    if is_sliceable(pool):
        pool = np.asarray(pool[:1])  # scikit-learn has the words for what is wrong
    return check_array(pool, dtype="numeric", ensure_all_finite=False, input_name=name)


def as_pool(rows: Any) -> Any:
    """Return a tensor of rows as `TensorRows`, and whatever else as it is.

    So too a tensor that is no table of floats, as an array: scikit-learn has the words
    for what is wrong.
    """
    if not is_tensor(rows):
        return rows
    torch = sys.modules["torch"]
    is_float = rows.dtype in (*float_dtypes(), torch.bfloat16)
    if is_float and rows.ndim == 2 and 0 not in rows.shape:
        return TensorRows(rows.detach())
    return to_host(rows)


def check_same_space(
    rows: RowsLike, others: RowsLike, name: str, other: str
) -> tuple[Rows, Rows]:
    """Return both in forms that `read` can take, or raise if they do not go together.

    Both have as many columns, and tensors lie on one device.
    """
    rows, others = check_rows(rows, name), check_rows(others, other)
    check_widths(rows, others, name, other)
    check_one_device(rows, others, name, other)
    return rows, others


def check_one_device(rows: Rows, others: Rows, name: str, other: str) -> None:
    """Raise if tensors lie on two devices. Arrays go wherever the other one is."""
    devices = device_of(rows), device_of(others)
    if None not in devices and devices[0] != devices[1]:
        raise ValueError(
            f"{name} is on {devices[0]} and {other} on {devices[1]}; move one of them "
            "with .to(device)"
        )


def check_values(block: FloatArray, name: str) -> None:
    """Raise if floats that were read hold NaN, infinity, or overflow when squared."""
    check_array(block, input_name=name)
    check_squares(block, name)


def float_dtype(*sources: Rows) -> np.dtype[Any]:
    """Return the precision to compute in: float32 for float16 and float32."""
    return np.result_type(*(as_floats(np.empty(0, s.dtype)) for s in sources))


def fetch(source: Rows, rows: RowNumbers) -> Block:
    """Return rows as `read` does, but those of tensors as tensors on their device."""
    if isinstance(source, TensorRows):
        return source.on_device(_as_slice(rows))
    return read(source, rows)


def read(source: Rows, rows: RowNumbers) -> FloatArray:
    """Return rows, given as a slice or as indices, as arrays of float32 or float64.

    Of a source that cannot take any rows only slices are read.
    """
    rows = _as_slice(rows)
    if is_dask(source):
        return _widened(_dask.take(source, rows))
    return _widened(take_sliced(source, rows))


def _as_slice(rows: RowNumbers) -> RowNumbers:
    """Return indices of neighbours as a slice, which spares a copy."""
    if not isinstance(rows, slice) and len(rows):
        first, last = rows[0], rows[-1]
        if last - first == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all():
            return slice(first, last + 1)
    return rows


def _widened(block: npt.NDArray[Any]) -> FloatArray:
    """Return `as_floats(block)`, of float16 several times as fast as NumPy does it.

    Sign, exponent and fraction move to their places in a float32, which makes it
    smaller by 2^112, exactly. Infinity and NaN would become numbers.
    """
    block = np.asarray(block)
    if block.dtype != np.float16 or not block.dtype.isnative:
        return as_floats(block)
    halves = block.view(np.int16)
    if not (halves & 0x7C00).max(initial=0) < 0x7C00:
        return as_floats(block)
    floats = np.empty(block.shape, np.float32)
    bits = floats.view(np.int32)
    bits[...] = halves  # the sign is now in bits 15 to 31
    bits <<= 13
    bits &= ~0x70000000
    floats *= np.float32(2.0**112)
    return floats


def batches(n: int, size: int | None = None) -> Iterator[slice]:
    """Yield slices that cut n rows into batches of `size`, by default `SIZES.rows`."""
    size = size or SIZES.rows
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
