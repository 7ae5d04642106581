"""The rows of one source and then those of another."""

import sys
from typing import Any

import numpy as np

from ._block_math import joined
from ._kinds import Block, RowNumbers, Rows, is_tensor
from ._slices import take_sliced


class Stacked:
    """The rows of one source and then those of another, read without a copy of all.

    Both are tensors, or neither is.
    """

    takes_rows = True

    def __init__(self, first: Rows, second: Rows) -> None:
        self.parts = first, second
        self.n_first = n = int(first.shape[0])
        self.shape: tuple[int, int] = (n + second.shape[0], first.shape[1])
        self.dtype: Any
        if is_tensor(first):
            torch = sys.modules["torch"]
            self.dtype = torch.promote_types(first.dtype, second.dtype)
            self.device = first.device
        else:
            self.dtype = np.result_type(first.dtype, second.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> Block:
        """Return the rows of a slice, or of an array of their numbers."""
        (first, second), n = self.parts, self.n_first
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            if stop <= n:
                return first[start:stop]
            if start >= n:
                return second[start - n : stop - n]
            return joined([first[start:], second[: stop - n]])
        late = rows >= n
        if is_tensor(late):
            order = late.argsort(stable=True)  # of the rows, in `parts`
            parts = first[rows[~late]], second[rows[late] - n]
            return joined(parts)[order.argsort()]
        block = np.empty((len(rows), self.shape[1]), self.dtype)
        block[~late] = take_sliced(first, rows[~late])
        block[late] = take_sliced(second, rows[late] - n)
        return block
