"""Runs in a folder: each is kept once it is finished, and none is mixed with others."""

import csv
import math
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ._fingerprints import OF_OLD, parts_that_differ
from ._names import ENCODERS, STRATEGIES
from ._run import Curve, in_parallel
from ._suite_pools import POOLS, metrics_of
from ._suites import SUITES
from ._tables import Row, write_table

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

RUNS, REPLACED = "runs.csv", "replaced.csv"
LOCK = "runs.lock"  # while runs are made, on Windows
TOLD = ("pool", "encoder", "strategy", "batch", "seed")  # tell a run from others
RUNS_HEADER = (
    *(*TOLD, "metric"),
    *("n_pool", "n_pairs", "scores", "seconds_per_query", "n_metrics", "fingerprint"),
)
NOT_IN_OLD = ("batch", "n_metrics", "fingerprint")  # columns of later versions
NUMBERS: dict[str, type[int] | type[float]] = {  # of a line, all but its seconds
    **{"batch": float, "seed": int, "n_pool": int, "n_pairs": int},
    **{"scores": float, "n_metrics": int},
}

Key: TypeAlias = tuple[str, str, str, float, int]  # the values of `TOLD`


class Kept(Protocol):
    """A case whose run is kept."""

    @property
    def key(self) -> Key:
        """What tells the case from others."""
        ...


def read_runs(out: str | Path, name: str = RUNS) -> list[Row]:
    """Return the runs in a folder, in order; a half-written one is left out.

    Parameters
    ----------
    out : str or path
        The folder.
    name : str, default="runs.csv"
        The file.

    Returns
    -------
    list of dict
        With the columns of `runs.csv`: `batch` is a float, `seed`, `n_pool` and
        `n_metrics` are ints, `n_pairs` and `scores` strings of numbers between blanks.
        Files from before there was a column `batch` have it from the points of the
        curve; a run from before there were fingerprints has the fingerprint "unknown".

    Raises
    ------
    ValueError
        If the file is no `runs.csv`, or a whole line of it holds what is no number
        where one belongs, points that do not rise or fewer scores than points.
    """
    path = Path(out) / name
    if not path.exists():
        return []
    whole: list[Row] = []
    with open(path, newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        _check_header(path, lines.fieldnames or ())
        for row in lines:
            if _is_whole(row):
                _check_numbers(f"line {lines.line_num} of {path}", row)
                whole.append(row)
    rows = list({(_run_of(row), row["metric"]): row for row in whole}.values())

    # A run is whole if it has a row for every metric.
    n_rows = Counter(_run_of(row) for row in rows)
    runs: list[Row] = []
    for row in rows:
        n_metrics = int(row.get("n_metrics", len(metrics_of(row["pool"]))))
        if n_rows[_run_of(row)] == n_metrics:
            numbers = {name: int(row[name]) for name in ("seed", "n_pool")}
            runs.append(
                {"fingerprint": OF_OLD}
                | row
                | {"batch": _batch_of(row), "n_metrics": n_metrics}
                | numbers
            )
    return sorted(runs, key=_place)


def _check_header(path: Path, header: Sequence[str]) -> None:
    """Refuse a file that has other columns than `runs.csv`, such as one of semicolons.

    An empty one is a file that was begun.
    """
    missing = [name for name in RUNS_HEADER if name not in (*header, *NOT_IN_OLD)]
    if header and missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}, but {', '.join(map(repr, header))}; "
            f"expected a table of runs with commas between {', '.join(RUNS_HEADER)}: "
            "choose another folder, or put the file that was written back"
        )


def _check_numbers(place: str, row: Row) -> None:
    """Refuse a line that holds what is no number where one belongs."""
    numbers: dict[str, list[float]] = {}
    for name, kind in NUMBERS.items():
        try:
            numbers[name] = [kind(n) for n in row.get(name, "").split()]
        except ValueError as error:
            raise _no_run(place, name, row[name], f"{kind.__name__}s") from error
    for name in NUMBERS.keys() & row.keys() - {"n_pairs", "scores"}:
        if len(numbers[name]) != 1:
            raise _no_run(place, name, row[name], "one number")
    points, scores = numbers["n_pairs"], numbers["scores"]
    if not points or any(b <= a for a, b in pairwise(points)):
        raise _no_run(place, "n_pairs", row["n_pairs"], "numbers that rise")
    if len(points) != len(scores) or not all(map(math.isfinite, scores)):
        expected = f"{len(points)} finite numbers, one per point of n_pairs"
        raise _no_run(place, "scores", row["scores"], expected)


def _no_run(place: str, name: str, value: str, expected: str) -> ValueError:
    shown = value if len(value) <= 60 else f"{value[:57]}..."
    return ValueError(
        f"{name} is {shown!r} in {place}, expected {expected}; put back what was "
        "written there, or take all lines of the run out: it is made again then"
    )


def _run_of(row: Row) -> tuple[str, ...]:
    of = row["pool"], row["encoder"], row["strategy"], row.get("batch", "")
    return *of, row["seed"], row.get("fingerprint", OF_OLD), row["n_pairs"]


def _batch_of(row: Row) -> float:
    """Return the share of the pool that a round of the run asked about."""
    if "batch" in row:
        return float(row["batch"])
    first, second = map(int, row["n_pairs"].split()[:2])
    return round((second - first) / int(row["n_pool"]), 3)


def _is_whole(row: Row) -> bool:
    """Say whether the line was written to its end."""
    if None in row or any(value is None for value in row.values()):
        return False
    if "fingerprint" in row:
        last = row["fingerprint"]
        return last == OF_OLD or len(last.rpartition("-")[2]) == 8
    return len(row["seconds_per_query"].partition(".")[2]) == 4


def _place(row: Row) -> tuple[object, ...]:
    """Return what rows are sorted by: known names in their own order, then the seed.

    The metrics of a run stay as they are.
    """
    names = row["pool"], row["encoder"], row["strategy"]
    pools = dict.fromkeys([*POOLS, *SUITES["real"].pools])
    orders = [list(pools), list(ENCODERS), list(STRATEGIES)]
    known = [o.index(n) for o, n in zip(orders, names, strict=True) if n in o]
    return known, *names, row["batch"], row["seed"]


def key_of(row: Row) -> Key:
    """Return what tells a run from others.

    Parameters
    ----------
    row : dict
        Of `read_runs`.

    Returns
    -------
    tuple
        Pool, encoder, strategy, batch and seed.
    """
    return tuple(row[name] for name in TOLD)


def run_rows(
    key: Key, n_pool: int, curve: Curve, metrics: Sequence[str], digits: int | None
) -> list[Row]:
    """Return a run as rows of `runs.csv`, all but its fingerprint.

    Parameters
    ----------
    key : tuple
        Pool, encoder, strategy, batch and seed.
    n_pool : int
        Pairs of the pool.
    curve : Curve
        What came out.
    metrics : sequence of str
        Which of its scores.
    digits : int or None
        Digits of a score after the point; None: all that there are.

    Returns
    -------
    list of dict
        One per metric.
    """
    return [
        dict(zip(TOLD, key, strict=True))
        | {
            "metric": metric,
            "n_pool": n_pool,
            "n_pairs": " ".join(map(str, curve.n_pairs)),
            "scores": " ".join(_shown(s[metric], digits) for s in curve.scores),
            "seconds_per_query": f"{curve.seconds:.4f}",
            "n_metrics": len(metrics),
        }
        for metric in metrics
    ]


def _shown(score: float, digits: int | None) -> str:
    return repr(float(score)) if digits is None else f"{score:.{digits}f}"


def keep_missing(
    out: str | Path,
    cases: Iterable[Kept],
    function: Callable[[Any], list[Row]],
    fingerprints: Mapping[Key, str],
    *,
    is_enough: Callable[[Any, Row], bool] = lambda case, row: True,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> list[Row]:
    """Make the runs that are not in a folder; each is kept once it is finished.

    Within `alone_in`, so that no other process does the same. A run under the same
    names with another fingerprint, or one that is not enough, is made again; it goes to
    `replaced.csv`, from where it comes back when it is wanted.

    Parameters
    ----------
    out : str or path
        The folder.
    cases : iterable
        What is wanted; their keys tell them apart.
    function : callable
        Makes a run of a case.
    fingerprints : mapping
        By the keys of the cases.
    is_enough : callable, default=always
        Says whether a case needs no more than the run of the row holds.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : bool, default=False
        Whether a progress bar is shown.

    Returns
    -------
    list of dict
        All runs in the folder, in order.

    Warns
    -----
    UserWarning
        If runs are made again: how many, and why.
    """
    out = Path(out)
    path = out / RUNS
    wanted = {case.key: case for case in cases}
    stored = read_runs(out)
    kept, others = _sorted_out(
        [*stored, *read_runs(out, REPLACED)], wanted, fingerprints, is_enough
    )
    done = {key_of(row) for row in kept}
    _tell([row for row in stored if key_of(row) not in done], fingerprints)
    if others:
        write_table(out / REPLACED, RUNS_HEADER, others)
    elif (out / REPLACED).exists():
        (out / REPLACED).unlink()
    if path.exists() or kept:
        write_table(path, RUNS_HEADER, kept)  # without a half-written last line

    todo = [(case,) for key, case in wanted.items() if key not in done]
    results = in_parallel(
        _with_key,
        [(function, *one) for one in todo],
        n_jobs=n_jobs,
        verbose=verbose,
        in_order=False,
    )
    for key, rows in results:
        told = [row | {"fingerprint": fingerprints[key]} for row in rows]
        write_table(path, RUNS_HEADER, told, append=path.exists())

    runs = read_runs(out)
    write_table(path, RUNS_HEADER, runs)  # in order
    return runs


@contextmanager
def alone_in(out: str | Path) -> Iterator[None]:
    """Let no other process write to a folder; the system ends this with the process.

    Parameters
    ----------
    out : str or path
        The folder, made where it is missing.

    Yields
    ------
    None
        While the folder is written to.

    Raises
    ------
    ValueError
        If another process writes to it.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":  # a folder cannot be locked there, a file in it can
        held = os.open(out / LOCK, os.O_RDWR | os.O_CREAT)
    else:
        held = os.open(out, os.O_RDONLY)
    try:
        try:
            _lock(held)
        except BlockingIOError as error:
            raise ValueError(
                f"another process writes to {out}; wait for it, or choose another "
                "folder (--out)"
            ) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(held)
        if sys.platform == "win32":
            with suppress(OSError):  # another process has it open
                (out / LOCK).unlink()


def _lock(file: int) -> None:
    """Take an open file for this process alone, or raise BlockingIOError at once."""
    if sys.platform == "win32":
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _with_key(
    function: Callable[[Any], list[Row]], case: Kept
) -> tuple[Key, list[Row]]:
    return case.key, function(case)


def _sorted_out(
    rows: Sequence[Row],
    wanted: Mapping[Key, Any],
    fingerprints: Mapping[Key, str],
    is_enough: Callable[[Any, Row], bool],
) -> tuple[list[Row], list[Row]]:
    """Return the rows that are good for what is wanted, or not asked for; the others.

    Of runs that are not asked for, the first of several is good.
    """
    kept: list[Row] = []
    others: list[Row] = []
    chosen: dict[Key, tuple[str, ...]] = {}
    for row in rows:
        key, own, run = key_of(row), row["fingerprint"], _run_of(row)
        good = key not in wanted or (
            own in (OF_OLD, fingerprints[key]) and is_enough(wanted[key], row)
        )
        if good and chosen.setdefault(key, run) == run:
            kept.append(row)
        else:
            others.append(row)
    return kept, others


def _tell(again: Sequence[Row], fingerprints: Mapping[Key, str]) -> None:
    """Say which runs are made again."""
    why: dict[str, set[Key]] = {}
    for row in again:
        key, own = key_of(row), row["fingerprint"]
        differs = own not in (OF_OLD, fingerprints[key])
        reason = (
            parts_that_differ(own, fingerprints[key]) if differs else "a larger budget"
        )
        why.setdefault(reason, set()).add(key)
    for reason, keys in why.items():
        names = ", ".join(sorted({key[2] for key in keys}))
        warnings.warn(
            f"{len(keys)} {'run is' if len(keys) == 1 else 'runs are'} made again, of "
            f"{names}: {reason}; the old ones go to {REPLACED}",
            stacklevel=4,
        )
