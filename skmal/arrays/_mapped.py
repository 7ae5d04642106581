"""Pools that are not in memory: their features are made where they are looked at."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._kinds import RowNumbers, Rows
from ._slices import take_sliced


class Mapped:
    """The rows of a source, put through a function whenever some are read."""

    takes_rows = True

    def __init__(
        self,
        source: Rows,
        function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
        width: int,
        dtype: npt.DTypeLike,
    ) -> None:
        self.source, self.function = source, function
        self.shape: tuple[int, int] = (source.shape[0], width)
        self.dtype: np.dtype[Any] = np.dtype(dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> npt.NDArray[Any]:
        """Return what the function makes of a slice or of an array of rows."""
        block = take_sliced(self.source, rows)
        if len(block) == 0:  # encoders take no empty arrays
            return np.empty((0, self.shape[1]), self.dtype)
        return self.function(block)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all rows."""
        return self[:].astype(dtype or self.dtype, copy=False)
