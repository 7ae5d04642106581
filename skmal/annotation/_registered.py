"""What the journal knows of the items of both modalities, and how it writes that."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ._ids import Key, Number
from ._sources import Fingerprint
from ._stored import ITEMS, items_as_data


@dataclass(frozen=True, slots=True)
class Registered:
    """What the journal knows of an item.

    Parameters
    ----------
    number : int
        Given once, for ever.
    modality : int
        0 for X, 1 for y.
    key : str
        What people know it by.
    fingerprint : Fingerprint
        What tells that it has not changed.
    """

    number: Number
    modality: int
    key: Key
    fingerprint: Fingerprint


def data_of(items: Iterable[Registered]) -> Iterable[str]:
    """Yield items as the data of entries, many in each."""
    return items_as_data(
        (
            item.number,
            item.modality,
            item.key,
            item.fingerprint.sha256,
            item.fingerprint.size,
            item.fingerprint.mtime_ns,
        )
        for item in items
    )


def registered_in(
    rows: Iterable[Mapping[str, Any]], modality: int
) -> dict[Key, Registered]:
    """Return a modality's items by key, in the order of their numbers."""
    found: dict[int, Registered] = {}
    for row in rows:
        if row["kind"] != ITEMS:
            continue
        for number, m, key, *file in json.loads(row["data"]):
            if m == modality:  # a later one stands for those before it
                found[number] = Registered(number, m, key, Fingerprint(*file))
    return {item.key: item for _, item in sorted(found.items())}
