"""Items found by words, also among a million of them."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ._ids import Row


class Words:
    """The texts of a pool, or what else its items can be found by.

    Upper and lower case and the width of gaps make no difference.

    Parameters
    ----------
    texts : sequence of str
        One per row.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [_folded(text) for text in texts]
        self._joined = "\n".join(self._texts)
        self._starts = [0, *accumulate(len(text) + 1 for text in self._texts)]

    def search(self, text: str) -> Iterator[Row]:
        """Yield the rows that hold all words; first those that hold the phrase."""
        words = text.casefold().split()
        found = set()
        for row in self._rows_with(" ".join(words)):
            found.add(row)
            yield row
        if len(words) > 1:
            for row in self._rows_with(min(words, key=self._joined.count)):
                if row not in found and all(word in self._texts[row] for word in words):
                    yield row

    def _rows_with(self, needle: str) -> Iterator[Row]:
        """Yield rows that hold a string; all are looked through as one."""
        at = self._joined.find(needle)
        while 0 <= at < self._starts[-1]:
            row = bisect_right(self._starts, at) - 1
            if row == len(self._texts):
                break
            yield Row(row)
            at = self._joined.find(needle, self._starts[row + 1])


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
