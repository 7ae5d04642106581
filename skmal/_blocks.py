"""Reading rows of whatever can be sliced: arrays, memory maps, zarr, h5py datasets.

A pool is never converted or copied as a whole. What leaves this module are a few rows
at a time, as float32 or float64.
"""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from ._dask import check_dask, is_dask
from ._encoding import as_floats, check_squares

ROWS = 1024  # that are read, converted and compared at a time


def check_rows(rows, name):
    """Return two-dimensional numeric rows in a form that `read` can take, or raise.

    Arrays, and whatever else has a two-dimensional shape, a NumPy dtype and slices,
    stay what they are; lists, data frames and tensors become arrays. The values are not
    looked at: `check_values` does that, for rows that have been read.
    """
    if is_dask(rows):
        return check_dask(rows, name)
    if is_sliceable(rows) and rows.dtype.kind in "biuf" and min(rows.shape) > 0:
        return rows
    if is_sliceable(rows):
        rows = np.asarray(rows[:1])  # scikit-learn has the words for what is wrong
    return check_array(rows, dtype="numeric", ensure_all_finite=False, input_name=name)


def is_sliceable(rows):
    """Say whether `rows` is an array on disk or in memory that slices row by row."""
    return (
        hasattr(rows, "__getitem__")
        and isinstance(getattr(rows, "dtype", None), np.dtype)
        and len(getattr(rows, "shape", ())) == 2
        and not issparse(rows)
    )


def check_values(block, name):
    """Raise if floats that were read hold NaN, infinity, or overflow when squared."""
    check_array(block, input_name=name)
    check_squares(block, name)


def float_dtype(*sources):
    """Return the precision to compute in: float32 for float16 and float32."""
    return np.result_type(*(as_floats(np.empty(0, s.dtype)) for s in sources))


def read(source, rows):
    """Return rows, given as a slice or as indices, as float32 or float64.

    Of a source that is no array in memory or memory map only slices are read: one where
    the rows are neighbours, else several of at most `ROWS` rows.
    """
    if not isinstance(rows, slice) and len(rows):
        first, last = rows[0], rows[-1]
        if last - first == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all():
            rows = slice(first, last + 1)  # spares an array a copy
    if isinstance(rows, slice) or isinstance(source, np.ndarray):
        return as_floats(source[rows])
    block = np.empty((len(rows), source.shape[1]), float_dtype(source))
    order = np.argsort(rows)
    ascending = rows[order]
    first = 0
    while first < len(rows):
        start = ascending[first]
        stop = np.searchsorted(ascending, start + ROWS)
        window = as_floats(source[start : ascending[stop - 1] + 1])
        block[order[first:stop]] = window[ascending[first:stop] - start]
        first = stop
    return block


def batches(n, size=None):
    """Yield slices that cut n rows into batches of `size`, by default `ROWS`."""
    size = size or ROWS
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


class Stacked:
    """The rows of one source and then those of another, sliced without a copy."""

    def __init__(self, first, second):
        self.parts = first, second
        self.n_first = first.shape[0]
        self.shape = (self.n_first + second.shape[0], first.shape[1])
        self.dtype = np.result_type(first.dtype, second.dtype)

    def __getitem__(self, rows):
        """Return the rows of a slice."""
        n, (start, stop, _) = self.n_first, rows.indices(self.shape[0])
        if stop <= n:
            return self.parts[0][start:stop]
        if start >= n:
            return self.parts[1][start - n : stop - n]
        return np.concatenate([self.parts[0][start:], self.parts[1][: stop - n]])
