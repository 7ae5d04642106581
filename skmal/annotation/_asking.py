"""Which question a person gets, and what has to be learned before there is one."""

from collections.abc import Callable, Iterable

from ._book import Book
from ._desk import Desk
from ._looks import look_at_shown, warn_set_aside
from ._records import Question
from ._training_thread import Trainer


class Asking:
    """Where a session's questions come from: its desk, and its trainer for more.

    Parameters
    ----------
    book : Book
        What has been answered.
    desk : Desk
        Where questions are handed out.
    trainer : Trainer
        What chooses the next ones.
    is_enough : callable or None
        Says after each training whether no more is to be asked.

    Attributes
    ----------
    is_stopped : bool
        Whether it has said so.
    """

    def __init__(
        self,
        book: Book,
        desk: Desk,
        trainer: Trainer,
        is_enough: Callable[[], bool] | None = None,
    ) -> None:
        self._book, self._desk, self._trainer = book, desk, trainer
        self._is_enough = is_enough
        self._n_rounds = 0  # when that was asked last
        self.is_stopped: bool = False

    def next_question(self, by: str) -> Question | None:
        """Return the question for a person, or None where there is none left."""
        while True:
            question = self._find(by)
            # Images may prove bad when decoded, or have gone bad since the opening.
            if question is None or not self._look_at([question]):
                return question

    def open_questions(self) -> list[Question]:
        """Return all that may be handed out, after a training where there is none."""
        while True:
            with self._book.lock:
                questions = [self._desk.shown(asked) for asked in self._desk.askable()]
            if not questions and self.next_question("me") is None:
                return []
            if questions and not self._look_at(questions):
                return questions

    def _find(self, by: str) -> Question | None:
        """Return the next question of the journal, after a training if need be."""
        ledger = self._book.ledger
        while True:
            self._look_whether_enough()
            with self._book.lock:
                self._book.check_open()
                if self.is_stopped:
                    asked = self._desk.find_held(by)
                    return None if asked is None else self._desk.hand_out(asked, by)
                asked = self._desk.find(by, more=self._trainer.in_background)
                if asked is not None:
                    return self._desk.hand_out(asked, by)
                if self._desk.is_budget_held():
                    return None
                n_rounds, has_asked = len(ledger.rounds), bool(ledger.rounds_of_plan)
                has_learned = has_asked and not ledger.n_unlearned
                if has_learned and self._trainer.askable().n_questions == 0:
                    return None
                if self._trainer.in_background and has_asked:
                    return self._find_more(by)
            self._trainer.train(unless_beyond=n_rounds)

    def _look_whether_enough(self) -> None:
        """Ask once after each training whether that was the last."""
        with self._book.lock:
            n_rounds = len(self._book.ledger.rounds_of_plan)
            is_new, self._n_rounds = n_rounds != self._n_rounds, n_rounds
        if self._is_enough is not None and is_new:
            self.is_stopped = bool(self._is_enough())

    def _find_more(self, by: str) -> Question | None:
        """Return a question from the last finished encoder while the next trains."""
        may_be_asked = self._trainer.askable()
        self._trainer.start()
        if may_be_asked.n_questions == 0:
            return None
        self._trainer.ask_more(may_be_asked)
        # None is free where others hold what is left.
        asked = self._desk.find(by, more=True) or self._desk.first_held()
        return self._desk.hand_out(asked, by)

    def _look_at(self, questions: Iterable[Question]) -> bool:
        """Set aside what questions show and can no longer be read; say if anything."""
        told = look_at_shown(self._book, questions)
        if not self._trainer.in_background:  # else the progress says so
            warn_set_aside(told, stacklevel=4)
        return bool(told)
