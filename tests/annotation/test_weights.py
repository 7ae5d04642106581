"""Weights beside the journal: what is in the file, and what happens without it."""

import shutil

import numpy as np
from sessions import X, answer_some, learner, open_keyed

from skmal import ContrastiveProjection


def test_an_encoder_that_warm_starts_is_rebuilt_through_all_its_trainings(tmp_path):
    encoder = ContrastiveProjection(3, max_epochs=3, warm_start=True, device="cpu")
    with open_keyed(tmp_path, learner=learner(estimator=encoder), budget=12) as session:
        answer_some(session, 99)
        expected = session.learner.transform(X)
    for lost in (False, True):
        if lost:
            shutil.rmtree(tmp_path / "s.skmal.weights")
        again = learner(estimator=encoder)
        with open_keyed(tmp_path, learner=again, budget=12) as session:
            np.testing.assert_array_equal(session.learner.transform(X), expected)
