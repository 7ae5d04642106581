"""Pools that are dask arrays: their rows stay where they are, functions go there.

Every answer is the one that the same rows in one NumPy array get. Distances that decide
are direct differences in float64, similarities that decide are float64 too, so how the
rows are cut changes none of them. Dask is only imported once somebody has an array of
its kind.
"""

import numpy as np

from ._kinds import is_dask
from ._numbers import as_floats
from ._numbers import unit_rows as unit_array


def check_dask(rows, name):
    """Return a dask array of numbers cut between its rows only, or raise."""
    rows = _cut_between_rows(rows, name)
    if rows.ndim != 2 or rows.dtype.kind not in "biuf" or min(rows.shape) == 0:
        raise ValueError(
            f"{name} must hold numbers, in one row at least and one column, got a dask "
            f"array of {rows.dtype} of shape {rows.shape}"
        )
    return rows


def take(pool, rows):
    """Return rows of a dask array, a slice or in the given order, as an array."""
    if isinstance(rows, slice):
        return np.asarray(pool[rows].compute())
    ascending, back = np.unique(np.asarray(rows), return_inverse=True)
    return np.asarray(pool[ascending].compute())[back]


def mapped(function, items, name, width, dtype):
    """Return a dask array of what `function` makes of each partition's rows.

    Workers do so whenever it is needed; `persist()` what comes back where that is dear.
    """
    import dask.array as da

    function = once(function)
    blocks = [
        da.from_delayed(task(_apply)(function, chunk), (n, width), dtype)
        for chunk, _, n in partitions(_cut_between_rows(items, name))
    ]
    return da.concatenate(blocks)


def _apply(function, chunk):
    return function(contiguous(chunk))


def unit_rows(features):
    """Return a dask array's rows scaled to length one."""
    features = _cut_between_rows(features, "features")
    dtype = as_floats(np.empty(0, features.dtype)).dtype
    return features.map_blocks(lambda rows: unit_array(as_floats(rows)), dtype=dtype)


def stacked(first, second):
    """Return a dask array's rows and then those of an array in memory."""
    import dask.array as da

    if not len(second):
        return first
    return da.concatenate([first, da.from_array(np.asarray(second), chunks=-1)])


# -------------------------------------------------------------------- scores


def per_row(function, features, *args):
    """Return one value per row of a dask array, by `function(rows, start, *args)`.

    `start` is the number of the first of these rows in the pool.
    """
    return np.concatenate(per_part(function, features, *args))


def per_part(function, features, *args):
    """Return what that function makes of each partition, in order."""
    args = [once(arg) for arg in args]
    values = [
        task(_call_on_rows)(function, chunk, start, *args)
        for chunk, start, _ in partitions(features)
    ]
    return gather(values)


def _call_on_rows(function, chunk, start, *args):
    return function(contiguous(chunk), start, *args)


def per_query(function, merge, queries, gallery, *args):
    """Return what `function(queries, gallery, *args)` says of each query.

    It answers for parts of the gallery; `merge` makes one answer of several, on a
    worker. The last axis of an answer counts the queries.
    """
    queries, gallery = _parts(queries), _parts(gallery)
    answers = [
        task(_merge)(
            merge, [task(_call_on_pair)(function, q, g, *args) for g in gallery]
        )
        for q in queries
    ]
    return np.concatenate(gather(answers), axis=-1)


def _call_on_pair(function, queries, gallery, *args):
    return np.asarray(function(contiguous(queries), contiguous(gallery), *args))


def _merge(merge, answers):
    return merge(np.stack(answers))


# -------------------------------------------------------------------- tasks


def contiguous(chunk):
    """Return a chunk, such as a memory map, as an array whose rows lie in order."""
    return np.ascontiguousarray(chunk)


def task(function, nout=None):
    """Return what makes a task of a call of the function."""
    import dask

    return dask.delayed(function, nout=nout, pure=False, traverse=False)


def once(value):
    """Return a task that stands for a value, so that it is sent once."""
    import dask

    return dask.delayed(value, pure=isinstance(value, np.ndarray), traverse=False)


def persist(states, replies, n_bytes):
    """Return tasks whose results stay where they are made, and those brought here.

    What comes of the former later is made from the results, as long as these last.
    `n_bytes` of data go along, once, which Dask need not warn of.
    """
    import dask

    name = "distributed.admin.large-graph-warning-threshold"
    limit = dask.utils.parse_bytes(dask.config.get(name, "10MB")) + n_bytes
    with dask.config.set({name: limit}):
        states, replies = dask.persist(states, replies)
    return states, gather(replies)


def gather(tasks):
    """Return the tasks' results, brought here."""
    import dask

    return list(dask.compute(*tasks))


def partitions(features):
    """Return (rows, number of the first one, number of rows) of each partition."""
    sizes = features.chunks[0]
    starts = np.cumsum((0, *sizes)).tolist()
    chunks = features.to_delayed().ravel()
    return [part for part in zip(chunks, starts, sizes, strict=False) if part[2]]


def _parts(rows):
    if is_dask(rows):
        return [chunk for chunk, _, _ in partitions(rows)]
    return [once(contiguous(rows[:]))]


def _cut_between_rows(items, name):
    if np.isnan(items.shape[0]):
        raise ValueError(
            f"{name} is a dask array whose chunks have unknown sizes; call its "
            "compute_chunk_sizes() first"
        )
    if any(len(sizes) > 1 for sizes in items.chunks[1:]):
        return items.rechunk(dict.fromkeys(range(1, items.ndim), -1))
    return items
