"""The published tables against definitions written out."""

import pickle
from functools import partial

import numpy as np
import pytest
from helpers import make_pairs
from sklearn.base import BaseEstimator, TransformerMixin

from skmal import PairedActiveLearner, RidgeCCA
from skmal.datasets import make_colorswap
from skmal.evaluation import evaluate_colorswap, evaluate_retrieval, evaluate_zero_shot
from skmal.metrics import compositional_scores, retrieval_scores


class Identity(TransformerMixin, BaseEstimator):
    """Rows are features already; counts what it is given."""

    def transform(self, X, y=None):
        self.seen = len(X), len(y)
        return np.asarray(X), np.asarray(y)


class Letters(TransformerMixin, BaseEstimator):
    """An encoder of texts on both sides: which letters occur."""

    def transform(self, X, y=None):
        return tuple(
            np.array([[c in text for c in "abcdefghijkz."] for text in texts], float)
            for texts in (X, y)
        )


def several_captions(n_images=30, seed=0):
    """Return rows of X that repeat, their captions, and labels out of order."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(rng.permutation(n_images), 3))[:-20]
    X = rng.normal(size=(n_images, 4))[groups]
    return X, X + 0.8 * rng.normal(size=X.shape), groups


def test_retrieval_is_karpathys_protocol():
    X, y, groups = several_captions()
    encoder = Identity()
    scores = evaluate_retrieval(encoder, X, y, groups)
    images = np.unique(groups)
    assert encoder.seen == (len(images), len(y))  # every image once
    unit = [a / np.linalg.norm(a, axis=1, keepdims=True) for a in (X, y)]
    image = np.array([unit[0][groups == g][0] for g in images])
    similarity = image @ unit[1].T  # no ties here
    for k in (1, 5, 10):
        top = np.argsort(-similarity, axis=1)[:, :k]
        found = [g in groups[rows] for g, rows in zip(images, top, strict=True)]
        assert scores[f"x_to_y_recall@{k}"] == pytest.approx(np.mean(found))
        top = np.argsort(-similarity.T, axis=1)[:, :k]
        found = [g in images[rows] for g, rows in zip(groups, top, strict=True)]
        assert scores[f"y_to_x_recall@{k}"] == pytest.approx(np.mean(found))
    means = retrieval_scores(X, y, groups=groups)
    assert {name: scores[name] for name in means} == pytest.approx(means)
    names = np.array([f"{g}.jpg" for g in groups], dtype=object)  # as readers have them
    named = evaluate_retrieval(encoder, X, y, names)
    assert named == scores


def test_rows_of_a_group_must_be_one_item():
    X, y = make_pairs(6)
    with pytest.raises(ValueError, match="rows 0 and 3 of X have the same group"):
        evaluate_retrieval(Identity(), X, y, groups=[0, 1, 2, 0, 4, 5])
    with pytest.raises(ValueError, match="rows 0 and 1 of X have the same group"):
        evaluate_retrieval(Letters(), ["a", "b"], ["a", "b"], groups=[0, 0])
    with pytest.raises(ValueError, match="groups must hold one label for each of the"):
        evaluate_retrieval(Letters(), ["a", "b"], ["a", "b"], groups=[0])


def test_colorswap_in_any_order_of_rows():
    X, y = make_colorswap(60, random_state=0)
    encoder = RidgeCCA().fit(X[::3], y[::3])
    scores = evaluate_colorswap(encoder, X, y)
    assert scores == compositional_scores(*encoder.transform(X, y))._asdict()
    order = np.random.default_rng(0).permutation(120)
    assert evaluate_colorswap(encoder, X[order], y[order], order // 2) == scores
    with pytest.raises(ValueError, match="group 0 has 4 rows"):
        evaluate_colorswap(encoder, X, y, np.arange(120) // 4)
    with pytest.raises(ValueError, match="X and y have 3 rows, but a quadruple is two"):
        evaluate_colorswap(encoder, X[:3], y[:3])


def test_zero_shot_averages_unit_features_of_prompts():
    names, images = ["ab", "cd", "ef", "gh", "ij", "k"], ["ab", "abc", "d", "ei", "cz"]
    labels = [0, 0, 1, 4, 4]  # ei ties between the third and the fifth; cz is wrong
    templates = ["{}", "zz{}."]
    scores = evaluate_zero_shot(Letters(), images, labels, names, templates)
    assert scores["top1"] == 3 / 5
    assert scores["mean_per_class_recall"] == pytest.approx((1 + 1 + 0) / 3)
    prompts = [[t.format(name) for t in templates] for name in names]
    features = np.array([Letters().transform(p, p)[0] for p in prompts])
    features /= np.linalg.norm(features, axis=2, keepdims=True)
    rows = features.mean(axis=1)
    as_rows = evaluate_zero_shot(
        Identity(), Letters().transform(images, names)[0], labels, rows, templates=None
    )
    assert as_rows == scores
    by_name = evaluate_zero_shot(
        Letters(), images, [names[i] for i in labels], names, templates
    )
    assert by_name == scores


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [2], ["a", "b"]), "labels holds .*2.*none of the 2 classes"),
        ((["a"], ["c"], ["a", "b"]), "labels holds .*c.*none of the 2 classes"),
        ((["a"], ["a"], ["a", "a"]), "class_names holds a name twice"),
        ((["a"], [0, 1], ["a", "b"]), "one class for each of the 1 images"),
        ((["a"], [0], ["a"], ["photo"]), "templates must be strings with {}"),
        ((["a"], [0], ["a"], []), "templates is empty"),
        ((["a"], [0], [[1.0, 2.0]]), "class_names must be names .* a ndarray"),
    ],
)
def test_zero_shot_names_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_zero_shot(Letters(), *arguments)


def test_scores_are_a_dict_and_a_table():
    X, y, groups = several_captions()
    scores = evaluate_retrieval(Identity(), X, y, groups)
    head, columns, *lines = repr(scores).splitlines()
    n_images = len(np.unique(groups))
    assert head == f"Retrieval among {n_images} items of X and 70 of y"
    assert columns.split() == ["R@1", "R@5", "R@10", "MRR"]
    assert lines[2].split() == ["mean"] + [
        f"{scores[name]:.3f}" for name in ("recall@1", "recall@5", "recall@10", "mrr")
    ]
    html = scores._repr_html_()
    assert html.count("<tr>") == 4
    assert f"<td>{scores['mrr']:.3f}</td>" in html
    again = pickle.loads(pickle.dumps(scores))
    assert again == scores
    assert repr(again) == repr(scores)


def test_an_evaluation_is_a_scoring_of_the_learner():
    X, y, groups = several_captions()
    learner = PairedActiveLearner(budget=40, batch_size=15, random_state=0)
    scoring = partial(evaluate_retrieval, groups=groups)
    learner.fit(X, y, validation_data=(X, y), scoring=scoring)
    assert learner.validation_scores_[-1] == scoring(learner, X, y)
