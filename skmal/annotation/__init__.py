"""Questions to people, answers into a journal."""

from ._records import Found, Imported, Item, Pace, Progress, Question, SetAside
from ._session import AnnotationSession
from ._words import describe_encoder
from .notebook import widget
from .page import serve

__all__ = [
    "AnnotationSession",
    "Found",
    "Imported",
    "Item",
    "Pace",
    "Progress",
    "Question",
    "SetAside",
    "describe_encoder",
    "serve",
    "widget",
]
