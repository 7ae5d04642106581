"""SimulatedAnnotator: right, wrong, and without a partner."""

import numpy as np
import pytest
from sklearn.base import clone

from skmal import Query, SimulatedAnnotator


def ask(annotator, modality=0, n=200):
    """Ask about the first rows of two pools whose ids are in unrelated orders."""
    X_ids, y_ids = np.arange(n)[::-1], np.roll(np.arange(n), 7)
    rows = np.arange(100)
    query = Query(rows, None, modality)
    return annotator(query, X_ids, y_ids), (X_ids, y_ids)


@pytest.mark.parametrize("modality", [0, 1])
def test_it_names_the_row_with_the_same_id(modality):
    partners, ids = ask(SimulatedAnnotator(), modality)
    np.testing.assert_array_equal(ids[1 - modality][partners], ids[modality][:100])
    query = Query(np.array([0, 1, 2]), None, modality)
    pools = [[5, 8, 3], [3, 9, 3, 5]][:: 1 if modality == 0 else -1]
    assert SimulatedAnnotator()(query, *pools).tolist() == [3, -1, 0]


def test_errors_name_different_open_rows_at_the_rate():
    partners, ids = ask(SimulatedAnnotator(error_rate=0.3, random_state=0))
    wrong = ids[1][partners] != ids[0][:100]
    assert 15 < wrong.sum() < 45
    assert len(set(partners)) == 100  # nobody is named twice
    again, _ = ask(SimulatedAnnotator(error_rate=0.3, random_state=0))
    np.testing.assert_array_equal(partners, again)
    other, _ = ask(SimulatedAnnotator(error_rate=0.3, random_state=1))
    assert (other != partners).any()
    everywhere, ids = ask(SimulatedAnnotator(error_rate=1.0, random_state=0))
    assert (ids[1][everywhere] != ids[0][:100]).all()
    # With nobody else to name, the answer is right.
    only = Query(np.array([0]), None, 0)
    assert SimulatedAnnotator(1.0, random_state=0)(only, [4], [4]).tolist() == [0]


def test_the_missing_are_a_share_of_either_pool():
    X_present, y_present = SimulatedAnnotator(0, 0.25, random_state=0).present(1000)
    assert (~X_present).sum() == (~y_present).sum() == 200
    assert (X_present | y_present).all()
    for one, other in [(X_present, y_present), (y_present, X_present)]:
        assert (~other[one]).mean() == 0.25
    assert all(p.all() for p in SimulatedAnnotator().present(9))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q: SimulatedAnnotator(1.5)(q, [1], [1]), "error_rate must be at most"),
        (lambda q: SimulatedAnnotator(-0.1)(q, [1], [1]), "error_rate must be a fin"),
        (lambda q: SimulatedAnnotator(0, 1).present(3), "missing_rate must be below 1"),
        (lambda q: SimulatedAnnotator()(q, [-1, 1], [1]), "X_ids must hold one int"),
        (lambda q: SimulatedAnnotator()(q, [1, 2], ["a"]), "y_ids must hold one int"),
        (lambda q: SimulatedAnnotator()(q, [1], [1, 2]), "row 1, but there are 1 ids"),
    ],
)
def test_what_it_refuses(call, message):
    query = Query(np.array([1]), None, 0)
    with pytest.raises(ValueError, match=message):
        call(query)
    with pytest.raises(TypeError, match="query must be what query"):
        SimulatedAnnotator()([0], [1], [1])
    with pytest.raises(TypeError, match="X_ids and y_ids, got 1"):
        SimulatedAnnotator()(query, [1, 2])
    assert clone(SimulatedAnnotator(0.1)).error_rate == 0.1
