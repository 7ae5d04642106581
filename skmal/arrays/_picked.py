"""Some rows of a pool on disk, in any order, picked when they are read."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.types import IntArray
from ._kinds import RowNumbers, Rows
from ._slices import in_blocks, take_sliced


class Picked:
    """The given rows of a source, in the given order, without a copy of them.

    Parameters
    ----------
    source : rows
        What is not in memory, but can be sliced.
    rows : ndarray of int
        Which of its rows.
    """

    takes_rows = True

    def __init__(self, source: Rows, rows: IntArray) -> None:
        self.source, self.rows = source, rows
        self.shape: tuple[int, int] = (len(rows), source.shape[1])
        self.dtype: np.dtype[Any] = source.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> npt.NDArray[Any]:
        """Return the rows of a slice, or of an array of their numbers."""
        return take_sliced(self.source, self.rows[rows])

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all rows."""
        return in_blocks(self).astype(dtype or self.dtype, copy=False)
