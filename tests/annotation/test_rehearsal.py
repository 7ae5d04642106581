"""A plan tried before money is spent."""

import numpy as np
from sessions import X, Y, learner

from skmal import AnnotationSession

SHUFFLED = np.random.default_rng(1).permutation(40)  # row i of Y_POOL is Y[SHUFFLED[i]]
Y_POOL = Y[SHUFFLED]


def test_a_learners_annotator_rehearses_a_session(tmp_path):
    def annotator(query, X_ids, y_ids):
        pool, others = (X_ids, y_ids)[:: 1 if query.modality == 0 else -1]
        found = np.flatnonzero(others == pool[query.indices[0]])
        return found if len(found) else np.array([-1])

    ids = np.arange(40), SHUFFLED[:30]
    with AnnotationSession(tmp_path / "s", X, Y_POOL[:30], learner()) as session:
        session.run(annotator, ids=ids)
        progress = session.progress
        assert all(x.row == SHUFFLED[y.row] for x, y in session.pairs())
    assert progress.n_pairs == 30
    assert progress.n_answers == 30 + progress.n_none
