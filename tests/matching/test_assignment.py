"""Candidates and assignments against dense ones, computed plainly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from skmal.matching import _assignment, _candidates
from skmal.matching._assignment import assign, partner_shares, shares_of_equals
from skmal.matching._candidates import find_edges
from skmal.matching._matching import propose


def rows_of(seed, n, m, d=6):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(max(n, m), d))
    X, Y = rows[:n], (rows + 0.3 * rng.normal(size=rows.shape))[:m]
    return (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (X, Y))


def ones(n):
    return np.ones(n, dtype=int)


@pytest.fixture(params=["all pairs", "candidates"])
def way(request, monkeypatch):
    """Let small pools be looked at as larger ones are."""
    if request.param != "all pairs":
        monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    return request.param


@pytest.mark.parametrize("shape", [(150, 90), (90, 151), (3, 400)])
def test_candidates_are_the_most_similar_both_ways(monkeypatch, shape):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    X, Y = rows_of(0, *shape)
    edges = find_edges(X, Y, k=3)
    S = X @ Y.T
    expected = {(i, j) for i in range(shape[0]) for j in np.argsort(-S[i])[:3]}
    expected |= {(i, j) for j in range(shape[1]) for i in np.argsort(-S[:, j])[:3]}
    assert set(zip(edges.x.tolist(), edges.y.tolist(), strict=True)) == expected
    assert np.allclose(edges.similarity, S[edges.x, edges.y], atol=1e-6)
    assert len(edges.x) == len(expected)
    assert (np.diff(edges.x.astype(int) * shape[1] + edges.y) > 0).all()


def test_blocks_and_threads_change_no_candidates(monkeypatch):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    X, Y = rows_of(1, 300, 280)
    whole = find_edges(X, Y, k=4)
    monkeypatch.setattr(_candidates.SIZES, "matched_values", 280 * 17)
    monkeypatch.setattr(_candidates.SIZES, "matched_rows", 16)
    monkeypatch.setattr(_candidates, "count_threads", lambda *_: 3)
    blocked = find_edges(X, Y, k=4)
    assert np.array_equal(whole.x, blocked.x)
    assert np.array_equal(whole.y, blocked.y)


def test_equal_rows_are_all_candidates(monkeypatch):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    X, Y = (np.repeat(rows, 100, axis=0) for rows in rows_of(9, 4, 4))
    assert len(propose(X, Y).x) >= 395


def test_equals_in_many_groups_are_all_candidates(monkeypatch):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    X, _ = rows_of(10, 900, 900)
    same = np.tile(X[:1], (900, 1))
    assert len(propose(X, same).x) >= 880
    assert len(propose(same, X).x) >= 880


def test_equal_items_share_what_is_likely():
    X, Y = rows_of(3, 12, 12)
    Y[6:] = Y[:6]  # each text stands there twice
    y = np.arange(12) % 6
    edges = find_edges(X, Y)
    shares = partner_shares(edges, ones(12))
    own = shares_of_equals(edges, shares, (np.arange(12), y)).reshape(12, 12)
    dense = shares.reshape(12, 12)
    assert np.allclose(own[:, :6], (dense[:, :6] + dense[:, 6:]).clip(0, 1))
    assert np.allclose(own[:, 6:], own[:, :6])
    both = shares_of_equals(edges, shares, (np.arange(12) % 6, y)).reshape(12, 12)
    blocks = dense.reshape(2, 6, 2, 6).sum(axis=(0, 2)) / 2
    assert np.allclose(both, np.tile(blocks, (2, 2)).clip(0, 1))
    alone = shares_of_equals(edges, shares, (np.arange(12), np.arange(12)))
    assert np.allclose(alone, shares.clip(0, 1))


def test_shares_of_rows_and_columns_sum_to_one():
    edges = find_edges(*rows_of(3, 30, 30))
    shares = partner_shares(edges, ones(30)).reshape(30, 30)
    assert np.allclose(shares.sum(axis=0), 1)
    assert np.allclose(shares.sum(axis=1), 1, atol=0.05)


@pytest.mark.parametrize(("n", "m"), [(12, 12), (9, 14), (14, 9)])
def test_the_assignment_is_that_of_the_dense_matrix(n, m):
    edges = find_edges(*rows_of(4, n, m))
    weights = np.random.default_rng(0).random(n * m)
    chosen = assign(edges, weights, ones(n))
    dense = weights.reshape(n, m)
    best = dense[linear_sum_assignment(dense, maximize=True)].sum()
    assert weights[chosen].sum() == pytest.approx(best)


@pytest.mark.parametrize("digits", [1, 9])  # of 1: many are 0, or exactly 1
def test_a_sparse_assignment_is_that_of_the_dense_matrix_with_zeros(
    monkeypatch, digits
):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    edges = find_edges(*rows_of(5, 40, 30), k=2)
    weights = np.random.default_rng(0).random(len(edges.x)).round(digits)
    dense = np.zeros((40, 30))
    dense[edges.x, edges.y] = weights
    best = dense[linear_sum_assignment(dense, maximize=True)].sum()
    assert weights[assign(edges, weights, ones(40))].sum() == pytest.approx(best)


def test_the_heaviest_are_taken_one_after_the_other(monkeypatch):
    monkeypatch.setattr(_candidates, "ALL_PAIRS", 0)
    monkeypatch.setattr(_assignment, "MOST_EXACT", 0)
    edges = find_edges(*rows_of(6, 40, 40), k=3)
    weights = np.random.default_rng(0).random(len(edges.x)).round(1)  # with ties
    expected, x, y = [], set(), set()
    for edge in np.argsort(-weights, kind="stable"):
        if edges.x[edge] not in x and edges.y[edge] not in y:
            expected.append(edge)
            x.add(edges.x[edge])
            y.add(edges.y[edge])
    assert assign(edges, weights, ones(40)).tolist() == sorted(expected)


def test_rows_of_several_partners_are_given_as_often(way):
    X, Y = rows_of(7, 10, 50)
    found = propose(X, Y[np.arange(50)], np.full(10, 5))
    assert len(set(found.y.tolist())) == len(found.y)
    assert np.bincount(found.x).max() <= 5
    assert len(found.x) >= 45


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 40))
def test_proposals_are_one_to_one_and_follow_the_rows(seed, n, m):
    X, Y = rows_of(seed, n, m)
    found = propose(X, Y)
    assert len(found.x) == len(set(found.x)) == len(set(found.y)) == min(n, m)
    rng = np.random.default_rng(seed)
    a, b = rng.permutation(n), rng.permutation(m)
    again = propose(X[a], Y[b])
    weight = found.shares.sum()
    assert again.shares.sum() == pytest.approx(weight, rel=1e-3, abs=1e-3)
    pairs = set(zip(found.x, found.y, strict=True))
    moved = set(zip(a[again.x], b[again.y], strict=True))
    assert len(pairs & moved) >= 0.8 * len(pairs)  # the rest are ties of rounding


def test_each_row_of_y_may_be_given_the_likeliest_row_of_x(way):
    X, Y = rows_of(8, 5, 60)
    found = propose(X, Y, one_to_one=False)
    assert found.y.tolist() == list(range(60))
    shares = partner_shares(find_edges(X, Y), np.full(5, 12)).reshape(5, 60)
    assert found.x.tolist() == shares.argmax(axis=0).tolist()
    assert np.allclose(found.shares, shares.max(axis=0).clip(0, 1), rtol=1e-4)
