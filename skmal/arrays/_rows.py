"""One verb per need, whatever kind the rows are."""

import numpy as np

from . import _dask
from ._blocks import Stacked, batches, read
from ._kinds import is_streamed
from ._mapped import Mapped
from ._numbers import as_floats, unit_floats, unit_rows
from ._tensors import is_tensor, unit_tensor


def _stacked(first, second):
    if _dask.is_dask(first):
        return _dask.stacked(first, second)
    return Stacked(first, second)


def _in_metric(features, metric):
    """Return the features in which Euclidean distance is the wanted one."""
    if metric == "cosine" and len(features):
        if is_tensor(features):
            return unit_tensor(features)
        if _dask.is_dask(features):
            return _dask.unit_rows(features)
        if is_streamed(features):
            dtype = as_floats(features[:1]).dtype
            return Mapped(features, unit_floats, features.shape[1], dtype)
        return unit_rows(features)
    return features


def _total_variance(features):
    """Return the sum of the variances of all columns."""
    if _dask.is_dask(features):
        return float(features.astype(np.float64).var(axis=0).sum().compute())
    n, d = features.shape
    total, squares = np.zeros(d), 0.0
    for rows in batches(n):
        block = read(features, rows).astype(np.float64, copy=False)
        if rows.start == 0:
            origin = block.mean(axis=0)  # near it little is lost to rounding
        block = block - origin
        total += block.sum(axis=0)
        squares += (block**2).sum()
    return squares / n - ((total / n) ** 2).sum()
