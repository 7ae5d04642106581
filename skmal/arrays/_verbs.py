"""One verb per need, whatever kind the rows are.

Arrays, tensors, dask arrays, memory maps, `ShardedArray`, HDF5 and zarr datasets meet
in this folder: what others need of rows, whatever their kind, they ask for here.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import _safe_indexing

from .._shared.types import IntArray
from . import _dask
from ._block_math import to_host
from ._blocks import as_pool, batches, check_one_device, read
from ._dask_chunks import check_dask, computed
from ._kinds import RowNumbers, Rows, is_dask, is_streamed, is_tensor
from ._mapped import Mapped
from ._numbers import all_finite, as_floats, unit_floats, unit_rows
from ._picked import Picked
from ._sharded import ShardedArray, check_opened
from ._slices import take_sliced
from ._stacked import Stacked
from ._tensors import TensorRows, unit_tensor

Answer = TypeVar("Answer")

# ---------------------------------------------------------------- what they are


def check_streamed(rows: Any, name: str, picked: bool = False) -> Any:
    """Return rows that are not in memory in a form with a length, or raise.

    Their values are not looked at. None where they are in memory, or are no numbers.

    With `picked`, rows will be picked out of them time and again, so that their values
    are looked at, once and block by block; None for dask arrays too, all of which
    workers would compute each time.
    """
    if not is_streamed(rows) or (picked and is_dask(rows)):
        return None
    if is_dask(rows):
        return check_dask(rows, name)
    if min(rows.shape) == 0:
        raise ValueError(f"{name} has the shape {rows.shape}; it is empty")
    check_opened(rows)
    # zarr's arrays have no length
    pool = rows if hasattr(rows, "__len__") else ShardedArray([rows])
    if picked:
        check_unread(pool, name)
    return pool


def check_unread(rows: Any, name: str) -> None:
    """Raise where rows that are not in memory hold NaN or infinity; each is read."""
    if is_dask(rows):
        bad = _dask.per_part(_first_not_finite, rows)
    elif is_streamed(rows):
        bad = (
            _first_not_finite(np.asarray(rows[block]), block.start)
            for block in batches(rows.shape[0])
        )
    else:
        return
    row = next((row for row in bad if row is not None), None)
    if row is not None:
        raise ValueError(
            f"{name} holds NaN or infinity, first in row {row}; leave out such rows"
        )


def _first_not_finite(rows: npt.NDArray[Any], start: int) -> int | None:
    """Return the first row that holds NaN or infinity, counted from `start`."""
    if all_finite(rows):
        return None
    return start + int(np.isfinite(rows).all(axis=1).argmin())


def n_columns(rows: Any) -> int | None:
    """Return the columns of an array of numbers or of rows not in memory, else None."""
    if is_streamed(rows):
        return rows.shape[1]
    if isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.dtype.kind in "biuf":
        return rows.shape[1]
    return None


def n_bytes_unread(rows: Any) -> int:
    """Return how much memory rows would take that are not in memory, 0 for others."""
    if not is_streamed(rows):
        return 0
    return np.prod(rows.shape) * max(rows.dtype.itemsize, 4)


def whole(rows: Any, name: str = "rows") -> Any:
    """Return rows that are not in memory as an array, others as they are."""
    if is_dask(rows):
        return computed(rows, name)
    return np.asarray(rows) if is_streamed(rows) else rows


def alike(rows: Any, others: Any) -> Any:
    """Return a tensor as an array, unless the others are a tensor, too."""
    return rows if is_tensor(others) else to_host(rows)


# ---------------------------------------------------------------- other rows


def take(items: Any, rows: RowNumbers | Sequence[int]) -> Any:
    """Return the given rows of `items`, in the container that they came in.

    Of items that are not in memory they are an array.
    """
    if is_tensor(items):
        return items[rows]
    if is_dask(items):
        return _dask.take(items, rows)
    if is_streamed(items):
        return take_sliced(items, rows)
    return _safe_indexing(items, rows)


def picked(items: Any, rows: IntArray) -> Any:
    """Return what `take` does; rows of a pool on disk stay there until they are read.

    Those of a dask array are fetched.
    """
    if is_streamed(items) and not is_dask(items):
        return Picked(items, rows)
    return take(items, rows)


def unit(rows: Any) -> Any:
    """Return the rows scaled to length one; rows of zeros stay zero.

    Those that are not in memory are scaled when they are read, and checked.
    """
    if is_tensor(rows):
        return unit_tensor(rows)
    if is_dask(rows):
        return _dask.unit_rows(rows)
    if is_streamed(rows):
        dtype = as_floats(rows[:1]).dtype
        return Mapped(rows, unit_floats, rows.shape[1], dtype)
    return unit_rows(rows)


def stacked(first: Rows, second: Rows) -> Any:
    """Return the rows of one and then those of another, read without a copy of all."""
    if is_dask(first):
        return _dask.stacked(first, second)
    check_one_device(as_pool(first), as_pool(second), "first", "second")
    rows = Stacked(first, second)
    return TensorRows(rows) if is_tensor(first) else rows


def mapped(
    together: Callable[..., tuple[Any, ...]],
    alone: Callable[[int, list[Any], Any], Any],
    pools: Sequence[Any],
    names: Sequence[str],
) -> tuple[Any, ...]:
    """Return what functions make of the rows of several pools, one result per pool.

    Where all are in memory, these are the results of ``together(*pools)``. Else each
    pool's rows are mapped alone, by ``alone(m, first, rows)`` with the pool's number m
    and the first row of each pool: at once if the pool is in memory, and whenever they
    are read if it is not, or once where all of it fits (see `Mapped`). That of the
    first rows must tell width and dtype.
    """
    if not any(map(is_streamed, pools)):
        return together(*pools)
    first = [take(pool, [0]) for pool in pools]
    functions = [partial(alone, m, first) for m in range(len(pools))]
    samples = [of(row) for of, row in zip(functions, first, strict=True)]  # or raise
    return tuple(map(_mapped, functions, pools, samples, names))


def _mapped(
    function: Callable[[Any], Any], rows: Any, sample: npt.NDArray[Any], name: str
) -> Any:
    if is_dask(rows):
        return _dask.mapped(function, rows, name, sample.shape[1], sample.dtype)
    if is_streamed(rows):
        return Mapped(rows, function, sample.shape[1], sample.dtype, keep=True)
    return function(rows)


# ---------------------------------------------------------------- answers


def per_row(
    function: Callable[..., npt.NDArray[Any]], rows: Rows, *args: Any, verbose: int = 0
) -> npt.NDArray[Any]:
    """Return one value per row, by ``function(rows, start, *args, verbose=verbose)``.

    It is called with the rows themselves and 0, or on workers with each partition of a
    dask array, without `verbose`; `start` is the number of the first of its rows.
    """
    if is_dask(rows):
        return _dask.per_row(function, rows, *args)
    return function(rows, 0, *args, verbose=verbose)


def per_part(
    function: Callable[..., Answer],
    merge: Callable[[Sequence[Answer]], Answer],
    rows: Rows,
    *args: Any,
) -> Answer:
    """Return what ``function(part, start, *args)`` says of all rows, part by part.

    Parts are arrays: rows in memory are one, others come in blocks, those of a dask
    array on workers. ``merge(answers)`` makes one answer of those of two parts or more,
    in order; `start` is the number of a part's first row.
    """
    if is_dask(rows):
        answers = _dask.per_part(_of_blocks, rows, function, merge, *args)
        return merge(answers) if len(answers) > 1 else answers[0]
    if is_streamed(rows):
        return _of_blocks(rows, 0, function, merge, *args)
    return function(rows, 0, *args)


def _of_blocks(
    rows: Any,
    start: int,
    function: Callable[..., Answer],
    merge: Callable[[Sequence[Answer]], Answer],
    *args: Any,
) -> Answer:
    """Return what the function says of rows that are read block by block, once."""
    answers = (
        function(read(rows, block), start + block.start, *args)
        for block in batches(rows.shape[0])
    )
    return reduce(lambda before, answer: merge([before, answer]), answers)


def per_query(
    function: Callable[..., npt.NDArray[Any]],
    merge: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    queries: Rows,
    gallery: Rows,
    *args: Any,
    verbose: int = 0,
) -> npt.NDArray[Any]:
    """Return what ``function(queries, gallery, *args, verbose=verbose)`` says.

    Where either is a dask array, it answers on workers for parts of both, without
    `verbose`, and `merge` makes one answer of those for several parts of the gallery,
    stacked. The last axis of an answer counts the queries.
    """
    if is_dask(queries) or is_dask(gallery):
        return _dask.per_query(function, merge, queries, gallery, *args)
    return function(queries, gallery, *args, verbose=verbose)


def total_variance(rows: Any) -> float:
    """Return the sum of the variances of all columns."""
    if is_dask(rows):
        return float(rows.astype(np.float64).var(axis=0).sum().compute())
    rows = as_pool(rows)
    n, d = rows.shape
    total, squares, origin = np.zeros(d), 0.0, np.zeros(d)
    for some in batches(n):
        block = read(rows, some).astype(np.float64, copy=False)
        if some.start == 0:
            origin = block.mean(axis=0)  # near it little is lost to rounding
        block = block - origin
        total += block.sum(axis=0)
        squares += (block**2).sum()
    return float(squares / n - ((total / n) ** 2).sum())
