"""What is computed with a block of rows, be it an array or a tensor on some device."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._shared.types import IntArray
from ._kinds import Block, is_tensor
from ._tensors import TensorRows, host_array

if TYPE_CHECKING:
    import torch


def to_host(rows: Block) -> Any:
    """Return a tensor as an array in the host's memory, whatever else as it is."""
    if isinstance(rows, TensorRows):
        rows = rows.tensor[:]
    return host_array(rows) if is_tensor(rows) else rows


def device_of(rows: object) -> "torch.device | None":
    """Return the device of a tensor or of a pool of its rows, None for the host's."""
    return rows.device if is_tensor(rows) or isinstance(rows, TensorRows) else None


def on_device(array: Block, device: "torch.device | None") -> Block:
    """Return an array where the device is; None is the host."""
    if device is None or is_tensor(array):
        return array
    torch = sys.modules["torch"]
    return torch.as_tensor(np.array(array), device=device)  # may be read-only


def joined(parts: Sequence[Block]) -> Block:
    """Return the rows of several arrays, or of several tensors, as one."""
    if is_tensor(parts[0]):
        return sys.modules["torch"].cat(parts)
    return np.concatenate(parts)


def block_size(source: object, n_columns: int) -> int | None:
    """Return how many rows to compare with so many others at a time, None on the host.

    None stands for as many as are read at a time.
    """
    return source.block(n_columns) if isinstance(source, TensorRows) else None


def single(rows: Block) -> Block:
    """Return rows in float32."""
    return rows.float() if is_tensor(rows) else rows.astype(np.float32, copy=False)


def double(rows: Block) -> Block:
    """Return rows in float64."""
    return rows.double() if is_tensor(rows) else rows.astype(np.float64, copy=False)


def squared_lengths(rows: Block) -> Block:
    """Return the squared length of each row."""
    if is_tensor(rows):
        return (rows * rows).sum(dim=1)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.einsum("ij,ij->i", rows, rows)


def minima(distances: Block) -> npt.NDArray[Any]:
    """Return the least value of each column, in the host's memory."""
    if is_tensor(distances):
        return to_host(distances.amin(dim=0))
    return distances.min(axis=0)


def maxima(values: Block, axis: int = 0) -> Block:
    """Return the largest values along an axis, where they are."""
    return values.amax(dim=axis) if is_tensor(values) else values.max(axis=axis)


def exponentials(values: Block) -> Block:
    """Return e to the power of each value."""
    return values.exp() if is_tensor(values) else np.exp(values)


def nth_smallest(distances: Block, nth: int) -> Block:
    """Return the nth smallest value of each row."""
    if is_tensor(distances):
        return distances.kthvalue(nth, dim=1).values
    return np.partition(distances, nth - 1, axis=1)[:, nth - 1]


def two_largest(values: Block) -> npt.NDArray[Any]:
    """Return the second largest and the largest value of each column, on the host.

    Where there are only one or two rows, these are returned.
    """
    if is_tensor(values):
        return to_host(values.topk(min(2, len(values)), dim=0).values)[::-1]
    return np.partition(values, -2, axis=0)[-2:] if len(values) > 2 else values


def nearer(values: Block) -> Block:
    """Return a tensor in the host's memory as an array, and those elsewhere as such."""
    return to_host(values) if getattr(values, "is_cpu", False) else values


def contenders(values: Block) -> npt.NDArray[Any]:
    """Return an array as it is, of a tensor the two largest values of each column."""
    return two_largest(values) if is_tensor(values) else values


def cells(mask: Block) -> tuple[IntArray, IntArray]:
    """Return (rows, columns) of what is true, row by row, in the host's memory."""
    if is_tensor(mask):
        rows, columns = mask.nonzero(as_tuple=True)
        return to_host(rows), to_host(columns)
    return np.divmod(np.flatnonzero(mask), mask.shape[1])
