"""What one answer costs in the journal, by how many are in it already.

    python benchmarks/append_cost.py benchmarks/results/append_cost.csv

Journals that hold 0 to 100,000 answers take turns at one answer more, 2,000 each.
Milliseconds are of the processor, for other work on the machine adds little to them; of
the clock only ratios to the empty journal are kept, which waits for the same disk. A
second process does the same under `strace`, which counts how often an answer waits for
the disk, and the bytes that it writes. SQLite moves what has gathered in its `-wal`
into the file every 1,000 pages, which is in the means.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import mean, median, quantiles

from skmal.annotation._events import Answer, Asked, Parameters, Round, Start
from skmal.annotation._journal import Journal
from skmal.annotation._registered import Registered
from skmal.annotation._sources import Fingerprint
from skmal.experiments import write_table

SIZES = 0, 1000, 10_000, 100_000
REPEATS = 2000
MARK = "# what one answer costs"
CALL = re.compile(r"^\d+ +(\w+)\(.* = (\d+)$")


def begin(path: Path, n: int) -> Journal:
    """Return a journal of a session with n answers."""
    journal = Journal(path)
    items = [
        Registered(i, i % 2, f"item-{i}", Fingerprint(f"{i:064x}", i, 10**18 + i))
        for i in range(200)
    ]
    journal.append(Start(Parameters(None, 5, 9, "id", "0.1", 0, {})), items=items)
    questions = [Asked(i + 1, 2 * i, [1, 3, 5]) for i in range(100)]
    journal.append(Round(questions, 2, 0, None, [], "0" * 64))
    for start in range(0, n, 10_000):
        some = range(start, min(start + 10_000, n))
        journal.append(*(Answer("ada", i + 1, 2 * i, 2 * i + 1, 4.25) for i in some))
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return journal


def answer(journal: Journal, i: int) -> None:
    """Write down one answer more."""
    journal.append(Answer("ada", i + 1, 2 * i, 2 * i + 1, 4.25))


def measure(folder: Path) -> dict[int, dict[str, float]]:
    """Return what an answer takes of the processor, by the number there are."""
    journals = {n: begin(folder / f"{n}.skmal", n) for n in SIZES}
    cpu = {n: list[float]() for n in SIZES}
    wall = {n: list[float]() for n in SIZES}
    for i in range(REPEATS):
        for n, journal in journals.items():
            start = time.process_time(), time.perf_counter()
            answer(journal, i)
            cpu[n].append(1e3 * (time.process_time() - start[0]))
            wall[n].append(time.perf_counter() - start[1])
    for journal in journals.values():
        journal.close()
    return {
        n: {
            "cpu_ms": mean(cpu[n]),
            "cpu_p95_ms": quantiles(cpu[n], n=20)[-1],
            "clock_ratio": median(wall[n]) / median(wall[0]),
        }
        for n in SIZES
    }


def count_calls(n: int) -> dict[str, float]:
    """Return what an answer asks of the system; nothing where there is no strace."""
    if shutil.which("strace") is None:
        warnings.warn("calls are not counted: strace is not installed", stacklevel=2)
        return {}
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        watched = "trace=fsync,fdatasync,write,pwrite64"
        own = [sys.executable, __file__, "--answers-after", str(n)]
        subprocess.run(
            ["strace", "-f", "-e", watched, "-o", str(trace), *own],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    start, end = (i for i, line in enumerate(lines) if MARK in line)
    calls = [
        own.groups() for line in lines[start + 1 : end] if (own := CALL.match(line))
    ]
    syncs = sum(name in ("fsync", "fdatasync") for name, _ in calls)
    written = [int(n) for name, n in calls if name in ("write", "pwrite64")]
    return {
        "syncs": syncs / REPEATS,
        "writes": len(written) / REPEATS,
        "bytes": sum(written) / REPEATS,
    }


def main() -> None:
    """Measure, count, and write the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("out", nargs="?")
    parser.add_argument("--answers-after", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.answers_after is not None:
        with tempfile.TemporaryDirectory() as folder:
            journal = begin(Path(folder) / "s.skmal", args.answers_after)
            print(MARK, file=sys.stderr, flush=True)
            for i in range(REPEATS):
                answer(journal, i)
            print(MARK, file=sys.stderr, flush=True)  # closing is not of an answer
            journal.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    table = []
    for n, row in rows.items():
        counted = count_calls(n)
        table.append({"n": n} | {k: f"{v:.3g}" for k, v in (row | counted).items()})
        print(table[-1], flush=True)
    if args.out:
        write_table(args.out, [*table[0]], table)


if __name__ == "__main__":
    main()
