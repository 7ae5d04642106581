"""What to ask next: the default, the paper's strategy, baselines, and others."""

from ._alfa_mix import ALFAMix
from ._badge import BADGE, assignment_residuals
from ._base import QueryStrategy, Strategy
from ._cal import CAL
from ._cluster_margin import ClusterMargin
from ._coreset_margin import CoresetMargin
from ._design import greedy_v_optimal, v_optimal_gains
from ._drop_query import DropQuery
from ._falcun import FALCUN
from ._herding import MaxHerding, UncertaintyHerding, greedy_herding
from ._information_density import InformationDensity
from ._k_center import KCenterGreedy
from ._margin import MarginSampling
from ._prob_cover import ProbCover
from ._random_sampling import RandomSampling
from ._round import Round, Selection
from ._typiclust import TypiClust
from ._usl import USL
from ._v_optimal import VOptimalDesign, trusted_uncertainty

__all__ = [
    "BADGE",
    "CAL",
    "FALCUN",
    "USL",
    "ALFAMix",
    "ClusterMargin",
    "CoresetMargin",
    "DropQuery",
    "InformationDensity",
    "KCenterGreedy",
    "MarginSampling",
    "MaxHerding",
    "ProbCover",
    "QueryStrategy",
    "RandomSampling",
    "Round",
    "Selection",
    "Strategy",
    "TypiClust",
    "UncertaintyHerding",
    "VOptimalDesign",
    "assignment_residuals",
    "greedy_herding",
    "greedy_v_optimal",
    "trusted_uncertainty",
    "v_optimal_gains",
]
