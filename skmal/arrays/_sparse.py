"""Sparse matrices: the one place where they become dense, and how large they may be."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

from .._shared.sizes import SIZES


def is_sparse(rows: object) -> bool:
    """Say whether rows are a sparse matrix or array of SciPy, or one like it."""
    return issparse(rows) or (hasattr(rows, "nnz") and hasattr(rows, "todense"))


def dense(rows: Any, name: str) -> npt.NDArray[Any]:
    """Return a sparse matrix as an array of the same numbers, or raise if too large."""
    check_dense_size(rows.shape, rows.dtype, name)
    if issparse(rows):
        return rows.toarray(order="C")  # computed with, to the last bit, as others are
    return np.ascontiguousarray(rows.todense())


def check_dense_size(shape: Sequence[int], dtype: np.dtype[Any], name: str) -> None:
    """Raise unless so many values may be made dense."""
    n_values = prod(map(int, shape))
    if n_values <= SIZES.dense:
        return
    raise ValueError(
        f"{name} is sparse, of shape {tuple(shape)}; as dense rows its {n_values:,} "
        f"values would take {n_values * dtype.itemsize / 2**30:,.1f} GiB, and at most "
        f"{SIZES.dense:,} values are made dense. Reduce its columns beforehand, once "
        "for all rows: sklearn.decomposition.TruncatedSVD(192, random_state=0)"
        f".fit_transform({name})"
    )
