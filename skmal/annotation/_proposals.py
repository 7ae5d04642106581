"""What the encoder proposes to people, and what they say of it: a session's face."""

import warnings

from .._shared.parameters import check_choice, check_integer
from ._book import Book
from ._desk import Desk
from ._proposing import Order, Pair, Proposing
from ._records import Proposal, Question
from ._training_thread import Trainer


class Proposals:
    """Partners proposed for what is open, to look at and to call right or wrong.

    It is the `proposals` of an `AnnotationSession`, and behind the page's verify view.

    Parameters
    ----------
    book : Book
        What has been answered.
    desk : Desk
        Who has which question.
    trainer : Trainer
        Whose encoder proposes.
    proposing : Proposing
        What is proposed at the moment.

    Examples
    --------
    >>> import tempfile
    >>> from skmal import AnnotationSession
    >>> from skmal.datasets import load_glyphs
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/work.skmal"
    ...     with AnnotationSession(path, X[:99], y[:99], batch_size=9) as session:
    ...         for _ in range(20):
    ...             question = session.next_question()
    ...             session.answer(question, question.item.row)
    ...         first, second = session.proposals.next(2)  # the surest
    ...         n = session.proposals.verify(first, seconds=1.5)
    ...         session.progress.n_answers, session.progress.n_verified
    (21, 1)
    """

    def __init__(
        self, book: Book, desk: Desk, trainer: Trainer, proposing: Proposing
    ) -> None:
        self._book, self._desk, self._trainer = book, desk, trainer
        self._proposing = proposing

    def match(self, n_folds: int | None = 10) -> list[Proposal]:
        """Propose partners for all that is open, and say how sure each is.

        The encoder learns from all answers first; with ``training="background"`` the
        last finished one proposes.

        Parameters
        ----------
        n_folds : int, default=10
            As in `PairedActiveLearner.match`, whose Notes say what it costs.

        Returns
        -------
        list of Proposal
            (X, y, confidence), the surest first; without those that somebody refused.
            What is in none has no partner, as far as can be told. With ``groups="X"``
            or "both" an item of X may be in several.

        Raises
        ------
        NotFittedError
            If no encoder has learned so far.

        Warns
        -----
        UserWarning
            If too few answers about items drawn at random tell how sure to be (see
            `audit`): each `Proposal.is_trusted` is False then.
        """
        if n_folds is not None:
            n_folds = check_integer(n_folds, "n_folds", minimum=2)
        if not self._trainer.in_background and self._book.ledger.n_unlearned:
            self._trainer.train()
        self._proposing.match(n_folds)
        proposals, n_checked, is_trusted = self._proposing.all()
        if proposals and not is_trusted:
            warnings.warn(
                "the confidence is not to be trusted, for too few answers about items "
                f"drawn at random bear it out ({n_checked} answers were learned from); "
                "ask more of these, with audit=0.1",
                stacklevel=2,
            )
        return proposals

    def next(
        self, n: int = 1, by: str = "me", order: Order = "surest"
    ) -> list[Proposal]:
        """Return what a person is to look at next, and to call right or wrong.

        Partners are proposed anew once a tenth more is known, with
        ``training="background"`` in a thread, which goes on with what there is until
        then.

        Parameters
        ----------
        n : int, default=1
            How many, at most as many as may be paid for.
        by : str, default="me"
            Who looks; others get other ones for ten minutes.
        order : {"surest", "least_sure"}, default="surest"
            Which come first.

        Returns
        -------
        list of Proposal
            Empty where nothing is proposed, or nothing yet. Partners are proposed from
            the first encoder on; `Proposal.is_trusted` says whether their confidence
            has been borne out.
        """
        n = check_integer(n, "n", minimum=1)
        check_choice(order, "order", ("surest", "least_sure"))
        self._book.check_open()
        if not self._trainer.in_background and self._is_batch_told():
            self._trainer.train()
        self._proposing.renew(wait=not self._trainer.in_background)
        return self._proposing.next(n, str(by), order)

    def _is_batch_told(self) -> bool:
        ledger = self._book.ledger
        return ledger.n_unlearned >= ledger.parameters.batch_size

    def verify(
        self,
        proposals: Pair | list[Pair],
        by: str = "me",
        seconds: float | None = None,
    ) -> int:
        """Write down that proposed partners are right; each is an answer, and costs so.

        Parameters
        ----------
        proposals : Proposal, (x, y) or a list of these
            What is right; items, keys or rows are taken in place of a Proposal.
        by : str, default="me"
            Who says so, having looked.
        seconds : float, default=None
            How long that took, for all of them. None: the time since they were handed
            out to this person, if they were.

        Returns
        -------
        int
            How many were written down. Those that had an answer by then are left
            out, and what this person was not shown last and no budget is left for.

        Raises
        ------
        ValueError
            If there is no such item.
        OSError
            If it could not be written. Nothing has changed then.
        """
        some = proposals if isinstance(proposals, list) else [proposals]
        # Only a second person is asked in full about what is right.
        is_shared = self._book.ledger.parameters.overlap > 0
        near = self._proposing.candidates(some) if is_shared else {}
        with self._book.lock:
            self._book.check_open()
            n = self._proposing.verify(some, str(by), seconds, near)
            self._trainer.start_if_due()
        return n

    def refuse(
        self, proposal: Pair, by: str = "me", seconds: float | None = None
    ) -> Question:
        """Write down that proposed partners are none, and ask in full.

        That costs nothing; the answer in full does. Nobody is proposed that pair again,
        and the question comes to this person before any other.

        Parameters
        ----------
        proposal : Proposal or (x, y)
            What is wrong.
        by : str, default="me"
            Who says so.
        seconds : float, default=None
            As in `verify`.

        Returns
        -------
        Question
            About one of the two items, with other candidates.

        Raises
        ------
        ValueError
            If there is no such item, or if one of the two has an answer by now.
        OSError
            If it could not be written. Nothing has changed then.
        """
        near = self._proposing.candidates([proposal])
        with self._book.lock:
            self._book.check_open()
            return self._proposing.refuse(proposal, str(by), seconds, near)

    def n_in_full(self, by: str = "me") -> int:
        """Return how many questions a person is asked in full, for they refused.

        Parameters
        ----------
        by : str, default="me"
            Who refused what was proposed.

        Returns
        -------
        int
            How many of these are open; `next_question` asks them first.
        """
        with self._book.lock:
            return self._desk.n_refused_by(str(by))
