"""Dask arrays that are what they say: numbers, cut between rows, in chunks as declared.

What a chunk holds is known only once it is computed; it is looked at then, wherever.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.masks import refuse_masked
from ._kinds import DaskArray
from ._sparse import is_sparse

CHECKED = "skmal-checked"  # how the names of arrays begin whose chunks are looked at


def check_dask(rows: DaskArray, name: str) -> DaskArray:
    """Return a dask array of numbers cut between its rows only, or raise."""
    if rows.name.startswith(CHECKED):
        return cut_between_rows(rows, name)
    if is_sparse(rows._meta):
        raise _sparse_error(name, "whose chunks are")
    if rows.ndim != 2 or rows.dtype.kind not in "biuf" or min(rows.shape) == 0:
        raise ValueError(
            f"{name} must hold numbers, in one row at least and one column, got a dask "
            f"array of {rows.dtype} of shape {rows.shape}"
        )
    if np.isnan(rows.shape[0]):
        return cut_between_rows(rows, name)  # raises
    checked = rows.map_blocks(
        _checked_chunk, name, token=CHECKED, dtype=rows.dtype, meta=rows._meta
    )
    return cut_between_rows(checked, name)


def _checked_chunk(chunk: Any, name: str, block_info: Any = None) -> npt.NDArray[Any]:
    """Return a chunk as an array, or raise unless it is what its dask array says."""
    expected = tuple(block_info[None]["chunk-shape"])
    at = block_info[None]["chunk-location"]
    if is_sparse(chunk):
        raise _sparse_error(name, f"whose chunk {at} is")
    if np.shape(chunk) != expected:
        raise ValueError(
            f"{name} is a dask array whose chunk {at} should be of shape {expected}, "
            f"but is of shape {np.shape(chunk)}; call its compute_chunk_sizes(), or "
            "correct what makes that chunk"
        )
    return np.asarray(refuse_masked(chunk, f"chunk {at} of {name}"))


def _sparse_error(name: str, what: str) -> TypeError:
    return TypeError(
        f"{name} is a dask array {what} sparse; make them dense where columns are few, "
        "with its map_blocks(lambda chunk: chunk.toarray())"
    )


def computed(rows: DaskArray, name: str) -> npt.NDArray[Any]:
    """Return a dask array as an array in memory, its chunks looked at."""
    known = not np.isnan(rows.shape).any()
    if rows.ndim == 2 and known:
        return np.asarray(check_dask(rows, name))
    array = np.asarray(rows)
    if known and array.shape != rows.shape:
        raise ValueError(
            f"{name} is a dask array that should be of shape {rows.shape}, but is of "
            f"shape {array.shape}; call its compute_chunk_sizes()"
        )
    return array


def cut_between_rows(items: DaskArray, name: str) -> DaskArray:
    """Return a dask array whose chunks are whole rows, or raise."""
    if np.isnan(items.shape[0]):
        raise ValueError(
            f"{name} is a dask array whose chunks have unknown sizes; call its "
            "compute_chunk_sizes() first"
        )
    if any(len(sizes) > 1 for sizes in items.chunks[1:]):
        return items.rechunk(dict.fromkeys(range(1, items.ndim), -1))
    return items
