"""Products in bfloat16, several times as fast where there are units for them.

They say about which rows something has to be known better. How wrong they may be is in
`spread` and `COARSE`; nothing that is returned to a user comes out of them.
"""

import importlib
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from ._block_math import to_host
from ._kinds import Block, is_tensor

if TYPE_CHECKING:
    import torch

FLAGS = {"amx_bf16", "avx512_bf16", "bf16"}  # of processors, as Linux names them
FASTER = 1.5  # than float32, at least, or they do not pay
COARSE = 1.02 * 2.0**-9  # the relative error of a number in bfloat16, and a reserve


def bfloat16_pays(n_products: float, device: "torch.device | None" = None) -> bool:
    """Say whether so many multiplications of numbers are worth a first look.

    On the host it takes torch, which is imported for large works alone, and where the
    processor has units for bfloat16. Whether they are fast is tried, once.
    """
    loaded = "torch" in sys.modules
    if n_products < (SIZES.coarse if loaded else SIZES.coarse_import):
        return False
    if device is not None and device.type != "cpu":
        return _is_fast_card(device)
    return (loaded or _has_units()) and _is_fast_processor()


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
    except ImportError:
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


def coarse(rows: Block) -> "torch.Tensor":
    """Return rows in bfloat16, where they are."""
    return _as_tensor(rows).bfloat16()


def _as_tensor(rows: Block) -> "torch.Tensor":
    if is_tensor(rows):
        return rows
    torch: Any = sys.modules["torch"]
    # torch warns of what it could not write into.
    return torch.from_numpy(rows if rows.flags.writeable else rows.copy())


def coarse_points(points: Block, d: int) -> "torch.Tensor":
    """Return [x, |x|^2 in three parts, 1, 1, 1, 0] of points, in bfloat16.

    Three parts hold all bits of a float32.
    """
    return _coarse_points(_as_tensor(points), d, 1.0, d)


def coarse_centres(points: Block, d: int) -> "torch.Tensor":
    """Return [-2 x, 1, 1, 1, |x|^2 in three parts, 0], whose products are distances."""
    return _coarse_points(_as_tensor(points), d, -2.0, d + 3)


def _coarse_points(
    points: "torch.Tensor", d: int, factor: float, at: int
) -> "torch.Tensor":
    torch: Any = sys.modules["torch"]
    width = -(-(d + 6) // 32) * 32
    rows = points.new_empty((len(points), width), dtype=torch.bfloat16)
    rows[:, :d] = points[:, :d]
    if factor != 1:
        rows[:, :d] *= factor  # a power of two, so nothing is rounded
    rows[:, d : d + 6] = 1
    rows[:, d + 6 :] = 0
    left = points[:, d]
    for part in range(at, at + 3):
        rows[:, part] = left
        left = left - rows[:, part]
    return rows


def coarse_minima(
    points: "torch.Tensor", centres: "torch.Tensor", d: int, largest: float
) -> npt.NDArray[np.float32]:
    """Return an upper bound of each point's squared distance to the nearest centre.

    But for the rounding of float32. `largest` is the largest |x|^2 of all centres.
    """
    least = to_host((points @ centres.T).amin(dim=1).float())
    squares = to_host(points[:, d].float())
    bound = np.maximum(least, 0) * (1 + 2 * COARSE)  # it was rounded, too
    return bound + spread(squares * (1 + 2 * COARSE), largest)


def spread(squares: Any, largest: float) -> Any:
    """Bound by how much bfloat16 falsifies squared distances of points.

    Given are the points' |x|^2 and the largest of the centres. By Cauchy's inequality,
    for |x.c - x'.c'| <= |x - x'| |c| + |x'| |c - c'|.
    """
    return 2 * COARSE * (2 + COARSE) * (squares * largest) ** 0.5 + 1e-30
