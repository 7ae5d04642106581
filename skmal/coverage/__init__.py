"""How well the aligned items cover a pool, and which items would cover it better."""

from ._gap import coverage_gap, distance_to_aligned
from ._isolation import isolation
from ._k_center import greedy_k_center

__all__ = ["coverage_gap", "distance_to_aligned", "greedy_k_center", "isolation"]
