"""KCenterGreedy."""

import numpy as np

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    PairedActiveLearner,
    RidgeCCA,
)
from skmal.coverage import greedy_k_center


def test_without_pairs_a_pretrained_encoder_starts_at_the_centre(pairs):
    class Pretrained(RidgeCCA):
        def __sklearn_is_fitted__(self):
            return True

        def transform(self, X, y=None):
            return X[:, :2], y[:, :2]

    X, y = pairs
    X[11] = X.mean(axis=0)
    learner = PairedActiveLearner(Pretrained())
    for strategy in (KCenterGreedy(), CoresetMargin(coreset_size=1.0)):
        selection = strategy(learner, X, y, n_instances=5)
        assert (selection.modality, selection.coverage_gap) == (0, None)
        expected = greedy_k_center(X[:, :2], 5)
        assert set(selection.indices) == set(expected)
    assert KCenterGreedy()(learner, X, y).indices == [greedy_k_center(X[:, :2], 1)[0]]


def test_utilities_are_the_distances_when_picked(pairs):
    X, y = pairs
    learner = PairedActiveLearner(RidgeCCA()).fit(X[:9], y[:9])
    strategy = KCenterGreedy(modality=0, trim=0)
    selection = strategy(learner, X[9:], y[9:], n_instances=20)
    known, pool = learner.transform(X[:9]), learner.transform(X[9:])
    expected = []
    for row in selection.indices:
        expected.append(np.linalg.norm(known - pool[row], axis=1).min())
        known = np.vstack([known, pool[row]])
    np.testing.assert_allclose(selection.utilities, expected)
