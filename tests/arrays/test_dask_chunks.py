"""Dask arrays whose chunks are not what the array says."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import make_pairs

from skmal import CoresetMargin, PairedActiveLearner, RidgeCCA
from skmal.coverage import coverage_gap, greedy_k_center, isolation
from skmal.metrics import mean_reciprocal_rank
from skmal.uncertainty import cross_modal_margin

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

X, Y = make_pairs(30)


def of_chunks(make):
    """Return a dask array of three chunks of ten rows, which `make` makes of them."""
    chunks = [
        da.from_delayed(dask.delayed(make)(X[i : i + 10], i // 10), (10, 6), float)
        for i in (0, 10, 20)
    ]
    return da.concatenate(chunks)


def short(rows, number):
    """Return a row less than there should be, of the second chunk."""
    return rows[:9] if number == 1 else rows


def shifted(rows, number):
    """Return as many rows in all, but others in each chunk."""
    return [rows[:9], np.vstack([rows, rows[:1]]), rows][number]


def masked(rows, number):
    """Return the second chunk with a masked value."""
    return np.ma.array(rows, mask=(rows == rows.max()) & (number == 1))


def known(strategy=None):
    """Return a learner that knows pairs."""
    return PairedActiveLearner(None, strategy, random_state=0).teach(X, Y)


GATES = {
    "fit": lambda rows: PairedActiveLearner().fit(rows, Y),
    "query": lambda rows: known().query(rows, Y),
    "query, CoresetMargin": lambda rows: known(CoresetMargin()).query(rows, Y),
    "transform": lambda rows: known().transform(rows),
    "RidgeCCA": lambda rows: RidgeCCA().fit(rows, Y),
    "metrics": lambda rows: mean_reciprocal_rank(rows, X),
    "coverage": lambda rows: coverage_gap(rows, X[:3]),
    "k-center": lambda rows: greedy_k_center(rows, 2),
    "isolation": isolation,
    "uncertainty": lambda rows: cross_modal_margin(rows, X),
    "uncertainty, gallery": lambda rows: cross_modal_margin(X, rows),
}


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (short, r"chunk \(1, 0\) should be of shape \(10, 6\), but is of .*\(9, 6\)"),
        (shifted, r"chunk \(\d, 0\) should be of shape \(10, 6\)"),
        (masked, r"chunk \(1, 0\) of .* is masked in row"),
        (lambda rows, number: sp.csr_array(rows), "whose chunk .* is sparse; make"),
    ],
)
def test_chunks_are_looked_at_when_they_are_read(gate, make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        gate(of_chunks(make))


def test_sparse_chunks_are_refused_before_they_are_computed():
    rows = da.from_array(X, chunks=(10, 6)).map_blocks(sp.csr_matrix)
    with pytest.raises(TypeError, match="whose chunks are sparse; make them dense"):
        known().query(rows, Y)


def test_images_in_chunks_that_are_short():
    images = da.from_delayed(dask.delayed(np.zeros)((3, 2, 2)), (4, 2, 2), float)
    with pytest.raises(ValueError, match=r"should be of shape \(4, 2, 2\)"):
        known().teach(images, Y[:4])


def test_chunks_that_are_what_they_should_be():
    rows = of_chunks(lambda rows, number: np.asfortranarray(rows))
    assert coverage_gap(rows, X[:3]) == coverage_gap(X, X[:3])
    np.testing.assert_array_equal(greedy_k_center(rows, 5), greedy_k_center(X, 5))
    query, expected = (known().query(pool, Y, 3) for pool in (rows, X))
    np.testing.assert_array_equal(query.indices, expected.indices)
