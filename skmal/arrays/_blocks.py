"""Reading rows of whatever can be sliced: arrays, memory maps, zarr, h5py, tensors.

A pool is never converted or copied as a whole. What leaves this module are a few rows
at a time, as float32 or float64. Rows of tensors stay on their device.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
from sklearn import get_config
from sklearn.utils import check_array
from threadpoolctl import threadpool_info, threadpool_limits

from .._shared.progress import progress
from ._dask import check_dask, is_dask
from ._kinds import is_sliceable, take, takes_rows
from ._numbers import as_floats, check_squares, check_widths
from ._sharded import take_in_windows
from ._tensors import TensorRows, device_of, float_dtypes, is_tensor, to_host

ROWS = 1024  # that are read, converted and compared at a time
LARGE = 2**24  # values of a source from which on several threads pay


def check_rows(rows, name):
    """Return two-dimensional numeric rows in a form that `read` can take, or raise.

    Arrays, and whatever else has a two-dimensional shape, a NumPy dtype and slices,
    stay what they are, tensors of floats become `TensorRows`; lists and data frames
    become arrays. The values are not looked at: `check_values` does that, for rows that
    have been read.
    """
    if is_dask(rows):
        return check_dask(rows, name)
    rows = as_pool(rows)
    if isinstance(rows, TensorRows):
        return rows
    if is_sliceable(rows) and rows.dtype.kind in "biuf" and min(rows.shape) > 0:
        return rows
    if is_sliceable(rows):
        rows = np.asarray(rows[:1])  # scikit-learn has the words for what is wrong
    return check_array(rows, dtype="numeric", ensure_all_finite=False, input_name=name)


def as_pool(rows):
    """Return a tensor of rows as `TensorRows`, and whatever else as it is.

    So too a tensor that is no table of floats, as an array: scikit-learn has the words
    for what is wrong.
    """
    if isinstance(rows, Stacked) and is_tensor(rows.parts[0]):
        return TensorRows(rows)
    if not is_tensor(rows):
        return rows
    torch = sys.modules["torch"]
    is_float = rows.dtype in (*float_dtypes(), torch.bfloat16)
    if is_float and rows.ndim == 2 and 0 not in rows.shape:
        return TensorRows(rows.detach())
    return to_host(rows)


def check_same_space(rows, others, name, other):
    """Return both in forms that `read` can take, or raise if they do not go together.

    Both have as many columns, and tensors lie on one device.
    """
    rows, others = check_rows(rows, name), check_rows(others, other)
    check_widths(rows, others, name, other)
    check_one_device(rows, others, name, other)
    return rows, others


def check_one_device(rows, others, name, other):
    """Raise if tensors lie on two devices. Arrays go wherever the other one is."""
    devices = device_of(rows), device_of(others)
    if None not in devices and devices[0] != devices[1]:
        raise ValueError(
            f"{name} is on {devices[0]} and {other} on {devices[1]}; move one of them "
            "with .to(device)"
        )


def check_values(block, name):
    """Raise if floats that were read hold NaN, infinity, or overflow when squared."""
    check_array(block, input_name=name)
    check_squares(block, name)


def float_dtype(*sources):
    """Return the precision to compute in: float32 for float16 and float32."""
    return np.result_type(*(as_floats(np.empty(0, s.dtype)) for s in sources))


def fetch(source, rows):
    """Return rows as `read` does, but those of tensors as tensors on their device."""
    if isinstance(source, TensorRows):
        return source.on_device(_as_slice(rows))
    return read(source, rows)


def read(source, rows):
    """Return rows, given as a slice or as indices, as arrays of float32 or float64.

    Of a source that cannot take any rows only slices are read.
    """
    rows = _as_slice(rows)
    if isinstance(rows, slice) or takes_rows(source):
        return _widened(source[rows])
    return _widened(take_in_windows(source, rows))


def _as_slice(rows):
    """Return indices of neighbours as a slice, which spares a copy."""
    if not isinstance(rows, slice) and len(rows):
        first, last = rows[0], rows[-1]
        if last - first == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all():
            return slice(first, last + 1)
    return rows


def _widened(block):
    """Return `as_floats(block)`, of float16 several times as fast as NumPy does it.

    Sign, exponent and fraction move to their places in a float32, which makes it
    smaller by 2^112, exactly. Infinity and NaN would become numbers.
    """
    block = np.asarray(block)
    if block.dtype != np.float16 or not block.dtype.isnative:
        return as_floats(block)
    halves = block.view(np.int16)
    if not (halves & 0x7C00).max(initial=0) < 0x7C00:
        return as_floats(block)
    floats = np.empty(block.shape, np.float32)
    bits = floats.view(np.int32)
    bits[...] = halves  # the sign is now in bits 15 to 31
    bits <<= 13
    bits &= ~0x70000000
    floats *= np.float32(2.0**112)
    return floats


def batches(n, size=None):
    """Yield slices that cut n rows into batches of `size`, by default `ROWS`."""
    size = size or ROWS
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def in_threads(function, n, n_threads=1, size=None, verbose=0, desc=None):
    """Return what `function` makes of each of the slices that `batches` cuts, in order.

    See `stream`, which yields it.
    """
    return list(stream(function, n, n_threads, size, verbose, desc))


def stream(function, n, n_threads=1, size=None, verbose=0, desc=None):
    """Yield what `function` makes of each of the slices that `batches` cuts, in order.

    Threads take turns in reading and computing, so one reads from disk while another
    computes. BLAS keeps to one thread in each of them. An error is that of the first
    batch which has one, whatever the number of threads.
    """
    blocks = list(batches(n, size))
    with progress(n, desc, verbose) as advance, ExitStack() as stack:
        if min(n_threads, len(blocks)) < 2:
            results = map(function, blocks)
        else:
            stack.enter_context(threadpool_limits(1, "blas"))
            threads = stack.enter_context(ThreadPoolExecutor(n_threads))
            results = threads.map(function, blocks)
            stack.callback(results.close)  # an error ends the rest
        for result, block in zip(results, blocks, strict=True):
            advance(block.stop - block.start)
            yield result


def count_threads(source, n_bytes, n_bytes_each, name, n_bytes_shared=0):
    """Return how many threads go through a source: as many as BLAS may use now.

    They must fit in scikit-learn's `working_memory`: `n_bytes` for all rows, whatever
    the number of threads, `n_bytes_shared` for blocks that they share, and
    `n_bytes_each`. There is one at least. Raise where what all rows need does not fit.
    """
    limit = get_config()["working_memory"]
    if n_bytes > limit * 2**20:
        needed = -(-n_bytes // 2**20)
        raise MemoryError(
            f"{name} of {source.shape[0]} rows needs {needed} MiB of memory beside the "
            f"rows, but scikit-learn's working_memory is {limit} MiB; raise it, with "
            f"sklearn.config_context(working_memory={needed}) or more"
        )
    small = source.shape[0] * source.shape[1] < LARGE
    if small or isinstance(source, TensorRows):  # torch has threads of its own
        return 1
    room = int((limit * 2**20 - n_bytes - n_bytes_shared) // n_bytes_each)
    return max(1, min(_blas_threads(), room))


def _blas_threads():
    pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
    return max(pools, default=1)


class Stacked:
    """The rows of one source and then those of another, read without a copy of all.

    If either is a tensor, both should be.
    """

    takes_rows = True

    def __init__(self, first, second):
        check_one_device(as_pool(first), as_pool(second), "first", "second")
        self.parts = first, second
        self.n_first = first.shape[0]
        self.shape = (self.n_first + second.shape[0], first.shape[1])
        if is_tensor(first):
            torch = sys.modules["torch"]
            self.dtype = torch.promote_types(first.dtype, second.dtype)
            self.device, self.join = first.device, torch.cat
        else:
            self.dtype = np.result_type(first.dtype, second.dtype)
            self.join = np.concatenate

    def __getitem__(self, rows):
        """Return the rows of a slice, or of an array of their numbers."""
        n = self.n_first
        if not isinstance(rows, slice):
            late = rows >= n
            if is_tensor(late):
                parts = self.parts[0][rows[~late]], self.parts[1][rows[late] - n]
                order = late.argsort(stable=True)  # of the rows, in `parts`
                return self.join(parts)[order.argsort()]
            block = np.empty((len(rows), self.shape[1]), self.dtype)
            block[~late] = take(self.parts[0], rows[~late])
            block[late] = take(self.parts[1], rows[late] - n)
            return block
        start, stop, _ = rows.indices(self.shape[0])
        if stop <= n:
            return self.parts[0][start:stop]
        if start >= n:
            return self.parts[1][start - n : stop - n]
        return self.join([self.parts[0][start:], self.parts[1][: stop - n]])
