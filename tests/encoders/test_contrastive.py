"""Contrastive losses against plain formulas and open_clip's."""

import numpy as np
import open_clip
import pytest
import torch

from skmal.encoders._contrastive import info_nce, sigmoid_loss


def plain_info_nce(x, y, scale, x_equal=(), y_equal=()):
    """Return the loss by two loops over the rows and their negatives."""
    total = 0
    for one, other in ((x, y), (y, x)):
        for i in range(len(one)):
            rivals = [
                j
                for j in range(len(one))
                if j == i or ((i, j) not in x_equal and (i, j) not in y_equal)
            ]
            similarities = [np.exp(scale * one[i] @ other[j]) for j in rivals]
            total -= np.log(np.exp(scale * one[i] @ other[i]) / np.sum(similarities))
    return total / (2 * len(x))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_loss_is_that_of_two_loops():
    rng = np.random.default_rng(0)
    x, y = unit(rng.normal(size=(7, 3))), unit(rng.normal(size=(7, 3)))
    tensors = torch.tensor(x), torch.tensor(y), torch.tensor(np.log(5.0))
    assert info_nce(*tensors).item() == pytest.approx(plain_info_nce(x, y, 5.0))

    # Rows 1 and 4 have equal y, rows 2 and 3 equal x: no negatives of each other.
    groups = [torch.tensor([0, 1, 2, 3, 1, 5, 6]), torch.tensor([0, 1, 2, 2, 4, 5, 6])]
    expected = plain_info_nce(x, y, 5.0, {(2, 3), (3, 2)}, {(1, 4), (4, 1)})
    assert info_nce(*tensors, groups).item() == pytest.approx(expected)
    assert expected < plain_info_nce(x, y, 5.0)


def test_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    heads = [rng.normal(size=(4, 2)), rng.normal(size=(3, 2))]
    tensors = [torch.tensor(head, requires_grad=True) for head in heads]
    log_scale = torch.tensor(np.log(3.0), requires_grad=True)
    features = [
        torch.nn.functional.normalize(torch.tensor(rows) @ head)
        for rows, head in zip((X, Y), tensors, strict=True)
    ]
    info_nce(*features, log_scale).backward()

    def loss(shift=0, head=None, log_shift=0.0):
        x_head = heads[0] + (shift if head == 0 else 0)
        y_head = heads[1] + (shift if head == 1 else 0)
        scale = 3.0 * np.exp(log_shift)
        return plain_info_nce(unit(X @ x_head), unit(Y @ y_head), scale)

    for number, head in enumerate(heads):
        direction = rng.normal(size=head.shape)
        slope = loss(1e-5 * direction, number) - loss(-1e-5 * direction, number)
        gradient = (tensors[number].grad.numpy() * direction).sum()
        assert gradient == pytest.approx(slope / 2e-5, rel=1e-5)
    slope = loss(log_shift=1e-5) - loss(log_shift=-1e-5)
    assert log_scale.grad.item() == pytest.approx(slope / 2e-5, rel=1e-5)


def test_sigmoid_loss_is_open_clips():
    rng = torch.Generator().manual_seed(0)
    x, y = (
        torch.nn.functional.normalize(torch.randn(6, 4, generator=rng)) for _ in "xy"
    )
    scale, bias = torch.tensor(7.0), torch.tensor(-3.0)
    expected = open_clip.loss.SigLipLoss()(x, y, scale, bias)
    torch.testing.assert_close(sigmoid_loss(x, y, scale.log(), bias), expected)
    # Rows 1 and 4 are equal: neither is asked whether it belongs to the other.
    group = torch.tensor([0, 1, 2, 3, 1, 5])
    logits = scale * x @ y.T + bias
    left_out = sum(
        torch.nn.functional.softplus(logits[i, j]) for i, j in [(1, 4), (4, 1)]
    )
    torch.testing.assert_close(
        sigmoid_loss(x, y, scale.log(), bias, [group]), expected - left_out / 6
    )
