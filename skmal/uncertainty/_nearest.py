"""The most similar rows of a gallery."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from sklearn.utils import gen_batches

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._kinds import Rows
from ..arrays._verbs import per_part, unit

Nearest: TypeAlias = tuple[FloatArray, IntArray]  # similarities and rows, (n, k)


def query_blocks(n_queries: int, n_gallery: int) -> Iterator[slice]:
    """Yield slices of queries whose similarities to the gallery fit into memory."""
    size = min(SIZES.nearest_queries, SIZES.nearest_values // n_gallery)
    return gen_batches(n_queries, max(1, size))


def nearest_rows(queries: Rows, gallery: Rows, k: int) -> IntArray:
    """Return the k most similar gallery rows of each query, ties to the lowest row."""
    k = min(k, gallery.shape[0])
    return per_part(_nearest_of, partial(_best_k, k=k), gallery, queries, k)[1]


def _nearest_of(part: FloatArray, start: int, queries: Any, k: int) -> Nearest:
    """Return the k largest similarities to a part of the gallery, and their rows.

    `start` is the number of its first row.
    """
    part = unit(part.astype(np.float64))
    shape = len(queries), min(k, len(part))
    best = np.empty(shape), np.empty(shape, dtype=np.int64)
    for some in query_blocks(len(queries), len(part)):
        similarity = unit(queries[some].astype(np.float64)) @ part.T
        # rounded, so that duplicates tie wherever they stand
        similarity = similarity.round(9)
        rows = (-similarity).argsort(axis=1, kind="stable")[:, :k]
        best[0][some] = np.take_along_axis(similarity, rows, axis=1)
        best[1][some] = start + rows
    return best


def _best_k(parts: Sequence[Nearest], k: int) -> Nearest:
    """Return the k largest of several such; lower rows stand first, and win ties."""
    similarity, rows = map(np.hstack, zip(*parts, strict=True))
    order = (-similarity).argsort(axis=1, kind="stable")[:, :k]
    return (
        np.take_along_axis(similarity, order, axis=1),
        np.take_along_axis(rows, order, axis=1),
    )
