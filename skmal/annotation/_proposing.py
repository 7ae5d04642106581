"""Partners that the encoder proposes for what is open, and what people say of them."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from sklearn.exceptions import NotFittedError

from .._shared.parameters import check_number
from .._shared.types import BoolArray, FloatArray, IntArray
from ..arrays._verbs import take
from ..learners._paired import PairedActiveLearner
from ._book import Book
from ._desk import Desk
from ._events import Answer, Asked, Proposed, Refused
from ._ids import Number, QuestionId
from ._ledger import OPEN
from ._looks import look_at_shown, warn_set_aside
from ._open_rows import rows_open
from ._records import Item, Proposal, Question
from ._training import N_SPARE, Features
from ._training_thread import Trainer

GROWN = 0.1  # of the pairs known; with so many more, partners are proposed anew

Pair: TypeAlias = Proposal | tuple[Item | str | int, Item | str | int]
Order: TypeAlias = Literal["surest", "least_sure"]
Candidates: TypeAlias = dict[Number, list[Number]]  # likely partners, by item


@dataclass(frozen=True)
class Matched:
    """What was proposed.

    Parameters
    ----------
    pairs : ndarray of shape (n, 2)
        Numbers of the items of X and of y, the surest pair first.
    confidence : ndarray of shape (n,)
        The probability that they are partners.
    n_checked : int
        How many answers the confidence was learned from.
    is_trusted : bool
        Whether that is enough.
    learner : PairedActiveLearner
        Who proposed them.
    n_pairs : int
        Pairs that it knew.
    features : Features or None
        Where all lay that was open.
    """

    pairs: IntArray
    confidence: FloatArray
    n_checked: int
    is_trusted: bool
    learner: PairedActiveLearner
    n_pairs: int
    features: Features | None


class Proposing:
    """What is proposed to people, and where they say whether it is right.

    Parameters
    ----------
    book : Book
        What has been answered.
    desk : Desk
        Who has which question.
    trainer : Trainer
        Whose encoder proposes.
    """

    def __init__(self, book: Book, desk: Desk, trainer: Trainer) -> None:
        self._book, self._desk, self._trainer = book, desk, trainer
        self._latest: Matched | None = None
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None
        self.error: str | None = None

    @property
    def is_matching(self) -> bool:
        """Say whether partners are being proposed at the moment."""
        return self._one_at_a_time.locked()

    # ---------------------------------------------------------------- proposing

    def match(self, n_folds: int | None = 10) -> Matched:
        """Propose partners for all that is open, by the last finished encoder.

        Raises
        ------
        NotFittedError
            If there is none.
        """
        book = self._book
        with self._one_at_a_time:
            with book.lock:
                book.check_open()
                learner = self._trainer.learner
                ledger, items = book.ledger, book.items
                rows = rows_open(ledger, items, 0), rows_open(ledger, items, 1)
                n_pairs, several = ledger.n_pairs, ledger.parameters.several
            if not hasattr(learner, "estimator_"):
                raise NotFittedError(
                    "no encoder has learned so far, which takes 2 pairs; answer some "
                    "questions, or call train(), before partners are proposed"
                )
            pools = self._trainer.pools
            if min(map(len, rows)) == 0:
                nothing = np.empty((0, 2), dtype=np.int64)
                return self._keep(
                    Matched(nothing, np.empty(0), 0, False, learner, n_pairs, None)
                )
            found = learner.match(
                *(take(pool, own) for pool, own in zip(pools, rows, strict=True)),
                one_to_one=0 not in several,
                n_folds=n_folds,
            )
            sides = (
                items.numbers[m][own[at]]
                for m, (own, at) in enumerate(
                    zip(rows, (found.X_rows, found.y_rows), strict=True)
                )
            )
            return self._keep(
                Matched(
                    np.column_stack([*sides]),
                    found.confidence,
                    found.n_checked,
                    found.is_trusted,
                    learner,
                    n_pairs,
                    self._trainer.features_for(learner, rows),
                )
            )

    def _keep(self, matched: Matched) -> Matched:
        self._latest = matched
        return matched

    def _is_stale(self) -> bool:
        """Say whether there is more to go by than what was proposed went by."""
        latest = self._latest
        if latest is None:
            return True
        if latest.learner is self._trainer.learner:
            return False
        grown = self._book.ledger.n_pairs - latest.n_pairs
        return grown >= max(1, GROWN * latest.n_pairs) or not len(self._left())

    def renew(self, wait: bool) -> None:
        """Propose anew where that is due, here or in a thread of its own."""
        with self._book.lock:
            is_due = self._is_stale() and hasattr(self._trainer.learner, "estimator_")
        if not is_due:
            return
        if wait:
            self.match()
            return
        with self._book.lock:
            if self.is_matching or (self._thread and self._thread.is_alive()):
                return

            def match() -> None:
                try:
                    self.match()
                    self.error = None
                except Exception as error:  # shown to people, who can go on
                    self.error = f"{type(error).__name__}: {error}"

            self._thread = threading.Thread(target=match, daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait for what a thread proposes, if there is one."""
        if self._thread is not None:
            self._thread.join()

    # ---------------------------------------------------------------- looking

    def _left(self) -> IntArray:
        """Return which of what was proposed nobody has answered; under the lock."""
        latest, ledger, items = self._latest, self._book.ledger, self._book.items
        if latest is None:
            return np.empty(0, dtype=np.int64)
        is_free = (ledger.partner[latest.pairs] == OPEN).all(axis=1)
        is_free &= (items.row[latest.pairs] >= 0).all(axis=1)
        left = np.flatnonzero(is_free)
        if not ledger.refusals and not ledger.partners:
            return left
        new = [
            not ledger.is_refused(x, y) and y not in ledger.partners.get(x, ())
            for x, y in latest.pairs[left].tolist()
        ]
        return left[np.array(new, dtype=bool)]

    def all(self) -> tuple[list[Proposal], int, bool]:
        """Return what is proposed, from how many answers, and if that is enough."""
        with self._book.lock:
            latest = self._latest
            if latest is None:
                return [], 0, False
            proposals = [self._proposal(latest, at) for at in self._left()]
            return proposals, latest.n_checked, latest.is_trusted

    def next(self, n: int, by: str, order: Order) -> list[Proposal]:
        """Return the next proposals for a person; others get other ones."""
        while True:
            with self._book.lock:
                self._book.check_open()
                latest, left = self._latest, self._left()
                if latest is None:
                    return []
                taken = self._desk.proposed_to_others(by)
                taken |= self._desk.asked_of_others(by)
                n_payable = self._n_payable(by) - self._desk.n_proposed_to_others(by)
                most = min(n, max(n_payable, 0))
                chosen: list[int] = []
                for at in left if order == "surest" else left[::-1]:
                    if len(chosen) >= most:
                        break
                    pair = set(latest.pairs[at].tolist())
                    if not pair & taken:
                        chosen.append(int(at))
                        taken |= pair
                shown = frozenset(map(Number, latest.pairs[chosen].ravel().tolist()))
                self._desk.proposed[by] = shown, time.monotonic()
                proposals = [self._proposal(latest, at) for at in chosen]
            # Images may prove bad when decoded, or have gone bad since the opening.
            pairs = [Question(0, 0, own.X, (own.y,)) for own in proposals]
            told = look_at_shown(self._book, pairs)
            if not told:
                return proposals
            if not self._trainer.in_background:  # else the progress says so
                warn_set_aside(told, stacklevel=3)

    def _proposal(self, latest: Matched, at: int) -> Proposal:
        x, y = (Number(int(number)) for number in latest.pairs[at])
        item = self._book.items.item
        confidence = float(latest.confidence[at])
        return Proposal(item(x), item(y), confidence, latest.is_trusted)

    # ---------------------------------------------------------------- answering

    def verify(
        self,
        pairs: Sequence[Pair],
        by: str,
        seconds: float | None,
        near: Candidates,
    ) -> int:
        """Write down that proposed partners are right; return how many were open.

        Under the book's lock. `near` has what a second person is shown beside them.
        """
        ledger = self._book.ledger
        numbers = [self._numbers(pair) for pair in pairs]
        each = self._each(by, seconds, len(numbers))
        asked: list[Asked] = []
        said: list[Answer] = []
        used: set[Number] = set()
        n_payable = self._n_payable(by)
        shown = self._desk.shown_to(by)
        # What this person was shown within the budget counts, and so it comes first.
        for x, y in sorted(dict.fromkeys(numbers), key=lambda own: not shown >= {*own}):
            # An item that may have several partners stays open for others.
            single = {n for n in (x, y) if not ledger.several[n]}
            is_left = self._is_open(x, y) and not single & used
            is_payable = len(said) < n_payable or shown >= {x, y}
            if not is_left or not is_payable:
                continue
            used |= single
            item, partner = self._asked_about(x, y)
            one = self._question(item, partner, near.get(item, ()), len(asked))
            one = replace(one, partners=[partner, *one.partners])
            asked.append(one)
            said.append(Answer(by, one.id, item, partner, each, verified=True))
        if said:
            self._book.commit(Proposed(asked), *said)
        self._desk.proposed.pop(by, None)
        return len(said)

    def refuse(
        self, pair: Pair, by: str, seconds: float | None, near: Candidates
    ) -> Question:
        """Write down that proposed partners are none; return the question in full.

        Under the book's lock. `near` has the candidates.
        """
        x, y = self._numbers(pair)
        key = self._book.items.key
        if not self._is_open(x, y):
            raise ValueError(
                f"{key(x)!r} and {key(y)!r} are not both open any more: one of them "
                "has an answer, or they are refused already; look at what is proposed "
                "now"
            )
        each = self._each(by, seconds, 1)
        item, partner = self._asked_about(x, y)
        asked = self._question(item, partner, near.get(item, ()), 0)
        self._book.commit(Proposed([asked]), Refused(by, asked.id, item, partner, each))
        self._desk.release(by)  # it comes before any other
        if by in self._desk.proposed:  # the time for the others begins anew
            items, _ = self._desk.proposed[by]
            self._desk.proposed[by] = items, time.monotonic()
        return self._desk.shown(asked)

    def _n_payable(self, by: str) -> float:
        """Return how many answers a person may give that others have not been asked."""
        return self._book.ledger.budget_left - self._desk.n_promised(by)

    def _numbers(self, pair: Pair) -> tuple[Number, Number]:
        """Return the numbers of an item of X and one of y, or raise."""
        if isinstance(pair, Proposal):
            pair = pair.X, pair.y
        elif not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(
                f"what is proposed must be a Proposal or a tuple (x, y), got {pair!r}"
            )
        x, y = pair
        return self._book.items.number(0, x), self._book.items.number(1, y)

    def _is_open(self, x: Number, y: Number) -> bool:
        """Say whether both can be answered, and are not known or refused."""
        ledger, items = self._book.ledger, self._book.items
        return (
            bool(ledger.partner[x] == OPEN and ledger.partner[y] == OPEN)
            and bool(items.row[x] >= 0 and items.row[y] >= 0)
            and y not in ledger.partners.get(x, ())
            and not ledger.is_refused(x, y)
        )

    def _each(self, by: str, seconds: float | None, n: int) -> float | None:
        """Return the seconds of each of n that were looked at together, if known."""
        if seconds is None and by in self._desk.proposed:
            seconds = time.monotonic() - self._desk.proposed[by][1]
        if seconds is None:
            return None
        return round(check_number(seconds, "seconds", minimum=0) / max(n, 1), 3)

    def _asked_about(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Return the item asked about and its partner: one that has one partner."""
        several = self._book.ledger.several
        return (y, x) if several[x] and not several[y] else (x, y)

    def candidates(self, pairs: Sequence[Pair]) -> Candidates:
        """Return likely partners of the items asked about; not under the lock.

        Other people may answer meanwhile: what is closed by then is not shown.
        """
        book, latest = self._book, self._latest
        numbers = [self._numbers(pair) for pair in pairs]
        features = None if latest is None else latest.features
        if features is None:
            return {}
        found: Candidates = {}
        with book.lock:  # a look at one flag per item
            is_open = [self._are_open(features, modality) for modality in (0, 1)]
            k = book.ledger.parameters.n_candidates + N_SPARE
        for x, y in numbers:
            item, _ = self._asked_about(x, y)
            modality = int(book.items.modality[item])
            row = np.array([book.items.row[item]])
            is_open_there = is_open[1 - modality]
            if np.isin(row, features.rows[modality]).all() and is_open_there.any():
                near = features.nearest(modality, row, k, is_open_there)[0]
                found[item] = book.items.numbers[1 - modality][near].tolist()
        return found

    def _are_open(self, features: Features, modality: int) -> BoolArray:
        ledger, items = self._book.ledger, self._book.items
        numbers = items.numbers[modality][features.rows[modality]]
        return (ledger.partner[numbers] == OPEN) & (items.row[numbers] >= 0)

    def _question(
        self, item: Number, partner: Number, near: Sequence[Number], n_before: int
    ) -> Asked:
        """Return a question about an item, as a person is asked it in full."""
        number = QuestionId(len(self._book.ledger.questions) + 1 + n_before)
        return Asked(number, item, [n for n in near if n != partner])
