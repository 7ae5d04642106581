"""USL."""

import numpy as np
import pytest
from rounds import fitted, round_of_one

from skmal import USL
from skmal.arrays._verbs import unit
from skmal.strategies import _usl


def test_worth_is_that_of_the_papers_rule_by_brute_force(monkeypatch):
    monkeypatch.setattr(_usl, "HORIZON", 3)
    rows = unit(np.random.default_rng(0).normal(size=(36, 4)))
    round = round_of_one(rows, 5, n_aligned=6)
    selection = USL(0, n_neighbors=4, repulsion=0.2).select(round)

    known, rows = rows[:6], rows[6:]
    labels = _usl.cluster(rows, 5, np.random.default_rng(0))
    away = np.linalg.norm(rows[:, None] - rows, axis=2)
    density = 1 / np.sort(away, axis=1)[:, 1:5].mean(axis=1)
    repels = np.zeros(30)
    for _ in range(10):
        worth = density - 0.2 * repels
        picks = [
            max(np.flatnonzero(labels == name), key=worth.__getitem__)
            for name in range(5)
        ]
        new = []
        for row in range(30):
            near = [away[row, p] for p in picks if labels[p] != labels[row]]
            near += list(np.linalg.norm(known - rows[row], axis=1))
            new.append(sum(1 / d for d in sorted(near)[:3]))
        repels = 0.9 * repels + 0.1 * np.array(new)
    picks = sorted(picks, key=lambda row: -worth[row])
    assert selection.indices.tolist() == picks
    np.testing.assert_allclose(selection.utilities, worth[picks], atol=1e-8)


def test_the_densest_of_each_cluster_but_not_beside_what_is_known():
    angles = [0.0, 0.02, 0.04, 0.5, 0.51, 1.5, 1.52, 1.54]
    rows = np.array([[np.cos(angle), np.sin(angle)] for angle in angles])
    of_each = USL(0, n_neighbors=2, repulsion=0.0)
    assert sorted(of_each.select(round_of_one(rows, 2)).indices.tolist()) == [1, 6]
    with_known = np.concatenate([rows[[1]], rows])
    apart = USL(0, n_neighbors=2, repulsion=5.0)
    chosen = apart.select(round_of_one(with_known, 2, n_aligned=1)).indices.tolist()
    assert 1 not in chosen


def test_equal_items_fill_the_batch():
    selection = USL(0).select(round_of_one(np.ones((6, 2)), 4))
    assert len(set(selection.indices.tolist())) == 4


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (USL("both"), "modality must be one of"),
        (USL(n_neighbors=0), "n_neighbors must be an integer"),
        (USL(repulsion=-1.0), "repulsion must be a finite number"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
