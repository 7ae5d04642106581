"""Multimodal active learning with the tools of scikit-learn."""

from . import (
    annotators,
    clustering,
    coverage,
    datasets,
    design,
    evaluation,
    herding,
    metrics,
    plotting,
    uncertainty,
)
from ._version import __version__
from .annotators import SimulatedAnnotator
from .clip import CLIPEncoder
from .clustering import BADGE, TypiClust
from .design import VOptimalDesign
from .herding import MaxHerding, UncertaintyHerding
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
    "BADGE",
    "CLIPEncoder",
    "ContrastiveProjection",
    "CoresetMargin",
    "KCenterGreedy",
    "MarginSampling",
    "MaxHerding",
    "PairedActiveLearner",
    "Query",
    "QueryStrategy",
    "RandomSampling",
    "RidgeCCA",
    "Round",
    "Selection",
    "SimulatedAnnotator",
    "TypiClust",
    "UncertaintyHerding",
    "VOptimalDesign",
    "__version__",
    "annotators",
    "clustering",
    "coverage",
    "datasets",
    "design",
    "evaluation",
    "herding",
    "metrics",
    "plotting",
    "uncertainty",
]
