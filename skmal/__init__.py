"""Multimodal active learning with the tools of scikit-learn."""

from . import (
    annotation,
    coverage,
    datasets,
    encoder_checks,
    encoders,
    evaluation,
    learners,
    matching,
    metrics,
    plotting,
    strategies,
    strategy_checks,
    uncertainty,
)
from ._version import __version__
from .annotation import (
    AnnotationSession,
    Imported,
    Item,
    Progress,
    Question,
    SetAside,
)
from .arrays import ShardedArray
from .encoders import (
    CLIPEncoder,
    ContrastiveProjection,
    KernelCCA,
    RidgeCCA,
    RidgeMCCA,
)
from .learners import (
    MultimodalActiveLearner,
    PairedActiveLearner,
    Query,
    SimulatedAnnotator,
)
from .matching import Matching
from .strategies import (
    BADGE,
    CAL,
    ClusterMargin,
    CoresetMargin,
    DropQuery,
    InformationDensity,
    KCenterGreedy,
    MarginSampling,
    MaxHerding,
    ProbCover,
    QueryStrategy,
    RandomSampling,
    Round,
    Selection,
    TypiClust,
    UncertaintyHerding,
    VOptimalDesign,
)

__all__ = [
    "BADGE",
    "CAL",
    "AnnotationSession",
    "CLIPEncoder",
    "ClusterMargin",
    "ContrastiveProjection",
    "CoresetMargin",
    "DropQuery",
    "Imported",
    "InformationDensity",
    "Item",
    "KCenterGreedy",
    "KernelCCA",
    "MarginSampling",
    "Matching",
    "MaxHerding",
    "MultimodalActiveLearner",
    "PairedActiveLearner",
    "ProbCover",
    "Progress",
    "Query",
    "QueryStrategy",
    "Question",
    "RandomSampling",
    "RidgeCCA",
    "RidgeMCCA",
    "Round",
    "Selection",
    "SetAside",
    "ShardedArray",
    "SimulatedAnnotator",
    "TypiClust",
    "UncertaintyHerding",
    "VOptimalDesign",
    "__version__",
    "annotation",
    "coverage",
    "datasets",
    "encoder_checks",
    "encoders",
    "evaluation",
    "learners",
    "matching",
    "metrics",
    "plotting",
    "strategies",
    "strategy_checks",
    "uncertainty",
]


def _name_publicly() -> None:
    """Let pickles and messages name the public path, which stays when a file moves.

    What is public in a folder and here is named after here.
    """
    rooms = (
        annotation,
        coverage,
        datasets,
        encoders,
        learners,
        matching,
        metrics,
        strategies,
        uncertainty,
    )
    for room in rooms:
        for name in room.__all__:
            getattr(room, name).__module__ = room.__name__
    for name in __all__:
        if isinstance(globals()[name], type):
            globals()[name].__module__ = __name__


_name_publicly()
