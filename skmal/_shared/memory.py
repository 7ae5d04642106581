"""How much memory this process may take."""

import os
from pathlib import Path

import numpy as np

PROC, CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def memory_limit() -> float:
    """Return the bytes of memory of this machine, or of the container that is smaller.

    Containers and batch systems limit a process by a control group, its own or one that
    holds that (Linux; both versions). Infinity where nothing tells.
    """
    return min(_of_machine(), *_of_groups(), np.inf)


def _of_machine() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return np.inf


def _of_groups() -> list[float]:
    """Return the limits of all groups that this process is in."""
    try:
        lines = PROC.read_text(errors="surrogateescape").split("\n")
    except OSError:
        return []
    limits: list[float] = []
    for line in lines:
        kinds, colon, path = line.partition(":")[2].partition(":")
        if not colon:  # no group at all
            continue
        if kinds == "":  # version 2
            top, name = CGROUPS, "memory.max"
        elif "memory" in kinds.split(","):
            top, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = top / path.lstrip("/")
        # A container may see its own group as the top, and a path that is not there.
        for group in (own, *own.parents):
            if group.is_relative_to(top):
                limits += _read(group / name)
    return limits


def _read(path: Path) -> list[float]:
    """Return the limit in a file; none where it has none, or is not there."""
    try:
        text = path.read_text().strip()
    except OSError:
        return []
    return [float(text)] if text.isdecimal() else []
