"""Which item of the other pool an answer names, and whether it may."""

from collections.abc import Sequence
from typing import Any, cast

from ._catalogue import Catalogue
from ._events import Asked
from ._ids import NONE, Number, QuestionId
from ._ledger import ALL, OPEN, Ledger
from ._records import Item, Partner, Partners, Question, is_none


def open_named(
    ledger: Ledger,
    items: Catalogue,
    asked: Asked,
    partner: Partner,
    even_known: bool = False,
) -> Number:
    """Return the number of an open item of the other pool, or NONE, or raise."""
    known = ledger.partners.get(asked.item, [])
    if is_none(partner):
        if even_known:
            raise ValueError(
                "the list of all partners holds None; leave it out, and pass [] "
                "where there are none"
            )
        if known:
            raise ValueError(
                f"{items.key(asked.item)!r} has {len(known)} partners "
                "already; call complete where these are all, or undo them"
            )
        return NONE
    modality = 1 - int(ledger.modality[asked.item])
    number = items.number(modality, partner)
    theirs = Number(int(ledger.partner[number]))
    name = items.key
    if number in known:
        if even_known:
            return number
        raise ValueError(
            f"{name(number)!r} is a partner of {name(asked.item)!r} already; name "
            "another, or call complete"
        )
    if theirs != OPEN:
        others = {ALL: "has all its partners", NONE: "has no partner"}
        whose = others.get(theirs) or f"belongs to {name(theirs)!r}"
        raise ValueError(
            f"{name(number)!r} cannot be the partner of {name(asked.item)!r}: by "
            f"an earlier answer it {whose}; undo that first, or answer otherwise"
        )
    return number


def any_named(
    ledger: Ledger, items: Catalogue, asked: Asked, partner: Partner
) -> Number:
    """Return the number of an item of the other pool, open or not, or NONE."""
    if is_none(partner):
        return NONE
    modality = 1 - int(ledger.modality[asked.item])
    return items.number(modality, partner)


def payable(
    ledger: Ledger, items: Catalogue, question: Question, told: Partners
) -> list[Partners]:
    """Return what to answer one after another where not all can be paid for."""
    left, several = max(ledger.budget_left, 1), isinstance(told, list | tuple)
    if not several or len(cast(Sequence[Any], told)) <= left:
        return [told]
    if any(one is None for one in cast(Sequence[Any], told)):
        return [told]  # which is refused
    numbers = [
        items.number(1 - question.modality, one)
        for one in cast(Sequence[Item | str | int], told)
    ]
    item = ledger.questions[QuestionId(question.id)].item
    known = ledger.partners.get(item, ())
    new = [n for n in dict.fromkeys(numbers) if n not in known]
    if len(new) <= left:
        return [told]
    return [items.item(number) for number in new[: int(left)]]
