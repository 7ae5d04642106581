"""The items of a session, by number: what the journal calls them, and where they stand.

A number is given once, in the journal, to a modality and a key. Rows are places in the
pools as arranged here, by number, so that the order in which people pass the items
decides nothing. `Item.row` is the place in the pool as passed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from .._shared.parameters import check_integer
from .._shared.types import BoolArray, IntArray, Items
from ..arrays._verbs import picked, whole
from ._copies import may_have_several, standing_for
from ._ids import Key, Number, Place, Row
from ._records import NAMES, Item
from ._registered import Registered
from ._search import Words
from ._sources import UNREAD, Fingerprint, Pool, fingerprints


class Catalogue:
    """Two pools, compared with what a journal knows of them and arranged by number.

    Parameters
    ----------
    sources : tuple of two Pool
        What was passed.
    known : list of two dict
        What `Journal.items` returns for each modality.
    merged : bool, default=False
        Whether items of a pool that have the same content are one: the one with the
        lowest number, which has the row of one that can be used. Others have no row.

    Attributes
    ----------
    modality : ndarray of shape (n_numbers + 1,)
        The modality of each number; -1 for number 0, which nothing has.
    kinds : tuple of two strings
        "image", "text", "audio" or "other".
    pools, numbers : tuple of two sequences
        Items, and their numbers, rising.
    row : ndarray of shape (n_numbers + 1,)
        The row of each number in its pool; -1 where the item is gone or set aside.
    aside : dict
        Why an item is set aside, by number; `set_aside` adds to it.
    news : list of Registered
        What the journal does not know yet.
    added, changed, missing : list of int
        Numbers of items that the journal knows otherwise.
    same : ndarray of shape (n_numbers + 1,)
        Where merged: the number that stands for each; else its own.
    """

    def __init__(
        self,
        sources: tuple[Pool, Pool],
        known: Sequence[Mapping[Key, Registered]],
        merged: bool = False,
    ) -> None:
        self.kinds: tuple[str, str] = sources[0].kind, sources[1].kind
        self.news: list[Registered] = []
        self.added: list[Number] = []
        self.changed: list[Number] = []
        self.missing: list[Number] = []
        self.aside: dict[Number, str] = {}
        self._known_key: dict[Number, Key] = {}
        self._number_of: tuple[dict[Key, Number], ...] = ({}, {})
        self._found: tuple[dict[Key, Fingerprint], ...] = ({}, {})
        modalities = {0: -1}
        for m, before in enumerate(known):
            for key, item in before.items():
                modalities[item.number], self._known_key[item.number] = m, key
        for m, (source, before) in enumerate(zip(sources, known, strict=True)):
            seen = {key: item.fingerprint for key, item in before.items()}
            prints = fingerprints(source, seen, NAMES[m])
            found = dict(zip(source.keys, prints, strict=True))
            self._found[m].update(found)
            # Sorted, so that the order passed the first time decides nothing either.
            for key in sorted(found):
                if key not in before:
                    number = Number(len(modalities))
                    modalities[number], self._known_key[number] = m, key
                    self.added.append(number)
                else:
                    number = before[key].number
                    if seen[key].sha256 not in (found[key].sha256, UNREAD):
                        self.changed.append(number)
                if seen.get(key) != found[key]:
                    self.news.append(Registered(number, m, key, found[key]))
                self._number_of[m][key] = number
            self.missing += [
                item.number
                for key, item in before.items()
                if key not in self._number_of[m]
            ]
        self.modality: IntArray = np.array(
            [modalities[n] for n in range(len(modalities))]
        )
        self._arrange(sources)
        for m, source in enumerate(sources):
            keys = (source.keys[row] for row in source.faults)
            numbers = (self._number_of[m][Key(key)] for key in keys)
            self.set_aside(dict(zip(numbers, source.faults.values(), strict=True)))
        self.same: IntArray = np.arange(len(self.modality))
        if merged:
            self._merge(known)

    def _merge(self, known: Sequence[Mapping[Key, Registered]]) -> None:
        """Let one of several items of equal content stand for all."""
        hashes: dict[Number, tuple[int, str]] = {}
        for number, key in self._known_key.items():
            m = int(self.modality[number])
            here = self._found[m].get(key) or known[m][key].fingerprint
            hashes[number] = m, here.sha256
        self.same = standing_for(hashes, len(self.modality))
        groups: dict[int, list[int]] = {}
        for number, first in enumerate(self.same.tolist()):
            groups.setdefault(first, []).append(number)
        for first, copies in groups.items():
            m = int(self.modality[first])
            usable = [n for n in copies if self.row[n] >= 0]
            if not usable or len(copies) == 1:
                continue
            row = self.row[usable[0]]
            self.row[copies] = -1
            self.row[first] = self._stands_at[first] = row
            self.numbers[m][row] = first
            self.aside.pop(Number(first), None)
            key, there = self.key(Number(first)), self.key(Number(usable[0]))
            self._found[m][key] = self._found[m][there]
            self._number_of[m][key] = Number(first)

    def may_have_several(self, modalities: Sequence[int]) -> BoolArray:
        """Say by number which items may have several partners."""
        return may_have_several(self.modality, self.same, modalities)

    @property
    def n_copies(self) -> tuple[int, int]:
        """Return how many items of each pool another stands for."""
        is_copy = self.same != np.arange(len(self.same))
        counts = [int((is_copy & (self.modality == m)).sum()) for m in (0, 1)]
        return counts[0], counts[1]

    def _arrange(self, sources: tuple[Pool, Pool]) -> None:
        self._stands_at: IntArray = np.full(len(self.modality), -1)
        self._order: list[IntArray] = []  # the places of each pool's rows
        self._row_at: list[IntArray] = []  # and the rows of its places
        numbers = []
        for m, source in enumerate(sources):
            passed = np.array([self._number_of[m][key] for key in source.keys])
            order = passed.argsort()
            self._order.append(order)
            self._row_at.append(order.argsort())
            numbers.append(passed[order])
            self._stands_at[passed[order]] = np.arange(len(order))
        self.row: IntArray = self._stands_at.copy()
        self.numbers: tuple[IntArray, IntArray] = (numbers[0], numbers[1])
        X, y = (whole(source.items) for source in sources)
        self.pools: tuple[Items, Items] = self.arranged(X, y)
        self._words: list[Words | None] = [None, None]

    def arrange(self, rows: Any, modality: int) -> Any:
        """Return what was passed row by row for a pool, by number.

        Rows that are not in memory stay where they are.
        """
        order = self._order[modality]
        return rows if (order[1:] > order[:-1]).all() else picked(rows, order)

    def arranged(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return what was passed for both pools, by number."""
        return self.arrange(X, 0), self.arrange(y, 1)

    def key(self, number: Number) -> Key:
        """Return the key of an item, which may be gone."""
        return self._known_key[number]

    def set_aside(self, reasons: Mapping[Number, str]) -> None:
        """Leave items out from now on, for these reasons."""
        self.aside |= reasons
        self.row[list(reasons)] = -1

    def is_there(self, number: Number) -> bool:
        """Say whether an item is in its pool; it may be set aside."""
        return bool(self._stands_at[number] >= 0)

    def fingerprint(self, modality: int, key: Key) -> Fingerprint:
        """Return what an item was when the pools were read."""
        return self._found[modality][key]

    def item(self, number: Number) -> Item:
        """Return an Item that is there."""
        modality, row = self.modality[number], self._stands_at[number]
        place = Place(int(self._order[modality][row]))
        return Item(self.key(number), place, self.pools[modality][row])

    def number(self, modality: int, item: Item | str | int) -> Number:
        """Return the number of an Item, of a key, or of a place."""
        name = NAMES[modality]
        key = item.key if isinstance(item, Item) else item
        if isinstance(key, str):
            number = self._number_of[modality].get(Key(key))
            if number is None:
                raise ValueError(f"there is no item with the key {key!r} in {name}")
            return Number(int(self.same[number]))
        place = check_integer(key, f"the row of an item of {name}", minimum=0)
        n = len(self.numbers[modality])
        if place >= n:
            raise ValueError(f"row {place} is beyond the {n} items of {name}")
        number = self.numbers[modality][self._row_at[modality][place]]
        return Number(int(self.same[number]))

    def search(
        self, text: str, modality: int, limit: int, wanted: BoolArray
    ) -> list[Number]:
        """Return numbers of `wanted` items that hold some words, best first."""
        words = self._words[modality]
        if words is None:
            words = self._words[modality] = Words(self._texts(modality))
        return self.wanted(words.search(text), modality, limit, wanted)

    def wanted(
        self, rows: Iterable[Row], modality: int, limit: int, wanted: BoolArray
    ) -> list[Number]:
        """Return the numbers of the first rows that are wanted and can be used."""
        numbers = (Number(int(self.numbers[modality][row])) for row in rows)
        usable = (n for n in numbers if wanted[n] and self.row[n] >= 0)
        return list(islice(usable, limit))

    def _texts(self, modality: int) -> list[str]:
        """Return what each item can be found by: its text, else its key."""
        pool = self.pools[modality]
        items = ((number, pool[r]) for r, number in enumerate(self.numbers[modality]))
        return [
            item if isinstance(item, str) else self.key(number)
            for number, item in items
        ]
