"""How good the retrieval is, and how many answers a strategy saves."""

from ..uncertainty._nearest import nearest_rows
from ._retrieval import (
    CompositionalScores,
    RetrievalScorer,
    compositional_scores,
    make_retrieval_scorer,
    mean_reciprocal_rank,
    ranks_of_items,
    recall_at_k,
    retrieval_ranks,
    retrieval_scores,
    scores_by_group,
)
from ._savings import AnnotationSavings, annotation_savings, area_under_learning_curve

__all__ = [
    "AnnotationSavings",
    "CompositionalScores",
    "RetrievalScorer",
    "annotation_savings",
    "area_under_learning_curve",
    "compositional_scores",
    "make_retrieval_scorer",
    "mean_reciprocal_rank",
    "nearest_rows",
    "ranks_of_items",
    "recall_at_k",
    "retrieval_ranks",
    "retrieval_scores",
    "scores_by_group",
]
