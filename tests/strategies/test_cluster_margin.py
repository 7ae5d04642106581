"""ClusterMargin."""

from dataclasses import replace

import numpy as np
import pytest
from rounds import fitted, make_round

from skmal import ClusterMargin
from skmal.strategies._cluster_margin import in_turns
from skmal.uncertainty import cross_modal_margin


def turns_by_hand(rows, labels, n):
    """Go round the clusters, those with the fewest rows first."""
    queues = {}
    for row, label in zip(rows, labels, strict=True):
        queues.setdefault(label, []).append(row)
    order = sorted(queues, key=lambda label: len(queues[label]))
    picks, turns, turn = [], [], 0
    while len(picks) < n:
        for label in order:
            if turn < len(queues[label]) and len(picks) < n:
                picks.append(queues[label][turn])
                turns.append(turn)
        turn += 1
    return picks, turns


@pytest.mark.parametrize("n", [1, 5, 30])
def test_clusters_are_gone_through_as_by_hand(n):
    rng = np.random.default_rng(0)
    rows, labels = rng.permutation(30), rng.integers(7, size=30) * 3
    picks, turns = in_turns(rows, labels, n)
    expected = turns_by_hand(rows.tolist(), labels.tolist(), n)
    assert (picks.tolist(), turns.tolist()) == expected


def test_only_the_least_certain_are_candidates_and_clusters_differ():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 60, 4))
    round = make_round(features, features[:, :0], 6)
    inputs = np.repeat(np.eye(6), 10, axis=0) + 0.01 * rng.normal(size=(60, 6))
    round = replace(round, open_inputs=(inputs, inputs))
    selection = ClusterMargin(0, candidate_ratio=3.0).select(round)
    margins = cross_modal_margin(features[0], features[1])
    assert set(selection.indices) <= set(margins.argsort()[:18])
    found = len(set(margins.argsort()[:18] // 10))
    assert len(set(selection.indices // 10)) == min(6, found)
    assert selection.utilities[0] == 0
    one = ClusterMargin(0, candidate_ratio=1.0).select(round)
    assert set(one.indices) == set(margins.argsort()[:6])


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (ClusterMargin("both"), "modality must be one of"),
        (ClusterMargin(candidate_ratio=0.5), "candidate_ratio must be a finite number"),
        (ClusterMargin(uncertainty="doubt"), "uncertainty must be one of"),
        (ClusterMargin(candidates="some"), "candidates must be one of"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
