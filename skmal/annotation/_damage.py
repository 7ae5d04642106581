"""What is told of a damaged journal or log: what was restored, and what is gone."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ._chain import Compared, Entry, Logged, Stored

N_NAMED = 5  # of what was restored or lost


def check_whole(
    compared: Compared, stored: Stored, logged: Logged, path: Path, log: Path
) -> None:
    """Raise where neither journal nor log has what was written.

    Raises
    ------
    ValueError
        If entries are in neither, or the two have gone different ways.
    """
    if compared.fork is not None:
        n = compared.fork
        here = [entry for m, entry in sorted(stored.entries.items()) if m >= n]
        there = [line.entry for m, line in sorted(logged.lines.items()) if m >= n]
        raise ValueError(
            f"{path} and {log} are of one session up to entry {n - 1} and of two from "
            f"there on, as where two machines write to one folder. Only the journal "
            f"has {named(here)}; only the log has {named(there)}. Nothing was changed. "
            f"To go on with the journal's, move the log to another place; to go on "
            f"with the log's, move {path} and {path.name}-wal there"
        )
    if compared.lost:
        lacking = "; ".join(
            gone(n, stored, logged) for n in compared.lost[: N_NAMED + 1]
        )
        more = len(compared.lost) - N_NAMED - 1
        lacking += f" and {more} more" if more > 0 else ""
        both = f"{path} and {log} are both damaged"
        if not logged.lines:
            both = f"{path} is damaged, and its log {log} is missing or empty"
        elif not path.exists():
            both = f"{path} is missing, and its log {log} is damaged"
        raise ValueError(
            f"{both}: lost in both is {lacking}. Nothing was changed. Put a copy of "
            f"{path.name} or {log.name} from before "
            "in its place: what one has, the other gets back. What else is left, "
            f"`skmal salvage {path} TABLE.csv` writes as a table"
        )


def sentences(
    compared: Compared,
    stored: Stored,
    logged: Logged,
    path: Path,
    log: Path,
    aside: Path | None,
) -> list[str]:
    """Return sentences on what was restored; none where both are whole."""
    entries = compared.entries
    is_journal, is_log = compared.is_same
    said: list[str] = []
    lacking = entries[len(stored.entries) :]
    if not is_journal and is_beginning(stored, entries):
        said.append(f"{path} lacked {named(lacking)}: restored from {log}")
    elif not is_journal and not stored.entries:
        said.append(
            f"{path} was missing or could not be read: restored from {log}, up to "
            f"{named(entries[-1:])}. To begin another session, name another file"
        )
    elif not is_journal:
        said.append(f"{path} was damaged: restored from {log}; no answer is lost")
    if aside is not None and not is_journal:
        said[-1] += f". What was there is {aside}"
    if is_log or (not entries and not logged.lines and not logged.n_unreadable):
        return said
    if not logged.lines and not logged.n_unreadable and not logged.is_torn:
        said.append(
            f"{log} was missing: made anew from {path}, up to {named(entries[-1:])}. "
            "What it alone may have had nobody can tell"
        )
    elif (
        logged.is_torn and not logged.n_unreadable and len(logged.lines) == len(entries)
    ):
        said.append(
            f"{log} ended within a line, as where a computer stops in the middle of "
            "writing: left out, for it had not been acknowledged"
        )
    else:
        n = sum(logged.lines.get(i) is None for i in range(1, len(entries) + 1))
        what = f"lacked {n} entries that {path} has" if n else "was damaged"
        said.append(f"{log} {what}: made anew; no answer is lost")
    return said


def is_beginning(stored: Stored, entries: Sequence[Entry]) -> bool:
    """Say whether a journal is whole but for its end, so that it can be added to."""
    n = len(stored.entries)
    return (
        stored.is_sound
        and n < len(entries)
        and stored.entries == dict(enumerate(entries[:n], 1))
    )


def named(entries: Sequence[Entry]) -> str:
    """Name entries for a message, the first few of them."""
    if not entries:
        return "nothing"
    names = [_name(entry.content) for entry in entries[:N_NAMED]]
    more = len(entries) - len(names)
    return "; ".join(names) + (f" and {more} more" if more else "")


def _name(content: str) -> str:
    """Return what an entry is, as "answer 17 by 'ada' (2026-01-31 12:00:05 UTC)"."""
    columns = _columns(content)
    by = columns.get("by")
    by = "" if by is None else f" by {by!r}"
    kind, n = columns.get("kind", "entry"), columns.get("id", "?")
    return f"{kind} {n}{by} ({_time(columns.get('at'))})"


def gone(n: int, stored: Stored, logged: Logged) -> str:
    """Return what is known of an entry that is lost: its number, and when it was."""
    times: list[str] = []
    for m, what in ((n - 1, "after"), (n + 1, "before")):
        content = None
        if m in logged.lines:
            content = logged.lines[m].entry.content
        elif m in stored.entries:
            content = stored.entries[m].content
        at = None if content is None else _columns(content).get("at")
        if isinstance(at, float):
            times.append(f"{what} {_time(at)}")
    return f"entry {n} ({', '.join(times) or 'at a time that is not known'})"


def _columns(content: str) -> dict[str, Any]:
    """Return what can be read of a content that may be damaged."""
    try:
        columns = json.loads(content)
    except ValueError:
        return {}
    return columns if isinstance(columns, dict) else {}


def _time(at: Any) -> str:
    """Return a time of a journal for people."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return "at a time that is not known"
