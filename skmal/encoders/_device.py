"""Where torch computes; it is imported when the function is called."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def torch_device(name: str | None) -> "torch.device":
    """Return the torch device of that name; None: a GPU where there is one."""
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.empty(0, device=name).device
        if device.type == "meta":
            raise RuntimeError("a meta device holds no values")
        return device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"torch cannot use device={name!r} ({str(error).splitlines()[0]}); pass "
            'None, "cpu", or a device of this machine'
        ) from error
