"""Questions and items as plain data, for whatever shows them to people."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

from ._records import Item, Question
from ._session import AnnotationSession
from ._words import N_ENOUGH, describe_audit, describe_encoder, describe_forecast

AHEAD = 100  # answers that people are told about beforehand
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


def shown_progress(session: AnnotationSession) -> dict[str, Any]:
    """Return how far a session has come, and in words how good its encoder is.

    "audited" is there where items are drawn at random, and "forecast" once it can say
    something.
    """
    progress = session.progress
    told = asdict(progress) | {"knows": describe_encoder(progress.found)}
    del told["audit"]  # of which what is not known could not be sent
    if progress.audit_share or progress.audit.n_answers:
        told["audited"] = describe_audit(progress.audit, progress.n_unsettled)
    if progress.audit.n_answers >= N_ENOUGH:
        told["forecast"] = describe_forecast(session.forecast(AHEAD))
    return told


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
