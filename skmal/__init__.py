"""Multimodal active learning with the tools of scikit-learn."""

from . import (
    clustering,
    coverage,
    datasets,
    design,
    herding,
    metrics,
    plotting,
    uncertainty,
)
from ._catalogue import Item
from ._questions import Imported, Progress, Question
from ._version import __version__
from .clip import CLIPEncoder
from .clustering import BADGE, TypiClust
from .design import VOptimalDesign
from .herding import MaxHerding, UncertaintyHerding
from .learner import PairedActiveLearner
from .linear import ContrastiveProjection, RidgeCCA
from .rounds import Query, Round, Selection
from .session import AnnotationSession
from .strategies import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    QueryStrategy,
    RandomSampling,
)

__all__ = [
    "BADGE",
    "AnnotationSession",
    "CLIPEncoder",
    "ContrastiveProjection",
    "CoresetMargin",
    "Imported",
    "Item",
    "KCenterGreedy",
    "MarginSampling",
    "MaxHerding",
    "PairedActiveLearner",
    "Progress",
    "Query",
    "QueryStrategy",
    "Question",
    "RandomSampling",
    "RidgeCCA",
    "Round",
    "Selection",
    "TypiClust",
    "UncertaintyHerding",
    "VOptimalDesign",
    "__version__",
    "clustering",
    "coverage",
    "datasets",
    "design",
    "herding",
    "metrics",
    "plotting",
    "uncertainty",
]
