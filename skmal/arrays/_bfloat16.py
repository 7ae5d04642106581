"""Products in bfloat16, several times as fast where there are units for them.

They say which rows have to be looked at again; nothing that a user gets comes from
them.
"""

import importlib
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from ._kinds import Block, is_tensor

if TYPE_CHECKING:
    import torch

FLAGS = {"amx_bf16", "avx512_bf16", "bf16"}  # of processors, as Linux names them
FASTER = 1.5  # than float32, at least, or they do not pay
IMPORTED_IN = os.getpid()
COARSE = 1.01 * 2.0**-8  # the relative error of a number in bfloat16, and a reserve


def bfloat16_pays(n_products: float, device: "torch.device | None" = None) -> bool:
    """Say whether so many multiplications of numbers are worth a first look.

    On the host it takes torch, which is imported for large works alone, and where the
    processor has units for bfloat16. Whether they are fast is tried, once. A forked
    process does without: torch would wait for threads that its parent has, for ever.
    """
    loaded = "torch" in sys.modules
    if n_products < (SIZES.coarse if loaded else SIZES.coarse_import):
        return False
    if device is not None and device.type != "cpu":
        return _is_fast_card(device)
    is_forked = os.getpid() != IMPORTED_IN
    return not is_forked and (loaded or _has_units()) and _is_fast_processor()


@cache
def _has_units() -> bool:
    """Say whether the processor has units for bfloat16, as far as Linux knows."""
    path = Path("/proc/cpuinfo")
    return path.exists() and not FLAGS.isdisjoint(path.read_text().split())


@cache
def _is_fast_processor() -> bool:
    """Say whether torch multiplies bfloat16 faster than NumPy float32."""
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError):  # a library that it needs is missing, or broken
        return False
    rows = np.ones((512, 512), np.float32)
    coarse = torch.ones(512, 512, dtype=torch.bfloat16)
    plain = _least_seconds(lambda: rows @ rows)
    return FASTER * _least_seconds(lambda: coarse @ coarse) < plain


def _least_seconds(function: Callable[[], object]) -> float:
    seconds: list[float] = []
    for _ in range(5):
        start = time.thread_time()
        function()
        seconds.append(time.thread_time() - start)
    return min(seconds)


def _is_fast_card(device: "torch.device") -> bool:
    torch: Any = sys.modules["torch"]
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def coarse(rows: Block) -> "tuple[torch.Tensor, float]":
    """Return rows in bfloat16, where they are, and the longest difference to them."""
    if not is_tensor(rows):
        torch: Any = sys.modules["torch"]
        # torch warns of what it could not write into, and takes no negative strides.
        rows = torch.from_numpy(np.require(rows, requirements=["C", "W"]))
    narrow = rows.bfloat16()
    return narrow, float((rows - narrow).norm(dim=1).max())


def coarse_slack(wrong: float, others_wrong: float) -> float:
    """Bound by how much products of unit rows change when the rows become coarse.

    Given are the longest differences of rows and of others. By Cauchy's inequality, for
    |x.c - x'.c'| <= |x - x'| |c| + |x'| |c - c'|.
    """
    return 1.001 * (wrong + (1 + wrong) * others_wrong)


def coarse_below(values: FloatArray, slack: float) -> FloatArray:
    """Return below what a coarse product is certain to be the lesser, after rounding.

    Values that were rounded to bfloat16 are wrong by ``slack + COARSE * abs(values)``
    at most; the last term is for others, below zero, whose absolute value is larger.
    """
    return values - 2 * slack - 2 * COARSE * (np.abs(values) + 4 * COARSE)
