"""Rows that are a torch tensor on some device.

Only minima, counts and the few rows that are asked for come to the host. torch is
imported by whoever makes the tensor, never here before.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from ._kinds import RowNumbers

if TYPE_CHECKING:
    import torch


def host_array(tensor: "torch.Tensor") -> npt.NDArray[Any]:
    """Return a tensor as an array in the host's memory.

    bfloat16, which NumPy lacks, becomes float32, and signs that torch has put off are
    taken.
    """
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    narrow = tensor.is_floating_point() and tensor.dtype not in float_dtypes()
    return (tensor.float() if narrow else tensor).numpy()


def is_array_of_values(tensor: "torch.Tensor") -> bool:
    """Say whether a tensor is one that NumPy could take."""
    strided = sys.modules["torch"].strided
    return not (
        tensor.is_nested
        or tensor.layout != strided
        or tensor.is_meta
        or tensor.is_quantized
    )


def check_strided(tensor: "torch.Tensor", name: str) -> "torch.Tensor":
    """Return a tensor, or raise unless it is an array of values."""
    if tensor.is_nested:
        form, remedy = "a nested tensor", "pass torch.nested.to_padded_tensor of it"
    elif tensor.layout != sys.modules["torch"].strided:
        form = "a sparse tensor"
        remedy = "pass its to_dense(), where its columns are few"
    elif tensor.is_meta:
        form, remedy = "a meta tensor, which has no values", "pass one that has"
    elif tensor.is_quantized:
        form, remedy = "a quantised tensor", "pass its dequantize()"
    else:
        return tensor
    raise TypeError(f"{name} is {form}; {remedy}")


def float_dtypes() -> "tuple[torch.dtype, ...]":
    """Return the dtypes of torch that are NumPy's floats."""
    torch = sys.modules["torch"]
    return torch.float16, torch.float32, torch.float64


def computing_dtype(tensor: Any) -> np.dtype[Any]:
    """Return NumPy's name of the precision that a tensor is computed with."""
    torch = sys.modules["torch"]
    return np.dtype(np.float64 if tensor.dtype == torch.float64 else np.float32)


def largest_value(tensor: "torch.Tensor") -> float:
    """Return the largest absolute value, NaN where there is one."""
    low, high = map(float, tensor.aminmax()) if tensor.numel() else (0.0, 0.0)
    return max(-low, high)


class TensorRows:
    """The rows of a tensor, or of whatever slices into tensors, as one pool.

    `dtype` is that of the computation, as NumPy calls it: float32, or float64 for
    tensors of float64. Rows taken by index are an array in the host's memory.
    """

    takes_rows = True

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.device: torch.device = tensor.device
        self.shape: tuple[int, ...] = tuple(tensor.shape)
        self.dtype = computing_dtype(tensor)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> npt.NDArray[Any]:
        """Return rows, given as a slice or as indices, as an array."""
        return host_array(self.on_device(rows))

    def on_device(self, rows: RowNumbers) -> "torch.Tensor":
        """Return rows, given as a slice or as indices, where they are, as floats."""
        torch = sys.modules["torch"]
        at: Any = rows
        if not isinstance(rows, slice):
            at = torch.as_tensor(rows, device=self.device)
        dtype = torch.float64 if self.dtype == np.float64 else torch.float32
        return self.tensor[at].to(dtype)

    def block(self, n_columns: int) -> int | None:
        """Return how many rows to compare with so many others at a time."""
        if self.device.type == "cpu":  # as many as of an array
            return None
        return max(1, min(SIZES.device_rows, SIZES.device_cells // n_columns))


def unit_tensor(rows: "torch.Tensor") -> "torch.Tensor":
    """Return the rows of a tensor scaled to length one, zeros as they are."""
    torch = sys.modules["torch"]
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    largest = rows.abs().amax(dim=1, keepdim=True)
    rows = rows / largest.where(largest > 0, 1)  # lest squares overflow
    lengths = rows.norm(dim=1, keepdim=True)
    return rows / lengths.where(lengths > 0, 1)
