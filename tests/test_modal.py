"""The real modAL: its loop with our learner, its learner with our strategies."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import sklearn
from helpers import ROOT, make_pairs
from sklearn.base import clone
from sklearn.utils.fixes import parse_version

from skmal import CoresetMargin, KCenterGreedy, PairedActiveLearner, RidgeCCA
from skmal.metrics import mean_reciprocal_rank

pytest.importorskip("modAL", reason="the extra 'modal' is not installed")
if parse_version(sklearn.__version__) >= parse_version("1.8"):
    pytest.skip(
        "modAL's own learners cannot fit with scikit-learn 1.8 and newer",
        allow_module_level=True,
    )

import modAL
from modAL.models import ActiveLearner

# scikit-learn 1.6 and 1.7 warn of an argument that modAL passes and 1.8 removes.
pytestmark = pytest.mark.filterwarnings("ignore:'force_all_finite' was renamed")


def modal_loop(learner, query, n_queries=3):
    """Run the loop that modAL's documentation shows; the pools' rows are aligned."""
    X, y = make_pairs(120)
    X_pool, y_pool = X[20:], y[20:]
    bought = []
    for _ in range(n_queries):
        query_idx, _ = query(learner, X_pool, y_pool)
        learner.teach(X_pool[query_idx], y_pool[query_idx])
        bought.extend(map(tuple, X_pool[query_idx]))
        X_pool = np.delete(X_pool, query_idx, axis=0)
        y_pool = np.delete(y_pool, query_idx, axis=0)
    return bought


def test_modals_learner_runs_with_every_strategy(strategy):
    X, y = make_pairs(120)
    learner = ActiveLearner(
        RidgeCCA(), query_strategy=strategy, X_training=X[:20], y_training=y[:20]
    )
    bought = modal_loop(learner, lambda s, X, y: s.query(X, y, n_instances=8))
    assert len(set(bought)) == 24
    assert len(learner.X_training) == 44
    score = mean_reciprocal_rank(*learner.estimator.transform(*make_pairs(80, seed=0)))
    assert score > 0.8


def test_modals_learner_scores_with_our_encoder():
    X, y = make_pairs(120)
    theirs = ActiveLearner(RidgeCCA(), X_training=X[:20], y_training=y[:20])
    ours = PairedActiveLearner(RidgeCCA()).fit(X[:20], y[:20])
    assert theirs.score(X[20:], y[20:]) == ours.score(X[20:], y[20:])


def test_our_learner_runs_modals_loop_and_buys_the_same(strategy, monkeypatch):
    monkeypatch.setattr(PairedActiveLearner, "trust_", 0.0)  # modAL's has none
    strategy = clone(strategy).set_params(random_state=0)
    X, y = make_pairs(120)
    theirs = ActiveLearner(
        RidgeCCA(), query_strategy=strategy, X_training=X[:20], y_training=y[:20]
    )
    ours = PairedActiveLearner(RidgeCCA(), strategy).fit(X[:20], y[:20])
    bought = [
        modal_loop(learner, lambda s, X, y: s.query(X, y, n_instances=8))
        for learner in (theirs, ours)
    ]
    assert bought[0] == bought[1]
    np.testing.assert_array_equal(theirs.X_training, ours.X_training)


def test_modals_extra_arguments_mean_the_same():
    X, y = make_pairs(120)
    theirs = ActiveLearner(RidgeCCA(), KCenterGreedy(0), X[:20], y[:20])
    ours = PairedActiveLearner(RidgeCCA(), KCenterGreedy(0)).fit(X[:20], y[:20])
    results = []
    for learner in (theirs, ours):
        result = learner.query(X[20:], y[20:], n_instances=4, return_metrics=True)
        assert len(result) == 3
        learner.teach(X[20:40], y[20:40], only_new=True)
        results.append(
            (*result, learner.estimator_ if learner is ours else learner.estimator)
        )
        assert len(learner.X_training) == 20
    for a, b in zip(*[result[:3] for result in results], strict=True):
        np.testing.assert_array_equal(a, b)
    features = [result[3].transform(X) for result in results]
    np.testing.assert_array_equal(*features)


def test_a_cold_start_in_modals_learner():
    X, y = make_pairs(60)
    learner = ActiveLearner(RidgeCCA(), CoresetMargin(random_state=0))
    query_idx, _ = learner.query(X, y, n_instances=6)
    learner.teach(X[query_idx], y[query_idx])
    assert len(learner.X_training) == 6


def test_pools_of_other_lengths_need_a_fixed_modality_in_modals_learner(strategy):
    X, y = make_pairs(120)
    learner = ActiveLearner(
        RidgeCCA(), query_strategy=strategy, X_training=X[:20], y_training=y[:20]
    )
    if strategy.modality == 0:
        assert len(learner.query(X[20:], y[50:], n_instances=8)[0]) == 8
    else:
        with pytest.raises(
            ValueError, match=r"ActiveLearner hands out rows of X .*modal"
        ):
            learner.query(X[20:], y[50:], n_instances=8)


def test_the_page_has_a_row_for_every_public_name_of_modal():
    page = (ROOT / "docs" / "guide" / "modal.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    named = set(re.findall(r"[\w*]+", " ".join(re.findall(r"`([^`]+)`", prose))))
    patterns = [word for word in named if re.fullmatch(r"\w+\*", word)]
    public = {
        node.name
        for file in Path(modAL.__file__).parent.rglob("*.py")  # one cannot be imported
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
        and not node.name.startswith("_")
    }
    assert len(public) > 60
    left = sorted(public - named)
    missing = [n for n in left if not any(fnmatch(n, pattern) for pattern in patterns)]
    assert not missing, " ".join(missing)
