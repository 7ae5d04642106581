"""Questions to people, answers into a journal."""

from ._records import Hits, Imported, Item, Progress, Question, SetAside
from ._session import AnnotationSession
from .page import serve

__all__ = [
    "AnnotationSession",
    "Hits",
    "Imported",
    "Item",
    "Progress",
    "Question",
    "SetAside",
    "serve",
]
