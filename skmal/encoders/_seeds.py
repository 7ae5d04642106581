"""What encoders draw from: a generator of numpy's, and torch's with a seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

if TYPE_CHECKING:
    import torch

Seed = int | np.random.RandomState | None  # as scikit-learn's estimators take it


def generator_of(random_state: Seed) -> np.random.RandomState:
    """Return the generator of an encoder's `random_state`, or raise."""
    if isinstance(random_state, bool):
        raise ValueError(
            "random_state must be None, an integer of at least 0 or a numpy "
            f"RandomState, got {random_state!r}"
        )
    return check_random_state(random_state)


@contextmanager
def seeded(seed: int, device: "torch.device") -> Iterator[None]:
    """Let torch draw from `seed`, and leave its generators as they were."""
    import torch

    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(seed)
        if devices:
            torch.cuda.manual_seed(seed)
        yield
