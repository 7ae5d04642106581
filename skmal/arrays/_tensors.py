"""Rows that are a torch tensor on some device, and what is computed on them there.

Only minima, counts and the few rows that are asked for come to the host. torch is
imported by whoever makes the tensor, never here before.
"""

import sys
from contextlib import contextmanager, nullcontext

import numpy as np

ROWS = 2**17  # that an accelerator reads and compares at a time
CELLS = 2**26  # similarities, of 4 bytes, in an accelerator's memory at a time


def is_tensor(rows):
    """Say whether rows are a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(rows, torch.Tensor)


def to_host(rows):
    """Return a tensor as an array in the host's memory, whatever else as it is.

    bfloat16, which NumPy lacks, becomes float32.
    """
    if isinstance(rows, TensorRows):
        rows = rows.tensor[:]
    if not is_tensor(rows):
        return rows
    rows = rows.detach().cpu()
    narrow = rows.is_floating_point() and rows.dtype not in float_dtypes()
    return (rows.float() if narrow else rows).numpy()


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
        return to_host(self.on_device(rows))

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
        return max(1, min(ROWS, CELLS // n_columns))


def device_of(source):
    """Return the device of a pool of rows, None for the host's arrays."""
    return source.device if isinstance(source, TensorRows) else None


@contextmanager
def computing(device):
    """Keep torch from computing in less than float32, and from tracking gradients."""
    if device is None:
        yield
        return
    torch = sys.modules["torch"]
    with torch.no_grad(), _no_autocast(device), _full_precision():
        yield


def _no_autocast(device):
    torch = sys.modules["torch"]
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


@contextmanager
def _full_precision():
    """Keep TF32 and bfloat16 out of products of float32, for this while."""
    torch = sys.modules["torch"]
    backends = (
        torch.backends.cuda.matmul,
        getattr(torch.backends.mkldnn, "matmul", None),
    )
    finer = [b for b in backends if hasattr(b, "fp32_precision")]  # since torch 2.9
    kept = [backend.fp32_precision for backend in finer]
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # it was set by the finer settings alone
        before = "highest"
    try:
        torch.set_float32_matmul_precision("highest")
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        for backend, precision in zip(finer, kept, strict=True):
            backend.fp32_precision = precision


# ---------------------------------------------------------------- either kind


def on_device(array, device):
    """Return an array where the device is; None is the host."""
    if device is None or is_tensor(array):
        return array
    torch = sys.modules["torch"]
    return torch.as_tensor(np.array(array), device=device)  # may be read-only


def join(parts):
    """Return the rows of one array or tensor after those of another."""
    if is_tensor(parts[0]):
        return sys.modules["torch"].cat(parts)
    return np.concatenate(parts)


def single(rows):
    """Return rows in float32."""
    return rows.float() if is_tensor(rows) else rows.astype(np.float32, copy=False)


def double(rows):
    """Return rows in float64."""
    return rows.double() if is_tensor(rows) else rows.astype(np.float64, copy=False)


def squared_lengths(rows):
    """Return the squared length of each row."""
    if is_tensor(rows):
        return (rows * rows).sum(dim=1)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.einsum("ij,ij->i", rows, rows)


def minima(distances):
    """Return the least value of each column, in the host's memory."""
    if is_tensor(distances):
        return to_host(distances.amin(dim=0))
    return distances.min(axis=0)


def maxima(values):
    """Return the largest value of each column, where they are."""
    return values.amax(dim=0) if is_tensor(values) else values.max(axis=0)


def nth_smallest(distances, nth):
    """Return the nth smallest value of each row."""
    if is_tensor(distances):
        return distances.kthvalue(nth, dim=1).values
    return np.partition(distances, nth - 1, axis=1)[:, nth - 1]


def two_largest(values):
    """Return the second largest and the largest value of each column, on the host.

    Where there are only one or two rows, these are returned.
    """
    if is_tensor(values):
        return to_host(values.topk(min(2, len(values)), dim=0).values)[::-1]
    return np.partition(values, -2, axis=0)[-2:] if len(values) > 2 else values


def cells(mask):
    """Return (rows, columns) of what is true, row by row, in the host's memory."""
    if is_tensor(mask):
        return tuple(to_host(index) for index in mask.nonzero(as_tuple=True))
    return np.divmod(np.flatnonzero(mask), mask.shape[1])


def unit_tensor(rows):
    """Return the rows of a tensor scaled to length one, zeros as they are."""
    torch = sys.modules["torch"]
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    largest = rows.abs().amax(dim=1, keepdim=True)
    rows = rows / largest.where(largest > 0, 1)  # lest squares overflow
    lengths = rows.norm(dim=1, keepdim=True)
    return rows / lengths.where(lengths > 0, 1)
