"""A learner's annotator, who knows equal numbers for partners, in a session."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..learners._query import Query
from ._book import Book
from ._ids import Number
from ._open_rows import rows_open
from ._records import Item, Question


def rehearsed(
    annotator: Callable[[Query, Any, Any], npt.ArrayLike],
    ids: tuple[npt.ArrayLike, npt.ArrayLike],
    book: Book,
) -> Callable[[Question], Item | None]:
    """Return what asks a learner's annotator one question of the open pools.

    `ids` are numbers in the order in which the pools were passed.
    """
    ledger, items = book.ledger, book.items
    X_ids, y_ids = items.arranged(np.asarray(ids[0]), np.asarray(ids[1]))

    def answer(question: Question) -> Item | None:
        modality = question.modality
        with book.lock:
            rows = rows_open(ledger, items, 0), rows_open(ledger, items, 1)
            asked = items.number(modality, question.item)
        place = np.flatnonzero(items.numbers[modality][rows[modality]] == asked)
        query = Query(place, [question.item.value], modality)
        (partner,) = np.asarray(annotator(query, X_ids[rows[0]], y_ids[rows[1]]))
        if partner < 0:
            return None
        other = items.numbers[1 - modality][rows[1 - modality][partner]]
        return items.item(Number(int(other)))

    return answer
