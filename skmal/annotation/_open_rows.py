"""Where a training starts from: what the ledger knows by number, as rows of the pools.

Items that have left their pool, or are set aside, have no row, and are left out.
"""

from collections.abc import Iterable

import numpy as np

from .._shared.types import IntArray
from ._catalogue import Catalogue
from ._events import Asked
from ._ids import EventId, Number, QuestionId
from ._ledger import OPEN, Ledger
from ._training import Askable, Chosen, Known


def askable(ledger: Ledger, items: Catalogue, reserve: int = 0) -> Askable:
    """Return what may be asked about now, with so many batches in reserve."""
    open_rows, eligible = [], []
    for modality in (0, 1):
        rows = rows_open(ledger, items, modality)
        # Skipped items come back when all others have been asked about.
        skips = ledger.skips[items.numbers[modality][rows]]
        open_rows.append(rows)
        eligible.append(rows[skips == skips.min()] if len(rows) else rows)
    batch_size = ledger.parameters.batch_size
    left = min(ledger.budget_left, *map(len, eligible))
    n_questions = int(max(0, min(batch_size, left)))
    return Askable(
        upto=ledger.last,
        open_rows=(open_rows[0], open_rows[1]),
        eligible=(eligible[0], eligible[1]),
        n_questions=n_questions,
        n_reserve=int(max(0, min(reserve * batch_size, left - n_questions))),
    )


def known(ledger: Ledger, items: Catalogue, upto: EventId | None = None) -> Known:
    """Return what is known, or was known after an event."""
    numbers = ledger.unmatched(upto)
    numbers = numbers[items.row[numbers] >= 0]
    modality, rows = items.modality[numbers], items.row[numbers]
    return Known(
        pairs=rows_paired(ledger, items, upto),
        unmatched=(rows[modality == 0], rows[modality == 1]),
    )


def rows_open(ledger: Ledger, items: Catalogue, modality: int) -> IntArray:
    """Return the rows of a pool that have no answer, and can be used."""
    numbers = items.numbers[modality]
    is_open = (ledger.partner[numbers] == OPEN) & (items.row[numbers] >= 0)
    return np.flatnonzero(is_open)


def rows_there(ledger: Ledger, items: Catalogue, modality: int) -> IntArray:
    """Return the rows of a pool that can be used, open or not."""
    return np.flatnonzero(items.row[items.numbers[modality]] >= 0)


def rows_paired(
    ledger: Ledger, items: Catalogue, upto: EventId | None = None
) -> IntArray:
    """Return (event, row of X, row of y) of each pair: array of shape (n, 3)."""
    pairs = ledger.pairs(upto)
    rows = np.column_stack([pairs[:, 0], items.row[pairs[:, 1:]]])
    return rows[(rows[:, 1:] >= 0).all(axis=1)]


def numbered(chosen: Iterable[Chosen], ledger: Ledger, items: Catalogue) -> list[Asked]:
    """Return questions as the journal keeps them: with ids, and numbers of items."""
    first = len(ledger.questions) + 1
    questions = []
    for number, (modality, row, partners, drawn) in enumerate(chosen, start=first):
        others = items.numbers[1 - modality][partners]
        item = Number(int(items.numbers[modality][row]))
        questions.append(Asked(QuestionId(number), item, others.tolist(), drawn))
    return questions
