"""Items of a pool that have the same content: one of them stands for all."""

from collections.abc import Mapping, Sequence

import numpy as np

from .._shared.types import BoolArray, IntArray
from ._ids import Number
from ._sources import UNREAD


def standing_for(hashes: Mapping[Number, tuple[int, str]], n: int) -> IntArray:
    """Return, for each of n numbers, the lowest one of an item with the same content.

    `hashes` has an item's modality and the hash of its content; what could not be read
    is like nothing else.
    """
    stands = np.arange(n)
    first: dict[tuple[int, str], int] = {}
    for number, content in sorted(hashes.items()):
        if content[1] != UNREAD:
            stands[number] = first.setdefault(content, number)
    return stands


def may_have_several(
    modality: IntArray, stands: IntArray, several: Sequence[int]
) -> BoolArray:
    """Say by number which items may have several partners.

    Those of the modalities `several` may, and of the others those that have copies.
    """
    if not several:
        return np.zeros(len(modality), dtype=bool)
    n_copies = np.bincount(stands, minlength=len(stands))
    return np.isin(modality, several) | (n_copies > 1)
