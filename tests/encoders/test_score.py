"""The score of encoders: what their learner gives, and what searches need."""

import numpy as np
import pytest
from helpers import make_pairs
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from tiny_clip import quick

from skmal import (
    ContrastiveProjection,
    KernelCCA,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RidgeCCA,
    RidgeMCCA,
)
from skmal.metrics import mean_reciprocal_rank

ENCODERS = [
    RidgeCCA(2),
    KernelCCA(n_components=3),
    ContrastiveProjection(2, max_epochs=2, random_state=0),
]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("groups", [None, np.arange(40) // 2])
def test_it_is_that_of_a_learner(encoder, groups):
    X, y = make_pairs(80)
    learner = PairedActiveLearner(encoder).fit(X[:40], y[:40])
    encoder = clone(encoder).fit(X[:40], y[:40])
    X, y = X[40:], y[40:]
    if groups is not None:
        X = np.repeat(X[::2], 2, axis=0)
    score = encoder.score(X, y, groups)
    assert score == learner.score(X, y, groups)
    expected = X if groups is None else X[::2]
    features = encoder.transform(expected, y)
    if groups is None:
        assert score == mean_reciprocal_rank(*features)
    else:
        repeated = np.repeat(features[0], 2, axis=0)
        assert score == mean_reciprocal_rank(repeated, features[1], groups=groups)


@pytest.mark.parametrize(
    ("encoder", "name", "values"),
    [(RidgeCCA(), "reg", [1e-3, 0.1, 30.0]), (KernelCCA(), "gamma", [0.01, 1.0, 30.0])],
    ids=["RidgeCCA", "KernelCCA"],
)
def test_a_grid_search_picks_what_a_loop_picks(encoder, name, values):
    X, y = make_pairs(60)
    y = y + np.random.default_rng(0).normal(size=y.shape)
    means = []
    for value in values:
        scores = []
        for train, test in KFold(3).split(X):
            own = clone(encoder).set_params(**{name: value}).fit(X[train], y[train])
            scores.append(mean_reciprocal_rank(*own.transform(X[test], y[test])))
        means.append(np.mean(scores))
    search = GridSearchCV(encoder, {name: values}, cv=3).fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], means)
    assert search.best_params_ == {name: values[int(np.argmax(means))]}
    assert len(set(means)) == 3


def test_folds_are_scored_with_y_of_one_column():
    X, _ = make_pairs(60)
    scores = cross_val_score(RidgeCCA(), X, X[:, 0], cv=3)
    assert ((scores > 0) & (scores <= 1)).all()


def test_of_several_modalities_it_is_the_mean_over_pairs_and_that_of_a_learner():
    X, y = make_pairs(80)
    Xs = [X, y, X + y[:, :1]]
    encoder = RidgeMCCA(2).fit([own[:40] for own in Xs])
    learner = MultimodalActiveLearner(RidgeMCCA(2)).fit([own[:40] for own in Xs])
    test = [own[40:] for own in Xs]
    a, b, c = encoder.transform(test)
    expected = np.mean([mean_reciprocal_rank(*p) for p in [(a, b), (a, c), (b, c)]])
    assert encoder.score(test) == learner.score(test) == expected


def test_what_an_encoder_skips_is_left_out(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (5, 32, 32), np.uint8)
    texts = list("abcde")
    encoder = quick(on_error="skip").fit(images, texts)
    (tmp_path / "bad.png").write_bytes(b"no image")
    mixed = [*images, tmp_path / "bad.png"]
    with pytest.warns(UserWarning, match="1 of 6 pairs are left out"):
        score = encoder.score(mixed, [*texts, "f"])
    assert score == encoder.score(images, texts)


def test_bad_input_is_refused():
    X, y = make_pairs(20)
    with pytest.raises(NotFittedError):
        RidgeCCA().score(X, y)
    encoder = RidgeCCA().fit(X, y)
    with pytest.raises(ValueError, match="X has 20 .* y has 10|20 and 10|X has 20"):
        encoder.score(X, y[:10])
    with pytest.raises(ValueError, match="requires y to be passed"):
        encoder.score(X, None)
