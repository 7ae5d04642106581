"""Multimodal active learning with the tools of scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import coverage, encoders, learners, matching, metrics, strategies, uncertainty
from ._shared.naming import name_publicly
from ._version import __version__
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
    FALCUN,
    USL,
    ALFAMix,
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

if TYPE_CHECKING:
    from . import (
        annotation,
        datasets,
        encoder_checks,
        evaluation,
        plotting,
        strategy_checks,
    )
    from .annotation import (
        AnnotationSession,
        Imported,
        Item,
        Progress,
        Question,
        SetAside,
    )

__all__ = [
    "BADGE",
    "CAL",
    "FALCUN",
    "USL",
    "ALFAMix",
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


# What a loop of one's own does without is loaded when it is first asked for.
_LATER = {
    "annotation",
    "datasets",
    "encoder_checks",
    "evaluation",
    "plotting",
    "strategy_checks",
}
_OF_ANNOTATION = {
    "AnnotationSession",
    "Imported",
    "Item",
    "Progress",
    "Question",
    "SetAside",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(f".{name}", __name__)
    if name in _OF_ANNOTATION:
        return getattr(import_module(".annotation", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


for _room in (
    coverage,
    encoders,
    learners,
    matching,
    metrics,
    strategies,
    uncertainty,
):
    name_publicly(_room.__name__, vars(_room), _room.__all__)
name_publicly(
    __name__,
    globals(),
    (name for name in __all__ if isinstance(globals().get(name), type)),
)
del _room
