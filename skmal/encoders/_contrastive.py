"""Contrastive losses, and the batches within which partners are told apart.

The losses take torch tensors; torch is imported when a function is called.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_RATE = 1e38  # of learning, in float32
LOWEST_TEMPERATURE = 0.01  # as in CLIP: similarities are multiplied by 100 at most


def count_batches(n: int, batch_size: int) -> int:
    """Return how many batches n pairs are cut into; a pair alone teaches nothing."""
    return min(-(-n // batch_size), n // 2)


def info_nce(
    x_features: "Tensor",
    y_features: "Tensor",
    log_scale: "Tensor",
    groups: "Sequence[Tensor]" = (),
) -> "Tensor":
    """Return the symmetric InfoNCE of two tensors of partners, shape (b, k) each.

    Rows i and j that are equal in one of `groups` are not held against each other.
    """
    import torch

    b = len(x_features)
    # One scale per row, so that its gradient is summed in an order that does not
    # depend on the number of threads.
    logits = x_features @ y_features.T * log_scale.exp().expand(b, 1)  # (b, b)
    partners = torch.arange(b, device=logits.device)
    if groups:
        logits = logits.masked_fill(_equal_but_not_partners(groups), -torch.inf)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, partners) + cross_entropy(logits.T, partners)) / 2


def sigmoid_loss(
    x_features: "Tensor",
    y_features: "Tensor",
    log_scale: "Tensor",
    bias: "Tensor",
    groups: "Sequence[Tensor]" = (),
) -> "Tensor":
    """Return SigLIP's loss of two tensors of partners, shape (b, k) each.

    Every pair of rows is a yes-or-no question of its own. Rows i and j that are equal
    in one of `groups` are not asked about.
    """
    import torch

    b = len(x_features)
    logits = x_features @ y_features.T * log_scale.exp() + bias  # (b, b)
    sign = 2 * torch.eye(b, dtype=logits.dtype, device=logits.device) - 1
    losses = -torch.nn.functional.logsigmoid(sign * logits)
    if groups:
        losses = losses.masked_fill(_equal_but_not_partners(groups), 0.0)
    return losses.sum() / b


def _equal_but_not_partners(groups: "Sequence[Tensor]") -> "Tensor":
    """Return the mask of shape (b, b) of rows that are equal in one of `groups`."""
    import torch

    equal = [group[:, None] == group[None, :] for group in groups]  # (b, b) each
    mask = torch.stack(equal).any(dim=0)
    mask.fill_diagonal_(False)
    return mask
