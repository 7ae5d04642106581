"""Pools that are not in memory: their features are made where they are looked at."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import get_config

from .._shared.types import BoolArray, IntArray
from ._kinds import RowNumbers, Rows
from ._slices import in_blocks, take_sliced

SHARE = 4  # one part in so many of scikit-learn's working memory may keep features


class Mapped:
    """The rows of a source, put through a function whenever some are read.

    Parameters
    ----------
    source : rows
        What the function is given, block by block.
    function : callable
        Returns as many rows as it is given.
    width, dtype : int, dtype
        Of what it returns.
    keep : bool, default=False
        Whether to keep what it returned, so that each row is put through it once, where
        all of it takes a quarter of scikit-learn's `working_memory` at most.
    """

    takes_rows = True

    def __init__(
        self,
        source: Rows,
        function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
        width: int,
        dtype: npt.DTypeLike,
        keep: bool = False,
    ) -> None:
        self.source, self.function = source, function
        self.shape: tuple[int, int] = (source.shape[0], width)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        most = get_config()["working_memory"] * 2**20 / SHARE
        self._kept: npt.NDArray[Any] | None = None
        if keep and self.shape[0] * width * self.dtype.itemsize <= most:
            self._kept = np.empty(self.shape, self.dtype)
            self._is_kept: BoolArray = np.zeros(self.shape[0], dtype=bool)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> npt.NDArray[Any]:
        """Return what the function makes of a slice or of an array of rows."""
        if self._kept is None:
            return self._made(rows)
        is_kept = self._is_kept[rows]
        if not is_kept.any():  # as they come, for slices are read faster
            self._kept[rows] = self._made(rows)
        elif not is_kept.all():
            lacking = _numbers(rows, len(self))[~is_kept]
            self._kept[lacking] = self._made(lacking)
        self._is_kept[rows] = True  # only now, for other threads read as well
        return self._kept[rows].copy() if isinstance(rows, slice) else self._kept[rows]

    def _made(self, rows: RowNumbers) -> npt.NDArray[Any]:
        block = take_sliced(self.source, rows)
        if len(block) == 0:  # encoders take no empty arrays
            return np.empty((0, self.shape[1]), self.dtype)
        return self.function(block)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all rows, made block by block."""
        return in_blocks(self).astype(dtype or self.dtype, copy=False)


def _numbers(rows: RowNumbers, n: int) -> IntArray:
    """Return the numbers of the rows of a slice or of an array of them."""
    return np.arange(n)[rows]
