"""ProbCover."""

import numpy as np
import pytest
from rounds import fitted, round_of_one

from skmal import ProbCover
from skmal.arrays._verbs import unit
from skmal.strategies._prob_cover import _balls, _pairs_within, _sorted


def covering(rows, known, n_neighbors, n):
    """Pick by brute force: most uncovered rows in the ball, then the closest ones."""
    distance = np.linalg.norm(rows[:, None] - rows, axis=2)
    radius = np.median(np.sort(distance, axis=1)[:, n_neighbors])
    inside = distance <= radius
    covered = (np.linalg.norm(rows[:, None] - known, axis=2) <= radius).any(axis=1)
    picks = []
    for _ in range(n):
        new = inside & ~covered
        closeness = np.where(new, 1 - distance / radius, 0).sum(axis=1)
        score = new.sum(axis=1) + closeness / (len(rows) + 1)
        if score.max() <= 0:
            closeness = np.where(inside, 1 - distance / radius, 0).sum(axis=1)
            score = inside.sum(axis=1) + closeness / (len(rows) + 1)
        score[picks] = -np.inf
        best = np.flatnonzero(score.round(9) == score.round(9).max())
        likeness = [rows[i] @ rows.mean(axis=0) for i in best]
        picks.append(int(best[np.argmax(likeness)]))
        covered |= inside[picks[-1]]
    return picks


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("n_aligned", [0, 8])
def test_picks_are_those_of_brute_force(n, n_aligned):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    round = round_of_one(rows, n, n_aligned)
    selection = ProbCover(0, n_neighbors=4).select(round)
    points = unit(rows)
    expected = covering(points[n_aligned:], points[:n_aligned], 4, n)
    assert selection.indices.tolist() == expected
    assert (np.diff(selection.utilities) <= 0).all()


def test_surroundings_of_known_items_come_last():
    rows = np.eye(3)[np.repeat([0, 1, 2], [30, 20, 10])]
    rows += 0.01 * np.random.default_rng(0).normal(size=rows.shape)
    picks = ProbCover(0, n_neighbors=9).select(round_of_one(rows, 1, 3)).indices
    assert 30 <= picks[0] + 3 < 50  # some of the largest group are known


def test_equal_rows_and_single_ones():
    same = round_of_one(np.ones((5, 2)), 5)
    assert sorted(ProbCover(0).select(same).indices) == [0, 1, 2, 3, 4]
    assert ProbCover(0).select(round_of_one(np.ones((1, 2)), 1)).indices.tolist() == [0]


@pytest.mark.parametrize("n_values", [2, 1000])  # most rows tie, or hardly any
def test_rows_are_sorted_as_by_all_columns(n_values):
    rng = np.random.default_rng(0)
    rows = rng.integers(-n_values, n_values, size=(300, 4)).astype(float)
    rows[::7, -1] = -0.0
    np.testing.assert_array_equal(_sorted(rows), np.lexsort(rows.T))
    assert _sorted(rows[:1]).tolist() == [0]


@pytest.mark.parametrize("kind", ["grid", "nearly the same", "wide"])
def test_pairs_are_those_of_direct_differences(kind):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, size=(80, 4)).astype(float)
    if kind == "nearly the same":  # float32 cannot tell the distances apart
        rows = 1 + 1e-6 * rows
    elif kind == "wide":
        rows = rng.normal(size=(80, 40))
    distance = np.linalg.norm(rows[:, None] - rows, axis=2)
    radius = float(np.median(np.sort(distance, axis=1)[:, 4]))
    inside = distance.round(9) <= round(radius, 9)
    balls = _balls(rows, radius).toarray()
    np.testing.assert_array_equal(balls > 0, inside)
    closeness = np.where(inside, 1 - np.minimum(distance / radius, 1), 0)
    np.testing.assert_allclose(balls, inside + closeness / 81, rtol=0, atol=1e-9)
    first, second, _ = _pairs_within(rows[:9], rows, radius)
    np.testing.assert_array_equal((first, second), np.nonzero(inside[:9]))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (ProbCover("both"), "modality must be one of"),
        (ProbCover(n_neighbors=0), "n_neighbors must be an integer of at least 1"),
    ],
)
def test_bad_parameters(strategy, message):
    learner, X, y = fitted(strategy)
    with pytest.raises(ValueError, match=message):
        learner.query(X, y, n_instances=2)
