"""Pools that are not in memory: their features are made where they are looked at."""

import os
from dataclasses import replace

import numpy as np

from ._items import is_streamed, take
from ._tensors import to_host


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
        rows = take(self.source, rows)
        if len(rows) == 0:  # encoders take no empty arrays
            return np.empty((0, self.shape[1]), self.dtype)
        return self.function(rows)

    def __array__(self, dtype=None, copy=None):
        """Return all rows."""
        return self[:].astype(dtype or self.dtype, copy=False)


def on_host(round):
    """Return the round with arrays in place of tensors."""
    fields = ("open", "aligned", "open_inputs", "aligned_inputs")
    return replace(
        round, **{field: tuple(map(to_host, getattr(round, field))) for field in fields}
    )


def in_memory(round, name):
    """Return the round with arrays only, or raise where they would not fit.

    `name` is that of the strategy, for the error.
    """
    fields = ("open", "open_inputs")
    arrays = [array for field in fields for array in getattr(round, field)]
    streamed = {id(array): array for array in arrays if is_streamed(array)}
    if not streamed:
        return round
    n_bytes = sum(
        np.prod(array.shape) * max(array.dtype.itemsize, 4)
        for array in streamed.values()
    )
    memory = _physical_memory()
    if n_bytes > memory / 2:
        raise MemoryError(
            f"{name} looks at all features at once, {n_bytes / 1e9:.0f} GB of the "
            f"{memory / 1e9:.0f} GB of this machine; use VOptimalDesign, CoresetMargin "
            "or another one that streams pools, or ask about a random part of them"
        )
    read = {key: np.asarray(array) for key, array in streamed.items()}
    return replace(
        round,
        **{
            field: tuple(read.get(id(array), array) for array in getattr(round, field))
            for field in fields
        },
    )


def _physical_memory():
    """Return the bytes of memory of this machine, infinity where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return np.inf
