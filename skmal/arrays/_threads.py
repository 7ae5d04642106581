"""Blocks of rows looked at by several threads, as many as memory and BLAS allow."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

from sklearn import get_config
from threadpoolctl import ThreadpoolController, threadpool_info

from .._shared.progress import progress
from .._shared.sizes import SIZES
from ._blocks import batches
from ._kinds import Rows
from ._tensors import TensorRows

Answer = TypeVar("Answer")


def in_threads(
    function: Callable[[slice], Answer],
    n: int,
    n_threads: int = 1,
    size: int | None = None,
    verbose: int = 0,
    desc: str = "",
) -> list[Answer]:
    """Return what `function` makes of each of the slices that `batches` cuts, in order.

    See `stream`, which yields it.
    """
    return list(stream(function, n, n_threads, size, verbose, desc))


def stream(
    function: Callable[[slice], Answer],
    n: int,
    n_threads: int = 1,
    size: int | None = None,
    verbose: int = 0,
    desc: str = "",
) -> Iterator[Answer]:
    """Yield what `function` makes of each of the slices that `batches` cuts, in order.

    Threads take turns in reading and computing, so one reads from disk while another
    computes. BLAS and OpenMP keep to one thread in each of them. An error is that of
    the first batch which has one, whatever the number of threads.
    """
    blocks = list(batches(n, size))
    with progress(n, desc, verbose) as advance, ExitStack() as stack:
        results: Any
        if min(n_threads, len(blocks)) < 2:
            results = map(function, blocks)
        else:
            pools = ThreadpoolController()  # takes milliseconds to find
            stack.enter_context(pools.limit(limits=1, user_api="blas"))
            threads = stack.enter_context(
                ThreadPoolExecutor(n_threads, "", _one_thread_of_openmp, (pools,))
            )
            results = threads.map(function, blocks)
            stack.callback(results.close)  # an error ends the rest
        for result, block in zip(results, blocks, strict=True):
            advance(block.stop - block.start)
            yield result


def _one_thread_of_openmp(pools: ThreadpoolController) -> None:
    """Have torch compute with one thread in this one, which ends with its work."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.get_num_threads()  # takes over what the user has set, now, not later
        pools.limit(limits=1, user_api="openmp")


def count_threads(
    source: Rows, n_bytes: int, n_bytes_each: int, name: str, n_bytes_shared: int = 0
) -> int:
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
    small = source.shape[0] * source.shape[1] < SIZES.large
    if small or isinstance(source, TensorRows):  # torch has threads of its own
        return 1
    room = int((limit * 2**20 - n_bytes - n_bytes_shared) // n_bytes_each)
    return max(1, min(_blas_threads(), room))


def _blas_threads() -> int:
    pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
    return max(pools, default=1)
