"""Questions to people, answers into a journal."""

from .._shared.naming import name_publicly
from ._label_studio import LabelStudio
from ._pool_items import PoolItems
from ._proposals import Proposals
from ._records import (
    Agreement,
    Cost,
    Found,
    Imported,
    Item,
    Pace,
    Progress,
    Proposal,
    Question,
    Reply,
    SetAside,
)
from ._review import Review
from ._session import AnnotationSession
from ._words import (
    describe_agreement,
    describe_audit,
    describe_encoder,
    describe_forecast,
)
from .notebook import widget
from .page import serve

__all__ = [
    "Agreement",
    "AnnotationSession",
    "Cost",
    "Found",
    "Imported",
    "Item",
    "LabelStudio",
    "Pace",
    "PoolItems",
    "Progress",
    "Proposal",
    "Proposals",
    "Question",
    "Reply",
    "Review",
    "SetAside",
    "describe_agreement",
    "describe_audit",
    "describe_encoder",
    "describe_forecast",
    "serve",
    "widget",
]

name_publicly(__name__, globals(), __all__)
# These are public in `skmal` as well, which loads this folder when asked for them.
name_publicly(
    "skmal",
    globals(),
    ("AnnotationSession", "Imported", "Item", "Progress", "Question", "SetAside"),
)
