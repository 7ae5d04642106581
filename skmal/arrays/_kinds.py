"""Which kind of rows something is. Only this folder asks; others use its verbs."""

import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

from .._shared.types import IntArray

if TYPE_CHECKING:
    import torch
    from typing_extensions import TypeIs


class Rows(Protocol):
    """Rows of numbers of any kind, two-dimensional.

    NumPy's arrays, tensors, dask arrays, memory maps, `ShardedArray`, HDF5 and zarr
    datasets, and rows that are made when they are read.
    """

    @property
    def shape(self) -> Any: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...


RowsLike: TypeAlias = npt.ArrayLike | Rows  # what public functions make `Rows` of
RowNumbers: TypeAlias = slice | IntArray  # which rows
Block: TypeAlias = Any  # some rows: an array, or a tensor on its device
DaskArray: TypeAlias = Any  # dask's own types say less than it does


def is_dask(items: object) -> bool:
    """Say whether `items` is a dask array."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(items, module.Array)


def is_tensor(rows: object) -> "TypeIs[torch.Tensor]":
    """Say whether rows are a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(rows, torch.Tensor)


def is_streamed(items: Any) -> bool:
    """Say whether `items` are numeric rows that are not in memory, but slice.

    Such are memory maps, `ShardedArray`, HDF5 and zarr datasets, and dask arrays. What
    other libraries hold in memory (JAX's arrays, say) can be exchanged by DLPack.
    """
    if hasattr(items, "__dlpack__") and not isinstance(items, np.memmap):
        return False
    return is_sliceable(items) and items.dtype.kind in "biuf"


def is_sliceable(rows: Any) -> bool:
    """Say whether `rows` is an array on disk or in memory that slices row by row."""
    return (
        hasattr(rows, "__getitem__")
        and isinstance(getattr(rows, "dtype", None), np.dtype)
        and len(getattr(rows, "shape", ())) == 2
        and not issparse(rows)
    )
