"""Pools that are not in memory: their features are made where they are looked at."""

import numpy as np

from ._slices import take_sliced


class Mapped:
    """The rows of a source, put through a function whenever some are read."""

    takes_rows = True

    def __init__(self, source, function, width, dtype):
        self.source, self.function = source, function
        self.shape, self.dtype = (source.shape[0], width), np.dtype(dtype)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """Return what the function makes of a slice or of an array of rows."""
        rows = take_sliced(self.source, rows)
        if len(rows) == 0:  # encoders take no empty arrays
            return np.empty((0, self.shape[1]), self.dtype)
        return self.function(rows)

    def __array__(self, dtype=None, copy=None):
        """Return all rows."""
        return self[:].astype(dtype or self.dtype, copy=False)
