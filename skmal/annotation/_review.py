"""What people have answered, to look through, to take back and to decide about."""

from pathlib import Path

from .._shared.parameters import check_integer
from ._answering import Answering
from ._book import Book
from ._records import Reply
from ._replies import replies, write_replies
from ._tables import check_place
from ._training_thread import Trainer


class Review:
    """All answers of a session: by whom, which of several counts, and what is wrong.

    It is the `review` of an `AnnotationSession`, and behind the page's review view.

    Parameters
    ----------
    book : Book
        What has been answered.
    answering : Answering
        Where answers are taken back.
    trainer : Trainer
        What learns from what counts.

    Examples
    --------
    >>> import tempfile
    >>> from skmal import AnnotationSession
    >>> from skmal.datasets import load_glyphs
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/work.skmal"
    ...     with AnnotationSession(path, X[:99], y[:99], overlap=1.0) as session:
    ...         first = session.next_question("ada")
    ...         session.answer(first, first.candidates[0], by="ada")
    ...         second = session.next_question("bob")  # the same, and blind
    ...         session.answer(second, first.candidates[1], by="bob")
    ...         bobs, adas = session.review.replies(disputed=True)
    ...         session.review.adopt(bobs, by="eve")  # there is no third person
    ...         session.pairs()[0][1 - first.modality].key == first.candidates[1].key
    True
    """

    def __init__(self, book: Book, answering: Answering, trainer: Trainer) -> None:
        self._book, self._answering, self._trainer = book, answering, trainer

    def replies(
        self,
        by: str | None = None,
        *,
        before: int | None = None,
        limit: int | None = None,
        disputed: bool = False,
    ) -> list[Reply]:
        """Return the answers that stand, the newest first.

        Parameters
        ----------
        by : str, default=None
            Only those of this person.
        before : int, default=None
            Only those that came before the answer with this id.
        limit : int, default=None
            How many to return at most.
        disputed : bool, default=False
            Only those to questions whose answers differ, and which nothing has settled.

        Returns
        -------
        list of Reply
            Skips, and pairs known at the start, are not among them.
        """
        if limit is not None:
            limit = check_integer(limit, "limit", minimum=1)
        book = self._book
        with book.lock:
            return replies(book.ledger, book.items.key, by, before, limit, disputed)

    def take_back(self, reply: Reply | int, by: str = "me") -> None:
        """Take back any answer, whoever gave it; `undo` does so with a person's last.

        Where it was the only one to its question, the items are open again. Where
        others have answered too, theirs count on, by the same rule.

        Parameters
        ----------
        reply : Reply or int
            The answer, or its id.
        by : str, default="me"
            Who takes it back.

        Raises
        ------
        ValueError
            If there is no such answer, or its item has been set aside since.
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            self._answering.take_back(_number(reply), by)
            self._trainer.start_if_due()

    def adopt(self, reply: Reply | int, by: str = "me") -> None:
        """Decide which of several answers to a question counts from here on.

        Parameters
        ----------
        reply : Reply or int
            The answer, or its id.
        by : str, default="me"
            Who decides.

        Raises
        ------
        ValueError
            If there is no such answer, if there is no other one to its question, or if
            its partner belongs to another item by now. Nothing has changed then.
        OSError
            If it could not be written. Nothing has changed then.
        """
        with self._book.lock:
            self._book.check_open()
            self._answering.adopt(_number(reply), by)
            self._trainer.start_if_due()

    def export(self, path: str | Path) -> None:
        """Write every answer that stands as a table, those that do not count as well.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced. JSON, one object a line, where it
            ends in .jsonl, else CSV. Columns: `answer` and `question` (ids), `turn`
            (first, second, third), `adopted` (whether it counts), `disputed`, `X` and
            `y` (keys), `asked` (X or y), `by`, `at` (UTC), `seconds`, `place` (of the
            candidate chosen).
        """
        check_place(path, self._book.journal.path)
        write_replies(self.replies()[::-1], path)


def _number(reply: Reply | int) -> int:
    return reply.id if isinstance(reply, Reply) else reply
