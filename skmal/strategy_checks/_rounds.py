"""Pools on disk and tensors on a device, of which it shows how they are read."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from sklearn.base import BaseEstimator

from .._shared.contracts import two_views
from .._shared.types import FloatArray
from ..arrays._kinds import Block, RowNumbers, Rows
from ..encoders._ridge import RidgeCCA
from ..strategies._base import QueryStrategy
from ..strategies._round import Round

if TYPE_CHECKING:
    import torch

N_NAMES = 128  # items that `ByName` knows


class ByName(BaseEstimator):
    """An encoder that knows rows by names, and returns tensors or arrays of them."""

    encoder_: RidgeCCA

    def __init__(self, tensors: bool = False) -> None:
        self.tensors = tensors

    def fit(self, X: list[str], y: list[str]) -> "ByName":
        self.encoder_ = RidgeCCA().fit(*self.rows_of(X, y))
        return self

    def transform(self, X: list[str], y: list[str]) -> tuple[Any, ...]:
        X_rows, y_rows = self.rows_of(X, y)
        return self._tensors(self.encoder_.transform(X_rows, y_rows))

    def unimodal_features(self, X: list[str], y: list[str]) -> tuple[Any, ...]:
        return self._tensors(self.rows_of(X, y))

    def rows_of(self, X: list[str], y: list[str]) -> tuple[FloatArray, FloatArray]:
        """Return what the names of X and of y stand for."""
        X_numbers, y_numbers = ([int(n.split()[1]) for n in names] for names in (X, y))
        X_rows, y_rows = two_views(N_NAMES)
        return X_rows[X_numbers], y_rows[y_numbers]

    def _tensors(self, arrays: Any) -> tuple[Any, ...]:
        if not self.tensors:
            return arrays
        return tuple(map(_on_accelerator, arrays))


def _on_accelerator(array: FloatArray) -> "torch.Tensor":
    """Return a tensor that, like those of an accelerator, is no array to NumPy."""
    import torch

    return torch.from_numpy(np.array(array)).as_subclass(_tensor_class())


@cache
def _tensor_class() -> "type[torch.Tensor]":
    import torch

    class Tensor(torch.Tensor):
        def cpu(self, *args: Any, **kwargs: Any) -> torch.Tensor:
            return self.as_subclass(torch.Tensor)

        def numpy(self, *args: object, **kwargs: object) -> NoReturn:
            raise TypeError("a tensor on a device was taken for an array")

        __array__ = numpy

    return Tensor


def on_disk(rows: FloatArray, folder: str) -> np.memmap:
    """Return rows as a memory map."""
    path = Path(folder) / f"{rows.shape}.npy"
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


class Watched:
    """Rows that are not in memory, which tell how many are read at once."""

    takes_rows = True

    def __init__(self, rows: Rows, tell: Callable[[int], None]) -> None:
        self.rows, self.tell = rows, tell
        self.shape, self.dtype = rows.shape, rows.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> Block:
        block = self.rows[rows]
        self.tell(len(block))
        return block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:
        self.tell(len(self))
        return np.asarray(self.rows, dtype)


def watched(round: Round, most_read: dict[str, int]) -> Round:
    """Return the round with open features of X that tell how many rows are read."""

    def watching(field: str) -> tuple[Any, ...]:
        def tell(n_rows: int) -> None:
            most_read[field] = max(n_rows, most_read.get(field, 0))

        X, *others = getattr(round, field)
        return Watched(X, tell), *others

    return replace(round, open=watching("open"), open_inputs=watching("open_inputs"))


def with_rounds(
    strategy: QueryStrategy, change: Callable[[Round], Round]
) -> QueryStrategy:
    """Return a copy of a strategy that gets other rounds to select from."""
    other = copy(strategy)
    other.select = lambda round: strategy.select(change(round))
    return other
