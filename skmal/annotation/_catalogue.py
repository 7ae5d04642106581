"""The items of a session, by number: what the journal calls them, and where they stand.

A number is given once, in the journal, to a modality and a key. Rows are places in the
pools as arranged here, by number, so that the order in which people pass the items
decides nothing. `Item.row` is the place in the pool as passed.
"""

from bisect import bisect_right
from itertools import accumulate

import numpy as np

from .._shared.parameters import check_integer
from ..arrays._rows import take
from ._records import Item
from ._sources import fingerprints

NAMES = "X", "y"


class Catalogue:
    """Two pools, compared with what a journal knows of them and arranged by number.

    Parameters
    ----------
    sources : tuple of two Pool
        What was passed.
    known : tuple of two dict
        What `Journal.items` returns for each modality.

    Attributes
    ----------
    modality : ndarray of shape (n_numbers + 1,)
        The modality of each number; -1 for number 0, which nothing has.
    pools, numbers : tuple of two sequences
        Items, and their numbers, rising.
    row : ndarray of shape (n_numbers + 1,)
        The row of each number in its pool; -1 where the item is gone.
    news : list of tuple
        Rows for `Journal.write_items`, of what the journal does not know yet.
    added, changed, missing : list of int
        Numbers of items that the journal knows otherwise.
    """

    def __init__(self, sources, known):
        self.news, self.added, self.changed, self.missing = [], [], [], []
        modalities, self._known_key = {0: -1}, {}
        self._number_of = [{}, {}]
        for m, before in enumerate(known):
            for key, (number, *_) in before.items():
                modalities[number], self._known_key[number] = m, key
        for m, (source, before) in enumerate(zip(sources, known, strict=True)):
            seen = {key: tuple(rest) for key, (_, *rest) in before.items()}
            prints = fingerprints(source, seen, NAMES[m])
            # Sorted, so that the order passed the first time decides nothing either.
            for key, found in sorted(zip(source.keys, prints, strict=True)):
                if key not in before:
                    number = len(modalities)
                    modalities[number], self._known_key[number] = m, key
                    self.added.append(number)
                else:
                    number = before[key][0]
                    if seen[key][0] != found[0]:
                        self.changed.append(number)
                if seen.get(key) != found:
                    self.news.append((number, m, key, *found))
                self._number_of[m][key] = number
            self.missing += [
                number
                for key, (number, *_) in before.items()
                if key not in self._number_of[m]
            ]
        self.modality = np.array([modalities[n] for n in range(len(modalities))])
        self._arrange(sources)

    def _arrange(self, sources):
        self.row = np.full(len(self.modality), -1)
        self._order, numbers, pools = [], [], []
        for m, source in enumerate(sources):
            passed = np.array([self._number_of[m][key] for key in source.keys])
            order = passed.argsort()
            self._order.append(order)
            numbers.append(passed[order])
            self.row[passed[order]] = np.arange(len(order))
            pools.append(self.arrange(source.items, m))
        self.numbers, self.pools = tuple(numbers), tuple(pools)
        self._place = [order.argsort() for order in self._order]
        self._words = [None, None]

    def arrange(self, rows, modality):
        """Return what was passed row by row for a pool, by number."""
        order = self._order[modality]
        return rows if (order[1:] > order[:-1]).all() else take(rows, order)

    def key(self, number):
        """Return the key of an item, which may be gone."""
        return self._known_key[number]

    def item(self, number):
        """Return an Item that is there."""
        modality, row = self.modality[number], self.row[number]
        place = int(self._order[modality][row])
        return Item(self.key(number), place, self.pools[modality][row])

    def number(self, modality, item):
        """Return the number of an Item, a key, or a row as passed."""
        name = NAMES[modality]
        key = item.key if isinstance(item, Item) else item
        if isinstance(key, str):
            number = self._number_of[modality].get(key)
            if number is None:
                raise ValueError(f"there is no item with the key {key!r} in {name}")
            return number
        row = check_integer(key, f"the row of an item of {name}", minimum=0)
        n = len(self.numbers[modality])
        if row >= n:
            raise ValueError(f"row {row} is beyond the {n} items of {name}")
        return int(self.numbers[modality][self._place[modality][row]])

    def search(self, text, modality, limit, wanted):
        """Return numbers of `wanted` items that hold all words, the phrase first."""
        if self._words[modality] is None:
            texts = self._fold(modality)
            starts = [0, *accumulate(len(text) + 1 for text in texts)]
            self._words[modality] = texts, "\n".join(texts), starts
        words = text.casefold().split()
        phrase, found = " ".join(words), {}  # found: rows in order
        self._look_for(phrase, words, modality, limit, wanted, found)
        if len(found) < limit and len(words) > 1:
            rarest = min(words, key=self._words[modality][1].count)
            self._look_for(rarest, words, modality, limit, wanted, found)
        return [int(self.numbers[modality][row]) for row in found]

    def _look_for(self, needle, words, modality, limit, wanted, found):
        """Add wanted rows that hold the needle and all words, up to the limit."""
        for row in self._rows_with(needle, modality):
            if len(found) == limit:
                return
            has_all = all(word in self._words[modality][0][row] for word in words)
            if has_all and wanted[self.numbers[modality][row]]:
                found[row] = None

    def _rows_with(self, needle, modality):
        """Yield rows that hold a string; all are looked through as one."""
        texts, joined, starts = self._words[modality]
        at = joined.find(needle)
        while 0 <= at < starts[-1]:
            row = bisect_right(starts, at) - 1
            if row == len(texts):
                break
            yield row
            at = joined.find(needle, starts[row + 1])

    def _fold(self, modality):
        """Return what each item can be found by: its text, else its key."""
        return [
            " ".join(
                (item if isinstance(item, str) else self.key(number)).casefold().split()
            )
            for number, item in zip(
                self.numbers[modality], self.pools[modality], strict=True
            )
        ]
