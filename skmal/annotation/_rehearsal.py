"""A learner's annotator, who knows equal numbers for partners, in a session."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..learners._query import Query
from ._book import Book
from ._ids import Number, QuestionId
from ._open_rows import rows_open, rows_there
from ._records import Item, Question, is_none, listed


def all_told(question: Question, told: Any) -> Any:
    """Return what an annotator says as all that is to be said of an item."""
    told = listed(told)
    if not question.several or isinstance(told, (list, tuple)):
        return told
    return [] if is_none(told) else [told]


def rehearsed(
    annotator: Callable[[Query, Any, Any], npt.ArrayLike],
    ids: tuple[npt.ArrayLike, npt.ArrayLike],
    book: Book,
) -> Callable[[Question], Item | list[Item] | None]:
    """Return what asks a learner's annotator one question of the open pools.

    `ids` are numbers in the order in which the pools were passed. Of an item that may
    have several partners the annotator names one; where it is right, the others with
    its number are named as well.
    """
    ledger, items = book.ledger, book.items
    ids_of = items.arranged(np.asarray(ids[0]), np.asarray(ids[1]))

    def answer(question: Question) -> Item | list[Item] | None:
        modality = question.modality
        with book.lock:
            # A second person may name what the first had the choice of.
            find = rows_open if ledger.is_open(QuestionId(question.id)) else rows_there
            rows = find(ledger, items, 0), find(ledger, items, 1)
            asked = items.number(modality, question.item)
        asked_row = items.row[asked]
        place = np.flatnonzero(items.numbers[modality][rows[modality]] == asked)
        query = Query(place, [question.item.value], modality)
        (partner,) = np.asarray(
            annotator(query, *(own[r] for own, r in zip(ids_of, rows, strict=True)))
        )
        others = ids_of[1 - modality][rows[1 - modality]]
        if question.several:
            is_right = partner >= 0 and others[partner] == ids_of[modality][asked_row]
            told = np.flatnonzero(others == others[partner]) if is_right else [partner]
            return [
                items.item(Number(int(number)))
                for number in items.numbers[1 - modality][rows[1 - modality]][told]
                if partner >= 0
            ]
        if partner < 0:
            return None
        other = items.numbers[1 - modality][rows[1 - modality][partner]]
        return items.item(Number(int(other)))

    return answer
