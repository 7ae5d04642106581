"""Which items are equal."""

import hashlib
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.types import IntArray


def digest(array: npt.NDArray[Any]) -> tuple[tuple[int, ...], bytes]:
    """Return a short key that equal arrays share and no others."""
    content = np.ascontiguousarray(array)
    return array.shape, hashlib.blake2b(content.data, digest_size=16).digest()


def number_equals(keys: Iterable[Hashable]) -> tuple[IntArray, IntArray]:
    """Return (group of each key, row of the first key of each group)."""
    first: dict[Hashable, tuple[int, int]] = {}
    group = []
    for row, key in enumerate(keys):
        group.append(first.setdefault(key, (len(first), row))[0])
    return np.array(group), np.array([row for _, row in first.values()])


def groups_of_equals(*keys: Iterable[Hashable]) -> list[IntArray]:
    """Return, per sequence of keys that holds equal ones, the group of each item."""
    numbered = map(number_equals, keys)
    return [group for group, first in numbered if len(first) < len(group)]
