"""A journal as a table, without a session: it may be where nothing can be written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..items._keys import content_hash
from ._copies import may_have_several, standing_for
from ._events import Start
from ._journal import Journal
from ._ledger import Ledger, replay
from ._reading import reading
from ._records import NAMES
from ._registered import Registered
from ._replies import replies, write_replies
from ._tables import check_place, rows_with, write_table

Items = Mapping[str, Any]  # by their keys


def export_journal(
    path: str | Path, table: str | Path, X: Items | None = None, y: Items | None = None
) -> int:
    """Write every answer that stands as a table; return how many rows it has.

    The journal holds keys and hashes, not the items: those come from X and y, where
    they are given, one of image files and the other of texts.
    """
    check_place(table, Path(path))
    with reading(path) as journal:
        registered = [journal.items(modality) for modality in (0, 1)]
        ledger = _ledger_of(journal, registered)
        pools = (X or {}, y or {})

        def value(item: Registered) -> Any:
            name = NAMES[item.modality]
            found = pools[item.modality].get(item.key)
            if found is None or not item.fingerprint.sha256:
                return found
            if content_hash(found, name) != item.fingerprint.sha256:
                raise ValueError(
                    f"{item.key!r} of {name} is not what it was when {path} was last "
                    "opened; put it back, or export without the items"
                )
            return found

        both = X is not None and y is not None
        kinds = ("image", "text") if both else ("other", "other")
        rows = list(rows_with(ledger, registered, kinds, value))
    write_table(rows, table)
    return len(rows)


def export_replies(path: str | Path, table: str | Path) -> int:
    """Write every answer, by whom, and which counts; return how many there are."""
    check_place(table, Path(path))
    with reading(path) as journal:
        registered = [journal.items(modality) for modality in (0, 1)]
        ledger = _ledger_of(journal, registered)
    keys = {item.number: item.key for items in registered for item in items.values()}
    found = replies(ledger, keys.__getitem__)[::-1]
    write_replies(found, table)
    return len(found)


def _ledger_of(journal: Journal, registered: list[dict[Any, Registered]]) -> Ledger:
    """Return what the events of a journal amount to."""
    known = [item for items in registered for item in items.values()]
    modality = np.full(1 + max((item.number for item in known), default=0), -1)
    for item in known:
        modality[item.number] = item.modality
    events = journal.events()
    if not events or not isinstance(events[0], Start):
        raise ValueError(f"{journal.path} holds no session; name another file")
    hashes = {item.number: (item.modality, item.fingerprint.sha256) for item in known}
    stands = standing_for(hashes, len(modality))
    several = events[0].parameters.several
    ledger = Ledger(modality, may_have_several(modality, stands, several))
    replay(ledger, events, journal.path)
    return ledger
