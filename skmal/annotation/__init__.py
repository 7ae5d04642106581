"""Questions to people, answers into a journal."""

from ._records import (
    Agreement,
    Found,
    Imported,
    Item,
    Pace,
    Progress,
    Question,
    Reply,
    SetAside,
)
from ._review import Review
from ._session import AnnotationSession
from ._words import describe_agreement, describe_encoder
from .notebook import widget
from .page import serve

__all__ = [
    "Agreement",
    "AnnotationSession",
    "Found",
    "Imported",
    "Item",
    "Pace",
    "Progress",
    "Question",
    "Reply",
    "Review",
    "SetAside",
    "describe_agreement",
    "describe_encoder",
    "serve",
    "widget",
]
