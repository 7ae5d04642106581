"""Pickles name public paths only, so that a file may move and no journal breaks."""

import pickle
import pickletools

import numpy as np
import pytest
from helpers import MICRO_CLIP, STRATEGIES, make_pairs
from sklearn.base import BaseEstimator

import skmal
from skmal import (
    CLIPEncoder,
    ContrastiveProjection,
    KernelCCA,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RidgeCCA,
    RidgeMCCA,
    SimulatedAnnotator,
)
from skmal.metrics import make_retrieval_scorer, recall_at_k

X, Y = make_pairs(40)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32), dtype=np.uint8)


def names_in(content):
    """Return the paths, as module and name, of all that a pickle names."""
    strings, memo, names, latest = [], [], set(), None
    for code, argument, _ in pickletools.genops(content):
        if code.name == "GLOBAL":
            names.add(tuple(argument.split(" ")))
        elif code.name == "STACK_GLOBAL":  # of the two strings before it
            names.add(tuple(strings[-2:]))
        elif code.name == "MEMOIZE":
            memo.append(latest)
            continue
        elif code.name in ("BINGET", "LONG_BINGET"):
            argument = memo[argument]
        latest = argument if isinstance(argument, str) else None
        if latest is not None:
            strings.append(latest)
    return names


def learner_with_answers():
    """Return a learner that has asked, been answered, and asked again."""
    learner = PairedActiveLearner(RidgeCCA(), random_state=0).fit(X[:10], Y[:10])
    query = learner.query(X[10:], Y[10:], n_instances=5)
    learner.teach(X[10:][query.indices], Y[10:][query.indices])
    learner.query(X[20:], Y[20:], n_instances=5)
    return learner.teach_unmatched(query, [-1] * 5)


FITTED = {
    "KernelCCA": lambda: KernelCCA(n_components=3).fit(X, Y),
    "RidgeCCA": lambda: RidgeCCA(3).fit(X, Y),
    "RidgeMCCA": lambda: RidgeMCCA(3).fit([X, Y, X]),
    "ContrastiveProjection": lambda: ContrastiveProjection(
        3, max_epochs=1, device="cpu"
    ).fit(X, Y),
    "CLIPEncoder": lambda: CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu").fit(
        IMAGES, [*"abcd"]
    ),
    "PairedActiveLearner": learner_with_answers,
    "MultimodalActiveLearner": lambda: MultimodalActiveLearner(random_state=0).fit(
        [X, Y, X]
    ),
    "SimulatedAnnotator": lambda: SimulatedAnnotator(0.1, 0.1, random_state=0),
}
FITTED |= {repr(strategy): lambda s=strategy: s for strategy in STRATEGIES}
DATA = {
    "a simulated run": lambda: PairedActiveLearner(
        annotator=SimulatedAnnotator(0.1, 0.1), budget=20, random_state=0
    ).fit(X, Y),
    "a state": lambda: learner_with_answers().state(),
    "a query": lambda: learner_with_answers().query(X, Y, n_instances=3),
    "a scorer": lambda: make_retrieval_scorer(recall_at_k, k=5),
    "a savings": lambda: skmal.metrics.annotation_savings([1, 2], [[0, 1]], [[0, 1]]),
    "scores": lambda: skmal.evaluation.evaluate_retrieval(RidgeCCA().fit(X, Y), X, Y),
    "shards": lambda: skmal.ShardedArray([X, X]),
}


@pytest.mark.parametrize(
    "make", [*FITTED.values(), *DATA.values()], ids=[*FITTED, *DATA]
)
def test_pickles_name_public_paths_only(make):
    value = make()
    content = pickle.dumps(value)
    own = {path for path in names_in(content) if path[0].split(".")[0] == "skmal"}
    assert own or isinstance(value, dict)
    for module, name in own:
        parts = [*module.split("."), *name.split(".")]
        assert not any(part.startswith("_") for part in parts), (module, name)
    assert type(pickle.loads(content)) is type(value)


def test_a_private_path_would_be_found():
    content = pickle.dumps([RidgeCCA, RidgeMCCA, RidgeCCA])
    assert names_in(content) == {("skmal", "RidgeCCA"), ("skmal", "RidgeMCCA")}
    assert names_in(b"cskmal._hidden\nPrivate\n.") == {("skmal._hidden", "Private")}


def test_every_public_estimator_is_tried():
    public = {
        name
        for name in skmal.__all__
        if isinstance(getattr(skmal, name), type)
        and issubclass(getattr(skmal, name), BaseEstimator)
    }
    tried = {*FITTED, *(type(strategy).__name__ for strategy in STRATEGIES)}
    assert public - {"QueryStrategy"} <= tried


@pytest.mark.parametrize("name", [n for n in FITTED if n.endswith(("CA", "er", "ion"))])
def test_skops_brings_it_back_and_asks_to_trust_public_classes_alone(name):
    skops = pytest.importorskip("skops.io")
    value = FITTED[name]()
    content = skops.dumps(value)
    types = skops.get_untrusted_types(data=content)
    assert {path.rpartition(".")[0] for path in types} <= {"skmal", "builtins"}
    again = skops.loads(content, trusted=types)
    if hasattr(value, "transform"):
        several = isinstance(value, (RidgeMCCA, MultimodalActiveLearner))
        items = [X, Y, X] if several else IMAGES if name == "CLIPEncoder" else X
        pair = again.transform(items), value.transform(items)
        np.testing.assert_array_equal(*pair)
    if isinstance(value, PairedActiveLearner):
        pair = (one.query(X, Y, 3).indices for one in (again, value))
        np.testing.assert_array_equal(*pair)
