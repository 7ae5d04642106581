"""Computing on a device in full precision, whatever the user has set."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

BFLOAT16_SUMS = "allow_bf16_reduced_precision_reduction"


@contextmanager
def computing(device: "torch.device | None") -> Iterator[None]:
    """Keep torch from computing in less than float32, and from tracking gradients."""
    if device is None:
        yield
        return
    torch = sys.modules["torch"]
    with torch.no_grad(), _no_autocast(device), _full_precision():
        yield


def _no_autocast(device: "torch.device") -> AbstractContextManager[None]:
    torch = sys.modules["torch"]
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Keep TF32 and bfloat16 out of products of float32, for this while.

    And bfloat16 out of the sums of its own products, which cards take in parts.
    """
    torch = sys.modules["torch"]
    matmul: Any = torch.backends.cuda.matmul
    sums = getattr(matmul, BFLOAT16_SUMS)
    if hasattr(matmul, f"{BFLOAT16_SUMS}_split_k"):  # set together with it
        sums = sums, getattr(matmul, f"{BFLOAT16_SUMS}_split_k")
    backends: tuple[Any, ...] = (
        matmul,
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
        setattr(matmul, BFLOAT16_SUMS, False)
        yield
    finally:
        setattr(matmul, BFLOAT16_SUMS, sums)
        torch.set_float32_matmul_precision(before)
        for backend, precision in zip(finer, kept, strict=True):
            backend.fp32_precision = precision
