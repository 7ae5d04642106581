"""Whoever interrupts a session finds in memory what is on disk: a step, or none of it.

`benchmarks/interrupts.py` does this at random moments, by the system's timer.
"""

from pathlib import Path

import numpy as np
import pytest
from helpers import interrupted_at
from sessions import open_keyed, truth

from skmal.annotation import _book
from skmal.annotation._ledger import Ledger, replay

FOLDER = Path(_book.__file__).parent
NAMES = "book", "journal", "ledger", "desk"
FILES = tuple(str(FOLDER / f"_{name}.py") for name in NAMES)


def plain(value):
    """Return what can be compared, of anything that a ledger holds."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [(plain(key), plain(own)) for key, own in value.items()]
    if isinstance(value, (list, tuple, set)):
        return [plain(own) for own in value]
    if type(value).__module__.startswith("skmal"):
        names = getattr(value, "__slots__", None) or vars(value)
        return [plain(getattr(value, name)) for name in names]
    return value


def check_as_on_disk(session):
    """Raise unless memory is what a replay of the journal gives."""
    ledger, journal = session._book.ledger, session._book.journal
    again = Ledger(ledger.modality, ledger.several)
    replay(again, journal.events(), session.path)
    assert plain(vars(again)) == plain(vars(ledger))


def n_events(session):
    return len(session._book.journal.events())


STEPS = {
    "answer": lambda session, question: session.answer(question, truth(question)),
    "skip": lambda session, question: session.skip(question),
    "undo": lambda session, question: session.undo(),
    "train": lambda session, question: session.train(),
}


@pytest.mark.parametrize("name", STEPS)
def test_an_interrupt_leaves_memory_as_the_disk(tmp_path, name):
    step, line, n_taken, stopped = STEPS[name], 0, 0, True
    with open_keyed(tmp_path) as session:
        while stopped:
            question = session.next_question()
            if name == "undo":
                session.answer(question, truth(question))
            before, was_current = n_events(session), session._book.ledger.current
            stopped = False
            try:
                with interrupted_at(line, FILES):
                    step(session, question)
            except KeyboardInterrupt:
                stopped = True
            check_as_on_disk(session)
            taken = n_events(session) - before
            assert taken in ((0, 1) if stopped else (1,))
            n_taken += taken
            if name == "train" and taken:  # the learner is that of the round
                assert session._book.ledger.current is not was_current
                assert session.learner.prequential_.tolist() == (
                    session._book.ledger.rounds[-1].prequential
                )
            if name in ("answer", "skip") and taken and stopped:
                session.undo()
            line += 9
        assert line > 40
        n_answers, expected = session.progress.n_answers, session.review.replies()
    assert n_taken > 3  # also where all of it was on disk
    with open_keyed(tmp_path) as session:
        assert session.progress.n_answers == n_answers
        assert session.review.replies() == expected


def test_an_interrupt_while_memory_catches_up_is_made_up_for(tmp_path, monkeypatch):
    with open_keyed(tmp_path) as session:
        question = session.next_question()

        def stop(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "apply", stop)
            with pytest.raises(KeyboardInterrupt):
                session.answer(question, truth(question))
        assert session.progress.n_answers == 0
        with pytest.raises(ValueError, match="closed"):
            session.answer(question, truth(question))
        assert session.progress.n_answers == 1
        check_as_on_disk(session)
