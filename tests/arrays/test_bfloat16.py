"""Products in bfloat16: when they are taken, and that they change no answer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import features, set_sizes, small_similarities

from skmal.arrays import _bfloat16
from skmal.arrays._bfloat16 import (
    COARSE,
    bfloat16_pays,
    coarse,
    coarse_below,
    coarse_slack,
)
from skmal.arrays._threads import in_threads
from skmal.uncertainty import _margin, cross_modal_margin, cross_modal_top1


@pytest.fixture
def fast(monkeypatch):
    """Have bfloat16 taken whatever the processor and however little the work."""
    set_sizes(monkeypatch, coarse=0)
    monkeypatch.setattr(_bfloat16, "_is_fast_processor", lambda: True)


def both(q, g):
    """Return margins and best similarities, of arrays or tensors."""
    return cross_modal_margin(q, g), cross_modal_top1(q, g)


@settings(max_examples=50)
@given(features(1), features(2), st.integers(1, 5), st.booleans())
def test_answers_are_those_without_it_bit_for_bit(q, g, block, as_tensor):
    expected = both(q, g)
    with pytest.MonkeyPatch.context() as patch:
        small_similarities(patch, block)
        set_sizes(patch, coarse=0, candidates=99)
        patch.setattr(_bfloat16, "_is_fast_processor", lambda: True)
        got = both(q, torch.tensor(g).bfloat16().float()) if as_tensor else both(q, g)
        if as_tensor:
            expected = both(q, torch.tensor(g).bfloat16().float().numpy())
    tolerance = 1e-12 if as_tensor else 0
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_galleries_of_near_neighbours_have_the_same_best_two(fast, dtype):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 64))
    g = (centres[rng.integers(20, size=5000)] + 0.3 * rng.normal(size=(5000, 64))) * 3
    g = g.astype(dtype)
    q = (g[:40] + 0.01).astype(dtype)
    got = both(q, g)
    with pytest.MonkeyPatch.context() as patch:
        set_sizes(patch, coarse=2**62)
        expected = both(q, g)
    np.testing.assert_array_equal(got, expected)


def test_rows_may_lie_in_memory_in_any_way(fast):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 16))
    rows = (rows / np.linalg.norm(rows, axis=1)[:, None]).astype(np.float32)
    records = np.zeros(300, dtype=[("odd", "u1"), ("rows", np.float32, 16)])
    records["rows"] = rows
    expected = both(rows[:9], rows)
    np.testing.assert_array_equal(both(rows[:9], rows[::-1]), expected)
    turned = both(rows[:9, ::-1], rows[:, ::-1])
    np.testing.assert_allclose(turned, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(both(rows[:9], records["rows"]), expected)


def test_masses_of_near_ties_are_left_to_float32(fast, monkeypatch):
    candidates, seen = _margin._candidates, []

    def counted(*args, is_coarse=False):
        seen.append((is_coarse, candidates(*args, is_coarse=is_coarse) is None))
        return candidates(*args, is_coarse=is_coarse)

    monkeypatch.setattr(_margin, "_candidates", counted)
    rng = np.random.default_rng(0)
    g = np.ones((3000, 32)) + 0.02 * rng.normal(size=(3000, 32))
    q = g[:5] + 0.001
    got = cross_modal_margin(q, g)
    assert seen == [(True, True), (False, False)]
    unit = [rows / np.linalg.norm(rows, axis=1)[:, None] for rows in (q, g)]
    ordered = np.sort(unit[0] @ unit[1].T, axis=1)
    np.testing.assert_allclose(got, ordered[:, -1] - ordered[:, -2], atol=1e-12)


def test_no_product_of_unit_rows_is_more_wrong_than_the_slack():
    rng = np.random.default_rng(0)
    for rows in (
        rng.normal(size=(400, 48)),
        rng.integers(1, 3, size=(400, 48)) + 2.0**-9,  # halfway to the next number
        rng.normal(size=(400, 2)),
    ):
        rows = rows / np.linalg.norm(rows, axis=1)[:, None]
        narrow, wrong = coarse(rows.astype(np.float32))
        got = (narrow @ narrow.T).double().numpy()
        slack = coarse_slack(wrong, wrong) + 1e-5
        error, most = np.abs(got - rows @ rows.T), slack + COARSE * np.abs(got)
        assert 0.1 < (error / most).max() < 1
        # Whatever is below is less, as far as that can be known.
        below = got < coarse_below(got[0], slack)
        assert ((got + most)[below] < (got - most)[:1].repeat(400, 0)[below]).all()


def test_small_works_are_left_to_float32(monkeypatch):
    monkeypatch.setattr(_bfloat16, "_is_fast_processor", lambda: True)
    assert not bfloat16_pays(1e6)
    assert bfloat16_pays(1e9)
    monkeypatch.setattr(_bfloat16, "_is_fast_processor", lambda: False)
    assert not bfloat16_pays(1e15)


def test_forked_processes_leave_torch_alone(monkeypatch):
    monkeypatch.setattr(_bfloat16, "_is_fast_processor", lambda: True)
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert not bfloat16_pays(1e15)


def test_a_broken_torch_is_as_good_as_none(monkeypatch):
    def broken(name):
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", broken)
    _bfloat16._is_fast_processor.cache_clear()
    try:
        assert not _bfloat16._is_fast_processor()
    finally:
        _bfloat16._is_fast_processor.cache_clear()


def test_threads_compute_with_one_of_torch_each():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert in_threads(lambda _: torch.get_num_threads(), 8, 2, 1) == [1] * 8
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
