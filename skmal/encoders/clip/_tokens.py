"""Texts that are longer than what a network sees of them."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def count_cut(tokenizer: Any, texts: Sequence[str], tokens: "torch.Tensor") -> int:
    """Return how many texts have more tokens than were made of them.

    `tokens` is what the tokenizer makes of the texts, of shape (n, context_length).
    """
    context_length = tokens.shape[1]
    padding = tokenizer([""])[0, -1]
    full = (tokens[:, -1] != padding).nonzero()[:, 0]  # no others can be longer
    if not len(full):
        return 0
    some = [texts[row] for row in full.tolist()]
    longer = tokenizer(some, context_length=context_length + 1)
    return int((longer[:, :-1] != tokens[full]).any(dim=1).sum())


def warn_of_cut(tokenizer: Any, texts: Sequence[str], tokens: "torch.Tensor") -> bool:
    """Warn of texts that are cut; say whether there are any."""
    n = count_cut(tokenizer, texts, tokens)
    if n:
        warnings.warn(
            f"{n} of {len(texts)} texts are longer than the {tokens.shape[1]} tokens "
            "that the model sees; what comes after these is cut off",
            stacklevel=4,
        )
    return n > 0
