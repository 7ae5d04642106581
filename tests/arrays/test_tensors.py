"""Pools that are torch tensors against the same pools as arrays."""

import numpy as np
import pytest
import torch
from helpers import make_pairs
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_distances, small_similarities

from skmal import CoresetMargin, PairedActiveLearner, RidgeCCA, ShardedArray
from skmal.arrays import _blocks, _tensors
from skmal.arrays._block_math import to_host
from skmal.arrays._blocks import check_one_device, read
from skmal.arrays._plain import plain
from skmal.arrays._tensors import TensorRows, host_array
from skmal.arrays._verbs import stacked as stack
from skmal.coverage import (
    _farthest,
    coverage_gap,
    distance_to_aligned,
    greedy_k_center,
    isolation,
)
from skmal.coverage._farthest import FarthestRows
from skmal.items._containers import n_rows
from skmal.strategies import greedy_herding
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin, cross_modal_top1

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
EPS = np.finfo(np.float64).eps
SCORES = [cross_modal_margin, cross_modal_top1, cross_modal_entropy]


def draw(rng, n, kind, dtype):
    """Return rows with many ties, with duplicates, or without, and the same array."""
    rows = rng.normal(size=(n, 3))
    if kind == "grid":
        rows = np.sign(rows).clip(0)
    elif kind == "duplicates":
        rows = rows[rng.integers(n, size=n)]
    rows = torch.as_tensor(rows).to(dtype)
    return rows, to_host(rows)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(1, 50),
    st.integers(1, 9),
    st.sampled_from(["grid", "duplicates", "plain"]),
    st.sampled_from(DTYPES),
    st.booleans(),
)
def test_tensors_give_the_answers_of_arrays(seed, n, n_aligned, kind, dtype, blocks):
    rng = np.random.default_rng(seed)
    pool, array = draw(rng, n, kind, dtype)
    aligned, aligned_array = draw(rng, n_aligned, kind, DTYPES[seed % 4])
    aligned_array.flags.writeable = False  # as of a memory map
    n_picks = min(rng.integers(1, n + 1), 20)
    with pytest.MonkeyPatch.context() as monkeypatch:
        if blocks:
            small_distances(monkeypatch)
            small_similarities(monkeypatch, 16)
        for known in (aligned, aligned_array):
            assert coverage_gap(pool, known) == coverage_gap(array, aligned_array)
        np.testing.assert_allclose(
            distance_to_aligned(pool, aligned),
            distance_to_aligned(array, aligned_array),
            rtol=1e-12,
        )
        for known, known_array in [(aligned, aligned_array), (None, None)]:
            picks = greedy_k_center(pool, n_picks, known)
            expected = greedy_k_center(array, n_picks, known_array)
            np.testing.assert_array_equal(picks, expected)
        np.testing.assert_allclose(
            isolation(pool, 2, n_landmarks=9, random_state=0),
            isolation(array, 2, n_landmarks=9, random_state=0),
            rtol=1e-12,
        )
        for score in SCORES:
            expected = score(aligned_array, array)
            np.testing.assert_allclose(score(aligned, pool), expected, atol=1e-11)
            np.testing.assert_allclose(score(aligned_array, pool), expected, atol=1e-11)


def test_large_pools_come_in_larger_blocks_and_stay_where_they_are(monkeypatch):
    rng = np.random.default_rng(0)
    n, d = 5000, 64
    centres = rng.normal(size=(30, d))
    array = centres[rng.integers(30, size=n)] + 0.3 * rng.normal(size=(n, d))
    array = array.astype(np.float32)
    aligned, other = array[::100], rng.normal(size=(n, d)).astype(np.float32)
    expected = (
        coverage_gap(array, aligned),
        greedy_k_center(array, 60, aligned),
        greedy_k_center(array, 60),
        cross_modal_margin(array[:20], other),
    )
    numpy, passed = torch.Tensor.numpy, []

    def counted(tensor, *args, **kwargs):
        passed.append(tensor.numel())
        assert passed[-1] <= n * d // 8
        return numpy(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "numpy", counted)
    monkeypatch.setattr(torch.Tensor, "__array__", None)
    monkeypatch.setattr(torch.Tensor, "tolist", None)
    monkeypatch.setattr(_tensors.TensorRows, "block", lambda *_: 2000)
    pool, known = torch.tensor(array), torch.tensor(aligned)
    got = [coverage_gap(pool, known)]
    assert sum(passed) < 4 * n  # of n * d
    got.append(greedy_k_center(pool, 60, known))
    got.append(greedy_k_center(pool, 60))
    passed.clear()
    got.append(cross_modal_margin(pool[:20], torch.tensor(other)))
    assert sum(passed) < n * d // 4
    passed.clear()
    distance_to_aligned(pool, known)
    isolation(pool, n_landmarks=100, random_state=0)
    assert sum(passed) < n * d // 2
    # Sums of d squares or products in float64, in an order of either library's own.
    assert got[0] == pytest.approx(expected[0], rel=d * EPS)
    np.testing.assert_array_equal(got[1], expected[1])
    np.testing.assert_array_equal(got[2], expected[2])
    np.testing.assert_allclose(got[3], expected[3], rtol=0, atol=4 * d * EPS)


@pytest.mark.parametrize("score", SCORES)
def test_a_large_block_of_ties_is_no_list_of_candidates(monkeypatch, score):
    monkeypatch.setattr(_tensors.TensorRows, "block", lambda *_: 2000)
    queries, gallery = np.eye(5), np.ones((3000, 5))
    expected = score(queries, gallery)
    np.testing.assert_allclose(
        score(queries, torch.tensor(gallery)), expected, atol=1e-12
    )


@pytest.mark.parametrize("kind", ["plain", "grid"])
def test_picks_are_made_several_to_a_word_with_the_host(monkeypatch, kind):
    rng = np.random.default_rng(0)
    array = rng.normal(size=(400, 24)).astype(np.float32)
    if kind == "grid":
        array = np.sign(array).clip(0)
    expected = greedy_k_center(array, 200, array[:3])
    words = []

    def counted(rows):
        words.append(rows)
        return to_host(rows)

    monkeypatch.setattr(_farthest, "to_host", counted)
    picks = greedy_k_center(torch.tensor(array), 200, array[:3])
    np.testing.assert_array_equal(picks, expected)
    if kind == "plain":
        assert len(words) < 100  # of 200 picks


def test_picks_come_with_their_distances():
    array = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    for aligned in (array[:3], array[:0]):
        expected = FarthestRows(array, aligned)
        known = FarthestRows(torch.tensor(array), torch.tensor(aligned))
        rows = np.arange(3, 200)
        picks = known.pick(rows, 20, with_distances=True)
        np.testing.assert_array_equal(picks, expected.pick(rows, 20, True))
        np.testing.assert_allclose(
            known.exact[picks], expected.exact[picks], rtol=5 * EPS
        )
        assert (known.exact[picks[0]] == np.inf) == (len(aligned) == 0)


def test_aligned_rows_may_be_a_read_only_array():
    pool, array = draw(np.random.default_rng(0), 30, "plain", torch.float32)
    aligned = array[:5].copy()
    aligned.flags.writeable = False  # as memory maps are
    expected = greedy_k_center(array, 9, aligned)
    np.testing.assert_array_equal(greedy_k_center(pool, 9, aligned), expected)


class TensorCCA(RidgeCCA):
    """Return tensors."""

    def transform(self, X, y=None):
        """Return features of X and of y."""
        return tuple(torch.as_tensor(f).bfloat16() for f in super().transform(X, y))


def test_pools_on_disk_of_an_encoder_that_returns_tensors():
    from_array = pytest.importorskip("dask.array").from_array
    X, y = make_pairs(90)
    queries = []
    for encoder, pools in [
        (TensorCCA(3), (X, y)),
        (TensorCCA(3), (ShardedArray([X]), ShardedArray([y]))),
        (TensorCCA(3), (from_array(X), from_array(y))),
    ]:
        learner = PairedActiveLearner(encoder, CoresetMargin(), random_state=0)
        queries.append(learner.fit(X[:20], y[:20]).query(*pools, n_instances=6))
    for query in queries[1:]:
        np.testing.assert_array_equal(query.indices, queries[0].indices)


def test_stacked_tensors_are_one_gallery():
    rng = np.random.default_rng(0)
    first, second = (torch.tensor(rng.normal(size=(n, 4))).half() for n in (70, 9))
    stacked, whole = stack(first, second), torch.cat([first, second])
    rows = rng.permutation(79)[:40]
    pool = _blocks.check_rows(stacked, "gallery")
    np.testing.assert_array_equal(read(pool, rows), whole[rows].float().numpy())
    np.testing.assert_array_equal(read(pool, slice(60, 75)), whole[60:75].float())
    queries = rng.normal(size=(5, 4))
    for score in SCORES:
        np.testing.assert_array_equal(score(queries, stacked), score(queries, whole))


def settings_of_torch():
    """Return all that decides the precision of products."""
    try:
        coarse = torch.get_float32_matmul_precision()
    except RuntimeError:
        coarse = None
    finer = [torch.backends.cuda.matmul, getattr(torch.backends.mkldnn, "matmul", None)]
    of_float32 = [getattr(backend, "fp32_precision", None) for backend in finer]
    return coarse, of_float32, finer[0].allow_bf16_reduced_precision_reduction


@pytest.fixture(params=["coarse", "finer"])
def low_precision(request):
    """Have the user ask for products in less than float32, by either API."""
    coarse, finer, _ = settings_of_torch()
    backend = torch.backends.cuda.matmul
    if request.param == "coarse":
        torch.set_float32_matmul_precision("medium")
    elif finer[0] is None:
        pytest.skip("this torch has no finer settings")
    else:
        backend.fp32_precision = "tf32"
    yield
    torch.set_float32_matmul_precision(coarse)
    if finer[0] is not None:
        backend.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision = finer


@pytest.mark.usefixtures("low_precision")
def test_products_are_in_full_precision_without_gradients(monkeypatch):
    array = np.random.default_rng(0).normal(size=(900, 40)).astype(np.float32)
    pool = torch.tensor(array, requires_grad=True)
    seen, minima = [], _farthest.minima

    def spy(distances):
        seen.append((distances.requires_grad, distances.dtype, *settings_of_torch()))
        return minima(distances)

    with monkeypatch.context() as patch, torch.autocast("cpu", torch.bfloat16):
        patch.setattr(_farthest, "minima", spy)
        asked_for = settings_of_torch()
        gap = coverage_gap(pool, pool[:5])
        assert settings_of_torch() == asked_for
        assert torch.is_autocast_enabled("cpu")
    assert gap == pytest.approx(coverage_gap(array, array[:5]), rel=40 * EPS)
    assert seen
    for requires_grad, dtype, coarse, finer, sums in seen:
        assert (requires_grad, dtype, coarse) == (False, torch.float32, "highest")
        assert set(finer) <= {"ieee", None}
        assert sums is False


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
def test_bad_values_are_named(value):
    array = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    pool, broken = torch.tensor(array), torch.tensor(array)
    broken[30, 1] = value
    for function in (
        lambda: coverage_gap(broken, pool[:3]),
        lambda: distance_to_aligned(broken, pool[:3]),
        lambda: greedy_k_center(broken, 2),
        lambda: isolation(broken),
    ):
        with pytest.raises(ValueError, match="features (contains|holds)"):
            function()
    with pytest.raises(ValueError, match="aligned (contains|holds)"):
        coverage_gap(pool, broken)
    if value != 1e20:
        with pytest.raises(ValueError, match="gallery contains"):
            cross_modal_margin(pool, broken)
        with pytest.raises(ValueError, match="queries contains"):
            cross_modal_entropy(broken, pool)


def test_what_does_not_go_together_is_refused():
    here, there = torch.zeros(3, 2), torch.zeros(3, 2, device="meta")
    message = "features is on cpu and aligned on meta; move one"
    with pytest.raises(ValueError, match=message):
        check_one_device(TensorRows(here), TensorRows(there), "features", "aligned")
    with pytest.raises(ValueError, match="features has 2 columns and aligned has 3"):
        coverage_gap(here, torch.zeros(3, 3))
    with pytest.raises(ValueError, match="0 sample"):
        coverage_gap(here[:0], here)
    with pytest.raises(ValueError, match="Reshape your data"):
        isolation(torch.zeros(3))
    assert isolation(torch.zeros(3, 2, dtype=torch.int64)).tolist() == [0, 0, 0]


def test_sparse_tensors_are_refused():
    rows = torch.eye(3).to_sparse()
    for gate in (lambda: greedy_k_center(rows, 2), lambda: RidgeCCA().fit(rows, rows)):
        with pytest.raises(TypeError, match=r"is a sparse tensor; pass its to_dense"):
            gate()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int32])
def test_encoders_take_tensors_of_any_numbers(dtype):
    """With gradients, and precisions that NumPy lacks; in lists, too."""
    X, y = make_pairs(12)
    rows = torch.tensor(X).to(dtype)
    if rows.is_floating_point():
        rows.requires_grad_()
    array = rows.detach().double().numpy()
    expected = RidgeCCA().fit(array, y).transform(array)
    got = RidgeCCA().fit(rows, y).transform(rows)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    got = RidgeCCA().fit(list(rows), y).transform(list(rows))
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(3, 2, device="meta"), "X is a meta tensor, which has no values"),
        (torch.zeros(3, 2).to_sparse(), "X is a sparse tensor; pass its to_dense"),
        (torch.zeros(3, 2, dtype=torch.complex64), "Complex data not supported: X"),
    ],
)
def test_tensors_that_are_no_numbers(tensor, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plain(tensor, "X")


@pytest.mark.filterwarnings("ignore")  # torch may warn of these as prototypes
def test_nested_and_quantised_tensors_are_refused():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    with pytest.raises(TypeError, match="X is a nested tensor; .*to_padded_tensor"):
        plain(nested, "X")
    assert n_rows(nested) is None
    quantised = torch.quantize_per_tensor(torch.ones(2, 2), 0.5, 0, torch.qint32)
    with pytest.raises(TypeError, match=r"X is a quantised tensor; .*dequantize\(\)"):
        plain(quantised, "X")


def test_signs_that_are_put_off_are_taken():
    rows = np.array([[1.0, -2.0], [3.0, 4.0]])
    late = torch.tensor(-rows)._neg_view()
    np.testing.assert_array_equal(host_array(late), rows)
    np.testing.assert_array_equal(plain(list(late), "X"), rows)
    assert coverage_gap(late, late[:1]) == coverage_gap(rows, rows[:1])


def test_rows_with_a_gradient_in_a_list():
    rows = torch.eye(3, dtype=torch.float64, requires_grad=True)
    got = greedy_herding(list(rows), 2, list(rows))
    np.testing.assert_array_equal(got, greedy_herding(np.eye(3), 2, np.eye(3)))
