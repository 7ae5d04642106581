"""What a request of the page may hold; anything else is refused with 400."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NoReturn

from flask import abort, request

MAX_FOUND = 500  # items of a search
MAX_PAIRS = 100  # that are proposed, or said to be right, at a time
N_LEVELS = 4  # of a body, at most: pairs of keys in a list in an object


def invalid(message: str) -> NoReturn:
    """Refuse a request."""
    abort(400, description=message)


def body() -> dict[str, Any]:
    """Return the JSON object that was sent."""
    try:
        # None where it is no JSON; else what another content type is, is said.
        sent = request.get_json(silent=request.is_json)
    except RecursionError:  # before Python 3.13, which reads thousands of levels
        invalid("the body is nested too deeply")
    if not isinstance(sent, dict):
        invalid("the body must be a JSON object")
    within: list[Any] = [sent]
    for _ in range(N_LEVELS):
        within = [part for whole in within for part in _parts(whole)]
    if within:
        invalid("the body is nested too deeply")
    return sent


def _parts(sent: Any) -> Iterable[Any]:
    """Return what is one level deeper."""
    if isinstance(sent, dict):
        return sent.values()
    return sent if isinstance(sent, list) else ()


def number_in(sent: Mapping[str, Any], name: str = "question") -> int:
    """Return the number of a question, or of an answer to one."""
    number = sent.get(name)
    if type(number) is not int:
        invalid(f"{name} must be the number of a question or an answer")
    return number


def whole_in(sent: Mapping[str, str], name: str) -> int | None:
    """Return a number in an address, if there is one."""
    number = sent.get(name)
    if number is None:
        return None
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        invalid(f"{name} must be the number of a question or an answer")
    return int(number)


def flag_in(sent: Mapping[str, str], name: str) -> bool:
    """Return whether something is wished."""
    flag = sent.get(name, "0")
    if flag not in ("0", "1"):
        invalid(f"{name} must be 0 or 1")
    return flag == "1"


def partner_in(sent: Mapping[str, Any]) -> str | None:
    """Return a key, or None for no partner."""
    if "partner" not in sent:
        invalid("partner is missing; null means that there is none")
    partner = sent["partner"]
    if not (partner is None or isinstance(partner, str)):
        invalid("partner must be a key, a string, or null")
    return partner


def person_in(sent: Mapping[str, Any], default: str) -> str:
    """Return who sent it."""
    by = sent.get("by", default)
    if not isinstance(by, str) or not by.strip() or len(by) > 80:
        invalid("by must be a name of 1 to 80 characters")
    if {"Cc", "Cs"} & set(map(unicodedata.category, by.strip())):
        invalid("by must be a name without control characters")
    return by.strip()


def seconds_in(sent: Mapping[str, Any]) -> float | None:
    """Return how long an answer took, where that is told."""
    seconds = sent.get("seconds")
    if seconds is None:
        return None
    if type(seconds) not in (int, float) or not 0 <= seconds < 1e6:  # nor NaN
        invalid("seconds must be a number from 0 to a million, or null")
    return round(seconds, 3)


def modality_in(sent: Mapping[str, Any]) -> int:
    """Return which pool is meant."""
    modality = sent.get("modality")
    if modality not in ("0", "1"):
        invalid("modality must be 0 or 1")
    return int(modality)


def limit_in(sent: Mapping[str, Any]) -> int:
    """Return how many items to find at most."""
    limit = sent.get("limit", "20")
    is_number = limit.isascii() and limit.isdigit() and len(limit) <= 9
    if not is_number or not 0 < int(limit) <= MAX_FOUND:
        invalid(f"limit must be a number from 1 to {MAX_FOUND}")
    return int(limit)


def count_in(sent: Mapping[str, Any]) -> int:
    """Return how many pairs are wanted."""
    n = sent.get("n", "1")
    if not (n.isascii() and n.isdigit() and len(n) <= 3 and 0 < int(n) <= MAX_PAIRS):
        invalid(f"n must be a number from 1 to {MAX_PAIRS}")
    return int(n)


def order_in(sent: Mapping[str, Any]) -> Literal["surest", "least_sure"]:
    """Return which proposals are to come first."""
    order = sent.get("order", "surest")
    if order not in ("surest", "least_sure"):
        invalid("order must be surest or least_sure")
    return order


def pairs_in(sent: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """Return pairs of keys, of X and of y."""
    pairs = sent.get(name, [])
    is_list = isinstance(pairs, list) and len(pairs) <= MAX_PAIRS
    if not is_list or not all(map(_is_pair, pairs)):
        invalid(f"{name} must be a list of at most {MAX_PAIRS} pairs of keys")
    return [(x, y) for x, y in pairs]


def _is_pair(pair: Any) -> bool:
    is_two = isinstance(pair, list) and len(pair) == 2
    return is_two and all(isinstance(key, str) for key in pair)


def how_in(sent: Mapping[str, Any]) -> Literal["words", "encoder"]:
    """Return by what to search."""
    how = sent.get("how", "words")
    if how not in ("words", "encoder"):
        invalid("how must be words or encoder")
    return how


def size_in(sent: Mapping[str, Any]) -> str:
    """Return how large an image is wanted."""
    size = sent.get("size", "small")
    if size not in ("small", "large"):
        invalid("size must be small or large")
    return size
