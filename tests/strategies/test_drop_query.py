"""DropQuery."""

import numpy as np
import pytest
from rounds import fitted, make_round

from skmal import DropQuery
from skmal.arrays._verbs import unit
from skmal.strategies._drop_query import _best_partners, most_central_first


def test_only_what_changes_is_asked_about_and_clusters_differ():
    rng = np.random.default_rng(0)
    # The first partner is the best of the first 30 in every component.
    X = np.concatenate([np.ones((30, 8)), rng.normal(size=(60, 8))])
    y = np.concatenate([np.ones((1, 8)), -np.abs(rng.normal(size=(20, 8)))])
    round = make_round((X, y), (X[:0], y[:0]), 6)
    selection = DropQuery(0).select(round)
    assert selection.indices.min() >= 30
    assert selection.utilities.tolist() == [0] * 6  # each of another cluster


@pytest.mark.parametrize("dropout", [0.0, 0.5, 0.75])
def test_changes_are_counted_as_by_hand(dropout):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.normal(size=(15, 6))
    strategy = DropQuery(dropout=dropout, n_passes=4)
    changes = strategy._changes(X, y, np.random.default_rng(1))
    draws = np.random.default_rng(1)
    best = (X @ unit(y).T).argmax(axis=1)
    expected = np.zeros(40, dtype=int)
    for _ in range(4):
        kept = draws.random(6) >= dropout
        kept[draws.integers(6)] = True
        for row in range(40):
            expected[row] += (unit(y) @ np.where(kept, X[row], 0)).argmax() != best[row]
    np.testing.assert_array_equal(changes, expected)
    assert expected.any() == (dropout > 0)


@pytest.mark.parametrize("n_copies", [2, 40])  # few rows to look at again, and many
@pytest.mark.parametrize("gap", [1e-4, 0.0])  # of angles, so 5e-9 of products
def test_best_partners_are_those_of_float64(n_copies, gap):
    rng = np.random.default_rng(0)
    queries = unit(rng.normal(size=(30, 6)))
    across = rng.normal(size=queries.shape)
    across = unit(across - (across * queries).sum(axis=1)[:, None] * queries)
    angles = gap * np.arange(n_copies, 0, -1)[:, None, None]
    gallery = (queries * np.cos(angles) + across * np.sin(angles)).reshape(-1, 6)
    expected = np.arange(30) + (30 * (n_copies - 1) if gap else 0)
    assert _best_partners(queries, gallery).tolist() == expected.tolist()


def test_the_choice_does_not_hang_on_the_order_of_the_partners():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.normal(size=(30, 6))
    chosen = [
        DropQuery(0).select(make_round((X, rows), (X[:0], y[:0]), 5)).indices.tolist()
        for rows in (y, y[::-1])
    ]
    assert chosen[0] == chosen[1]


def test_where_nothing_changes_the_batch_is_full():
    X = np.random.default_rng(0).normal(size=(2, 30, 5))
    round = make_round(X, X[:, :0], 7)
    chosen = DropQuery(1, dropout=0.0).select(round).indices
    assert len(set(chosen.tolist())) == 7


def test_the_most_central_of_each_cluster_comes_first():
    rows = np.array([[0.0], [1.0], [5.0], [10.0], [10.5], [12.0]])
    labels = np.array([1, 1, 1, 0, 0, 0])
    # The means are 2 and 10.83; ties would keep their order.
    assert most_central_first(rows, labels).tolist() == [4, 3, 1, 5, 0, 2]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (DropQuery("both"), "modality must be one of"),
        (DropQuery(dropout=1.0), "dropout must be a finite number"),
        (DropQuery(n_passes=0), "n_passes must be an integer"),
        (DropQuery(candidates="some"), "candidates must be one of"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
