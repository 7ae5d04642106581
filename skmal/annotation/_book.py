"""A session's book: the journal and what it amounts to, behind one lock."""

import threading
from collections.abc import Mapping
from typing import TypeAlias

from ..matching import AuditEstimates
from ._agreement import agreement_by_person, agreement_of, agreement_over_time
from ._aside import write_list
from ._catalogue import Catalogue
from ._events import Event
from ._ids import Number
from ._journal import Journal
from ._ledger import Ledger, replay
from ._open_rows import rows_open
from ._records import Agreement, Progress, SetAside

Agreements: TypeAlias = tuple[Agreement, dict[str, Agreement], list[Agreement]]


class Book:
    """What a session has written down.

    Whoever reads or changes the ledger holds `lock`; nothing that takes long is done
    under it.

    Parameters
    ----------
    journal : Journal
        On disk.
    ledger : Ledger
        What the journal's events add up to.
    items : Catalogue
        The items that the events are about; of it only what is set aside changes.
    """

    def __init__(self, journal: Journal, ledger: Ledger, items: Catalogue) -> None:
        self.journal: Journal = journal
        self.ledger: Ledger = ledger
        self.items: Catalogue = items
        self.lock: threading.RLock = threading.RLock()
        self.is_closed: bool = False
        self.decoded: set[tuple[int, str]] = set()  # images that were, by key
        self._is_behind = False  # whether the journal may have what the ledger lacks
        self._agreed: tuple[int, Agreements] | None = None  # as of so many changes

    def commit(self, *events: Event) -> None:
        """Write events, all or none, and take them in only then."""
        n_entries, self._is_behind = self.journal.n_entries, True
        try:
            for event in self.journal.append(*events):
                self.ledger.apply(event)
        except BaseException:
            # An interrupt may have come when they were on disk already.
            if self.journal.n_entries == n_entries:
                self._is_behind = False
            self._catch_up()
            raise
        self._is_behind = False

    def _catch_up(self) -> None:
        """Make the ledger anew where an interrupt has left it behind the journal."""
        with self.lock:
            if self._is_behind:
                again = Ledger(self.ledger.modality, self.ledger.several)
                replay(again, self.journal.events(), self.journal.path)
                vars(self.ledger).update(vars(again))
                self._agreed = None
                self._is_behind = False

    def set_aside(self, reasons: Mapping[Number, str]) -> None:
        """Leave items out from now on, and list them beside the journal."""
        self.items.set_aside(reasons)
        write_list(self.journal.path, self.aside())

    def aside(self) -> list[SetAside]:
        """Return what is set aside, by number; under the lock."""
        modality, key = self.items.modality, self.items.key
        return [
            SetAside(int(modality[number]), key(number), why)
            for number, why in sorted(self.items.aside.items())
        ]

    def progress(
        self,
        is_training: bool,
        training_error: str | None,
        audit: AuditEstimates,
        n_unsettled: int,
        is_matching: bool,
        is_stopped: bool,
    ) -> Progress:
        """Return how far the session has come; under the lock."""
        ledger, items = self.ledger, self.items
        n_open = len(rows_open(ledger, items, 0)), len(rows_open(ledger, items, 1))
        n_shown, rounds = ledger.parameters.n_candidates, ledger.rounds_of_plan
        agreement, by_person, over_time = self._agreements()
        return Progress(
            n_answers=ledger.n_answers,
            n_pairs=ledger.n_pairs,
            n_none=ledger.n_none,
            n_skips=ledger.n_skips,
            budget=ledger.parameters.budget,
            n_open=n_open,
            n_set_aside=len(items.aside),
            n_rounds=len(ledger.rounds),
            is_training=is_training,
            validation=[
                (done.n_pairs, done.score)
                for done in ledger.rounds
                if done.score is not None
            ],
            prequential=rounds[-1].prequential if rounds else [],
            training_error=training_error,
            found=ledger.tally.found(n_shown, n_open, ledger.n_closed),
            pace=ledger.tally.pace(),
            pace_by_rank=ledger.tally.pace_by_rank(),
            overlap=ledger.parameters.overlap,
            n_waiting=ledger.opinions.n_waiting,
            n_disputed=len(ledger.opinions.disputed),
            agreement=agreement,
            agreement_by_person=by_person,
            agreement_over_time=over_time,
            overruled=ledger.opinions.overruled(),
            audit=audit,
            n_unsettled=n_unsettled,
            audit_share=ledger.parameters.audit,
            n_verified=ledger.n_verified,
            n_refused=len(ledger.refusals),
            cost=ledger.tally.cost(),
            is_matching=is_matching,
            is_stopped=is_stopped,
        )

    def _agreements(self) -> Agreements:
        """Return how well people agree, anew only where that may have changed."""
        opinions = self.ledger.opinions
        if self._agreed is None or self._agreed[0] != opinions.n_changes:
            compared = opinions.compared()
            agreements = (
                agreement_of(compared),
                agreement_by_person(compared),
                agreement_over_time(compared),
            )
            self._agreed = opinions.n_changes, agreements
        return self._agreed[1]

    def check_open(self) -> None:
        """Raise where the session has been closed; else memory is as on disk."""
        if self.is_closed:
            raise ValueError(
                f"the session of {self.journal.path} is closed; open it again"
            )
        self._catch_up()

    def close(self) -> None:
        """Give the journal free."""
        with self.lock:
            if not self.is_closed:
                self.is_closed = True
                self.journal.close()
