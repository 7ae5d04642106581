"""Opening again: the same call goes on, another one is refused."""

import pytest
from sessions import X, Y, learner, open_keyed

from skmal import AnnotationSession, RandomSampling, RidgeCCA


def test_other_parameters_are_refused(tmp_path):
    pairs = [("x1", "y1")]
    open_keyed(tmp_path, budget=9, known_pairs=pairs).close()
    for params, message in [
        ({"budget": 8}, "budget=8 was passed, but .* begun with 9"),
        ({"batch_size": 3}, "batch_size=3 was passed, but .* begun with 5"),
        ({"learner": learner(random_state=1)}, "random_state=1, but .* begun with 0"),
        ({"learner": learner(query_strategy=RandomSampling())}, "query_strategy="),
        ({"known_pairs": [("x1", "y2")]}, "pass the same"),
        ({"known_pairs": [(1, 1), (1, 2)]}, "names an item twice"),
        ({"known_pairs": ["x1"]}, "pairs .x, y. of rows or keys"),
        ({"budget": 0}, "budget must be an integer of at least 1"),
        ({"training": "later"}, "training must be one of"),
        ({"features": X}, "features must be a tuple"),
        ({"features": (X[1:], None)}, "39 rows for the 40 items of X"),
        ({"learner": learner().fit(X, Y)}, "knows pairs already"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_keyed(tmp_path, **{"known_pairs": pairs} | params)
    with pytest.raises(TypeError, match="must be a PairedActiveLearner, got RidgeCCA"):
        open_keyed(tmp_path, learner=RidgeCCA())
    with pytest.raises(ValueError, match="KernelCCA learns from rows of numbers"):
        AnnotationSession(tmp_path / "t", ["a", "b"], ["c", "d"])
    with open_keyed(tmp_path, known_pairs=pairs) as session:
        assert session.progress.budget == 9
