"""Texts as people pass them."""

import unicodedata
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
        check_unicode(text, f"{name}[{row}]")
    return [str(text) for text in texts]


def check_unicode(text: str, place: str) -> None:
    """Raise for half a character (a lone surrogate), which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        start = max(0, error.start - 20)
        raise ValueError(
            f"{place} holds {text[error.start]!r} at {error.start}, half a character "
            f"that no file can hold, in {text[start : error.end + 20]!a}; read the "
            "text again from its source, as UTF-8, or replace the half"
        ) from error


def is_blank(text: str) -> bool:
    """Say whether a text shows nothing: blanks, marks of direction and the like."""
    return all(c.isspace() or unicodedata.category(c) == "Cf" for c in text)
