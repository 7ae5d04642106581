"""What is computed with a block is the same of an array and of a tensor."""

import numpy as np
import pytest
import torch

from skmal.arrays import _block_math as operations

BLOCK = np.random.default_rng(0).normal(size=(12, 7)).astype(np.float32)
BLOCK[5] = BLOCK[2]


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("to_host", (), BLOCK),
        ("single", (), BLOCK),
        ("double", (), BLOCK.astype(np.float64)),
        ("squared_lengths", (), (BLOCK**2).sum(axis=1)),
        ("minima", (), BLOCK.min(axis=0)),
        ("maxima", (), BLOCK.max(axis=0)),
        ("maxima", (1,), BLOCK.max(axis=1)),
        ("exponentials", (), np.exp(BLOCK)),
        ("nth_smallest", (3,), np.sort(BLOCK, axis=1)[:, 2]),
        ("two_largest", (), np.sort(BLOCK, axis=0)[-2:]),
    ],
)
def test_arrays_and_tensors(name, args, expected):
    function = getattr(operations, name)
    for block in (BLOCK, torch.tensor(BLOCK)):
        got = operations.to_host(function(block, *args))
        np.testing.assert_allclose(got, expected, rtol=1e-6)
        assert got.dtype == expected.dtype


@pytest.mark.parametrize("n", [1, 2])
def test_the_two_largest_of_fewer_are_these(n):
    for block in (BLOCK[:n], torch.tensor(BLOCK[:n])):
        got = np.sort(operations.two_largest(block), axis=0)
        np.testing.assert_array_equal(got, np.sort(BLOCK[:n], axis=0))


def test_cells_come_row_by_row():
    for mask in (BLOCK > 0, torch.tensor(BLOCK > 0)):
        got = operations.cells(mask)
        np.testing.assert_array_equal(got, np.nonzero(BLOCK > 0))


def test_joined_rows_are_of_the_same_kind():
    for first in (BLOCK, torch.tensor(BLOCK)):
        both = operations.joined([first[:4], first[4:]])
        assert type(both) is type(first)
        np.testing.assert_array_equal(both, BLOCK)


def test_arrays_go_to_a_device_and_come_back():
    tensor = operations.on_device(BLOCK, torch.device("cpu"))
    assert operations.device_of(tensor) == torch.device("cpu")
    assert operations.device_of(BLOCK) is None
    assert operations.on_device(BLOCK, None) is BLOCK
    assert operations.on_device(tensor, torch.device("cpu")) is tensor
    np.testing.assert_array_equal(operations.to_host(tensor), BLOCK)
    assert operations.to_host(tensor.bfloat16()).dtype == np.float32
