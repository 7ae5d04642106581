"""Which kind an array is, and rows picked out of any kind."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing

from . import _dask
from ._sharded import take_in_windows
from ._tensors import is_tensor


def is_streamed(items):
    """Say whether `items` are numeric rows that are not in memory, but slice.

    Such are memory maps, `ShardedArray`, HDF5 and zarr datasets, and dask arrays. What
    other libraries hold in memory (JAX's arrays, say) can be exchanged by DLPack.
    """
    if hasattr(items, "__dlpack__") and not isinstance(items, np.memmap):
        return False
    return is_sliceable(items) and items.dtype.kind in "biuf"


def is_sliceable(rows):
    """Say whether `rows` is an array on disk or in memory that slices row by row."""
    return (
        hasattr(rows, "__getitem__")
        and isinstance(getattr(rows, "dtype", None), np.dtype)
        and len(getattr(rows, "shape", ())) == 2
        and not issparse(rows)
    )


def takes_rows(source):
    """Say whether rows can be taken by an array of their numbers in any order."""
    return isinstance(source, np.ndarray) or getattr(source, "takes_rows", False)


def take(items, rows):
    """Return the given rows of `items`, in the container that they came in.

    Of items that are not in memory they are an array.
    """
    if is_tensor(items):
        return items[rows]
    if _dask.is_dask(items):
        return _dask.take(items, rows)
    if not is_streamed(items):
        return _safe_indexing(items, rows)
    if isinstance(rows, slice) or takes_rows(items):
        return np.asarray(items[rows])
    return take_in_windows(items, rows)
