"""TypiClust."""

import numpy as np
import pytest
from helpers import make_pairs
from rounds import round_of_one

from skmal import (
    PairedActiveLearner,
    RidgeCCA,
    TypiClust,
)
from skmal.arrays._verbs import unit
from skmal.strategies._typiclust import greedy_centres


def clusters(sizes, d=6, spread=0.05):
    """Return rows around so many axes."""
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return np.eye(d)[numbers] + spread * rng.normal(size=(len(numbers), d)), numbers


def test_one_typical_item_of_each_cluster_the_largest_first():
    rows, numbers = clusters([30, 10, 20])
    picks = TypiClust(0).select(round_of_one(rows, 3)).indices
    assert numbers[picks].tolist() == [0, 2, 1]
    for pick in picks:
        own = unit(rows)[numbers == numbers[pick]]
        distance = np.linalg.norm(own[:, None] - own, axis=2)
        nearest = np.sort(distance, axis=1)[:, 1:21].mean(axis=1)
        np.testing.assert_allclose(own[nearest.argmin()], unit(rows)[pick])


def test_clusters_with_known_items_come_last_and_small_ones_later():
    rows, numbers = clusters([1, 30, 3, 20])  # the first row is known
    round = round_of_one(rows, 3, n_aligned=1)
    selection = TypiClust(0, max_clusters=4).select(round)
    assert numbers[1:][selection.indices].tolist() == [1, 3, 2]
    rows, numbers = clusters([1, 30, 20])
    rows[0] = rows[40]  # known, and of the second large cluster
    numbers[0] = 2
    selection = TypiClust(0, max_clusters=2).select(round_of_one(rows, 4, n_aligned=1))
    assert numbers[1:][selection.indices].tolist() == [1, 1, 2, 1]
    assert selection.utilities.tolist() == [0, -1, -1, -2]


def test_more_clusters_than_different_rows_do_no_harm():
    rows = np.ones((70, 3))
    for n in (5, 60):  # both kinds of k-means
        picks = TypiClust(0).select(round_of_one(rows, n)).indices
        assert len(set(picks)) == n


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (TypiClust("both"), "modality must be one of"),
        (TypiClust(max_clusters=0), "max_clusters must be an integer of at least 1"),
    ],
)
def test_bad_parameters(strategy, message):
    with pytest.raises(ValueError, match=message):
        PairedActiveLearner(RidgeCCA(), strategy).query(*make_pairs())


@pytest.mark.parametrize("n_centres", [4, 12])  # products of a few rows; of all
def test_first_centres_are_greedy_kmeans_plusplus(n_centres):
    rows, _ = clusters([40, 3, 20, 9], spread=0.01)
    centres = greedy_centres(rows, n_centres, np.random.default_rng(1))
    assert len({int(np.abs(row).argmax()) for row in centres}) == 4  # all of them
    # the same draws, with all distances made anew at each step
    rng = np.random.default_rng(1)
    n_trials = 2 + int(np.log(n_centres))
    picked = [rng.integers(len(rows))]
    while len(picked) < n_centres:
        squared = ((rows[:, None] - rows[picked]) ** 2).sum(axis=2).min(axis=1)
        trials = squared.cumsum().searchsorted(rng.random(n_trials) * squared.sum())
        potentials = [
            ((rows[:, None] - rows[[*picked, trial]]) ** 2)
            .sum(axis=2)
            .min(axis=1)
            .sum()
            for trial in trials
        ]
        picked.append(trials[np.argmin(potentials)])
    np.testing.assert_array_equal(centres, rows[picked])
