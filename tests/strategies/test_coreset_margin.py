"""CoresetMargin: the paper's three steps."""

import numpy as np
import pytest
from rounds import fitted, make_round

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
)
from skmal.coverage import coverage_gap, greedy_k_center
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin, cross_modal_top1


def paper_by_hand(round, coreset_size, score):
    """Return the paper's three steps from public free functions."""
    gaps = [coverage_gap(round.open[m], round.aligned[m]) for m in (0, 1)]
    m = int(gaps[1] > gaps[0])
    coreset = np.sort(greedy_k_center(round.open[m], coreset_size, round.aligned[m]))
    gallery = np.concatenate([round.open[1 - m], round.aligned[1 - m]])
    values = score(round.open[m][coreset], gallery)
    order = np.argsort(values, kind="stable")[: round.n_instances]
    return m, coreset[order], values[order]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("uncertainty", "score"),
    [
        ("margin", cross_modal_margin),
        ("top1", cross_modal_top1),
        ("entropy", lambda q, g: -cross_modal_entropy(q, g)),
    ],
)
def test_coreset_margin_is_the_papers_three_steps(seed, uncertainty, score):
    rng = np.random.default_rng(seed)
    open_ = rng.normal(size=(60, 4)), rng.normal(size=(50, 4))
    aligned = rng.normal(size=(9, 4)), rng.normal(size=(9, 4))
    round = make_round(open_, aligned, n_instances=5)
    selection = CoresetMargin(uncertainty=uncertainty).select(round)
    m, rows, values = paper_by_hand(round, 10, score)
    assert selection.modality == m
    np.testing.assert_array_equal(selection.indices, rows)
    np.testing.assert_allclose(selection.utilities, -values, atol=1e-8)


def test_the_extremes_of_the_coreset_are_the_baselines():
    for strategy, baseline in [
        (CoresetMargin(coreset_size=1.0), KCenterGreedy()),
        (CoresetMargin(coreset_size=10_000), MarginSampling()),
    ]:
        learner, X, y = fitted(strategy)
        chosen = strategy(learner, X, y, n_instances=6)
        expected = baseline(learner, X, y, n_instances=6)
        assert set(chosen.indices) == set(expected.indices)


def test_coreset_sizes_in_rows_and_in_batches_agree():
    learner, X, y = fitted(None)
    by_rows = CoresetMargin(coreset_size=15)(learner, X, y, n_instances=6)
    by_batch = CoresetMargin(coreset_size=2.5)(learner, X, y, n_instances=6)
    np.testing.assert_array_equal(by_rows.indices, by_batch.indices)


def test_cosine_changes_nothing_for_unit_rows_and_something_for_others():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 60, 4)) * rng.uniform(0.1, 5, size=(2, 60, 1))
    unit = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    picks = {}
    for name, features in [("any", rows), ("unit", unit)]:
        for metric in ("euclidean", "cosine"):
            round = make_round(features[:, 10:], features[:, :10], n_instances=8)
            strategy = CoresetMargin(0, metric=metric)
            picks[name, metric] = strategy.select(round).indices.tolist()
    assert picks["unit", "euclidean"] == picks["unit", "cosine"]
    assert picks["any", "cosine"] == picks["unit", "cosine"]
    assert picks["any", "euclidean"] != picks["any", "cosine"]


def test_equal_margins_in_a_coreset_go_to_the_lowest_row():
    x = np.array([[9.0, 9.0, 0.0], [8.0, 8.0, 0.0], [1.0, 1.0, 0.1], [1.0, 1.0, -0.1]])
    y = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]) / 3  # every margin is 0
    round = make_round((x[::-1], y), (np.zeros((1, 3)), y[:1]), n_instances=2)
    selection = CoresetMargin(0, coreset_size=3).select(round)
    coreset = greedy_k_center(x[::-1], 3, np.zeros((1, 3)))
    assert selection.indices.tolist() == sorted(coreset)[:2] != coreset[:2].tolist()
