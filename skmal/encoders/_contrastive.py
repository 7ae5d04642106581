"""What the encoders that train by gradient share: device, losses, equal items.

Everything takes torch tensors; torch is imported when a function is called.
"""

from contextlib import contextmanager

FIRST_TEMPERATURE = 0.07
LOWEST_TEMPERATURE = 0.01  # as in CLIP: similarities are multiplied by 100 at most


def torch_device(name):
    """Return the torch device of that name; None: a GPU where there is one."""
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.empty(0, device=name).device
        if device.type == "meta":
            raise RuntimeError("a meta device holds no values")
        return device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"torch cannot use device={name!r} ({str(error).splitlines()[0]}); pass "
            'None, "cpu", or a device of this machine'
        ) from error


@contextmanager
def seeded(seed, device):
    """Let torch draw from `seed`, and leave its generators as they were."""
    import torch

    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.random.default_generator.manual_seed(seed)
        if devices:
            torch.cuda.manual_seed(seed)
        yield


def count_batches(n, batch_size):
    """Return how many batches n pairs are cut into; a pair alone teaches nothing."""
    return min(-(-n // batch_size), n // 2)


def info_nce(x_features, y_features, log_scale, groups=()):
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


def sigmoid_loss(x_features, y_features, log_scale, bias, groups=()):
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


def _equal_but_not_partners(groups):
    """Return the mask of shape (b, b) of rows that are equal in one of `groups`."""
    mask = sum(group[:, None] == group[None, :] for group in groups) > 0
    mask.fill_diagonal_(False)
    return mask
