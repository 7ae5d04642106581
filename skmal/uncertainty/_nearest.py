"""The most similar rows of a gallery."""

import numpy as np
from sklearn.utils import gen_batches

from ..arrays import _dask
from ..arrays._blocks import batches, read
from ..arrays._kinds import is_streamed
from ..arrays._numbers import unit_rows

BLOCK = 1024  # queries whose similarities to the whole gallery are in memory at a time
VALUES = 2**23  # similarities in memory at a time, at most


def _blocks(n_queries, n_gallery):
    """Yield slices of queries whose similarities to the gallery fit into memory."""
    return gen_batches(n_queries, max(1, min(BLOCK, VALUES // n_gallery)))


def nearest_rows(queries, gallery, k):
    """Return the k most similar gallery rows of each query, ties to the lowest row."""
    k = min(k, len(gallery))
    if is_streamed(gallery):
        return _nearest_streamed_rows(queries, gallery, k)
    gallery = unit_rows(gallery.astype(np.float64))
    nearest = np.empty((len(queries), k), dtype=np.int64)
    for rows in _blocks(len(queries), len(gallery)):
        similarity = unit_rows(queries[rows].astype(np.float64)) @ gallery.T
        # rounded, so that duplicates tie wherever they stand
        nearest[rows] = (-similarity.round(9)).argsort(axis=1, kind="stable")[:, :k]
    return nearest


def _nearest_streamed_rows(queries, gallery, k):
    """Return the same for a gallery that is read block by block, once."""
    queries = unit_rows(queries.astype(np.float64))
    if _dask.is_dask(gallery):
        return _best_k(_dask.per_part(_nearest_of, gallery, queries, k), k)[1]
    return _nearest_of(gallery, 0, queries, k)[1]


def _nearest_of(part, start, queries, k):
    """Return the k largest similarities to a part of the gallery, and their rows.

    `start` is the number of its first row.
    """
    best = np.empty((len(queries), 0)), np.empty((len(queries), 0), dtype=np.int64)
    for rows in batches(len(part)):
        block = unit_rows(read(part, rows).astype(np.float64))
        similarity = (queries @ block.T).round(9)
        numbers = np.arange(start + rows.start, start + rows.stop)
        numbers = np.broadcast_to(numbers, similarity.shape)
        best = _best_k([best, (similarity, numbers)], k)
    return best


def _best_k(parts, k):
    """Return the k largest of several such; lower rows stand first, and win ties."""
    similarity, rows = map(np.hstack, zip(*parts, strict=True))
    order = (-similarity).argsort(axis=1, kind="stable")[:, :k]
    return [np.take_along_axis(array, order, axis=1) for array in (similarity, rows)]
