"""Items found by words, also among a million of them, or by what the encoder sees."""

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING
from unicodedata import normalize

from sklearn.exceptions import NotFittedError

from ..arrays._block_math import to_host
from ..arrays._verbs import take, unit
from ..items._containers import numeric_rows
from ..items._encoding import encode
from ._ids import Row

if TYPE_CHECKING:
    from ..learners._paired import PairedActiveLearner
    from ._records import Item
    from ._training import Features, Pools

COMMON = 2000  # rows that hold a word, from which on it tells little
# Letters that are no letter with an accent to Unicode, but are to people.
LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
    }
)


class Words:
    """The texts of a pool, or what else its items can be found by.

    Upper and lower case, accents, punctuation and the width of gaps make no difference.

    Parameters
    ----------
    texts : sequence of str
        One per row.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = folded("\n".join(text.replace("\n", " ") for text in texts))
        lines = joined.split("\n") if texts else []
        self._texts = [f" {' '.join(line.split())} " for line in lines]
        self._joined = "".join(f"\n{text}" for text in self._texts) + "\n"
        lengths = (len(text) + 1 for text in self._texts)
        self._starts = [1, *accumulate(lengths, initial=1)][1:]

    def search(self, text: str) -> Iterator[Row]:
        """Yield the rows that hold all words, best first; else those with some.

        The best are nothing but the words; then those that hold them as they stand, as
        whole words before parts of words; then those that hold them anywhere.
        """
        words = folded(text.replace("\n", " ")).split()
        if not words:
            if not text.strip():
                yield from map(Row, range(len(self._texts)))
            return
        found: set[Row] = set()
        for row in self._with_all(words):
            if row not in found:
                found.add(row)
                yield row
        if not found and len(words) > 1:
            yield from self._with_some(words)

    def _with_all(self, words: Sequence[str]) -> Iterator[Row]:
        """Yield rows that hold all words, best first, some again and again."""
        counts = [self._joined.count(word) for word in words]
        if not all(counts):
            return
        phrase = " ".join(words)
        for needle in (f"\n {phrase} \n", f" {phrase} ", f" {phrase}", phrase):
            yield from self._rows_with(needle)
        if len(words) > 1:
            rarest = words[counts.index(min(counts))]
            for start in (" ", ""):  # of words, then anywhere in them
                for row in self._rows_with(start + rarest):
                    if all(start + word in self._texts[row] for word in words):
                        yield row

    def _with_some(self, words: Sequence[str]) -> Iterator[Row]:
        """Yield rows that hold some of the words; many and rare ones first."""
        weights: defaultdict[Row, float] = defaultdict(float)
        for word in dict.fromkeys(words):
            n = self._joined.count(f" {word}")
            if 0 < n <= COMMON:
                for row in self._rows_with(f" {word}"):
                    weights[row] += math.log(1 + len(self._texts) / n)
        yield from sorted(weights, key=lambda row: -weights[row])

    def _rows_with(self, needle: str) -> Iterator[Row]:
        """Yield rows that hold a string; all are looked through as one."""
        at = self._joined.find(needle)
        while at >= 0:
            row = bisect_right(self._starts, at + 1) - 1
            yield Row(row)
            at = self._joined.find(needle, self._starts[row + 1] - 1)


def are_partly(found: Sequence["Item"], kind: str, words: str) -> bool:
    """Say whether what was found holds some of the words only, for nothing holds all.

    The first holds the most; parts of its words count as well.
    """
    if not found:
        return False
    text = str(found[0].value) if kind == "text" else found[0].key
    own = folded(text.replace("\n", " "))
    return not all(word in own for word in folded(words.replace("\n", " ")).split())


def folded(text: str) -> str:
    """Return the words of a text in the form in which they are compared, by line."""
    text = text.casefold()
    if not text.isascii():
        text = normalize("NFKD", text).translate(LETTERS)
        text = re.sub("[\u0300-\u036f]+", "", text)  # accents
    return re.sub(r"(?:[^\w\s]|_)+", " ", text)


def rows_like(
    text: str,
    learner: "PairedActiveLearner",
    pools: "Pools",
    features: "Features",
    side: int,
    modality: int,
) -> Sequence[Row]:
    """Return the rows with features of a modality, those nearest to a text first.

    `side` is the modality of texts. There are none where the encoder has not learned
    yet, or was given something else than the texts themselves.
    """
    if numeric_rows(take(pools[side], [0])) is not None:
        return []
    items = [take(pools[m], features.rows[m][:1]) for m in (0, 1)]
    items[side] = [text]
    try:
        encoded = encode(getattr(learner, "estimator_", learner.estimator), *items)
    except NotFittedError:
        return []
    similarity = features.units[modality] @ unit(to_host(encoded[side]))[0]
    order = (-similarity).argsort(kind="stable")
    return features.rows[modality][order].tolist()
