"""Sessions whose features are not in memory."""

import tracemalloc

import numpy as np
import pytest
from helpers import h5py_dataset, memory_map
from sessions import X, Y, answer_some, learner, open_keyed

from skmal import AnnotationSession, CoresetMargin, RidgeCCA, ShardedArray


def shards(rows, _):
    return ShardedArray([rows[:25], rows[25:]])


@pytest.mark.parametrize("on_disk", [memory_map, h5py_dataset, shards])
def test_questions_are_those_of_arrays(tmp_path, on_disk):
    asked = []
    for name, features in (
        ("arrays", (X, Y)),
        ("disk", (on_disk(X, tmp_path), on_disk(Y, tmp_path))),
    ):
        folder = tmp_path / name
        folder.mkdir()
        with open_keyed(folder, features=features) as session:
            asked.append(answer_some(session, 12))
        with open_keyed(folder, features=features) as session:  # with its weights
            asked[-1] += answer_some(session, 10)
    assert asked[0] == asked[1]


def test_a_row_that_is_not_finite_is_found_before_there_is_a_journal(tmp_path):
    rows = X.copy()
    rows[3, 0] = np.inf
    with pytest.raises(ValueError, match=r"features\[0\] holds NaN .* in row 3"):
        open_keyed(tmp_path, features=(memory_map(rows, tmp_path), Y))
    assert not (tmp_path / "s.skmal").exists()


def test_features_are_read_a_part_at_a_time(tmp_path):
    rows = np.random.default_rng(0).normal(size=(1500, 2000)).astype(np.float32)
    features = memory_map(rows, tmp_path), memory_map(rows[:, :1999], tmp_path)
    keys = [f"{i}" for i in range(len(rows))]
    items = [{key: f"text {key}" for key in keys} for _ in "Xy"]
    asking = learner(estimator=RidgeCCA(4), query_strategy=CoresetMargin())
    tracemalloc.start()
    with AnnotationSession(
        tmp_path / "s", *items, asking, features=features
    ) as session:
        for _, question in zip(range(6), session, strict=False):
            session.answer(question, question.item.key)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * rows.nbytes, peak
