"""The chain: each entry of a journal carries a hash of itself and of all before it.

An entry is what was stored, as text; what it means is of no concern here. The same
entries stand in two places, the journal and the log beside it, and `compare` finds out
of what is in both what was written.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """What was stored, and the hash that was stored with it.

    Parameters
    ----------
    content : str
        The columns as JSON.
    hash : str
        As `link` makes it.
    """

    content: str
    hash: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the log.

    Parameters
    ----------
    entry : Entry
        What the line holds.
    n_following : int
        How many more were written in the same step.
    """

    entry: Entry
    n_following: int


@dataclass(frozen=True)
class Stored:
    """What the journal holds.

    Parameters
    ----------
    entries : dict of int to Entry
        By number.
    is_sound : bool
        Whether the file as such is whole.
    """

    entries: dict[int, Entry]
    is_sound: bool


@dataclass(frozen=True)
class Logged:
    """What the log holds.

    Parameters
    ----------
    lines : dict of int to Line
        By number.
    n_unreadable : int
        Whole lines that are none.
    n_after : int
        How many of these stand after the last that is one.
    is_torn : bool
        Whether it ends within a line.
    """

    lines: dict[int, Line]
    n_unreadable: int = 0
    n_after: int = 0
    is_torn: bool = False


@dataclass(frozen=True)
class Compared:
    """What was written, by all that is left of it.

    Parameters
    ----------
    entries : list of Entry
        All from the first on; where one is lost, up to there.
    lost : list of int
        Numbers of entries that neither has.
    fork : int or None
        The first of which the two hold different ones, both in order.
    is_same : tuple of two bools
        Whether journal and log hold just these entries.
    """

    entries: list[Entry]
    lost: list[int]
    fork: int | None
    is_same: tuple[bool, bool]


def content_of(row: Mapping[str, Any]) -> str:
    """Return the columns that are filled as JSON, always in the same order."""
    filled = {
        name: value
        for name, value in row.items()
        if value is not None and name != "hash"
    }
    # What is neither number nor text has been damaged: no hash will fit it.
    return json.dumps(filled, sort_keys=True, separators=(",", ":"), default=repr)


def link(before: str, content: str) -> str:
    """Return the hash of an entry that follows one with the hash `before`."""
    return hashlib.sha256(f"{before}{content}".encode()).hexdigest()


def compare(journal: Stored, log: Logged) -> Compared:
    """Return what journal and log amount to.

    A content counts where it fits the entry before it and a hash that either has kept
    of it. So a damaged entry, or a damaged hash, is made up for by the other place.
    """
    if (clean := _if_clean(journal, log)) is not None:
        return Compared(clean, [], None, (True, True))
    last = max((n for n, _ in _fitting(journal, log)), default=0)
    entries: list[Entry] = []
    lost: list[int] = []
    before = {""}
    for n in range(1, last + 1):
        hashes = _hashes(n, journal, log)
        found = {
            content: hash_
            for content in _contents(n, journal, log)
            for hash_ in (link(one, content) for one in before)
            if hash_ in hashes
        }
        if len(found) > 1:
            return Compared(entries, lost, n, (False, False))
        if not found:
            lost.append(n)
            before = hashes
            continue
        entry = Entry(*next(iter(found.items())))
        before = {entry.hash}
        if not lost:
            entries.append(entry)
    if not lost:
        _drop_unfinished(entries, journal, log)
        lost = _lost_at_the_end(len(entries), journal, log)
    numbered = dict(enumerate(entries, 1))
    logged = {n: line.entry for n, line in log.lines.items()}
    is_log = not (log.n_unreadable or log.is_torn) and logged == numbered
    is_journal = journal.is_sound and journal.entries == numbered
    return Compared(entries, lost, None, (is_journal, is_log))


def _if_clean(journal: Stored, log: Logged) -> list[Entry] | None:
    """Return what both hold where it is the same and in order, as nearly always."""
    n = len(journal.entries)
    if not journal.is_sound or log.n_unreadable or log.is_torn or len(log.lines) != n:
        return None
    before, entries = "", list[Entry]()
    for number in range(1, n + 1):
        entry, line = journal.entries.get(number), log.lines.get(number)
        if entry is None or line is None or line.entry != entry:
            return None
        if link(before, entry.content) != entry.hash:
            return None
        before = entry.hash
        entries.append(entry)
    return entries


def intact(journal: Stored, log: Logged) -> dict[int, dict[str, frozenset[str]]]:
    """Return what is certain of entries: by number, contents and where each is found.

    Those are "journal", "log" or both. A content is certain that fits hashes of it and
    of the entry before, whatever else is lost, or that both have with the same hash.
    """
    found: dict[int, dict[str, frozenset[str]]] = {}
    certain = {*_fitting(journal, log)}
    for n, line in log.lines.items():
        if journal.entries.get(n) == line.entry:
            certain.add((n, line.entry.content))
    for n, content in sorted(certain):
        own, line = journal.entries.get(n), log.lines.get(n)
        places = {"journal"} if own is not None and own.content == content else set()
        if line is not None and line.entry.content == content:
            places.add("log")
        found.setdefault(n, {})[content] = frozenset(places)
    return found


def _fitting(journal: Stored, log: Logged) -> Iterator[tuple[int, str]]:
    """Yield number and content of what fits a stored hash before it, and its own."""
    for n in sorted(journal.entries.keys() | log.lines.keys()):
        before = _hashes(n - 1, journal, log) if n > 1 else {""}
        hashes = _hashes(n, journal, log)
        for content in _contents(n, journal, log):
            if any(link(one, content) in hashes for one in before):
                yield n, content


def _hashes(n: int, journal: Stored, log: Logged) -> set[str]:
    """Return what either place has kept as the hash of an entry."""
    hashes = {journal.entries[n].hash} if n in journal.entries else set[str]()
    if n in log.lines:
        hashes.add(log.lines[n].entry.hash)
    return hashes


def _contents(n: int, journal: Stored, log: Logged) -> set[str]:
    """Return what either place has of an entry."""
    contents = {journal.entries[n].content} if n in journal.entries else set[str]()
    if n in log.lines:
        contents.add(log.lines[n].entry.content)
    return contents


def _drop_unfinished(entries: list[Entry], journal: Stored, log: Logged) -> None:
    """Leave out what only the log has of a step that was never taken whole."""
    while entries and (n := len(entries)) not in journal.entries:
        if not log.lines[n].n_following:
            return
        entries.pop()


def _lost_at_the_end(n: int, journal: Stored, log: Logged) -> list[int]:
    """Return the number of what was after the last, where there must have been more."""
    is_last_logged = n == max((m for m in log.lines if m <= n), default=0)
    more_lines = is_last_logged and log.n_after > 0
    more_rows = journal.is_sound and len(journal.entries) > n
    # What a broken file had beyond its last readable entry only the log could tell.
    is_open = not journal.is_sound and not is_last_logged
    return [n + 1] if more_lines or more_rows or is_open else []
