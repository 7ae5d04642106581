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

from ._dask_chunks import cut_between_rows
from ._kinds import DaskArray, Rows, is_dask
from ._numbers import as_floats
from ._numbers import unit_rows as unit_array

Task: TypeAlias = Any  # what stands for a result on a worker


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
        for chunk, _, n in partitions(cut_between_rows(items, name))
    ]
    return da.concatenate(blocks)


def _apply(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], chunk: npt.ArrayLike
) -> npt.NDArray[Any]:
    return function(contiguous(chunk))


def unit_rows(features: DaskArray) -> DaskArray:
    """Return a dask array's rows scaled to length one."""
    features = cut_between_rows(features, "features")
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
        for chunk, start, _ in partitions(cut_between_rows(features, "features"))
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
