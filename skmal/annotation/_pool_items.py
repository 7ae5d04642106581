"""The items of both pools, to find and to look at: a session's face."""

from typing import Literal

from .._shared.parameters import check_choice, check_integer
from ._book import Book
from ._desk import Desk
from ._looks import look_at
from ._records import Item, Question, SetAside
from ._training_thread import Trainer


class PoolItems:
    """The items of a session, by key or by words, and those that cannot be used.

    It is the `items` of an `AnnotationSession`.

    Parameters
    ----------
    book : Book
        What has been answered, and what about.
    desk : Desk
        Who has which question.
    trainer : Trainer
        Whose encoder finds what is like a text.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skmal import AnnotationSession, PairedActiveLearner
    >>> X, words = np.eye(3), {"a": "a red fox", "b": "a hen", "c": "two hens"}
    >>> learner = PairedActiveLearner(random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/work.skmal"
    ...     seen = None, np.eye(3)  # what the learner sees in place of the words
    ...     with AnnotationSession(path, X, words, learner, features=seen) as session:
    ...         [item.key for item in session.items.search("hen", modality=1)]
    ['b', 'c']
    """

    def __init__(self, book: Book, desk: Desk, trainer: Trainer) -> None:
        self._book, self._desk, self._trainer = book, desk, trainer

    @property
    def set_aside(self) -> list[SetAside]:
        """Return the items that cannot be used, a list of `SetAside`."""
        with self._book.lock:
            return self._book.aside()

    def look_at(self, modality: int, key: str) -> str | None:
        """Look at an image again, and set it aside if it can no longer be read.

        Parameters
        ----------
        modality : int
            0 for X, 1 for y.
        key : str
            Its key.

        Returns
        -------
        str or None
            What is wrong with it; None where it can be read.

        Raises
        ------
        ValueError
            If the pool has no such key.
        """
        check_choice(modality, "modality", (0, 1))
        return look_at(self._book, modality, str(key))

    def get(self, modality: int, key: str) -> Item:
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
        return self._book.items.item(self._book.items.number(modality, str(key)))

    def search(
        self,
        text: str,
        modality: int,
        limit: int = 20,
        how: Literal["words", "encoder"] = "words",
        question: Question | int | None = None,
    ) -> list[Item]:
        """Find open items of a pool, for a partner that is not among the candidates.

        Parameters
        ----------
        text : str
            Words to find in a text itself, else in the item's key. Case, accents and
            punctuation make no difference, and parts of words are found too. Without
            any words: everything.
        modality : int
            The pool: 0 for X, 1 for y.
        limit : int, default=20
            How many to return at most.
        how : {"words", "encoder"}, default="words"
            By the words that an item holds; or by where the encoder of the last
            training puts the text among the items, images say. That takes a pool of
            texts, and an encoder that reads them: nothing is found without.
        question : Question or int, default=None
            What it is for. Where somebody else has answered it before, all items are
            found, open or not: that person had the choice of them, too.

        Returns
        -------
        list of Item
            The best first. By words: those with all words, and of these first those
            that hold them as they stand; those with some of them where there are none.
            By the encoder: the nearest.
        """
        check_choice(modality, "modality", (0, 1))
        check_choice(how, "how", ("words", "encoder"))
        limit = check_integer(limit, "limit", minimum=1)
        items, may_be = self._book.items, self._desk.may_be_partner(question)
        if how == "words":
            numbers = items.search(text, modality, limit, may_be)
        else:
            rows = self._trainer.rows_like(text, modality)
            numbers = items.wanted(rows, modality, limit, may_be)
        return [items.item(number) for number in numbers]
