"""TypiClust and BADGE."""

import numpy as np
import pytest
from helpers import make_pairs

from skmal import BADGE, PairedActiveLearner, RidgeCCA, Round, TypiClust
from skmal.arrays._rows import unit
from skmal.strategies import _typiclust as clustering
from skmal.strategies._badge import assignment_residuals


def make_round(inputs, n_instances, n_aligned=0, features=None, seed=0):
    """Return a round in which both modalities are the same."""
    features = inputs if features is None else features
    open_, aligned = (features[n_aligned:],) * 2, (features[:n_aligned],) * 2
    inputs_ = (inputs[n_aligned:],) * 2, (inputs[:n_aligned],) * 2
    rng = np.random.default_rng(seed)
    return Round(open_, aligned, *inputs_, n_instances, rng)


def clusters(sizes, d=6, spread=0.05):
    """Return rows around so many axes."""
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return np.eye(d)[numbers] + spread * rng.normal(size=(len(numbers), d)), numbers


# ---------------------------------------------------------------- TypiClust


def test_one_typical_item_of_each_cluster_the_largest_first():
    rows, numbers = clusters([30, 10, 20])
    picks = TypiClust(0).select(make_round(rows, 3)).indices
    assert numbers[picks].tolist() == [0, 2, 1]
    for pick in picks:
        own = unit(rows)[numbers == numbers[pick]]
        distance = np.linalg.norm(own[:, None] - own, axis=2)
        nearest = np.sort(distance, axis=1)[:, 1:21].mean(axis=1)
        np.testing.assert_allclose(own[nearest.argmin()], unit(rows)[pick])


def test_clusters_with_known_items_come_last_and_small_ones_later():
    rows, numbers = clusters([1, 30, 3, 20])  # the first row is known
    round = make_round(rows, 3, n_aligned=1)
    selection = TypiClust(0, max_clusters=4).select(round)
    assert numbers[1:][selection.indices].tolist() == [1, 3, 2]
    rows, numbers = clusters([1, 30, 20])
    rows[0] = rows[40]  # known, and of the second large cluster
    numbers[0] = 2
    selection = TypiClust(0, max_clusters=2).select(make_round(rows, 4, n_aligned=1))
    assert numbers[1:][selection.indices].tolist() == [1, 1, 2, 1]
    assert selection.utilities.tolist() == [0, -1, -1, -2]


def test_more_clusters_than_different_rows_do_no_harm():
    rows = np.ones((70, 3))
    for n in (5, 60):  # both kinds of k-means
        picks = TypiClust(0).select(make_round(rows, n)).indices
        assert len(set(picks)) == n


# ---------------------------------------------------------------- BADGE


def test_residuals_are_gradients_of_the_contrastive_loss():
    rng = np.random.default_rng(0)
    queries, gallery = (unit(rng.normal(size=(n, 4))) for n in (9, 12))
    inputs, weights = rng.normal(size=(9, 5)), rng.normal(size=(5, 4))
    pulls = assignment_residuals(queries, gallery, temperature=0.2)

    def loss(weights, i):
        """Return InfoNCE of a linear map that gives query i at `weights`."""
        query = queries[i] + inputs[i] @ (weights - weights_0)
        logits = gallery @ query / 0.2
        likeliest = (gallery @ queries[i]).argmax()
        return np.log(np.exp(logits).sum()) - logits[likeliest]

    weights_0 = weights
    for i in range(9):
        gradient = np.empty((5, 4))
        for j in np.ndindex(5, 4):
            step = np.zeros((5, 4))
            step[j] = 1e-6
            up, down = loss(weights + step, i), loss(weights - step, i)
            gradient[j] = (up - down) / 2e-6
        np.testing.assert_allclose(
            np.outer(inputs[i], pulls[i]) / 0.2, gradient, atol=1e-5
        )


def test_badge_is_kmeans_plusplus_on_the_gradients():
    rng = np.random.default_rng(0)
    features, inputs = rng.normal(size=(2, 60, 4))
    selection = BADGE(0).select(make_round(inputs, 12, features=features, seed=5))
    directions = unit(features)
    pulls = assignment_residuals(directions, directions)
    gradients = np.einsum("ij,ik->ijk", pulls, unit(inputs)).reshape(60, -1)
    draws, picks, squared = np.random.default_rng(5), [], []
    distance = (gradients**2).sum(axis=1)
    for step in range(12):
        if step == 0:
            pick = distance.argmax()
        else:
            share = distance.cumsum() / distance.sum()
            pick = np.searchsorted(share, draws.random())
        picks.append(int(pick))
        squared.append(distance[pick])
        to_pick = ((gradients - gradients[pick]) ** 2).sum(axis=1)
        distance = to_pick if step == 0 else np.minimum(distance, to_pick)
        distance[picks] = 0
    assert selection.indices.tolist() == picks
    np.testing.assert_allclose(selection.utilities, np.minimum.accumulate(squared))


def test_equal_gradients_are_gone_through_in_order():
    rows = np.ones((8, 3))
    selection = BADGE(0).select(make_round(rows, 8))
    assert selection.indices.tolist() == list(range(8))
    np.testing.assert_array_equal(selection.utilities[1:], 0)


def test_of_a_large_other_pool_a_seeded_sample_serves(monkeypatch):
    monkeypatch.setattr(clustering, "N_GALLERY", 9)
    rows = np.random.default_rng(0).normal(size=(40, 3))
    picks = [BADGE(0).select(make_round(rows, 5)).indices.tolist() for _ in range(2)]
    assert picks[0] == picks[1]
    monkeypatch.setattr(clustering, "N_GALLERY", 40)
    assert BADGE(0).select(make_round(rows, 5)).indices.tolist() != picks[0]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (TypiClust("both"), "modality must be one of"),
        (TypiClust(max_clusters=0), "max_clusters must be an integer of at least 1"),
        (BADGE("both"), "modality must be one of"),
        (BADGE(temperature=0), "temperature must be a number above 0, got 0"),
        (BADGE(temperature=True), "temperature must be a number above 0, got True"),
        (BADGE(temperature="a"), "temperature must be a number above 0, got 'a'"),
    ],
)
def test_bad_parameters(strategy, message):
    with pytest.raises(ValueError, match=message):
        PairedActiveLearner(RidgeCCA(), strategy).query(*make_pairs())
