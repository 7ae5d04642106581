"""Rows that are a torch tensor on some device.

Only minima, counts and the few rows that are asked for come to the host. torch is
imported by whoever makes the tensor, never here before.
"""

import sys

import numpy as np

from .._shared.sizes import SIZES


def host_array(tensor):
    """Return a tensor as an array in the host's memory.

    bfloat16, which NumPy lacks, becomes float32.
    """
    tensor = tensor.detach().cpu()
    narrow = tensor.is_floating_point() and tensor.dtype not in float_dtypes()
    return (tensor.float() if narrow else tensor).numpy()


def float_dtypes():
    """Return the dtypes of torch that are NumPy's floats."""
    torch = sys.modules["torch"]
    return torch.float16, torch.float32, torch.float64


def computing_dtype(tensor):
    """Return NumPy's name of the precision that a tensor is computed with."""
    torch = sys.modules["torch"]
    return np.dtype(np.float64 if tensor.dtype == torch.float64 else np.float32)


def largest_value(tensor):
    """Return the largest absolute value, NaN where there is one."""
    low, high = map(float, tensor.aminmax()) if tensor.numel() else (0.0, 0.0)
    return max(-low, high)


class TensorRows:
    """The rows of a tensor, or of whatever slices into tensors, as one pool.

    `dtype` is that of the computation, as NumPy calls it: float32, or float64 for
    tensors of float64. Rows taken by index are an array in the host's memory.
    """

    takes_rows = True

    def __init__(self, tensor):
        self.tensor, self.device = tensor, tensor.device
        self.shape, self.dtype = tuple(tensor.shape), computing_dtype(tensor)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """Return rows, given as a slice or as indices, as an array."""
        return host_array(self.on_device(rows))

    def on_device(self, rows):
        """Return rows, given as a slice or as indices, where they are, as floats."""
        torch = sys.modules["torch"]
        if not isinstance(rows, slice):
            rows = torch.as_tensor(rows, device=self.device)
        dtype = torch.float64 if self.dtype == np.float64 else torch.float32
        return self.tensor[rows].to(dtype)

    def block(self, n_columns):
        """Return how many rows to compare with so many others at a time."""
        if self.device.type == "cpu":  # as many as of an array
            return None
        return max(1, min(SIZES.device_rows, SIZES.device_cells // n_columns))


def unit_tensor(rows):
    """Return the rows of a tensor scaled to length one, zeros as they are."""
    torch = sys.modules["torch"]
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    largest = rows.abs().amax(dim=1, keepdim=True)
    rows = rows / largest.where(largest > 0, 1)  # lest squares overflow
    lengths = rows.norm(dim=1, keepdim=True)
    return rows / lengths.where(lengths > 0, 1)
