"""Every answer that stands, by whom, and which of several counts."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ._ids import NONE, EventId, Key, Number
from ._ledger import Ledger
from ._opinions import Said
from ._records import NAMES, Reply
from ._tables import write_table


def replies(
    ledger: Ledger,
    key: Callable[[Number], Key],
    by: str | None = None,
    before: int | None = None,
    limit: int | None = None,
    disputed: bool = False,
) -> list[Reply]:
    """Return answers, the newest first; `key` is that of an item by its number."""
    found = (
        reply_of(one, ledger, key)
        for one in _standing(ledger, by, disputed)
        if by in (None, one.by) and (before is None or one.number < before)
    )
    return list(islice(found, limit))


def _standing(ledger: Ledger, by: str | None, disputed: bool) -> Iterator[Said]:
    """Yield answers, the newest first; of others than this person, too, in dispute."""
    if not disputed:
        yield from ledger.answers(by)
        return
    said: list[Said] = []
    for question in ledger.opinions.disputed:
        shared = ledger.opinions.of(question)
        said += [] if shared is None else shared.said.values()
    yield from sorted(said, key=lambda one: one.number, reverse=True)


def reply_of(one: Said, ledger: Ledger, key: Callable[[Number], Key]) -> Reply:
    """Return an answer as people read it."""
    partner = one.partner
    assert partner is not None  # that would be no answer
    shared = ledger.opinions.of(one.question)
    turn, is_disputed = 1, False
    counts = ledger.resting_lesson(one) is not None
    if shared is not None:
        turn = 1 + [*shared.said].index(one.by)
        is_disputed = shared.is_disputed
        counts = shared.lesson is not None and shared.lesson.partner == partner
    return Reply(
        id=EventId(one.number),
        question=one.question,
        modality=int(ledger.modality[one.item]),
        item=key(one.item),
        partner=None if partner == NONE else key(partner),
        by=one.by,
        at=datetime.fromtimestamp(one.at, UTC),
        seconds=one.seconds,
        place=ledger.tally.place(one.number, partner),
        turn=turn,
        counts=counts,
        is_disputed=is_disputed,
    )


COLUMNS = (
    "answer",
    "question",
    "turn",
    "adopted",
    "disputed",
    "X",
    "y",
    "asked",
    "by",
    "at",
    "seconds",
    "place",
)
TURNS = ("first", "second", "third")


def write_replies(given: Iterable[Reply], path: str | Path) -> None:
    """Write answers as a table."""
    write_table(map(_row, given), path, COLUMNS)


def _row(reply: Reply) -> dict[str, Any]:
    x, y = reply.item, reply.partner
    if reply.modality == 1:
        x, y = y, x
    return {
        "answer": reply.id,
        "question": reply.question,
        "turn": TURNS[min(reply.turn, len(TURNS)) - 1],
        "adopted": reply.counts,
        "disputed": reply.is_disputed,
        "X": x,
        "y": y,
        "asked": NAMES[reply.modality],
        "by": reply.by,
        "at": reply.at.isoformat(),
        "seconds": reply.seconds,
        "place": reply.place,
    }
