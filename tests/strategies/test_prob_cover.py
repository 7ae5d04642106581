"""ProbCover."""

import numpy as np
import pytest
from rounds import fitted, round_of_one
from scipy.sparse import csr_array

from skmal import ProbCover
from skmal.arrays._verbs import unit
from skmal.strategies._prob_cover import _balls


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


def test_a_distance_of_the_radius_counts_from_both_ends():
    class Index:
        def radius_neighbors_graph(self, rows, mode):
            return csr_array(([0.0, 1.0, 0.0], [0, 1, 1], [0, 2, 3]), shape=(2, 2))

    balls = _balls(Index(), np.eye(2), 1.0).toarray()
    np.testing.assert_array_equal(balls, balls.T)
    assert (balls >= 1).all()


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
