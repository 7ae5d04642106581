"""Whatever is passed to a public function, it answers or names what is wrong."""

import numpy as np
import pytest
from helpers import make_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from skmal import PairedActiveLearner, RidgeCCA, coverage, metrics, uncertainty
from skmal.datasets import load_glyphs

FUNCTIONS = [
    coverage.coverage_gap,
    coverage.distance_to_aligned,
    coverage.greedy_k_center,
    coverage.isolation,
    uncertainty.cross_modal_entropy,
    uncertainty.cross_modal_margin,
    uncertainty.cross_modal_top1,
    metrics.area_under_learning_curve,
    metrics.annotation_savings,
    metrics.compositional_scores,
    metrics.mean_reciprocal_rank,
    metrics.recall_at_k,
    metrics.retrieval_ranks,
    metrics.retrieval_scores,
    load_glyphs,
    RidgeCCA().fit,
    RidgeCCA().fit(*make_pairs(20)).transform,
    PairedActiveLearner().fit(*make_pairs(20)).rank_partners,
]

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(width=32), max_size=4),
    st.lists(st.lists(st.floats(-9, 9), min_size=2, max_size=2), max_size=3),
    st.lists(st.text(max_size=2), max_size=4),
    st.sampled_from(
        [
            np.empty((0, 2)),
            np.ones((4, 2)),
            np.ones(4),
            np.full((4, 2), np.nan),
            np.ones((4, 2), complex),
            np.ones((4, 2, 2)),
            np.array([1, "a"], dtype=object),
            np.array(None),
            {"a": 1},
            object(),
        ]
    ),
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__qualname__)
@settings(max_examples=60)
@given(st.lists(ANYTHING, min_size=1, max_size=3))
# scikit-learn's own check for infinity sums +inf and -inf.
@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce")
def test_it_answers_or_says_what_is_wrong(function, arguments):
    try:
        result = function(*arguments)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 10
        for foreign in ("not supported between", "has no len()", "not subscriptable"):
            assert foreign not in str(error)
    else:
        assert result is not None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda X: uncertainty.cross_modal_entropy(X, X, "a"),
            "temperature .* got 'a'",
        ),
        (lambda X: metrics.mean_reciprocal_rank(X, None, groups=[1, 1]), "y"),
        (
            lambda X: metrics.mean_reciprocal_rank(X, X, groups=[1, np.nan]),
            "groups must hold labels of one kind",
        ),
        (
            lambda X: metrics.mean_reciprocal_rank(X, X, groups=[1, None]),
            "groups must hold labels of one kind",
        ),
        (
            lambda X: metrics.annotation_savings([1, 2], X, X, confidence="x"),
            "confidence must be a number in .0, 1., got 'x'",
        ),
        (lambda X: coverage.greedy_k_center(X, 1, 5), "aligned is an int, where rows"),
        (lambda X: RidgeCCA(reg="a").fit(X, X), "reg must be a finite number .*'a'"),
    ],
)
def test_the_message_names_the_parameter(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.eye(2))
