"""The ledger: what events add up to, now and as of an earlier one."""

from dataclasses import replace

import pytest

from skmal.annotation._events import (
    Answer,
    Asked,
    Budget,
    Pair,
    Parameters,
    Round,
    Skip,
    Start,
    Undo,
)
from skmal.annotation._ledger import OPEN, Ledger

MODALITY = [-1, 0, 0, 0, 1, 1, 1]  # of the numbers 0 to 6
EVENTS = [
    Start(Parameters(4, 2, 9, "e3", "0.1", 0, {})),
    Pair(1, 4),
    Round([Asked(1, 2, [5, 6]), Asked(2, 6, [3])], 2, 1, None, [], "ab"),
    Answer("ada", 1, 2, 5, None),
    Skip("bob", 2, 6, None),
    Undo("ada", 4),
    Answer("bob", 1, 2, -1, None),
    Undo("bob", 5),
    Answer("bob", 2, 6, 3, None),
    Budget(9),
]


@pytest.fixture
def ledger():
    """Return a ledger that has taken in all events."""
    ledger = Ledger(MODALITY)
    for number, event in enumerate(EVENTS, start=1):
        ledger.apply(replace(event, number=number))
    return ledger


def test_what_was_taken_back_is_gone_and_still_known_as_of_then(ledger):
    assert ledger.pairs().tolist() == [[2, 1, 4], [9, 3, 6]]
    assert ledger.unmatched().tolist() == [2]
    assert ledger.pairs(upto=5).tolist() == [[2, 1, 4], [4, 2, 5]]
    assert ledger.unmatched(upto=5).tolist() == []
    assert ledger.pairs(upto=6).tolist() == [[2, 1, 4]]  # event 6 took 4 back
    ledger.apply(replace(Undo("bob", 7), number=12))
    assert [lesson.number for lesson in ledger.lessons(upto=9)] == [2, 7, 9]
    ledger.apply(replace(EVENTS[6], number=13))
    assert ledger.partner.tolist() == [OPEN, 4, -1, 6, 1, OPEN, 3]


def test_counts_and_steps_back(ledger):
    counts = ledger.n_answers, ledger.n_pairs, ledger.n_none, ledger.n_skips
    assert counts == (2, 2, 1, 0)
    assert ledger.budget_left == 7
    assert ledger.n_unlearned == 4  # three answers, and one taken back
    ledger.apply(replace(EVENTS[2], number=11, upto=7))
    assert ledger.n_unlearned == 1  # answer 9; the budget teaches nothing
    assert ledger.last_of("ada") is None
    assert ledger.last_of("bob").number == 9
    assert ledger.closed_by(1).number == 7
    assert [event.number for event in ledger.resting_on({2, 4})] == [2, 7]
    assert not ledger.is_open(1)
