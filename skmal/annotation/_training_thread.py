"""The trainings of a session: one at a time, while people answer in other threads."""

import threading
from collections.abc import Sequence

from .._shared.types import Items
from ..learners._paired import PairedActiveLearner
from . import _weights
from ._audited import audits_of, n_unsettled, open_then, ranked, unranked
from ._book import Book
from ._events import More, Round
from ._ids import Row
from ._looks import warn_set_aside, without_bad_images
from ._open_rows import askable, known, numbered, rows_open
from ._search import rows_like
from ._training import (
    Askable,
    Features,
    Pools,
    Rows,
    ask,
    ask_more,
    features_of,
    teach,
)

RESERVE = 2  # batches chosen beyond the first, where people answer during trainings


class Trainer:
    """A session's learner, and what trains it.

    Parameters
    ----------
    book : Book
        Where answers come from and questions go to.
    learner : PairedActiveLearner
        As of the last training.
    pools : tuple of two sequences
        What the learner sees of the items.
    validation : tuple (X_val, y_val) or None
        Aligned rows to score each encoder on.
    in_background : bool
        Whether people answer during trainings.

    Attributes
    ----------
    learner : PairedActiveLearner
        As of the last finished training; replaced, never changed, by the next.
    error : str or None
        Why the last training in the background failed, where it did.
    n_unsettled : int
        Questions drawn at random that had been passed over by then.
    """

    def __init__(
        self,
        book: Book,
        learner: PairedActiveLearner,
        pools: Pools,
        validation: tuple[Items, Items] | None,
        in_background: bool,
    ) -> None:
        self.learner: PairedActiveLearner = learner
        self.in_background = in_background
        self.error: str | None = None
        self.n_unsettled: int = n_unsettled(book.ledger, book.ledger.upto)
        self._book = book
        self.pools: Pools = pools
        self._validation = validation
        self._one_at_a_time = threading.Lock()
        self._one_text_at_a_time = threading.Lock()
        # What the encoder's search looks through where no training left features.
        self._looked: tuple[PairedActiveLearner, Features | None] | None = None
        self._thread: threading.Thread | None = None
        self._features = self._find_features() if in_background else None

    def _find_features(self) -> Features | None:
        """Return where the open items lie for a learner that was recovered."""
        ledger, items = self._book.ledger, self._book.items
        rows = rows_open(ledger, items, 0), rows_open(ledger, items, 1)
        if not ledger.rounds_of_plan or min(map(len, rows)) == 0:
            return None
        return features_of(self.learner, self.pools, rows)

    @property
    def is_training(self) -> bool:
        """Say whether a training runs at the moment."""
        return self._one_at_a_time.locked()

    def askable(self) -> Askable:
        """Return what may be asked about; under the book's lock."""
        reserve = RESERVE if self.in_background else 0
        return askable(self._book.ledger, self._book.items, reserve)

    def train(self, unless_beyond: int | None = None) -> None:
        """Learn from all answers so far, and choose the next questions.

        With `unless_beyond`, only if there have been no more rounds than that. Images
        that can no longer be read are set aside, and it begins again without them.
        """
        told: list[str] = []
        with self._one_at_a_time:
            without_bad_images(self._book, lambda: self._train(unless_beyond), told)
        if not self.in_background:  # else people see it in the progress
            warn_set_aside(told, stacklevel=3)

    def _train(self, unless_beyond: int | None) -> None:
        book = self._book
        # What to learn and what to ask about is settled under the lock,
        with book.lock:
            book.check_open()
            n_rounds = len(book.ledger.rounds)
            if unless_beyond is not None and n_rounds > unless_beyond:
                return
            lessons, upto = known(book.ledger, book.items), book.ledger.upto
            may_be_asked = self.askable()
            n_candidates = book.ledger.parameters.n_candidates
            share = book.ledger.parameters.audit
            answers = unranked(book.ledger, book.items)
            open_rows = open_then(book.ledger, book.items, may_be_asked.open_rows)
        # whatever takes long is done without it,
        stood = ranked(
            answers,
            self._features,
            lambda: features_of(self.learner, self.pools, open_rows),
        )
        with book.lock:
            audits = audits_of(
                book.ledger, lessons.pairs, may_be_asked.upto, answers, stood
            )
            unsettled = n_unsettled(book.ledger, may_be_asked.upto)
        learner = teach(self.learner, self.pools, lessons, upto, audits)
        learner.audit = share
        chosen, features = ask(learner, self.pools, may_be_asked, n_candidates)
        score = None
        if self._validation is not None and hasattr(learner, "estimator_"):
            score = float(learner.score(*self._validation))
        weights = _weights.path_of(book.journal.path, n_rounds)
        sha256 = _weights.save(learner, weights)
        # and what came of it is taken over at once.
        with book.lock:
            if book.is_closed:
                return
            done = Round(
                questions=numbered(chosen, book.ledger, book.items),
                upto=may_be_asked.upto,
                n_pairs=len(lessons.pairs),
                score=score,
                prequential=learner.prequential_.tolist(),
                sha256=sha256,
                ranked=stood,
            )
            n_rounds = len(book.ledger.rounds)
            try:
                book.commit(done)
            finally:  # an interrupt may come when it is on disk already
                if len(book.ledger.rounds) > n_rounds:
                    self.learner, self._features = learner, features
                    self.n_unsettled = unsettled
            self.error = None
        _weights.remove_others(weights)

    def ask_more(self, may_be_asked: Askable) -> None:
        """Ask at once, by the last finished encoder; under the book's lock."""
        ledger, items = self._book.ledger, self._book.items
        n_candidates = ledger.parameters.n_candidates
        chosen = ask_more(self.learner, may_be_asked, self._features, n_candidates)
        self._book.commit(More(numbered(chosen, ledger, items)))

    def rows_like(self, text: str, modality: int) -> Sequence[Row]:
        """Return rows of a modality, those that the encoder puts near a text first."""
        kinds = self._book.items.kinds
        with self._book.lock:
            learner, features = self.learner, self._features
        if "text" not in kinds or not text.strip():
            return []
        side = modality if kinds[modality] == "text" else kinds.index("text")
        with self._one_text_at_a_time:
            if features is None:
                features = self._features_to_search(learner)
            if features is None:
                return []
            return rows_like(text, learner, self.pools, features, side, modality)

    def _features_to_search(self, learner: PairedActiveLearner) -> Features | None:
        """Return where open items lie for an encoder, encoded once for each."""
        if self._looked is None or self._looked[0] is not learner:
            with self._book.lock:
                ledger, items = self._book.ledger, self._book.items
                rows = rows_open(ledger, items, 0), rows_open(ledger, items, 1)
            found = None
            if min(map(len, rows)):
                found = features_of(learner, self.pools, rows)
            self._looked = learner, found
        return self._looked[1]

    def features_for(self, learner: PairedActiveLearner, rows: Rows) -> Features | None:
        """Return where open items lie for an encoder, as a training left it if it did.

        `rows` are those that are open.
        """
        with self._book.lock:
            features = self._features if learner is self.learner else None
        return features_of(learner, self.pools, rows) if features is None else features

    def start_if_due(self) -> None:
        """Train beside the answering once a batch has come; under the book's lock."""
        ledger = self._book.ledger
        if self.in_background and ledger.n_unlearned >= ledger.parameters.batch_size:
            self.start()

    def start(self) -> None:
        """Train in a thread, unless one is at it; under the book's lock."""
        if self.is_training or (self._thread and self._thread.is_alive()):
            return

        def train() -> None:
            try:
                self.train()
            except Exception as error:  # shown to people, who can go on
                self.error = f"{type(error).__name__}: {error}"

        self._thread = threading.Thread(target=train, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for the training in the background, if there is one."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def finish(self) -> None:
        """Learn from the answers that came while the last training ran."""
        self.wait()
        if self._book.ledger.n_unlearned:
            self.train()
