"""Which kind of rows something is. Only this folder asks; others use its verbs."""

import sys

import numpy as np
from scipy.sparse import issparse


def is_dask(items):
    """Say whether `items` is a dask array."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(items, module.Array)


def is_tensor(rows):
    """Say whether rows are a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(rows, torch.Tensor)


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
