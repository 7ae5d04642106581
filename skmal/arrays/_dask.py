"""Pools that are dask arrays: their rows stay where they are, functions go there.

Every answer is the one that the same rows in one NumPy array get. Distances that decide
are direct differences in float64, similarities that decide are float64 too, so how the
rows are cut changes none of them. Dask is only imported once somebody has an array of
its kind.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.masks import refuse_masked
from ._kinds import DaskArray, Rows, is_dask
from ._numbers import as_floats
from ._numbers import unit_rows as unit_array
from ._sparse import is_sparse

CHECKED = "skmal-checked"  # how the names of arrays begin whose chunks are looked at
Task: TypeAlias = Any  # what stands for a result on a worker


def check_dask(rows: DaskArray, name: str) -> DaskArray:
    """Return a dask array of numbers cut between its rows only, or raise."""
    rows = _cut_between_rows(rows, name)
    if rows.name.startswith(CHECKED):
        return rows
    if rows.ndim != 2 or rows.dtype.kind not in "biuf" or min(rows.shape) == 0:
        raise ValueError(
            f"{name} must hold numbers, in one row at least and one column, got a dask "
            f"array of {rows.dtype} of shape {rows.shape}"
        )
    return rows.map_blocks(
        _checked_chunk, name, token=CHECKED, dtype=rows.dtype, meta=np.empty((0, 0))
    )


def _checked_chunk(chunk: Any, name: str, block_info: Any = None) -> npt.NDArray[Any]:
    """Return a chunk as an array, or raise unless it is what its dask array says."""
    expected = tuple(block_info[None]["chunk-shape"])
    at = block_info[None]["chunk-location"][0]
    if is_sparse(chunk):
        raise TypeError(
            f"{name} is a dask array whose chunk {at} is sparse; make its chunks dense "
            f"with {name}.map_blocks(lambda chunk: chunk.toarray())"
        )
    if chunk.shape != expected:
        raise ValueError(
            f"{name} is a dask array whose chunk {at} has the shape {chunk.shape}, "
            f"but should have {expected}; call its compute_chunk_sizes(), or correct "
            "what makes the chunk"
        )
    return np.asarray(refuse_masked(chunk, f"chunk {at} of {name}"))


def take(pool: DaskArray, rows: slice | npt.ArrayLike) -> npt.NDArray[Any]:
    """Return rows of a dask array, a slice or in the given order, as an array."""
    if isinstance(rows, slice):
        return np.asarray(pool[rows].compute())
    ascending, back = np.unique(np.asarray(rows), return_inverse=True)
    return np.asarray(pool[ascending].compute())[back]


def mapped(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    items: DaskArray,
    name: str,
    width: int,
    dtype: npt.DTypeLike,
) -> DaskArray:
    """Return a dask array of what `function` makes of each partition's rows.

    Workers do so whenever it is needed; `persist()` what comes back where that is dear.
    """
    da = _dask().array
    shared = once(function)
    blocks = [
        da.from_delayed(task(_apply)(shared, chunk), (n, width), dtype)
        for chunk, _, n in partitions(_cut_between_rows(items, name))
    ]
    return da.concatenate(blocks)


def _apply(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], chunk: npt.ArrayLike
) -> npt.NDArray[Any]:
    return function(contiguous(chunk))


def unit_rows(features: DaskArray) -> DaskArray:
    """Return a dask array's rows scaled to length one."""
    features = _cut_between_rows(features, "features")
    dtype = as_floats(np.empty(0, features.dtype)).dtype
    return features.map_blocks(lambda rows: unit_array(as_floats(rows)), dtype=dtype)


def stacked(first: DaskArray, second: Any) -> DaskArray:
    """Return a dask array's rows and then those of an array in memory."""
    if not len(second):
        return first
    da = _dask().array
    return da.concatenate([first, da.from_array(np.asarray(second), chunks=-1)])


# -------------------------------------------------------------------- scores


def per_row(
    function: Callable[..., npt.NDArray[Any]], features: DaskArray, *args: Any
) -> npt.NDArray[Any]:
    """Return one value per row of a dask array, by `function(rows, start, *args)`.

    `start` is the number of the first of these rows in the pool.
    """
    return np.concatenate(per_part(function, features, *args))


def per_part(
    function: Callable[..., Any], features: DaskArray, *args: Any
) -> list[Any]:
    """Return what that function makes of each partition, in order."""
    shared = [once(arg) for arg in args]
    values = [
        task(_call_on_rows)(function, chunk, start, *shared)
        for chunk, start, _ in partitions(_cut_between_rows(features, "features"))
    ]
    return gather(values)


def _call_on_rows(
    function: Callable[..., Any], chunk: npt.ArrayLike, start: int, *args: Any
) -> Any:
    return function(contiguous(chunk), start, *args)


def per_query(
    function: Callable[..., npt.NDArray[Any]],
    merge: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    queries: Rows,
    gallery: Rows,
    *args: Any,
) -> npt.NDArray[Any]:
    """Return what `function(queries, gallery, *args)` says of each query.

    It answers for parts of the gallery; `merge` makes one answer of several, on a
    worker. The last axis of an answer counts the queries.
    """
    of_queries, of_gallery = _parts(queries), _parts(gallery)
    answers = [
        task(_merge)(
            merge, [task(_call_on_pair)(function, q, g, *args) for g in of_gallery]
        )
        for q in of_queries
    ]
    return np.concatenate(gather(answers), axis=-1)


def _call_on_pair(
    function: Callable[..., npt.NDArray[Any]],
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    *args: Any,
) -> npt.NDArray[Any]:
    return np.asarray(function(contiguous(queries), contiguous(gallery), *args))


def _merge(
    merge: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    answers: Sequence[npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    return merge(np.stack(answers))


# -------------------------------------------------------------------- tasks


def contiguous(chunk: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return a chunk, such as a memory map, as an array whose rows lie in order."""
    return np.ascontiguousarray(chunk)


def _dask() -> Any:
    import dask
    import dask.array

    return dask


def task(function: Callable[..., Any], nout: int | None = None) -> Callable[..., Task]:
    """Return what makes a task of a call of the function."""
    return _dask().delayed(function, nout=nout, pure=False, traverse=False)


def once(value: Any) -> Task:
    """Return a task that stands for a value, so that it is sent once."""
    return _dask().delayed(value, pure=isinstance(value, np.ndarray), traverse=False)


def persist(
    states: Sequence[Task], replies: Sequence[Task], n_bytes: int
) -> tuple[Sequence[Task], list[Any]]:
    """Return tasks whose results stay where they are made, and those brought here.

    What comes of the former later is made from the results, as long as these last.
    `n_bytes` of data go along, once, which Dask need not warn of.
    """
    dask = _dask()
    name = "distributed.admin.large-graph-warning-threshold"
    limit = dask.utils.parse_bytes(dask.config.get(name, "10MB")) + n_bytes
    with dask.config.set({name: limit}):
        states, replies = dask.persist(states, replies)
    return states, gather(replies)


def gather(tasks: Iterable[Task]) -> list[Any]:
    """Return the tasks' results, brought here."""
    return list(_dask().compute(*tasks))


def partitions(features: DaskArray) -> list[tuple[Task, int, int]]:
    """Return (rows, number of the first one, number of rows) of each partition."""
    sizes = features.chunks[0]
    starts = np.cumsum((0, *sizes)).tolist()
    chunks = features.to_delayed().ravel()
    return [part for part in zip(chunks, starts, sizes, strict=False) if part[2]]


def _parts(rows: Rows) -> list[Task]:
    if is_dask(rows):
        return [chunk for chunk, _, _ in partitions(rows)]
    return [once(contiguous(rows[:]))]


def _cut_between_rows(items: DaskArray, name: str) -> DaskArray:
    if np.isnan(items.shape[0]):
        raise ValueError(
            f"{name} is a dask array whose chunks have unknown sizes; call its "
            "compute_chunk_sizes() first"
        )
    if any(len(sizes) > 1 for sizes in items.chunks[1:]):
        return items.rechunk(dict.fromkeys(range(1, items.ndim), -1))
    return items
