"""Sparse matrices become dense at one place, up to a size."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from helpers import make_pairs
from small import set_sizes

from skmal import MultimodalActiveLearner, PairedActiveLearner, RidgeCCA, RidgeMCCA
from skmal.arrays._plain import plain
from skmal.coverage import coverage_gap, greedy_k_center, isolation
from skmal.metrics import mean_reciprocal_rank
from skmal.uncertainty import cross_modal_margin

X, Y = make_pairs(20)
SPARSE = sp.csr_array(X)


@pytest.mark.parametrize("rows", [SPARSE, pd.DataFrame.sparse.from_spmatrix(SPARSE)])
def test_the_largest_that_is_made_dense(monkeypatch, rows):
    set_sizes(monkeypatch, dense=X.size)
    np.testing.assert_array_equal(plain(rows, "X"), X)
    set_sizes(monkeypatch, dense=X.size - 1)
    with pytest.raises(ValueError, match=r"X is sparse, of shape .20, 6.; .* 120 v"):
        plain(rows, "X")


def test_the_error_says_how_large_and_what_to_call():
    """Nothing of that size is made on the way."""
    rows = sp.csr_array((10**6, 10**5), dtype=np.float32)
    words = (
        "100,000,000,000 values would take 372.5 GiB, .* 134,217,728 values are made",
        r"TruncatedSVD\(192, random_state=0\).fit_transform\(X\)",
    )
    with pytest.raises(ValueError, match=".*".join(words)):
        plain(rows, "X")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, bool])
def test_dtypes_are_kept(dtype):
    assert plain(sp.csr_array(X.astype(dtype)), "X").dtype == dtype


def test_duplicates_are_summed():
    rows = sp.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    np.testing.assert_array_equal(plain(rows, "X"), [[0, 3], [5, 0]])


def known():
    """Return a learner that knows pairs."""
    return PairedActiveLearner(random_state=0).teach(X, Y)


GATES = {
    "fit": lambda rows: PairedActiveLearner().fit(rows, Y),
    "fit, y": lambda rows: PairedActiveLearner().fit(Y, rows),
    "query": lambda rows: known().query(rows, Y),
    "teach": lambda rows: known().teach(rows, Y),
    "transform": lambda rows: known().transform(rows),
    "several": lambda rows: MultimodalActiveLearner().teach([rows, Y]),
    "RidgeCCA.fit": lambda rows: RidgeCCA().fit(rows, Y),
    "RidgeCCA.fit, y": lambda rows: RidgeCCA().fit(Y, rows),
    "RidgeCCA.transform": lambda rows: RidgeCCA().fit(X, Y).transform(rows),
    "RidgeMCCA": lambda rows: RidgeMCCA().fit([Y, rows]),
    "metrics": lambda rows: mean_reciprocal_rank(X, rows),
    "coverage": lambda rows: coverage_gap(X, rows),
    "k-center": lambda rows: greedy_k_center(rows, 2),
    "isolation": isolation,
    "uncertainty": lambda rows: cross_modal_margin(rows, X),
}


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
def test_every_gate_refuses_what_is_too_large(monkeypatch, gate):
    set_sizes(monkeypatch, dense=X.size - 1)
    with pytest.raises(ValueError, match="is sparse, of shape .*TruncatedSVD"):
        gate(SPARSE)


def test_a_refused_batch_changes_nothing(monkeypatch):
    learner = known()
    set_sizes(monkeypatch, dense=X.size - 1)
    with pytest.raises(ValueError, match="TruncatedSVD"):
        learner.teach(SPARSE, Y)
    assert len(learner.X_training) == 20


def test_no_sparse_rows_at_all_teach_nothing():
    learner = known().teach(SPARSE[:0], sp.csr_array(Y)[:0])
    assert len(learner.X_training) == 20
    several = MultimodalActiveLearner().teach([SPARSE[:0], sp.csr_array(Y)[:0]])
    assert several.Xs_training is None
