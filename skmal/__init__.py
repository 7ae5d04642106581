"""Multimodal active learning with the tools of scikit-learn."""

from . import coverage, datasets, design, metrics, plotting, uncertainty
from ._version import __version__
from .design import VOptimalDesign
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
    "VOptimalDesign",
    "__version__",
    "coverage",
    "datasets",
    "design",
    "metrics",
    "plotting",
    "uncertainty",
]
