"""Multimodal active learning with the tools of scikit-learn."""

from . import coverage, datasets, metrics, plotting, uncertainty
from ._version import __version__
from .clip import CLIPEncoder
from .learner import PairedActiveLearner
from .linear import ContrastiveProjection, RidgeCCA
from .rounds import Query, Round, Selection
from .strategies import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    QueryStrategy,
    RandomSampling,
)

__all__ = [
    "CLIPEncoder",
    "ContrastiveProjection",
    "CoresetMargin",
    "KCenterGreedy",
    "MarginSampling",
    "PairedActiveLearner",
    "Query",
    "QueryStrategy",
    "RandomSampling",
    "RidgeCCA",
    "Round",
    "Selection",
    "__version__",
    "coverage",
    "datasets",
    "metrics",
    "plotting",
    "uncertainty",
]
