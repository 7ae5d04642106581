"""What the checks of strategies and of encoders share: running one, watching it."""

import random
import re
import sys
from collections.abc import Callable
from inspect import getdoc
from typing import Any

import numpy as np

from .types import FloatArray


def run_check(check: Callable[..., None], subject: object, *more: Any) -> None:
    """Run one check; whatever goes wrong names it and what is expected."""
    try:
        check(subject, *more)
    except Exception as error:
        found = str(error)
        if not isinstance(error, AssertionError):
            found = f"it raised {type(error).__name__}: {error}"
        expected = " ".join((getdoc(check) or "").split())
        raise AssertionError(
            f"{name_of(check)} failed for {name_of(subject)}: {found.rstrip('.')}. "
            f"Expected: {expected[:1].lower()}{expected[1:]}"
        ) from error


def name_of(subject: object) -> str:
    """Return a function's name, or an object's repr without what a run decides."""
    name = getattr(subject, "__name__", None) or repr(subject)
    return re.sub(" at 0x[0-9A-Fa-f]+", "", name).removeprefix("_")


def expect(holds: object, found: str) -> None:
    """Raise an AssertionError that says what was found, unless it holds."""
    if not holds:
        raise AssertionError(found)


def two_views(n: int) -> tuple[FloatArray, FloatArray]:
    """Return two views of one latent variable, row by row, of 6 and 5 features."""
    rng = np.random.default_rng(n)
    latent, maps = rng.normal(size=(n, 3)), rng.normal(size=(3, 11))
    views = latent @ maps + 0.03 * rng.normal(size=(n, 11))
    return views[:, :6], views[:, 6:]


def can_be_imported(cls: type) -> bool:
    """Say whether pickle finds the class, as it does not where it is local."""
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def global_states() -> dict[str, Any]:
    """Return the states of the generators that all code shares."""
    states: dict[str, Any] = {
        "random": random.getstate(),
        "numpy": np.random.get_state(),
    }
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy()
    return states


def set_global_states(states: dict[str, Any]) -> None:
    """Put the generators that all code shares into states they were in."""
    random.setstate(states["random"])
    np.random.set_state(states["numpy"])
    if "torch" in states:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.from_numpy(states["torch"]))


def draw_from_globals() -> None:
    """Move the generators that all code shares."""
    random.random()
    np.random.random()
    if torch := sys.modules.get("torch"):
        torch.rand(1)
