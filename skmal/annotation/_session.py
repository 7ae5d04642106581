"""AnnotationSession: pools, a learner, and a journal that loses no answer."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy.typing as npt

from .._shared.parameters import check_choice, check_integer, check_number
from .._shared.types import Items
from ..learners._paired import PairedActiveLearner
from ..matching import Forecast
from ._answering import Answering
from ._aside import write_list
from ._asking import Asking
from ._audited import widened
from ._desk import Desk
from ._events import Audit, Budget, Overlap
from ._given import (
    check_features,
    check_learner,
    check_parameters,
    check_validation,
)
from ._label_studio import LabelStudio
from ._looks import warn_of_pools, without_bad_images
from ._naming import payable
from ._opening import check_overlap, open_book, recover
from ._pool_items import PoolItems
from ._proposals import Proposals
from ._proposing import Proposing
from ._records import Item, Partners, Progress, Proposal, Question
from ._rehearsal import all_told, rehearsed
from ._review import Review
from ._sources import PoolSource, read_pool
from ._tables import check_place, rows_of, write_table
from ._training_thread import Trainer
from ._trial import try_learner


class AnnotationSession:
    """Ask people for partners, and lose no answer.

    Two pools, a learner and a journal. The session hands out questions, writes every
    answer to the journal before it goes on, and refits the learner's encoder on the
    pairs known so far. Open it again with the same call, and it goes on where it was:
    the same questions, the same pools, the same seeds.

    Use it with a loop of your own, with any function as annotator (`run`), through
    Label Studio (`label_studio`), or behind a page.

    Parameters
    ----------
    path : str or path
        The journal, a SQLite file that is made where there is none. Encoder weights lie
        beside it, in the folder ``PATH.weights``.
    X, y : str, path, mapping or sequence
        The pools. A folder: the images in it and below it, known by their relative
        path, or where it holds none its sound files, or else its .txt files. A file of
        texts, as
        `skmal.datasets.load_texts` reads it: a text a line (.txt), known by its
        content, or a table with a column `text` and perhaps `id`. A mapping: items by
        key, such as `load_texts` and `skmal.datasets.load_images` return for other
        columns. A sequence: paths of images (known by path), texts, arrays, PIL images
        (known by content).
    learner : PairedActiveLearner, default=None
        What chooses and learns; it is copied, never changed. Its `random_state` decides
        all draws. None: ``PairedActiveLearner()``, which needs numeric rows.
    features : tuple of two arrays, default=None
        What the learner sees in place of the items, row by row in the order given (that
        of sorted paths for a folder); an entry may be None. People see the items. Rows
        that are not in memory (memory maps, `ShardedArray`, HDF5) stay there.
    known_pairs : sequence of (x, y), default=()
        Pairs known at the start, as rows or keys. They cost nothing.
    validation_data : tuple (X_val, y_val), default=None
        Aligned rows, in the form that the learner sees, to score each encoder on.
        Images among them are looked at, too.
    batch_size : int, default=None
        Questions between two trainings. None: the learner's.
    n_candidates : int, default=None
        Likely partners shown with a question. None: 9.
    budget : int, default=None
        Answers to pay for in all. An item without a partner costs one like any other,
        and so does a second answer to one question (`overlap`); a skipped question and
        a known pair cost nothing. None: until a pool is empty.
    overlap : float, default=None
        The share of questions, from 0 to 1, that are asked of two people, neither of
        whom sees the other's answer; where the two differ, of a third. Which these are
        is drawn by the seed. See the notes. None: the journal's, in a new one 0.
    audit : float, default=None
        The share of questions, from 0 to 1, that are about items drawn at random from
        the open ones; 0.1 is a good start. Their answers teach like any other, and they
        alone say without bias how good the encoder is (`progress.audit`, `forecast`)
        and how sure its proposals are (`match`). None: the journal's, in a new one that
        of the learner.
    groups : {"X", "y", "both"}, default=None
        Whose items may have several partners: "X" for images with several captions
        each. A question about such an item stays open until all are told (`complete`),
        and the item is offered as a partner until then. Items of a pool that have the
        same content are one then: they are asked about once, offered once, and may have
        several partners. None: an item has one partner, and copies are items of their
        own. A journal keeps what it was begun with.
    stop_when : callable, default=None
        ``stop_when(session)`` is asked after each training; where it returns True, no
        further question is handed out until it says otherwise. It may look at all that
        the session tells: `progress`, `forecast`, `learner`. Partners can still be
        verified. None: the budget alone ends it.
    training : {"wait", "background"}, default="wait"
        "wait": when the batch is answered, the next question waits for the training;
        answers alone decide what is asked. "background": a thread trains while people
        answer what the last finished encoder has chosen, so that they never wait; what
        is asked depends on who was faster.
    changed : {"raise", "ask_again"}, default="raise"
        What happens on opening when an item that an answer rests on has another
        content, or, with ``on_error="raise"``, is missing. "ask_again": the answer is
        taken back, where the item is missing as well.
    replan : bool, default=False
        What happens on opening when the learner, its seed, `batch_size`,
        `n_candidates`, `budget`, `overlap` or `audit` are not the journal's. False: it
        raises. True: the journal notes what was passed, and goes on by that. Answers
        stay; an encoder is fitted anew on all of them, and open questions are chosen
        again.
    on_error : {"skip", "raise"}, default="skip"
        What happens to items that cannot be used: images that cannot be read, empty
        texts, rows with NaN or infinity. All are looked at on opening (JPEG and PNG
        files without being decoded, which they are when first shown). "skip": they are
        set aside, that is, listed and neither asked about, nor offered, nor encoded; so
        are images that can no longer be read later on. Answers about them are kept, and
        learned from once the items can be used again. "raise": opening raises.
    verbose : int, default=0
        1 shows a progress bar while images are looked at.

    Attributes
    ----------
    learner : PairedActiveLearner
        As of the last finished training; replaced, never changed, by the next.
    kinds : tuple of two strings
        "image", "text", "audio" or "other", for X and y.
    items : PoolItems
        What both pools hold, to search and to look at, and what cannot be used.
    proposals : Proposals
        Partners proposed for what is open, to look at and to call right or wrong.
    review : Review
        All answers, to look through, to take back and to decide about.
    label_studio : LabelStudio
        Tasks for Label Studio out of the open questions, and its answers back in.

    Raises
    ------
    BlockingIOError
        If another session has the journal open; the message names its process.
    FileNotFoundError
        If a pool is missing.
    PermissionError
        If the journal cannot be written.
    ValueError
        If the journal is of a newer version or no journal, if a parameter differs from
        the journal's (without `replan`), if the encoder cannot encode the items, if an
        item that an answer rests on has changed or is missing (with
        ``changed="raise"``), if a text holds half a character (a lone surrogate), or if
        items cannot be used (all of a pool; with ``on_error="raise"``, any).
        Nothing is changed then.

    Warns
    -----
    UserWarning
        If a folder holds files that are not taken: how many of which ending, and why.
        If items are set aside: how many, the first ten, and the file that lists all,
        ``PATH.set-aside.csv``.
        If items without an answer have changed or are missing, or new ones have come.
        If the weights of the last training cannot be loaded, and why; the encoder is
        then fitted again.

    See Also
    --------
    PairedActiveLearner : The loop without a journal.

    Notes
    -----
    The journal is SQLite's, in WAL mode, with synchronous commits. What a method has
    returned from is on disk; where it raises (a full disk, say) nothing has changed.
    One session can have a journal open at a time; SQLite's lock ends with the process.

    Threads: any method may be called from any thread; one lock guards the state, and no
    training and no reading of files happens under it. `train` may be called at any
    time; trainings follow one another. In "wait", `next_question` trains in the
    caller's thread.

    Encoder weights are pickles (joblib's), loaded only if their hash is the journal's;
    still, open no session of somebody you would not run code from.

    Of a question that is asked of two people the first answer counts until a third
    person, or `review.adopt`, decides otherwise. Asked of two are items that have one
    partner: with ``groups="X"`` those of y.

    An answer closes two items for good (one, where it has no partner): one item, one
    partner, unless `groups` says otherwise. Each partner costs an answer; that these
    are all costs nothing. An answer taken back opens them again, and leaves the encoder
    with the next training (an encoder that warm-starts keeps a trace).

    Examples
    --------
    >>> import tempfile
    >>> from skmal import AnnotationSession
    >>> from skmal.datasets import load_glyphs
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> X, y = X[:200], y[:200]                       # partners in equal rows
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with AnnotationSession(f"{folder}/work.skmal", X, y, budget=20) as session:
    ...         for question in session:
    ...             session.answer(question, question.item.row)
    ...         session.progress.n_pairs
    20
    """

    def __init__(
        self,
        path: str | Path,
        X: PoolSource,
        y: PoolSource,
        learner: PairedActiveLearner | None = None,
        *,
        features: tuple[Items | None, Items | None] | None = None,
        known_pairs: Iterable[tuple[str | int, str | int]] = (),
        validation_data: tuple[Items, Items] | None = None,
        batch_size: int | None = None,
        n_candidates: int | None = None,
        budget: int | None = None,
        overlap: float | None = None,
        audit: float | None = None,
        groups: Literal["X", "y", "both"] | None = None,
        stop_when: Callable[[Any], bool] | None = None,
        training: Literal["wait", "background"] = "wait",
        changed: Literal["raise", "ask_again"] = "raise",
        replan: bool = False,
        on_error: Literal["raise", "skip"] = "skip",
        verbose: int = 0,
    ) -> None:
        check_choice(training, "training", ("wait", "background"))
        check_choice(changed, "changed", ("raise", "ask_again"))
        check_choice(on_error, "on_error", ("raise", "skip"))
        if stop_when is not None and not callable(stop_when):
            raise TypeError(
                "stop_when must be a function of the session, such as lambda session: "
                f"session.progress.n_pairs > 500, got {stop_when!r}"
            )
        learner = PairedActiveLearner() if learner is None else learner
        sources = (
            read_pool(X, "X", on_error, verbose),
            read_pool(y, "y", on_error, verbose),
        )
        seen = check_features(features, sources, on_error)
        check_learner(learner, seen, [source.items for source in sources])
        audit = learner.audit or None if audit is None else audit
        given = check_parameters(
            batch_size, n_candidates, budget, groups, overlap, audit
        )
        validation_data = check_validation(validation_data, sources, seen, on_error)
        try_learner(learner, sources, seen)
        self.path: Path = Path(path)
        self.kinds: tuple[str, str] = sources[0].kind, sources[1].kind
        self._book = open_book(
            self.path, sources, known_pairs, given, changed, on_error, learner, replan
        )
        try:
            pools = self._book.items.arranged(*seen)
            self._desk = Desk(self._book)
            self._answering = Answering(self._book, self._desk)
            self._trainer = without_bad_images(
                self._book,
                lambda: Trainer(
                    self._book,
                    recover(learner, self._book, pools),
                    pools,
                    validation_data,
                    training == "background",
                ),
            )
            is_enough = None if stop_when is None else partial(stop_when, self)
            self._asking = Asking(self._book, self._desk, self._trainer, is_enough)
            self._proposing = Proposing(self._book, self._desk, self._trainer)
            own = self._book, self._desk, self._trainer
            self.items: PoolItems = PoolItems(*own)
            self.proposals: Proposals = Proposals(*own, self._proposing)
            told = self._book, self._answering, self._trainer
            self.review: Review = Review(*told)
            self.label_studio: LabelStudio = LabelStudio(*told, self._asking)
            write_list(self.path, self._book.aside())
            warn_of_pools(sources, self.path)
        except BaseException:
            self._book.close()
            raise

    # ---------------------------------------------------------------- asking

    def next_question(self, by: str = "me") -> Question | None:
        """Return the question for a person, or None where there is none left.

        Parameters
        ----------
        by : str, default="me"
            Who asks. The same person gets the same question until it is answered or
            skipped; two persons get different ones while there are enough, but for
            the share of `overlap`.

        Returns
        -------
        Question or None
            None when the budget is spent, a pool has nothing left to ask about, or
            `stop_when` says that it is enough. The
            encoder has then learned from every answer; with ``training="background"``
            it does so after that (see `wait`).
        """
        return self._asking.next_question(by)

    def __iter__(self) -> Iterator[Question]:
        """Yield questions until there are none left; each must be answered.

        One that may have several partners is yielded until it is closed.
        """
        ledger = self._book.ledger
        while (question := self.next_question()) is not None:
            n_answers = ledger.n_answers
            yield question
            is_told = question.several and ledger.n_answers != n_answers
            if self._desk.is_waiting(question, "me") and not is_told:
                raise RuntimeError(
                    f"question {question.id} about {question.item.key!r} was neither "
                    "answered nor skipped; call answer(question, partner) or "
                    "skip(question) before the next"
                )
        self._trainer.finish()

    def run(
        self,
        annotator: Callable[..., Any],
        by: str = "me",
        ids: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> Self:
        """Let a function answer until there are no questions left.

        Parameters
        ----------
        annotator : callable
            ``annotator(question)`` returns the partner as `answer` takes it: an item, a
            key, a row, or None for none; all of them in a list where there are several.
            With `ids`: ``annotator(query, X_ids, y_ids)``
            as for a learner, returning rows of the other pool, -1 for none.
        by : str, default="me"
            In whose name.
        ids : tuple of two arrays of int, default=None
            To rehearse a plan before money is spent: one number per item of X and of y,
            in the order given; partners have the same.

        Returns
        -------
        AnnotationSession
            The session.
        """
        if ids is not None:
            annotator = rehearsed(annotator, ids, self._book)
        while (question := self.next_question(by)) is not None:
            told = all_told(question, annotator(question))
            with self._book.lock:
                parts = payable(self._book.ledger, self._book.items, question, told)
            for part in parts:
                self.answer(question, part, by=by)
        self._trainer.finish()
        return self

    # ---------------------------------------------------------------- answering

    def answer(
        self,
        question: Question | int,
        partner: Partners,
        by: str = "me",
        seconds: float | None = None,
    ) -> None:
        """Write down who the partner is; an answer takes the place of a skip.

        Where the item may have several, the question stays open for more until
        `complete`; a list is all of them, and closes it.

        Parameters
        ----------
        question : Question or int
            What `next_question` returned, or its id; of an earlier round as well.
        partner : Item, str, int, None or a list of them
            An item of the other pool, its key, or its row as given to this session;
            None or -1: it has no partner, in the whole pool. One that others have
            answered, too, takes any item, open or not. A list or an array (for items
            with several partners): all that it has, those known before included or not.
        by : str, default="me"
            Who says so.
        seconds : float, default=None
            How long it took, at least 0. None: the time since the question was handed
            out to this person, if it was.

        Raises
        ------
        ValueError
            If there is no such question or item, if the question was answered already,
            if the partner is somebody else's or known already, if there are several
            for an item that can have one, or if no budget is left for it and
            this person was not asked it before that was spent.
        OSError
            If it could not be written, on a full disk, say. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            self._answering.answer(question, partner, by, seconds)
            self._trainer.start_if_due()

    def complete(
        self, question: Question | int, by: str = "me", seconds: float | None = None
    ) -> None:
        """Say of an item with several partners that those known are all.

        It costs nothing; where no partner is known, the item has none, and that costs
        an answer.

        Parameters
        ----------
        question : Question or int
            The question, or its id; one that was skipped as well.
        by : str, default="me"
            Who says so.
        seconds : float, default=None
            How long it took, since the last partner; as in `answer`.

        Raises
        ------
        ValueError
            If there is no such question, if it is closed, if its item can have one
            partner only, or if it has none and no budget is left to say so.
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            self._answering.complete(question, by, seconds)
            self._trainer.start_if_due()

    def skip(
        self, question: Question | int, by: str = "me", seconds: float | None = None
    ) -> None:
        """Pass a question over; its item comes back when the others have run out.

        Parameters
        ----------
        question : Question or int
            The question, or its id.
        by : str, default="me"
            Who skips it.
        seconds : float, default=None
            How long it took; as in `answer`.

        Raises
        ------
        ValueError
            If there is no such question, or it is not open.
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            self._answering.skip(question, by, seconds)

    def undo(self, by: str = "me") -> Question | None:
        """Take back the last answer or skip of a person; again: the one before it.

        The items are open again and the budget has one more; the journal keeps what
        happened. The question is the next that this person gets. A pair that the
        encoder has learned leaves it with the next training.

        Parameters
        ----------
        by : str, default="me"
            Whose.

        Returns
        -------
        Question or None
            The question that is open again; None where there is nothing to take back,
            where it was said of what was proposed, which is proposed again, where other
            people's answers settle it, or where its item has an answer from elsewhere
            or has left the pool.

        Raises
        ------
        ValueError
            If its item has been set aside since, and could not be asked about again.
            Nothing has changed then.
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            return self._answering.undo(by)

    def change_budget(self, budget: int | None) -> None:
        """Allow more answers, or fewer; the journal keeps that too.

        Parameters
        ----------
        budget : int or None
            Answers to pay for in all, those already given included.
        """
        if budget is not None:
            budget = check_integer(budget, "budget", minimum=1)
        with self._book.lock:
            self._book.check_open()
            self._book.commit(Budget(budget))

    def change_overlap(self, overlap: float) -> None:
        """Ask another share of the questions of two people; the journal keeps that too.

        Parameters
        ----------
        overlap : float
            The share, from 0 to 1, of the questions that are answered from now on.
        """
        overlap = check_number(overlap, "overlap", minimum=0, maximum=1)
        with self._book.lock:
            self._book.check_open()
            check_overlap(overlap, self._book.ledger.parameters.several)
            self._book.commit(Overlap(overlap))

    def change_audit(self, audit: float) -> None:
        """Draw another share of the questions; the journal keeps that too.

        Parameters
        ----------
        audit : float
            The share, from 0 to 1, of the questions that are chosen from now on.
        """
        audit = check_number(audit, "audit", minimum=0, maximum=1)
        with self._book.lock:
            self._book.check_open()
            self._book.commit(Audit(audit))

    def forecast(self, n: int = 100) -> Forecast:
        """Say what the next answers will bring, by those about items drawn at random.

        Parameters
        ----------
        n : int, default=100
            How many answers, at least 1.

        Returns
        -------
        Forecast
            As of `PairedActiveLearner.forecast`; in words by
            `skmal.annotation.describe_forecast`.
        """
        return self.learner.forecast(n)

    # ---------------------------------------------------------------- looking

    @property
    def learner(self) -> PairedActiveLearner:
        """Return the learner as of the last finished training."""
        return self._trainer.learner

    @property
    def pools(self) -> tuple[Items, Items]:
        """Return the items of X and of y, a tuple of two sequences.

        They stand in the journal's order, that of their first coming.
        """
        return self._book.items.pools

    @property
    def progress(self) -> Progress:
        """Return how far the session has come, a `Progress`."""
        with self._book.lock:
            return self._book.progress(
                self._trainer.is_training,
                self._trainer.error or self._proposing.error,
                widened(self._trainer.learner.audit_, self._trainer.n_unsettled),
                self._trainer.n_unsettled,
                self._proposing.is_matching,
                self._asking.is_stopped,
            )

    def pairs(self) -> list[tuple[Item, Item]]:
        """Return the pairs known so far.

        Returns
        -------
        list of (Item, Item)
            Items of X and of y, in the order of the answers. Those with an item that is
            missing from its pool are left out; exports have them.
        """
        with self._book.lock:
            items = self._book.items
            return [
                (items.item(x), items.item(y))
                for _, x, y in self._book.ledger.pairs()
                if items.is_there(x) and items.is_there(y)
            ]

    # ---------------------------------------------------------------- exporting

    def export(self, path: str | Path, *, min_confidence: float | None = None) -> None:
        """Write every answer that stands, and every known pair, as a table.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced. JSON, one object a line, where it
            ends in .jsonl, else CSV. Columns: `kind` (pair, none, known;
            all: the item has no partners but those of its other rows),
            `X` and `y` (keys), `asked` (X or y), `by`, `at` (UTC), `seconds`,
            `question`, `X_hash` and `y_hash` (SHA-256 of the contents), `X_text` and
            `y_text` (the items themselves, where they are texts), and, where one pool
            is of image files and the other of texts, `image` (its path, relative to the
            folder of the table where it lies in there) and `text`:
            `skmal.datasets.load_pairs` reads the table, and so does ``skmal compare``.
            `how` tells what people said (answered: named among all; verified: said of a
            proposed pair that it is right) from what is known or proposed, and
            `confidence` is that of the latter.
        min_confidence : float, default=None
            Partners are proposed for what is open (see `Proposals.match`), and pairs of
            at least this confidence, from 0 to 1, are written as well. None: no
            proposals.
        """
        check_place(path, self.path)
        self._book.check_open()
        found: list[Proposal] = []
        if min_confidence is not None:
            least = check_number(min_confidence, "min_confidence", minimum=0, maximum=1)
            matched = self.proposals.match()
            found = [own for own in matched if own.confidence >= least]
        with self._book.lock:
            rows = list(rows_of(self._book, found))
        write_table(rows, path)

    # ---------------------------------------------------------------- training

    def train(self) -> Self:
        """Learn from all answers so far, and choose the next questions.

        Called for you: by `next_question`, or by a thread of its own. Other threads can
        answer meanwhile; questions that nobody is looking at are replaced by new ones.

        Returns
        -------
        AnnotationSession
            The session.

        Raises
        ------
        ValueError
            If the encoder cannot be fitted. Answers and questions stay as they are.
        OSError
            If weights or questions could not be written.
        """
        self._trainer.train()
        return self

    def wait(self) -> None:
        """Wait until the training in the background, if there is one, has finished.

        And so has what proposes partners.
        """
        self._trainer.wait()
        self._proposing.wait()

    def close(self) -> None:
        """Give the journal free; a training that still runs leaves nothing behind."""
        self._book.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"
