"""What is wrong with the data is said before an answer is paid, by its own name."""

import numpy as np
import pytest

from skmal import (
    AnnotationSession,
    KernelCCA,
    MultimodalActiveLearner,
    PairedActiveLearner,
    ShardedArray,
    VOptimalDesign,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
y = X[:, ::-1] + 0.1
BAD = X.copy()
BAD[30, 1] = np.nan


class Unpaid(KernelCCA):
    """An encoder that is never to be reached."""

    def fit(self, X, y):
        raise AssertionError("answers were paid for")


def memory_map(rows, folder):
    path = folder / f"{rows.shape}.npy"
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


def dask_array(rows, folder):
    return pytest.importorskip("dask.array").from_array(rows, chunks=(20, -1))


def as_it_is(rows, folder):
    return rows


@pytest.mark.parametrize("kind", [memory_map, dask_array])
def test_score_names_its_own_arguments(tmp_path, kind):
    bad = kind(BAD, tmp_path)
    learner = PairedActiveLearner(random_state=0).fit(X, y)
    for scored in learner, learner.estimator_:
        with pytest.raises(ValueError, match="^X holds NaN or infinity"):
            scored.score(bad, y)
        with pytest.raises(ValueError, match="^y holds NaN or infinity"):
            scored.score(X, bad)
    of_three = MultimodalActiveLearner(random_state=0).fit([X, y, X])
    with pytest.raises(ValueError, match=r"^Xs\[1\] holds NaN or infinity"):
        of_three.score([X, bad, X])


def test_ranking_names_its_pools(tmp_path):
    learner = PairedActiveLearner(random_state=0).fit(X, y)
    query = learner.query(X, y)
    other = ["X_pool", "y_pool"][1 - query.modality]
    pools = [X, y]
    pools[1 - query.modality] = memory_map(BAD, tmp_path)
    with pytest.raises(ValueError, match=f"^{other} holds NaN or infinity"):
        learner.rank_partners(query, *pools)


@pytest.mark.parametrize("kind", [memory_map, dask_array])
def test_matching_and_questions_name_the_pool_and_the_row(tmp_path, kind):
    learner = PairedActiveLearner(random_state=0).fit(X, y)
    for m, name in enumerate(["X_pool", "y_pool"]):
        pools = [X, y]
        pools[m] = kind(BAD, tmp_path)
        told = f"^{name} holds NaN or infinity, first in row 30; leave out"
        with pytest.raises(ValueError, match=told):
            learner.match(*pools)
        with pytest.raises(ValueError, match=told):
            learner.set_params(query_strategy=VOptimalDesign(m)).query(*pools)


@pytest.mark.parametrize("kind", [memory_map, dask_array])
def test_rows_to_score_on_are_looked_at_before_the_first_fit(tmp_path, kind):
    learner = PairedActiveLearner(Unpaid(), budget=30)
    for m, name in enumerate(["X_val", "y_val"]):
        held_out = [X, y]
        held_out[m] = kind(BAD, tmp_path)
        with pytest.raises(
            ValueError, match=f"^{name} holds NaN or infinity, first in row 30"
        ):
            learner.fit(X, y, validation_data=tuple(held_out))
    of_three = MultimodalActiveLearner(Unpaid(), budget=30)
    with pytest.raises(ValueError, match=r"^validation_data\[2\] holds NaN"):
        of_three.fit([X, y, X], validation_data=[X, y, kind(BAD, tmp_path)])


def test_shards_to_score_on_are_looked_at_before_the_first_fit():
    learner = PairedActiveLearner(Unpaid(), budget=30)
    with pytest.raises(ValueError, match="shard 1 holds NaN or infinity in its row 10"):
        learner.fit(X, y, validation_data=(ShardedArray([BAD[:20], BAD[20:]]), y))


@pytest.mark.parametrize("budget", [None, 30])
@pytest.mark.parametrize("kind", [as_it_is, memory_map])
def test_rows_to_score_on_go_with_those_learned_from(tmp_path, budget, kind):
    learner = PairedActiveLearner(Unpaid(), budget=budget)
    cases = [
        ((X[:, :3], y), "X_val has 3 features, .* is expecting 4"),
        ((X, y[:, :2]), "y_val has 2 features, .* is expecting 4"),
        ((X.reshape(60, 2, 2), y), r"X_val has the shape \(60, 2, 2\)"),
        ((X[:5], y), "X_val has 5 rows and y_val has 60"),
    ]
    for held_out, message in cases:
        held_out = tuple(kind(own, tmp_path) for own in held_out)
        with pytest.raises(ValueError, match=f"^{message}"):
            learner.fit(X, y, validation_data=held_out)


def test_a_session_refuses_other_rows_to_score_on_when_it_is_opened(tmp_path):
    path = tmp_path / "work.skmal"
    with pytest.raises(ValueError, match=r"^validation_data\[1\] has 2 features"):
        AnnotationSession(path, X, y, validation_data=(X, y[:, :2]))
    assert not path.exists()


@pytest.mark.parametrize("budget", [None, 30])
@pytest.mark.parametrize("kind", [as_it_is, memory_map])
def test_an_array_of_three_dimensions_is_refused_by_its_own_shape(
    tmp_path, kind, budget
):
    cube = kind(X.reshape(60, 2, 2), tmp_path)
    learner = PairedActiveLearner(Unpaid(), budget=budget)
    with pytest.raises(ValueError, match=r"^X has the shape \(60, 2, 2\)"):
        learner.fit(cube, y)
    with pytest.raises(ValueError, match=r"^y has the shape \(60, 2, 2\)"):
        learner.fit(X, cube)
    with pytest.raises(ValueError, match=r"^X has the shape \(60,\)"):
        learner.fit(X[:, 0], y)
    of_three = MultimodalActiveLearner(budget=budget)
    with pytest.raises(ValueError, match=r"^Xs\[1\] has the shape \(60, 2, 2\)"):
        of_three.fit([X, cube, y])


def test_one_column_of_y_may_come_without_a_second_dimension():
    learner = PairedActiveLearner(budget=20, random_state=0).fit(X, X[:, 0])
    assert learner.n_pairs_iter_[-1] == 20
