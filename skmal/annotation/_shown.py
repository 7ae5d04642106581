"""Questions and items as plain data, for whatever shows them to people."""

from collections.abc import Callable
from typing import Any, TypeAlias

from ._records import Item, Question

MAX_TEXT = 5_000  # characters of a text that are shown

Picture: TypeAlias = Callable[[int, Item], str]  # where its file is to be had


def shown(asked: Question, kinds: tuple[str, str], picture: Picture) -> dict[str, Any]:
    """Return a question as people are shown it."""
    own, other = asked.modality, 1 - asked.modality
    return {
        "id": asked.id,
        "modality": own,
        "item": shown_item(asked.item, own, kinds[own], picture),
        "candidates": [
            shown_item(item, other, kinds[other], picture) for item in asked.candidates
        ],
        "several": asked.several,
        "partners": [
            shown_item(item, other, kinds[other], picture) for item in asked.partners
        ],
    }


def shown_item(
    item: Item, modality: int, kind: str, picture: Picture
) -> dict[str, str | None]:
    """Return an item as people are shown it: a text, or where its file is."""
    text = image = None
    if kind == "text":
        text = item.value
        if len(text) > MAX_TEXT:
            text = f"{text[:MAX_TEXT]} …"
    elif kind == "image":
        image = picture(modality, item)
    found = {"key": item.key, "text": text, "image": image}
    return found | {"audio": picture(modality, item)} if kind == "audio" else found
