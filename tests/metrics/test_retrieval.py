"""Metrics against definitions written out."""

import pickle
from functools import partial

import numpy as np
import pytest
import sklearn
from containers import CONTAINERS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.cross_decomposition import PLSSVD
from sklearn.model_selection import GroupKFold, cross_validate
from small import set_sizes

from skmal import RidgeCCA
from skmal.metrics import (
    compositional_scores,
    make_retrieval_scorer,
    mean_reciprocal_rank,
    nearest_rows,
    recall_at_k,
    retrieval_ranks,
    retrieval_scores,
)


def unit(rows):
    """Return rows of length one."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [7, 1024])
def test_ranks_are_scipys_average_ranks(monkeypatch, dtype, block):
    set_sizes(monkeypatch, nearest_queries=block)
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(60, 5)).astype(dtype)
    gallery = rng.normal(size=(60, 5)).astype(dtype)
    gallery[30:45] = gallery[:15]  # ties
    similarity = (unit(queries) @ unit(gallery).T).astype(np.float64).round(5)
    expected = rankdata(-similarity, method="average", axis=1).diagonal()
    np.testing.assert_array_equal(retrieval_ranks(queries, gallery), expected)


def test_constant_features_are_at_chance_not_at_one():
    constant = np.ones((101, 3))
    assert (retrieval_ranks(constant, constant) == 51).all()
    assert recall_at_k(constant, constant, k=50) == 0


def test_several_correct_answers_count_by_the_best():
    queries = [[1.0, 0.0], [0.0, 1.0]]
    gallery = [[0.0, 1.0], [0.9, 0.1], [1.0, 0.0], [0.1, 0.9]]
    ranks = retrieval_ranks(
        queries, gallery, query_groups=["a", "b"], gallery_groups=["a", "a", "b", "b"]
    )
    # a: row 1 is best of its own, behind row 2. b: row 3, behind row 0.
    assert ranks.tolist() == [2, 2]


def test_an_image_with_five_captions_is_one_query_and_one_gallery_row():
    rng = np.random.default_rng(0)
    images, captions = rng.normal(size=(20, 6)), rng.normal(size=(100, 6))
    groups = np.repeat(np.arange(20), 5)
    similarity = unit(images) @ unit(captions).T
    hits_i2t = [
        (s > np.sort(s)[-4]).reshape(20, 5)[i].any() for i, s in enumerate(similarity)
    ]
    hits_t2i = [rankdata(-s)[groups[j]] <= 3 for j, s in enumerate(similarity.T)]
    expected = (np.mean(hits_i2t) + np.mean(hits_t2i)) / 2
    assert recall_at_k(images[groups], captions, k=3, groups=groups) == expected


@settings(max_examples=50)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_scores_agree_with_each_other_and_stay_in_range(n, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(2, n, 3))
    table = retrieval_scores(X, y)
    assert table["mrr"] == mean_reciprocal_rank(X, y)
    assert table["recall@5"] == recall_at_k(X, y, k=5)
    assert 0 <= table["recall@1"] <= table["recall@5"] <= table["recall@10"] <= 1
    assert 1 / n <= table["mrr"] <= 1
    order = rng.permutation(n)
    assert mean_reciprocal_rank(X[order], y[order]) == pytest.approx(table["mrr"])
    assert mean_reciprocal_rank(y, X) == pytest.approx(table["mrr"])


def test_compositional_scores_by_hand():
    images = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1], [1, 0], [1, 0]])
    texts = np.array([[1.0, 0], [0, 1], [1, 0.1], [1, 0], [1, 0], [0, 1]])
    # right both ways; image 2 takes text 4; equal images: texts cannot choose
    text, image, group = compositional_scores(images, texts)
    assert (text, image, group) == (1 / 3, 1 / 3, 1 / 3)


def test_compositional_scores_are_at_chance_on_noise_and_strict_on_ties():
    rng = np.random.default_rng(0)
    text, image, group = compositional_scores(*rng.normal(size=(2, 20_000, 64)))
    assert text == pytest.approx(1 / 4, abs=0.02)
    assert image == pytest.approx(1 / 4, abs=0.02)
    assert group == pytest.approx(1 / 6, abs=0.02)
    assert compositional_scores(np.ones((4, 2)), np.ones((4, 2))) == (0, 0, 0)
    images = rng.normal(size=(200, 16))
    images[1::2] = 3 * images[::2]  # the same direction: a tie
    assert compositional_scores(images, rng.normal(size=(200, 16))).image == 0


@pytest.mark.parametrize("encoder", [RidgeCCA(), PLSSVD(n_components=3)])
def test_scorers_work_in_cross_validation_and_pickle(pairs, encoder):
    X, y = pairs
    scoring = {
        "mrr": make_retrieval_scorer(mean_reciprocal_rank),
        "recall@5": pickle.loads(pickle.dumps(make_retrieval_scorer(recall_at_k, k=5))),
    }
    result = cross_validate(encoder, X, y, scoring=scoring, cv=4)
    assert (result["test_mrr"] > 0.5).all()
    assert (result["test_recall@5"] > 0.8).all()
    assert "partial" in repr(make_retrieval_scorer(partial(recall_at_k, k=2)))
    assert repr(scoring["recall@5"]) == "make_retrieval_scorer(recall_at_k, k=5)"


def test_scorers_ask_for_groups_by_metadata_routing(pairs):
    X, y = (np.repeat(side, 2, axis=0) for side in pairs)
    groups = np.arange(len(X)) // 2
    scorer = make_retrieval_scorer(recall_at_k, k=1)
    with pytest.raises(RuntimeError, match="set_config.enable_metadata_routing=True"):
        scorer.set_score_request(groups=True)
    cv = GroupKFold(3)
    without = cross_validate(
        RidgeCCA(), X, y, scoring=scorer, cv=cv.split(X, y, groups)
    )
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = pickle.loads(pickle.dumps(scorer.set_score_request(groups=True)))
        routed = cross_validate(
            RidgeCCA(), X, y, scoring=scorer, cv=cv, params={"groups": groups}
        )
    assert without["test_score"].max() == 0  # equal rows are rivals, and tie
    expected = []
    for known, test in cv.split(X, y, groups):
        encoder = RidgeCCA().fit(X[known], y[known])
        features = encoder.transform(X[test], y[test])
        expected.append(recall_at_k(*features, k=1, groups=groups[test]))
    np.testing.assert_array_equal(routed["test_score"], expected)
    assert min(expected) > 0.5


def test_nearest_rows_best_first_ties_to_the_lowest():
    gallery = np.array([[0.0, 1], [1, 0], [2, 0], [1, 1]])
    assert nearest_rows(np.array([[1.0, 0]]), gallery, 3).tolist() == [[1, 2, 3]]
    assert nearest_rows(np.array([[1.0, 0]]), gallery, 9).shape == (1, 4)
    many = np.tile(gallery, (10, 1))  # more than any sort leaves in order
    expected = [row for row in range(40) if row % 4 in (1, 2)]
    assert nearest_rows(np.array([[1.0, 0]]), many, 20).tolist() == [expected]


@pytest.mark.parametrize("container", CONTAINERS)
def test_nearest_rows_in_any_container(container):
    rows = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.5]])
    hold = CONTAINERS[container]
    expected = nearest_rows(rows, rows, 2)
    np.testing.assert_array_equal(nearest_rows(hold(rows), hold(rows), 2), expected)


@pytest.mark.parametrize(
    ("queries", "gallery", "k", "message"),
    [
        ([[1.0, 0.0]], [[1.0, 0.0]], 0, "k must be an integer of at least 1, got 0"),
        ([[1.0, np.nan]], [[1.0, 0.0]], 1, "queries contains NaN"),
        ([[1.0, 0.0]], [[1.0, np.inf]], 1, "gallery holds NaN or infinity"),
        ([[1.0]], [[1.0, 0.0]], 1, "queries has 1 columns and gallery has 2"),
        (np.array([["1"]]), [[1.0]], 1, "queries holds '1', a str"),
        ([[1.0]], np.array([["1"]]), 1, "gallery holds '1', a str"),
        ([[1.0]], [[1j]], 1, "Complex data not supported: gallery"),
    ],
)
def test_nearest_rows_of_what_are_none(queries, gallery, k, message):
    with pytest.raises(ValueError, match=message):
        nearest_rows(queries, gallery, k)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["1", "2"]], "queries holds '1', a str, in row 0, column 0"),
        ([{"u": 1.0}], "queries holds a dict, in row 0"),
        (np.ones((2, 2, 1)), r"queries has the shape \(2, 2, 1\)"),
    ],
)
def test_what_is_no_rows_is_named_by_the_parameter(rows, message):
    with pytest.raises(ValueError, match=message):
        retrieval_ranks(rows, rows)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: retrieval_ranks([[1.0]], [[1.0], [2]]),
            "queries has 1 rows and gallery 2",
        ),
        (lambda: retrieval_ranks([[1.0]], [[1.0, 2]]), "queries has 1 columns"),
        (lambda: retrieval_ranks([[np.nan]], [[1.0]]), "queries contains NaN"),
        (lambda: retrieval_ranks([[1.0]], [[1.0]], query_groups=[1]), "or neither"),
        (
            lambda: retrieval_ranks(
                [[1.0]], [[1.0]], query_groups=[1], gallery_groups=[2]
            ),
            "group 1 of the queries has no row",
        ),
        (
            lambda: retrieval_ranks(
                [[1.0]], [[1.0]], query_groups=[1, 2], gallery_groups=[2]
            ),
            "query_groups must hold one label for each of the 1 rows",
        ),
        (
            lambda: recall_at_k([[1.0]], [[1.0]], k=0),
            "k must be an integer of at least",
        ),
        (
            lambda: compositional_scores(np.ones((3, 2)), np.ones((3, 2))),
            "are not quadruples",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
