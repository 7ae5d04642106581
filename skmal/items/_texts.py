"""Texts as people pass them."""

from typing import Any

from ._containers import check_sequence


def check_texts(texts: Any, name: str) -> list[str]:
    """Return texts as a list of str, or raise."""
    check_sequence(texts, name, "a sequence of str")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"{name}[{row}] must be a str, got {type(text).__name__} {text!r:.60}"
            )
    return [str(text) for text in texts]
