"""The most similar rows of a gallery."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from sklearn.utils import gen_batches

from .._shared.parameters import check_integer
from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._block_math import cells, to_host
from ..arrays._blocks import check_rows
from ..arrays._kinds import RowsLike
from ..arrays._numbers import all_finite, check_numbers, check_widths
from ..arrays._verbs import per_part, unit

Nearest: TypeAlias = tuple[FloatArray, IntArray]  # similarities and rows, (n, k)
DIGITS = 9  # to which similarities are rounded


def query_blocks(n_queries: int, n_gallery: int) -> Iterator[slice]:
    """Yield slices of queries whose similarities to the gallery fit into memory."""
    size = min(SIZES.nearest_queries, SIZES.nearest_values // n_gallery)
    return gen_batches(n_queries, max(1, size))


def nearest_rows(queries: RowsLike, gallery: RowsLike, k: int) -> IntArray:
    """Return the k most similar gallery rows of each query, ties to the lowest row.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of one modality.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other, in the same space. It may lie on disk or on workers; it
        is read block by block.
    k : int
        How many rows to return for each query; all of them, if there are fewer.

    Returns
    -------
    ndarray of shape (n_queries, min(k, n_gallery)), int64
        Rows of the gallery, most similar first.

    Raises
    ------
    ValueError
        If k is below 1, or if features differ in number or hold NaN.

    Notes
    -----
    Similarity is the cosine, rounded to nine digits. O(n_queries n_gallery n_features)
    time, in blocks.

    Examples
    --------
    >>> from skmal.metrics import nearest_rows
    >>> nearest_rows([[1.0, 0.0]], [[0.0, 1.0], [1.0, 0.1], [1.0, 0.0]], k=2)
    array([[2, 1]])
    """
    k = check_integer(k, "k", minimum=1)
    asked = check_numbers(queries, "queries")
    rows = to_host(check_rows(gallery, "gallery"))
    check_widths(asked, rows, "queries", "gallery")
    k = min(k, rows.shape[0])
    return per_part(_nearest_of, partial(_best_k, k=k), rows, asked, k)[1]


def _nearest_of(part: FloatArray, start: int, queries: Any, k: int) -> Nearest:
    """Return the k largest similarities to a part of the gallery, and their rows.

    `start` is the number of its first row.
    """
    if not all_finite(part):
        raise ValueError("gallery holds NaN or infinity; leave out such rows")
    part = unit(part.astype(np.float64))
    shape = len(queries), min(k, len(part))
    best = np.empty(shape), np.empty(shape, dtype=np.int64)
    for some in query_blocks(len(queries), len(part)):
        similarity = unit(queries[some].astype(np.float64)) @ part.T
        best[0][some], rows = _largest(similarity, shape[1])
        best[1][some] = start + rows
    return best


def _largest(similarity: FloatArray, k: int) -> Nearest:
    """Return the k largest values of each row, rounded, and their columns.

    They are rounded, so that duplicates tie wherever they stand; ties go to the lowest.
    """
    n, m = similarity.shape
    if m <= 4 * k:
        rounded = similarity.round(DIGITS)
        columns = (-rounded).argsort(axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rounded, columns, axis=1), columns
    # What may be as large as the k-th once both are rounded, row by row.
    least = np.partition(similarity, m - k, axis=1)[:, m - k]
    rows, columns = cells(similarity >= least[:, None] - 2 * 10.0**-DIGITS)
    values = similarity[rows, columns].round(DIGITS)
    order = np.lexsort([-values, rows])  # stable, so ties go to the lowest column
    first = np.searchsorted(rows, np.arange(n))
    best = order[first[:, None] + np.arange(k)]
    return values[best], columns[best]


def _best_k(parts: Sequence[Nearest], k: int) -> Nearest:
    """Return the k largest of several such; lower rows stand first, and win ties."""
    similarity, rows = map(np.hstack, zip(*parts, strict=True))
    order = (-similarity).argsort(axis=1, kind="stable")[:, :k]
    return (
        np.take_along_axis(similarity, order, axis=1),
        np.take_along_axis(rows, order, axis=1),
    )
