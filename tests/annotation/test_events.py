"""Events: each kind fills the columns of its own, and comes back from them."""

import json

import pytest

from skmal.annotation._events import (
    Answer,
    Asked,
    Audit,
    Budget,
    Changed,
    Complete,
    More,
    Pair,
    Parameters,
    Plan,
    Proposed,
    Ranked,
    Refused,
    Round,
    Skip,
    Start,
    Undo,
    columns_of,
    event_of,
)

ASKED = [Asked(1, 4, [7, 8]), Asked(2, 5, [8, 7])]
EVENTS = [
    Start(Parameters(None, 5, 9, "e3", "0.1", 0, {"batch_size": 5})),
    Pair(1, 2),
    Round(ASKED, 3, 1, None, [0.5], "ab"),
    Round(ASKED, 3, 1, 0.25, [], "ab"),
    Round(ASKED, 3, 1, None, [], "ab", [Ranked(1, 7, 2.5), Ranked(2, -1, None)]),
    More(ASKED),
    More([Asked(1, 4, [7], True)]),
    Proposed(ASKED),
    Answer("ada", 1, 4, 7, 1.5),
    Answer("ada", 1, 4, 7, 1.5, verified=True),
    Refused("ada", 1, 4, 7, None),
    Audit(0.1),
    Answer("ada", 1, 4, -1, None),
    Skip("bob", 2, 5, None),
    Complete("bob", 2, 5, 3.5),
    Undo("bob", 9),
    Budget(30),
    Budget(None),
    Plan(4, 9, 7, {"batch_size": 4}),
    Changed([1], [], [2, 3]),
]
COLUMNS = "id", "at", "kind", "by", "question", "item", "partner", "seconds", "undoes"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_from_its_columns(event):
    columns = columns_of(event)
    row = dict.fromkeys([*COLUMNS, "data"]) | {"id": 12, "at": 1.5} | columns
    assert set(row) == {*COLUMNS, "data"}
    read = event_of(row)
    assert (read.number, read.at) == (12, 1.5)
    assert columns_of(read) == columns
    assert type(read) is type(event)
    assert vars(read) | {"number": 0, "at": 0.0} == vars(event)


def test_lists_without_items_are_not_written():
    assert json.loads(columns_of(EVENTS[-1])["data"]) == {
        "changed": [1],
        "added": [2, 3],
    }


def test_a_kind_of_others_is_refused():
    row = dict.fromkeys([*COLUMNS, "data"]) | {"id": 3, "at": 1.0, "kind": "vote"}
    with pytest.raises(ValueError, match="event 3 is of the kind 'vote'"):
        event_of(row)
