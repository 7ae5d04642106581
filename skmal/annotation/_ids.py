"""What an int or a string of a session means; each has a type of its own."""

from typing import NewType

Key = NewType("Key", str)  # what people know an item by: a path, an id, a hash
Number = NewType("Number", int)  # of an item, given once by the journal; of both pools
Row = NewType("Row", int)  # where an item stands in its pool as a session arranges it
Place = NewType("Place", int)  # where it stands in the pool as it was passed
QuestionId = NewType("QuestionId", int)
EventId = NewType("EventId", int)

NONE = Number(-1)  # in place of a partner: there is none
UNWRITTEN = EventId(0)  # of an event that is in no journal yet
