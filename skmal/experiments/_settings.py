"""The settings beside the results of a comparison: another one is not mixed in."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

from ._tables import ALL_FILES, SETTINGS


def keep_settings(
    out: Path, settings: dict[str, Any], chance: Mapping[str, float], overwrite: bool
) -> None:
    """Write the settings into a folder, or raise where it holds other results.

    Parameters
    ----------
    out : Path
        The folder, made where it is missing.
    settings : dict
        What all runs of the comparison have in common.
    chance : dict
        What guessing scores.
    overwrite : bool
        Whether results of another comparison are deleted.

    Raises
    ------
    ValueError
        If they are not to be deleted, or settings.json is that of another program.
    """
    file = out / SETTINGS
    stored = _stored_settings(file, overwrite)
    differs = [
        f"{name} {stored.get(name)!r}, now {settings.get(name)!r}"
        for name in (() if stored is None else settings | stored)
        if stored is not None and stored.get(name) != settings.get(name)
    ]
    if stored is not None and not differs:
        return
    if overwrite:
        for name in ALL_FILES:
            (out / name).unlink(missing_ok=True)
    elif differs:
        raise ValueError(
            f"{out} holds a comparison with {'; '.join(differs)}. Choose another "
            "folder (--out), or empty this one (--overwrite)"
        )
    there = [name for name in ("runs.csv", "curves.csv") if (out / name).exists()]
    if there:
        raise ValueError(
            f"{out} holds a {there[0]} of something else; choose another folder "
            "(--out), or empty this one (--overwrite)"
        )
    out.mkdir(parents=True, exist_ok=True)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }
    _write(file, {"settings": settings, "environment": versions, "chance": chance})


def keep_cost(out: Path, cost: Mapping[str, float]) -> None:
    """Write beside the settings what curves in seconds rest on, in place of another.

    Parameters
    ----------
    out : Path
        The folder, with settings in it.
    cost : dict
        The seconds of a question.
    """
    file = out / SETTINGS
    _write(file, json.loads(file.read_bytes()) | {"cost": dict(cost)})


def _write(file: Path, told: Mapping[str, Any]) -> None:
    new = file.with_suffix(".tmp")
    new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    new.replace(file)


def _stored_settings(file: Path, overwrite: bool) -> dict[str, Any] | None:
    """Return what is stored, or None; raise where it is not that of a comparison."""
    try:
        told = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        if overwrite:
            return None
        raise ValueError(f"{file} is damaged ({error}); delete it") from error
    stored = told.get("settings") if isinstance(told, dict) else None
    if not isinstance(stored, dict) or "skmal" not in stored:
        raise ValueError(f"{file} is not of skmal; choose another folder (--out)")
    return stored
