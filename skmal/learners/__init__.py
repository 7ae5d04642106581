"""The loop: choose what to ask, take the answer, learn."""

from ._annotators import Annotator, SimulatedAnnotator
from ._multimodal import MultimodalActiveLearner
from ._paired import PairedActiveLearner
from ._query import MultimodalQuery, Query

__all__ = [
    "Annotator",
    "MultimodalActiveLearner",
    "MultimodalQuery",
    "PairedActiveLearner",
    "Query",
    "SimulatedAnnotator",
]
