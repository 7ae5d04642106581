"""The tools that scikit-learn's users know, on the learner and its parts."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from helpers import make_pairs
from names_encoder import CAPTIONS, FILES, NamesEncoder
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
    validation_curve,
)
from sklearn.pipeline import make_pipeline

from skmal import CoresetMargin, KCenterGreedy, PairedActiveLearner, RidgeCCA
from skmal.metrics import make_retrieval_scorer, recall_at_k


def learner(**parameters):
    """Return a learner whose parameters all differ from the defaults."""
    defaults = {"budget": 40, "n_initial": 12, "batch_size": 6, "random_state": 0}
    return PairedActiveLearner(
        RidgeCCA(), CoresetMargin(), **{**defaults, **parameters}
    )


def test_grid_search_over_the_coreset_size_in_two_processes(pairs):
    sizes = [1.0, 2.0, 5.0]
    grid = {"query_strategy__coreset_size": sizes}
    search = GridSearchCV(learner(), grid, cv=KFold(3), n_jobs=2).fit(*pairs)
    assert search.cv_results_["mean_test_score"].min() > 0.3
    assert len(np.unique(search.cv_results_["mean_test_score"])) > 1
    best = search.best_estimator_
    assert best.query_strategy.coreset_size in sizes
    assert len(best.X_training) == 40
    assert best.score(*pairs) == search.score(*pairs)


def test_grid_search_over_whole_strategies_and_encoders(pairs):
    grid = {
        "query_strategy": [KCenterGreedy(), CoresetMargin(trim=0.3)],
        "estimator__n_components": [2, 5],
    }
    search = GridSearchCV(learner(), grid, cv=2).fit(*pairs)
    assert len(search.cv_results_["params"]) == 4


def test_validation_curve_over_the_budget_is_the_annotation_curve():
    budgets = [12, 20, 40, 60]
    X, y = make_pairs(150)
    _, test = validation_curve(
        learner(), X, y, param_name="budget", param_range=budgets, cv=3
    )
    assert test.shape == (4, 3)
    assert test.mean(axis=1)[-1] > test.mean(axis=1)[0]
    full = cross_val_score(learner(budget=60), X, y, cv=3)
    np.testing.assert_array_equal(test[-1], full)


def test_lists_of_names_go_through_grid_search_and_curves():
    names = PairedActiveLearner(
        NamesEncoder(), CoresetMargin(), budget=30, random_state=0
    )
    grid = {"query_strategy__coreset_size": [1.5, 2.5]}
    search = GridSearchCV(names, grid, cv=3).fit(FILES, CAPTIONS)
    assert search.best_score_ > 0.3
    _, scores = validation_curve(
        names, FILES, CAPTIONS, param_name="budget", param_range=[10, 20], cv=2
    )
    assert np.isfinite(scores).all()


def test_scorers_by_name_in_cross_validate(pairs):
    scoring = {f"recall@{k}": make_retrieval_scorer(recall_at_k, k=k) for k in (1, 5)}
    result = cross_validate(learner(), *pairs, cv=3, scoring=scoring)
    assert (result["test_recall@1"] <= result["test_recall@5"]).all()


def test_set_params_reaches_the_strategy():
    one = learner().set_params(query_strategy__coreset_size=3.0, estimator__reg=0.5)
    assert one.query_strategy.coreset_size == 3.0
    assert one.estimator.reg == 0.5
    assert set(one.get_params()) >= {
        "budget",
        "query_strategy__trim",
        "estimator__n_components",
    }
    with pytest.raises(ValueError, match="Invalid parameter 'coresetsize'"):
        one.set_params(query_strategy__coresetsize=3.0)


def test_clone_forgets_and_repr_shows_what_was_set(pairs):
    fitted = learner().fit(*pairs)
    assert (
        repr(fitted)
        == repr(clone(fitted))
        == (
            "PairedActiveLearner(batch_size=6, budget=40, estimator=RidgeCCA(), "
            "n_initial=12,\n"
            "                    query_strategy=CoresetMargin(), random_state=0)"
        )
    )
    assert clone(fitted).X_training is None
    assert "CoresetMargin" in fitted._repr_html_()


@pytest.mark.parametrize(
    "dump", [pickle.dumps, lambda obj: pickle.dumps(clone(obj).fit(*make_pairs()))]
)
def test_a_pickled_learner_goes_on_where_it_was(pairs, dump):
    fitted = learner().fit(*pairs)
    other = pickle.loads(dump(fitted))
    X, y = make_pairs(40, seed=1)
    for _ in range(2):
        query, again = fitted.query(X, y, 3), other.query(X, y, 3)
        np.testing.assert_array_equal(query.indices, again.indices)
        for one in (fitted, other):
            one.teach(X[query.indices], y[query.indices])
    np.testing.assert_array_equal(fitted.transform(X), other.transform(X))


def test_a_joblib_file_serves_another_process(pairs, tmp_path):
    fitted = learner().fit(*pairs)
    joblib.dump(fitted, tmp_path / "learner.joblib")
    np.save(tmp_path / "X.npy", pairs[0])
    code = (
        "import joblib, numpy as np; learner = joblib.load('learner.joblib'); "
        "print(learner.transform(np.load('X.npy')).sum().hex())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert float.fromhex(printed.strip()) == pytest.approx(
        fitted.transform(pairs[0]).sum()
    )


def test_features_fitted_beforehand_can_be_frozen_into_the_data():
    X, _ = make_regression(200, 30, random_state=0)
    pca = FrozenEstimator(PCA(5).fit(X))
    features = make_pipeline(pca).fit_transform(X)
    _, y = make_pairs(200)
    assert learner().fit(features, y).n_features_in_ == 5


def test_a_search_over_strategies_without_a_budget_is_told_that_all_tie(pairs):
    grid = {"query_strategy": [KCenterGreedy(), CoresetMargin()]}
    searched = GridSearchCV(learner(budget=None), grid, cv=2)
    with pytest.warns(UserWarning, match=r"query_strategy was set.*budget=0\.3"):
        searched.fit(*pairs)
    for quiet in (
        GridSearchCV(learner(budget=None), {"estimator__n_components": [1, 2]}, cv=2),
        GridSearchCV(learner(), {"query_strategy": [KCenterGreedy()]}, cv=2),
        learner(budget=None).set_params(batch_size=6, random_state=1),
        searched.best_estimator_,  # told once
    ):
        quiet.fit(*pairs)
    # What knows pairs is no candidate of a search.
    searched.best_estimator_.set_params(query_strategy=KCenterGreedy()).fit(*pairs)
