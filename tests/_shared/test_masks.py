"""No public function takes a masked array for the values under its mask."""

import numpy as np
import pytest
from helpers import make_pairs

from skmal import (
    ContrastiveProjection,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RidgeCCA,
    RidgeMCCA,
    ShardedArray,
    metrics,
)
from skmal._shared.masks import refuse_masked
from skmal.coverage import coverage_gap, distance_to_aligned, greedy_k_center, isolation
from skmal.evaluation import evaluate_retrieval
from skmal.strategies import greedy_herding, greedy_v_optimal
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin, cross_modal_top1

X, Y = make_pairs(12)
Y = np.hstack([Y, Y[:, :1]])  # as wide as X
CURVE = np.arange(1.0, 13.0)


def known():
    """Return a learner that knows pairs."""
    return PairedActiveLearner(random_state=0).teach(X, Y)


def answered(partners):
    """Return the rows that answers are about."""
    return known().query(X, Y, n_instances=12).pairs(partners)


def of_several(partners):
    """Return the rows that answers about several modalities are about."""
    learner = MultimodalActiveLearner(random_state=0).teach([X, Y])
    query = learner.query([X, Y], n_instances=12)
    return query.tuples(np.ma.stack([query.indices, partners], axis=1))


ROWS = {  # of rows of numbers
    "fit": lambda rows: PairedActiveLearner().fit(rows, Y),
    "fit, y": lambda rows: PairedActiveLearner().fit(X, rows),
    "fit, validation": lambda rows: PairedActiveLearner().fit(
        X, Y, validation_data=(X, rows)
    ),
    "teach": lambda rows: known().teach(rows, Y),
    "query": lambda rows: known().query(X, rows),
    "transform": lambda rows: known().transform(rows),
    "transform, y": lambda rows: known().transform(X, rows),
    "score": lambda rows: known().score(rows, Y),
    "several": lambda rows: MultimodalActiveLearner().fit([rows, Y]),
    "RidgeCCA.fit": lambda rows: RidgeCCA().fit(rows, Y),
    "RidgeCCA.fit, y": lambda rows: RidgeCCA().fit(X, rows),
    "RidgeCCA.transform": lambda rows: RidgeCCA().fit(X, Y).transform(rows),
    "RidgeMCCA.fit": lambda rows: RidgeMCCA().fit([X, rows]),
    "RidgeMCCA.transform": lambda rows: RidgeMCCA().fit([X, Y]).transform([X, rows]),
    "ContrastiveProjection": lambda rows: ContrastiveProjection().fit(rows, Y),
    "ranks": lambda rows: metrics.retrieval_ranks(X, rows),
    "mrr": lambda rows: metrics.mean_reciprocal_rank(rows, Y),
    "mrr, groups": lambda rows: metrics.mean_reciprocal_rank(
        rows, Y, groups=np.arange(12)
    ),
    "compositional": lambda rows: metrics.compositional_scores(rows, Y),
    "by group": lambda rows: metrics.scores_by_group(rows, Y, np.arange(12)),
    "evaluation": lambda rows: evaluate_retrieval(RidgeCCA().fit(X, Y), rows, Y),
    "distances": lambda rows: distance_to_aligned(rows, X),
    "gap": lambda rows: coverage_gap(X, rows),
    "k-center": lambda rows: greedy_k_center(rows, 2),
    "k-center, aligned": lambda rows: greedy_k_center(X, 2, rows),
    "isolation": isolation,
    "margin": lambda rows: cross_modal_margin(rows, Y),
    "top1": lambda rows: cross_modal_top1(X, rows),
    "entropy": lambda rows: cross_modal_entropy(rows, Y),
    "herding": lambda rows: greedy_herding(rows, 2, X),
    "herding, aligned": lambda rows: greedy_herding(X, 2, X, aligned=rows),
    "v-optimal": lambda rows: greedy_v_optimal(rows, 2),
    "shards": lambda rows: ShardedArray([rows]),
    "known in a list": lambda rows: RidgeCCA().fit(list(rows), Y),
}
VALUES = {  # of one value per row
    "groups": lambda values: PairedActiveLearner().fit(X, Y, groups=values),
    "labels": lambda values: metrics.scores_by_group(X, Y, values),
    "partners": lambda values: answered(values),
    "partners of several": of_several,
    "weights": lambda values: greedy_herding(X, 2, X, weights=values),
    "targets": lambda values: greedy_v_optimal(X, 2, targets=values > 0),
    "points": lambda values: metrics.annotation_savings(values, [CURVE], [CURVE]),
    "curves": lambda values: metrics.annotation_savings(CURVE, values, [CURVE]),
    "budgets": lambda values: metrics.annotation_savings(
        CURVE, [CURVE], [CURVE], budgets=values
    ),
    "area": lambda values: metrics.area_under_learning_curve(CURVE, values),
    "y": lambda values: RidgeCCA().fit(X, values),
}


@pytest.mark.parametrize("gate", ROWS.values(), ids=ROWS.keys())
def test_rows_with_a_masked_value_are_refused(gate):
    mask = np.zeros(X.shape, bool)
    mask[3, 2] = mask[5, 0] = True
    with pytest.raises(ValueError, match=r"masked in row 3, .*its filled\(\)"):
        gate(np.ma.array(X, mask=mask))


@pytest.mark.parametrize("gate", VALUES.values(), ids=VALUES.keys())
def test_masked_values_are_refused(gate):
    values = np.ma.array(np.arange(1, 13), mask=np.arange(12) == 3)
    with pytest.raises(ValueError, match=r"masked in row [03], .*its filled\(\)"):
        gate(values)


def test_a_mask_of_nothing_is_no_mask():
    values = np.ma.array(np.arange(3.0))
    assert type(refuse_masked(values, "X")) is np.ndarray
    assert refuse_masked("ab", "X") == "ab"
