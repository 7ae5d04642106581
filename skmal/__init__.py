"""Multimodal active learning with the tools of scikit-learn."""

from . import (
    annotators,
    by_group,
    clustering,
    coverage,
    datasets,
    design,
    evaluation,
    herding,
    metrics,
    plotting,
    strategy_checks,
    uncertainty,
)
from ._catalogue import Item
from ._questions import Imported, Progress, Question
from ._version import __version__
from .annotators import SimulatedAnnotator
from .clip import CLIPEncoder
from .clustering import BADGE, TypiClust
from .design import VOptimalDesign
from .herding import MaxHerding, UncertaintyHerding
from .learner import PairedActiveLearner
from .linear import ContrastiveProjection, RidgeCCA
from .multimodal import MultimodalActiveLearner
from .multiset import RidgeMCCA
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
    "MultimodalActiveLearner",
    "PairedActiveLearner",
    "Progress",
    "Query",
    "QueryStrategy",
    "Question",
    "RandomSampling",
    "RidgeCCA",
    "RidgeMCCA",
    "Round",
    "Selection",
    "SimulatedAnnotator",
    "TypiClust",
    "UncertaintyHerding",
    "VOptimalDesign",
    "__version__",
    "annotators",
    "by_group",
    "clustering",
    "coverage",
    "datasets",
    "design",
    "evaluation",
    "herding",
    "metrics",
    "plotting",
    "strategy_checks",
    "uncertainty",
]
