"""AnnotationSession: pools, a learner, and a journal that loses no answer."""

import threading
import time
from pathlib import Path

import numpy as np

from .._shared.parameters import check_choice, check_integer
from ..arrays._rows import take
from ..learners._paired import PairedActiveLearner
from ..learners._query import Query
from . import _label_studio
from . import _training as _teaching
from ._journal import Event, Journal
from ._ledger import NONE, OPEN, Ledger
from ._opening import check_features, check_learner, check_parameters, open_journal
from ._records import Imported, Progress, Question
from ._sources import read_pool
from ._tables import rows_of, write_csv, write_jsonl


class AnnotationSession:
    """Ask people for partners, and lose no answer.

    Two pools, a learner and a journal. The session hands out questions, writes every
    answer to the journal before it goes on, and refits the learner's encoder on the
    pairs known so far. Open it again with the same call, and it goes on where it was:
    the same questions, the same pools, the same seeds.

    Use it with a loop of your own, with any function as annotator (`run`), through
    Label Studio (`export_label_studio`, `import_label_studio`), or behind a page.

    Parameters
    ----------
    path : str or path
        The journal, a SQLite file that is made where there is none. Encoder weights lie
        beside it, in the folder ``PATH.weights``.
    X, y : str, path, mapping or sequence
        The pools. A folder: the images in it and below it, known by their relative
        path. A text file: a text a line, known by its content; ``.csv`` with a column
        `text` (or its last one) and perhaps `id`; ``.jsonl`` with strings or objects of
        `text` and perhaps `id`. A mapping: items by key. A sequence: paths of images
        (known by path), texts, arrays, PIL images (known by content).
    learner : PairedActiveLearner, default=None
        What chooses and learns; it is copied, never changed. Its `random_state` decides
        all draws. None: ``PairedActiveLearner()``, which needs numeric rows.
    features : tuple of two arrays, default=None
        What the learner sees in place of the items, row by row in the order given (that
        of sorted paths for a folder); an entry may be None. People see the items.
    known_pairs : sequence of (x, y), default=()
        Pairs known at the start, as rows or keys. They cost nothing.
    validation_data : tuple (X_val, y_val), default=None
        Aligned rows, in the form that the learner sees, to score each encoder on.
    batch_size : int, default=None
        Questions between two trainings. None: the learner's.
    n_candidates : int, default=None
        Likely partners shown with a question. None: 9.
    budget : int, default=None
        Answers to pay for in all. An item without a partner costs one like any other,
        a skipped question and a known pair cost nothing. None: until a pool is empty.
    training : {"wait", "background"}, default="wait"
        "wait": when the batch is answered, the next question waits for the training;
        answers alone decide what is asked. "background": a thread trains while people
        answer what the last finished encoder has chosen, so that they never wait; what
        is asked depends on who was faster.
    changed : {"raise", "ask_again"}, default="raise"
        What happens on opening when an item that an answer rests on is missing or has
        another content. "ask_again": the answer is taken back.

    Attributes
    ----------
    learner : PairedActiveLearner
        As of the last finished training; replaced, never changed, by the next.
    kinds : tuple of two strings
        "image", "text" or "other", for X and y.

    Raises
    ------
    BlockingIOError
        If another session has the journal open; the message names its process.
    FileNotFoundError
        If a pool, or a file in a list of paths, is missing.
    PermissionError
        If the journal cannot be written.
    ValueError
        If the journal is of a newer version or no journal, if a parameter differs from
        the journal's, or if an item that an answer rests on has changed or is missing
        (with ``changed="raise"``). Nothing is changed then.

    Warns
    -----
    UserWarning
        If items without an answer have changed or are missing, or new ones have come.

    See Also
    --------
    PairedActiveLearner : The loop without a journal.

    Notes
    -----
    The journal is SQLite's, in WAL mode, with synchronous commits. What a method has
    returned from is on disk; where it raises (a full disk, say) nothing has changed.
    One session can have a journal open at a time; SQLite's lock ends with the process.

    Threads: any method may be called from any thread; one lock guards the state, and no
    training, no reading of files and no work over a whole pool happens under it, but
    for a look at one flag per item when a round starts. `train` may be called at any
    time; trainings follow one another. In "wait", `next_question` trains in the
    caller's thread.

    Encoder weights are pickles (joblib's), loaded only if their hash is the journal's;
    still, open no session of somebody you would not run code from. A missing or damaged
    file is replaced by fitting again.

    An answer closes two items for good (one, where it has no partner): one item, one
    partner. An answer taken back opens them again, and leaves the encoder with the next
    training (an encoder that warm-starts keeps a trace).

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
        path,
        X,
        y,
        learner=None,
        *,
        features=None,
        known_pairs=(),
        validation_data=None,
        batch_size=None,
        n_candidates=None,
        budget=None,
        training="wait",
        changed="raise",
    ):
        check_choice(training, "training", ("wait", "background"))
        check_choice(changed, "changed", ("raise", "ask_again"))
        learner = PairedActiveLearner() if learner is None else learner
        sources = read_pool(X, "X"), read_pool(y, "y")
        seen = check_features(features, sources)
        check_learner(learner, seen)
        given = check_parameters(batch_size, n_candidates, budget)

        self.path = Path(path)
        self.kinds = tuple(source.kind for source in sources)
        self._validation = validation_data
        self._in_background = training == "background"
        self._lock = threading.RLock()  # guards all that changes, and the journal
        self._training = threading.Lock()  # one training at a time
        self._thread = None
        self._training_error = None
        self._is_closed = False
        self._handed_out = {}  # person -> (question, when)
        self._features = None
        self._journal = Journal(self.path)
        try:
            self._items, self._ledger = open_journal(
                self._journal, sources, known_pairs, given, changed, learner
            )
            self._seen = tuple(self._items.arrange(seen[m], m) for m in (0, 1))
            self._recover(learner)
        except BaseException:
            self._journal.close()
            raise

    # ---------------------------------------------------------------- asking

    def next_question(self, by="me"):
        """Return the question for a person, or None where there is none left.

        Parameters
        ----------
        by : str, default="me"
            Who asks. The same person gets the same question until it is answered or
            skipped; two persons get different ones while there are enough.

        Returns
        -------
        Question or None
            None when the budget is spent or a pool has nothing left to ask about. The
            encoder has then learned from every answer; with ``training="background"``
            it does so after that (see `wait`).
        """
        while True:
            with self._lock:
                self._check_open()
                asked = self._find_question(by)
                if asked is not None:
                    return self._hand_out(asked, by)
                learned = bool(self._ledger.rounds) and not self._ledger.n_unlearned
                if learned and self._plan(self._ledger).n_questions == 0:
                    return None
                if self._in_background and self._ledger.rounds:
                    return self._find_more(by)
                seen = len(self._ledger.rounds)
            self._train(unless_beyond=seen)

    def __iter__(self):
        """Yield questions until there are none left; each must be closed."""
        while (question := self.next_question()) is not None:
            yield question
            if self._ledger.is_open(question.id):
                raise RuntimeError(
                    f"question {question.id} about {question.item.key!r} was neither "
                    "answered nor skipped; call answer(question, partner) or "
                    "skip(question) before the next"
                )
        self._finish()

    def run(self, annotator, by="me", ids=None):
        """Let a function answer until there are no questions left.

        Parameters
        ----------
        annotator : callable
            ``annotator(question)`` returns the partner as `answer` takes it: an item, a
            key, a row, or None for none. With `ids`: ``annotator(query, X_ids, y_ids)``
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
            annotator = self._rehearsed(annotator, ids)
        while (question := self.next_question(by)) is not None:
            self.answer(question, annotator(question), by=by)
        self._finish()
        return self

    def _rehearsed(self, annotator, ids):
        """Return what asks a learner's annotator one question of the open pools."""
        ids = [self._items.arrange(np.asarray(some), m) for m, some in enumerate(ids)]

        def answer(question):
            modality = question.modality
            with self._lock:
                rows = [self._open_rows(self._ledger, m) for m in (0, 1)]
                asked = self._items.number(modality, question.item)
            place = np.flatnonzero(
                self._items.numbers[modality][rows[modality]] == asked
            )
            query = Query(place, [question.item.value], modality)
            (partner,) = annotator(query, ids[0][rows[0]], ids[1][rows[1]])
            if partner < 0:
                return None
            other = self._items.numbers[1 - modality][rows[1 - modality][partner]]
            return self._items.item(other)

        return answer

    # ---------------------------------------------------------------- answering

    def answer(self, question, partner, by="me", seconds=None):
        """Write down who the partner is; an answer takes the place of a skip.

        Parameters
        ----------
        question : Question or int
            What `next_question` returned, or its id; of an earlier round as well.
        partner : Item, str, int or None
            An item of the other pool, its key, or its row as given to this session;
            None or -1: it has no partner, in the whole pool.
        by : str, default="me"
            Who says so.
        seconds : float, default=None
            How long it took. None: the time since the question was handed out to this
            person, if it was.

        Raises
        ------
        ValueError
            If there is no such question or item, if the question was answered already,
            or the partner is somebody else's.
        OSError
            If it could not be written, on a full disk, say. Nothing has changed then.
        """
        with self._lock:
            self._check_open()
            asked = self._check_question(question, even_skipped=True)
            if partner is None or (not isinstance(partner, str) and partner == -1):
                number = NONE
            else:
                number = self._check_partner(asked, partner)
            if not self._ledger.is_open(asked.id):  # a skip says less than an answer
                skip = self._ledger.closed_by(asked.id)
                self._commit(Event("undo", by=str(by), undoes=skip.id))
            self._commit(
                Event(
                    "answer",
                    by=str(by),
                    question=asked.id,
                    item=asked.item,
                    partner=number,
                    seconds=self._seconds(asked, by, seconds),
                )
            )
            self._handed_out.pop(by, None)
            enough = self._ledger.n_unlearned >= self._ledger.parameters["batch_size"]
            if self._in_background and enough:
                self._start_training()

    def skip(self, question, by="me", seconds=None):
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
        with self._lock:
            self._check_open()
            asked = self._check_question(question)
            seconds = self._seconds(asked, by, seconds)
            self._commit(
                Event(
                    "skip",
                    by=str(by),
                    question=asked.id,
                    item=asked.item,
                    seconds=seconds,
                )
            )
            self._handed_out.pop(by, None)

    def undo(self, by="me"):
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
            or where its item has an answer from elsewhere or has left the pool.

        Raises
        ------
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._lock:
            self._check_open()
            last = self._ledger.last_of(str(by))
            if last is None:
                return None
            self._commit(Event("undo", by=str(by), undoes=last.id))
            if not self._is_askable(last.question):
                return None
            return self._hand_out(self._ledger.questions[last.question], by)

    def change_budget(self, budget):
        """Allow more answers, or fewer; the journal keeps that too.

        Parameters
        ----------
        budget : int or None
            Answers to pay for in all, those already given included.
        """
        if budget is not None:
            budget = check_integer(budget, "budget", minimum=1)
        with self._lock:
            self._check_open()
            self._commit(Event("budget", data={"budget": budget}))

    # ---------------------------------------------------------------- looking

    @property
    def pools(self):
        """Return the items of X and of y, a tuple of two sequences.

        They stand in the journal's order, that of their first coming.
        """
        return self._items.pools

    @property
    def progress(self):
        """Return how far the session has come, a `Progress`."""
        with self._lock:
            ledger = self._ledger
            return Progress(
                n_answers=ledger.n_answers,
                n_pairs=ledger.n_pairs,
                n_none=ledger.n_none,
                n_skips=ledger.n_skips,
                budget=ledger.parameters["budget"],
                n_open=tuple(len(self._open_rows(ledger, m)) for m in (0, 1)),
                n_rounds=len(ledger.rounds),
                is_training=self._training.locked(),
                validation=[
                    (done["n_pairs"], done["score"])
                    for done in ledger.rounds
                    if done["score"] is not None
                ],
                prequential=ledger.rounds[-1]["prequential"] if ledger.rounds else [],
                training_error=self._training_error,
            )

    def item(self, modality, key):
        """Return an item by its key.

        Parameters
        ----------
        modality : int
            0 for X, 1 for y.
        key : str
            Its key.

        Returns
        -------
        Item
            The item, open or not.

        Raises
        ------
        ValueError
            If the pool has no such key.
        """
        check_choice(modality, "modality", (0, 1))
        return self._items.item(self._items.number(modality, str(key)))

    def pairs(self):
        """Return the pairs known so far.

        Returns
        -------
        list of (Item, Item)
            Items of X and of y, in the order of the answers.
        """
        with self._lock:
            known = self._ledger.pairs()
            return [(self._items.item(x), self._items.item(y)) for _, x, y in known]

    def search(self, text, modality, limit=20):
        """Find open items of a pool, for a partner that is not among the candidates.

        Parameters
        ----------
        text : str
            Words, all of which must occur, upper or lower case, in any order: in a text
            itself, else in the item's key.
        modality : int
            The pool: 0 for X, 1 for y.
        limit : int, default=20
            How many to return at most.

        Returns
        -------
        list of Item
            Those that hold the words as they stand first, then the others; in the
            pool's order.
        """
        check_choice(modality, "modality", (0, 1))
        limit = check_integer(limit, "limit", minimum=1)
        found = self._items.search(text, modality, limit, self._ledger.partner == OPEN)
        with self._lock:
            return [self._items.item(number) for number in found]

    # ---------------------------------------------------------------- exporting

    def export_csv(self, path):
        """Write every answer that stands, and every known pair, as a table.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced. Columns: `kind` (pair, none, known),
            `X` and `y` (keys), `asked` (X or y), `by`, `at` (UTC), `seconds`,
            `question`, `X_hash` and `y_hash` (SHA-256 of the contents), `X_text` and
            `y_text` (the items themselves, where they are texts).
        """
        with self._lock:
            rows = list(rows_of(self._ledger, self._journal, self._items))
        write_csv(rows, path)

    def export_jsonl(self, path):
        """Write what `export_csv` writes as JSON, one object a line.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced.
        """
        with self._lock:
            rows = list(rows_of(self._ledger, self._journal, self._items))
        write_jsonl(rows, path)

    def export_label_studio(self, folder, *, image_url=None, preselect=False):
        """Write the open questions as tasks for Label Studio.

        Where none are open, the encoder learns and asks first. In Label Studio, make a
        project with the configuration and import the tasks; one project per modality.

        Parameters
        ----------
        folder : str or path
            Made where it is missing. For questions about X it gets ``tasks-X.json`` and
            ``config-X.xml``, for questions about y ``tasks-y.json`` and
            ``config-y.xml``.
        image_url : str, default=None
            Where Label Studio finds an image, with ``{key}`` in it, such as
            ``"/data/local-files/?d=images/{key}"``. None: images go into the tasks.
        preselect : bool, default=False
            Whether the likeliest candidate is ticked as a prediction. That is quicker
            where it is right, and makes people agree with it where it is wrong.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        ValueError
            If there is nothing left to ask.
        """
        with self._lock:
            self._check_open()
            open_ids = [id for id in self._ledger.current if self._is_askable(id)]
        if not open_ids and self.next_question() is None:
            raise ValueError(f"{self.path} has no questions left; there is no task")
        with self._lock:
            questions = [
                self._shown(self._ledger.questions[id])
                for id in self._ledger.current
                if self._is_askable(id)
            ]
            journal = self._ledger.parameters["id"]
        return _label_studio.write_tasks(
            questions, self.kinds, folder, journal, image_url, preselect
        )

    def import_label_studio(self, path):
        """Take the answers out of Label Studio's JSON export.

        "Has no partner at all" is an answer, "none of these" a skip: Label Studio shows
        the candidates only, and the partner may be elsewhere in the pool. Tasks that
        were skipped or not reached stay open. Of several annotations the last updated
        one counts, and an answer counts more than a skip. A file can be imported again;
        what is known already is left alone.

        Parameters
        ----------
        path : str or path
            The export, in the format JSON (not JSON-MIN).

        Returns
        -------
        Imported
            How many answers came, and which could not be taken.

        Raises
        ------
        ValueError
            If the file is of another format or session, or a choice is unknown. Nothing
            is changed then.
        """
        with self._lock:
            self._check_open()
            journal = self._ledger.parameters["id"]
            answers, n_unanswered = _label_studio.read_export(path, journal)
            counts = {"answer": 0, "skip": 0, "unchanged": 0}
            conflicts = []
            for answer in answers:
                try:
                    counts[self._take(answer)] += 1
                except ValueError as error:
                    conflicts.append(str(error))
        return Imported(*counts.values(), n_unanswered, conflicts)

    def _take(self, answer):
        """Write one answer of an export down; return what it was."""
        question, item, alias, by, seconds = answer
        asked = self._ledger.questions.get(question)
        if asked is not None and item != self._items.key(asked.item):
            raise ValueError(
                f"question {question} is about {self._items.key(asked.item)!r} here, "
                f"but about {item!r} in the export, which another copy of this journal "
                "made"
            )
        before = self._ledger.closed_by(question)
        if alias == _label_studio.NOT_AMONG:
            if before is not None and before.kind == "skip":
                return "unchanged"
            self.skip(question, by=by, seconds=seconds)
            return "skip"
        partner = None
        if alias != _label_studio.NO_PARTNER:
            partner = alias.removeprefix(_label_studio.KEY)
        if before is not None and before.kind == "answer":
            known = None if before.partner == NONE else self._items.key(before.partner)
            if known == partner:
                return "unchanged"
        self.answer(question, partner, by=by, seconds=seconds)
        return "answer"

    # ---------------------------------------------------------------- training

    def train(self):
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
        self._train()
        return self

    def wait(self):
        """Wait until the training in the background, if there is one, has finished."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _finish(self):
        """Learn from the answers that came while the last training ran."""
        self.wait()
        if self._ledger.n_unlearned:
            self._train()

    def close(self):
        """Give the journal free; a training that still runs leaves nothing behind."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._journal.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"{type(self).__name__}({str(self.path)!r})"

    def _train(self, unless_beyond=None):
        """Train, unless there have been more rounds than that meanwhile."""
        with self._training:
            with self._lock:
                self._check_open()
                ledger, number = self._ledger, len(self._ledger.rounds)
                if unless_beyond is not None and number > unless_beyond:
                    return
                plan, upto = self._plan(ledger), ledger.upto
                n_candidates = ledger.parameters["n_candidates"]
            learner = _teaching.teach(self.learner, self._seen, plan, upto)
            questions, features = _teaching.ask(learner, self._seen, plan, n_candidates)
            score = None
            if self._validation is not None and hasattr(learner, "estimator_"):
                score = float(learner.score(*self._validation))
            weights = self._weights_of(number)
            sha256 = _teaching.save(learner, weights)
            done = {
                "upto": plan.upto,
                "n_pairs": len(plan.pairs),
                "score": score,
                "prequential": list(learner._found),
                "sha256": sha256,
            }
            with self._lock:
                if self._is_closed:
                    return
                self._commit(Event("round", data=done | self._numbered(questions)))
                self.learner, self._features = learner, features
                self._training_error = None
            for path in weights.parent.glob("round-*"):
                if path != weights:
                    path.unlink()

    def _start_training(self):
        """Train in a thread, unless one is at it."""
        if self._training.locked() or (self._thread and self._thread.is_alive()):
            return

        def train():
            try:
                self._train()
            except Exception as error:  # shown to people, who can go on
                self._training_error = f"{type(error).__name__}: {error}"

        self._thread = threading.Thread(target=train, daemon=True)
        self._thread.start()

    def _ask_more(self, plan):
        """Ask at once, with the last finished encoder, about items drawn."""
        n_candidates = self._ledger.parameters["n_candidates"]
        questions = _teaching.ask_more(self.learner, plan, self._features, n_candidates)
        self._commit(Event("more", data=self._numbered(questions)))

    def _numbered(self, questions):
        """Return questions as the journal keeps them: ids, and numbers of items."""
        first = len(self._ledger.questions) + 1
        rows = []
        for id, (modality, row, partners) in enumerate(questions, start=first):
            others = self._items.numbers[1 - modality][partners]
            rows.append([id, int(self._items.numbers[modality][row]), others.tolist()])
        return {"questions": rows}

    def _plan(self, ledger, with_answers=True):
        """Return what a training would start from, or only what may be asked."""
        open_rows, eligible = [], []
        for modality in (0, 1):
            rows = self._open_rows(ledger, modality)
            skips = ledger.skips[self._items.numbers[modality][rows]]
            open_rows.append(rows)
            eligible.append(rows[skips == skips.min()] if len(rows) else rows)
        batch_size = ledger.parameters["batch_size"]
        left = min(ledger.budget_left, *map(len, eligible))
        n_questions = int(max(0, min(batch_size, left)))
        reserve = 2 * batch_size if self._in_background else 0
        return _teaching.Plan(
            upto=ledger.last,
            pairs=self._pair_rows(ledger.pairs()) if with_answers else None,
            unmatched=(
                self._unmatched_rows(ledger.unmatched()) if with_answers else None
            ),
            open=tuple(open_rows),
            eligible=tuple(eligible),
            n_questions=n_questions,
            n_reserve=int(max(0, min(reserve, left - n_questions))),
        )

    def _open_rows(self, ledger, modality):
        return np.flatnonzero(ledger.partner[self._items.numbers[modality]] == OPEN)

    def _pair_rows(self, pairs):
        """Return (event, x, y) with rows for numbers, without items that are gone."""
        rows = np.column_stack([pairs[:, 0], self._items.row[pairs[:, 1:]]])
        return rows[(rows[:, 1:] >= 0).all(axis=1)]

    def _unmatched_rows(self, numbers):
        """Return rows of X and of y for numbers, without items that are gone."""
        numbers = numbers[self._items.row[numbers] >= 0]
        modality, rows = self._items.modality[numbers], self._items.row[numbers]
        return tuple(rows[modality == m] for m in (0, 1))

    def _weights_of(self, number):
        folder = self.path.with_name(self.path.name + ".weights")
        return folder / f"round-{number:05d}.joblib"

    # ---------------------------------------------------------------- questions

    def _find_question(self, by):
        """Return the question that a person holds, or a free one, or None.

        Where others hold all that may still be asked, it is one of theirs: two heads on
        one question, of whom the first counts.
        """
        ledger = self._ledger
        if ledger.budget_left <= 0:
            return None
        held = {
            person: asked
            for person, (asked, _) in self._handed_out.items()
            if ledger.is_open(asked.id)
        }
        if by in held:
            return held[by]
        taken = {asked.item for asked in held.values()}
        for id in ledger.current if ledger.budget_left > len(taken) else ():
            if ledger.questions[id].item not in taken and self._is_askable(id):
                return ledger.questions[id]
        more = self._in_background and ledger.budget_left > len(taken)
        return None if more else next(iter(held.values()), None)

    def _find_more(self, by):
        """Return a question from the last finished encoder while the next trains."""
        plan = self._plan(self._ledger, with_answers=False)
        self._start_training()
        if plan.n_questions == 0:
            return None
        self._ask_more(plan)
        asked = self._find_question(by)
        if asked is None:  # others hold what is left
            held = (asked for asked, _ in self._handed_out.values())
            asked = next(asked for asked in held if self._ledger.is_open(asked.id))
        return self._hand_out(asked, by)

    def _hand_out(self, asked, by):
        """Return a question as people see it, and remember who has it."""
        before = self._handed_out.get(by)
        if before is None or before[0].id != asked.id:
            self._handed_out[by] = asked, time.monotonic()
        return self._shown(asked)

    def _shown(self, asked):
        """Return a question as people see it."""
        n_candidates = self._ledger.parameters["n_candidates"]
        candidates = []
        for number in asked.partners:
            if self._items.row[number] >= 0 and self._ledger.partner[number] == OPEN:
                candidates.append(self._items.item(number))
                if len(candidates) == n_candidates:
                    break
        modality = int(self._ledger.modality[asked.item])
        return Question(
            asked.id, modality, self._items.item(asked.item), tuple(candidates)
        )

    def _is_askable(self, id):
        item = self._ledger.questions[id].item
        return self._ledger.is_open(id) and self._items.row[item] >= 0

    def _seconds(self, asked, by, seconds):
        held = self._handed_out.get(by)
        if seconds is None and held is not None and held[0].id == asked.id:
            return round(time.monotonic() - held[1], 3)
        return None if seconds is None else float(seconds)

    def _commit(self, *events):
        """Write events, and take them in only then."""
        for event in self._journal.append(*events):
            self._ledger.apply(event)

    # ---------------------------------------------------------------- checks

    def _check_open(self):
        if self._is_closed:
            raise ValueError(f"{self!r} is closed; open it again")

    def _check_question(self, question, even_skipped=False):
        """Return the question as the journal has it, or raise unless it is open."""
        id = getattr(question, "id", question)
        asked = self._ledger.questions.get(id)
        if asked is None:
            raise ValueError(
                f"there is no question {id!r} in {self.path}; pass what next_question "
                "returned, or its id"
            )
        if not self._ledger.is_open(id):
            event = self._ledger.closed_by(id)
            is_skip = event is not None and event.kind == "skip"
            has_partner = self._ledger.partner[asked.item] != OPEN
            if has_partner or not (even_skipped and is_skip):
                how = f"{event.kind}: {event.by}" if event else "has its partner"
                raise ValueError(
                    f"question {id} about {self._items.key(asked.item)!r} is closed "
                    f"({how}); ask for the next, or undo that first"
                )
        if self._items.row[asked.item] < 0:
            raise ValueError(
                f"question {id} is about {self._items.key(asked.item)!r}, which is "
                "missing from its pool; put it back and open the session again"
            )
        return asked

    def _check_partner(self, asked, partner):
        """Return the number of an open item of the other pool, or raise."""
        modality = 1 - int(self._ledger.modality[asked.item])
        number = self._items.number(modality, partner)
        theirs = self._ledger.partner[number]
        if theirs != OPEN:
            name = self._items.key
            whose = f"belongs to {name(theirs)!r}" if theirs >= 0 else "has no partner"
            raise ValueError(
                f"{name(number)!r} cannot be the partner of {name(asked.item)!r}: by "
                f"an earlier answer it {whose}; undo that first, or answer otherwise"
            )
        return number

    # ---------------------------------------------------------------- opening

    def _recover(self, template):
        """Get the learner as of the last training, from its file or fitted again."""
        ledger = self._ledger
        self.learner = learner = _teaching.new_learner(
            template, ledger.parameters["seed"]
        )
        if not ledger.rounds:
            return
        done = ledger.rounds[-1]
        learner._found = tuple(done["prequential"])
        pairs = self._pair_rows(ledger.pairs(done["upto"]))
        if len(pairs):
            learner._X_training, learner._y_training = (
                take(self._seen[m], pairs[:, 1 + m]) for m in (0, 1)
            )
        unmatched = self._unmatched_rows(ledger.unmatched(done["upto"]))
        _teaching.tell_unmatched(learner, self._seen, unmatched)
        weights = self._weights_of(len(ledger.rounds) - 1)
        if not _teaching.load(learner, weights, done["sha256"]):
            then = Ledger(ledger.modality)
            for event in self._journal.events():
                if event.id <= done["upto"]:
                    then.apply(event)
            asked = [self._items.row[item] for _, item, _ in done["questions"]]
            asked = asked[: self._plan(then).n_questions]
            modality = int(ledger.modality[done["questions"][0][1]]) if asked else 0
            rows = np.array([row for row in asked if row >= 0], dtype=np.int64)
            history = [self._pair_rows(ledger.pairs(r["upto"])) for r in ledger.rounds]
            _teaching.rebuild(
                learner,
                self._seen,
                history,
                self._plan(then).eligible,
                (modality, rows),
            )
        if self._in_background:
            rows = tuple(self._open_rows(ledger, m) for m in (0, 1))
            if all(map(len, rows)):
                self._features = _teaching.features_of(learner, self._seen, rows)
