"""A learner whose encoder misbehaves, that two threads share, or that goes on long."""

import gc
import pickle
import threading

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skmal import PairedActiveLearner, RandomSampling, RidgeCCA
from skmal.learners import _core

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4))
y = X @ rng.normal(size=(4, 4))


class Misbehaves(BaseEstimator):
    """RidgeCCA until it is told otherwise."""

    how = None

    def fit(self, X, y):
        """Learn."""
        if Misbehaves.how == "fit raises":
            raise OverflowError("out of everything")
        self.encoder_ = RidgeCCA().fit(X, y)
        return self

    def transform(self, X, y):
        """Return what is not to be expected."""
        X, y = self.encoder_.transform(X, y)
        match Misbehaves.how:
            case "transform raises":
                raise OverflowError("out of everything")
            case "NaN":
                X[1] = np.nan
            case "infinity":
                y[0, 0] = np.inf
            case "complex":
                X = X * 1j
            case "fewer rows":
                y = y[1:]
            case "other widths":
                y = y[:, 1:]
            case "no columns":
                X, y = X[:, :0], y[:, :0]
            case "words":
                X = np.full(X.shape, "a")
            case "None":
                return None
        return X, y


FAULTS = {
    "fit raises": "out of everything",
    "transform raises": "out of everything",
    "NaN": "transform.* returned NaN or infinity",
    "infinity": "transform.* returned NaN or infinity",
    "complex": "transform.*complex",
    "fewer rows": "transform.* returned .* shape .* expected .* rows",
    "other widths": "transform.X, y. returned . features for X and",
    "words": "transform",
    "None": "transform.* returned NoneType",
}


@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("method", ["fit", "query", "teach", "score"])
def test_an_encoder_that_misbehaves_is_named_and_changes_nothing(
    monkeypatch, method, how
):
    learner = PairedActiveLearner(Misbehaves(), RandomSampling(0), random_state=0)
    learner.fit(X[:8], y[:8])
    query = learner.query(X[8:], y[8:], n_instances=3)
    before = pickle.dumps(vars(learner))
    monkeypatch.setattr(Misbehaves, "how", how)
    calls = {
        "fit": lambda: learner.fit(X[:12], y[:12]),
        "query": lambda: learner.query(X[8:], y[8:], n_instances=3),
        "teach": lambda: learner.teach(X[query.indices + 8], y[query.indices + 8]),
        "score": lambda: learner.score(X, y),
    }
    is_used = {
        "fit": how == "fit raises",
        "teach": True,
        "query": how != "fit raises",
        "score": how != "fit raises",
    }
    if not is_used[method]:
        calls[method]()
        return
    with pytest.raises((ValueError, TypeError, OverflowError), match=FAULTS[how]):
        calls[method]()
    assert pickle.dumps(vars(learner)) == before
    monkeypatch.setattr(Misbehaves, "how", None)
    calls[method]()  # and it goes on as if nothing had been


def test_what_is_returned_in_place_of_two_outputs_is_named(monkeypatch):
    learner = PairedActiveLearner(Misbehaves()).fit(X[:8], y[:8])
    monkeypatch.setattr(Misbehaves, "how", "None")
    for asked in (X, None):
        with pytest.raises(TypeError, match="transform.* returned NoneType"):
            learner.transform(asked, y)


def test_two_threads_on_one_learner_lose_nothing():
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)
    learner.fit(X[:8], y[:8])
    start, errors, refused = threading.Barrier(2), [], []

    def work(first):
        try:
            start.wait()
            for i in range(first, first + 8):
                while True:
                    try:
                        learner.query(X[8:], y[8:], n_instances=2)
                        learner.teach(X[[i]], y[[i]])
                        break
                    except RuntimeError as error:
                        refused.append(str(error))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(8 + 8 * i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all("another thread has taught this learner" in told for told in refused)
    for known, rows in ((learner.X_training, X), (learner.y_training, y)):
        assert sorted(map(bytes, known)) == sorted(map(bytes, rows))


MEANWHILE = {
    "teach": lambda learner, query: learner.teach(X[:2], y[:2]),
    "teach only new": lambda learner, _: learner.teach(X[:2], y[:2], only_new=True),
    "refit": lambda learner, query: learner.refit(),
    "unmatched": lambda learner, query: learner.teach_unmatched(query, [0, -1, -1]),
}
STEPS = {
    "teach": lambda learner, query: learner.teach(X[[8]], y[[8]]),
    "refit": lambda learner, query: learner.refit(),
    "unmatched": lambda learner, query: learner.teach_unmatched(query, [-1, -1, 0]),
    "query": lambda learner, query: learner.query(X[8:], y[8:], n_instances=3),
}


class WithAnother(RandomSampling):
    """Asks at random while another thread does something."""

    def __init__(self, random_state=None, meanwhile=None):
        super().__init__(random_state)
        self.meanwhile = meanwhile

    def select(self, round):
        """Choose."""
        if self.meanwhile is not None:
            self.meanwhile()
        return super().select(round)


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("step", STEPS)
def test_what_another_thread_taught_meanwhile_is_not_lost(monkeypatch, step, meanwhile):
    learner = PairedActiveLearner(
        RidgeCCA(), WithAnother(0), audit=0.5, random_state=0
    ).fit(X[:8], y[:8])
    query = learner.query(X[8:], y[8:], n_instances=3)
    others = []

    def another():
        if not others:  # the other does so once, and is not in its own way
            others.append(meanwhile)
            MEANWHILE[meanwhile](learner, query)
            others.append(pickle.dumps(learner.state()))

    # Where each step takes time: in fitting, asking, or looking at the items.
    fit, take = RidgeCCA.fit, _core.take
    monkeypatch.setattr(RidgeCCA, "fit", lambda *a: (another(), fit(*a))[1])
    monkeypatch.setattr(_core, "take", lambda *a: (another(), take(*a))[1])
    learner.query_strategy.meanwhile = another
    before = learner._taught
    with pytest.raises(RuntimeError, match="another thread .* nothing was changed"):
        STEPS[step](learner, query)
    assert learner._taught is not before
    assert pickle.dumps(learner.state()) == others[1]
    STEPS[step](learner, query)  # and it may be called again


def test_500_rounds_leave_nothing_but_the_pairs():
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)
    learner.fit(X[:8], y[:8])

    def rounds(n):
        for i in range(n):
            query = learner.query(X, y, n_instances=1)
            learner.teach(X[query.indices], y[query.indices], only_new=bool(i % 2))
        gc.collect()
        return len(gc.get_objects()), len(pickle.dumps(learner))

    n_objects, n_bytes = rounds(20)
    n_objects_then, n_bytes_then = rounds(500)
    assert len(learner.X_training) == 8 + 260
    row = X[0].nbytes + y[0].nbytes
    assert n_objects_then - n_objects < 100
    assert n_bytes_then - n_bytes < 250 * row + 500 * 20  # a share for each batch
