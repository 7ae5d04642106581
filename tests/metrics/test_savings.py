"""Savings and intervals against definitions written out."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from skmal._shared.intervals import student_interval
from skmal.metrics import annotation_savings, area_under_learning_curve

N_PAIRS = np.array([10, 20, 30, 40, 50])


def test_savings_of_a_curve_twice_as_fast_are_one_half():
    slow = np.array([[0.1, 0.2, 0.3, 0.4, 0.5]] * 3)
    fast = np.minimum(2 * slow, 1)
    savings = annotation_savings(N_PAIRS, fast, slow, budgets=[20, 40])
    assert savings.mean == pytest.approx(0.5)
    assert savings.sem == pytest.approx(0)
    assert (savings.n_seeds, savings.n_censored, savings.n_levels) == (3, 0, 6)


def test_savings_interpolate_and_use_the_running_maximum():
    reference = [[0.0, 0.3, 0.2, 0.4, 0.5]]
    own = [[0.1, 0.2, 0.4, 0.3, 0.6]]
    # level at b=30 is 0.3 (running maximum); own reaches it half-way from 20 to 30
    assert annotation_savings(N_PAIRS, own, reference, budgets=[30]).mean == (
        pytest.approx(1 - 25 / 30)
    )
    # level at b=10 is 0.0: reached at the start, which costs the pairs at the start
    assert annotation_savings(N_PAIRS, own, reference, budgets=[10]).mean == 0


def test_levels_never_reached_are_censored_and_counted():
    flat, rising = np.full((1, 5), 0.1), np.linspace(0.1, 0.5, 5)[None]
    savings = annotation_savings(N_PAIRS, flat, rising, budgets=[20, 40])
    assert savings.n_censored == 2
    assert savings.mean == pytest.approx(((1 - 50 / 20) + (1 - 50 / 40)) / 2)


def test_interval_is_students(monkeypatch):
    rng = np.random.default_rng(0)
    reference = np.sort(rng.uniform(size=(8, 5)), axis=1)
    own = np.sort(rng.uniform(size=(8, 5)), axis=1)
    got = annotation_savings(N_PAIRS, own, reference, budgets=[30], confidence=0.9)
    single = [
        annotation_savings(N_PAIRS, own[i : i + 1], reference[i : i + 1], budgets=[30])
        for i in range(8)
    ]
    interval = ttest_1samp([s.mean for s in single], 0).confidence_interval(0.9)
    assert got.ci_low == pytest.approx(interval.low)
    assert got.ci_high == pytest.approx(interval.high)
    assert np.isnan(single[0].sem)
    assert np.isnan(single[0].ci_low)


def test_a_strategy_saves_nothing_against_itself():
    curves = np.sort(np.random.default_rng(0).uniform(size=(4, 5)), axis=1)
    savings = annotation_savings(N_PAIRS, curves, curves)
    assert savings.mean == pytest.approx(0)
    assert savings.n_censored == 0


def test_reference_may_have_its_own_points():
    own, reference = [[0.2, 0.4]], [[0.1, 0.2, 0.3, 0.4]]
    savings = annotation_savings(
        [10, 20], own, reference, reference_n_pairs=[10, 20, 30, 40], budgets=[40]
    )
    assert savings.mean == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("points", "inside"),
    [
        ([3, 6, 9, 12, 24], [9, 12]),
        ([4, 8, 16, 18, 24], [8, 16, 18]),  # both ends are within
        ([0.2, 1], [1]),
    ],
)
def test_budgets_are_those_from_a_third_to_three_quarters_else_the_last(points, inside):
    rng = np.random.default_rng(0)
    own, reference = np.cumsum(rng.random((2, 3, len(points))), axis=2)
    expected = annotation_savings(points, own, reference, budgets=inside)
    assert annotation_savings(points, own, reference).mean == expected.mean


def test_area_under_learning_curve():
    assert area_under_learning_curve([0, 10], [0.0, 1.0]) == 0.5
    areas = area_under_learning_curve([0, 10, 40], [[1.0, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(areas, [1, 15 / 40])


def test_an_interval_of_curves_is_that_of_each_point():
    curves = np.random.default_rng(0).normal(size=(5, 3))
    got = student_interval(curves)
    assert got.mean.shape == got.sem.shape == got.half_width.shape == (3,)
    for point in range(3):
        own = student_interval(curves[:, point])
        expected = ttest_1samp(curves[:, point], 0).confidence_interval(0.95)
        assert [own.low, own.high] == pytest.approx([*expected])
        assert own.half_width == pytest.approx(got.half_width[point])


def test_one_seed_has_a_mean_alone_and_none_has_nothing():
    one, none = student_interval([0.5]), student_interval([])
    assert one.mean == 0.5
    assert np.isnan([one.sem, one.half_width, one.low, one.high]).all()
    assert np.isnan([*none]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: annotation_savings([1, 2], [[0.1, 0.2]] * 2, [[0.1, 0.2]]),
            "scores has 2 seeds and reference_scores 1",
        ),
        (
            lambda: annotation_savings([2, 1], [[0.1, 0.2]], [[0.1, 0.2]]),
            "must increase",
        ),
        (lambda: annotation_savings([1], [[0.1, 0.2]], [[0.1, 0.2]]), "must increase"),
        (lambda: area_under_learning_curve([2, 2], [0.1, 0.2]), "must increase"),
        (
            lambda: annotation_savings([1, 2], [[0.1, 0.2]], [[0.1, 0.2]], budgets=[3]),
            "budgets must lie between 1 and 2",
        ),
        (
            lambda: annotation_savings([1, 2], [[0.1, 0.2]], [[0.1, 0.2]], budgets=[]),
            "budgets must be one or more numbers above 0",
        ),
        (
            lambda: annotation_savings([1, 2], [[1, 2]], [[1, 2]], confidence=95),
            "confidence must be a number in .0, 1., got 95",
        ),
        (
            lambda: annotation_savings([1, 2], [[0.1, np.nan]], [[0.1, 0.2]]),
            "scores contains NaN",
        ),
        (lambda: area_under_learning_curve([1], [0.1]), "a curve of one point"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
