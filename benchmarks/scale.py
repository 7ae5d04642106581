"""One round of acquisition on DataComp-like features of any size, read from disk.

    python benchmarks/scale.py --folder shards --n 800000 3200000 12800000

writes shards of float16 (2 KB per pair: 26 GB for 12.8 million), asks for one batch as
`CoresetMargin` chooses it, for each n, with files that are not in the page cache, and
prints and writes to `benchmarks/results/scale/rounds.csv`: seconds by phase, bytes read
against what the disk gives, peak anonymous memory, and the slope in n. Rows are
functions of seed and row number, so that a larger set begins with a smaller one.

By default the features as they are lie in the shared space. `--encoder ridge` has a
learner with `RidgeCCA`, taught on the aligned pairs, transform them. `--strategy
default` asks as `VOptimalDesign` does.
"""

import argparse
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from _datacomp_like import Features, write_shards

from skmal import (
    CoresetMargin,
    PairedActiveLearner,
    RidgeCCA,
    Round,
    ShardedArray,
    VOptimalDesign,
)
from skmal.coverage._farthest import FarthestRows
from skmal.experiments import write_table
from skmal.strategies._steps import UNCERTAINTIES

OUT = Path(__file__).parent / "results" / "scale"
PHASES = ("coverage", "k-center", "margin")


def status(key: str) -> int | None:
    """Return a field of this process's memory, in bytes."""
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    raise KeyError(key)


def bytes_read():
    """Return the bytes that this process has had fetched from the disk."""
    with open("/proc/self/io") as lines:
        return next(int(i.split()[1]) for i in lines if i.startswith("read_bytes"))


@contextmanager
def peak_of_anonymous_memory():
    """Yield a list that in the end holds the peak, sampled every 5 ms."""
    peak, stop = [status("RssAnon")], threading.Event()

    def watch():
        while not stop.wait(0.005):
            peak[0] = max(peak[0], status("RssAnon"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def forget(files):
    """Drop files from the page cache."""
    for file in files:
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def disk_rate(files):
    """Return bytes per second of plain reads of some files not in the page cache."""
    files = files[:: max(len(files) // 8, 1)][:8]
    forget(files)
    start, n = time.perf_counter(), 0
    for file in files:
        with open(file, "rb", buffering=0) as opened:
            while block := opened.read(2**24):
                n += len(block)
    return n / (time.perf_counter() - start)


@contextmanager
def timed_phases(seconds: dict[str, float]):
    """Add up what the strategy spends in coverage, k-center and margins."""
    rows, margin = FarthestRows, UNCERTAINTIES["margin"]
    gap, pick = rows.largest_distance, rows.pick

    def timed(phase, function):
        def call(*args, **kwargs):
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[phase] += time.perf_counter() - start

        return call

    rows.largest_distance = timed("coverage", gap)
    rows.pick = timed("k-center", pick)
    UNCERTAINTIES["margin"] = timed("margin", margin)
    try:
        yield
    finally:
        rows.largest_distance, rows.pick = gap, pick
        UNCERTAINTIES["margin"] = margin


def ask(pools, aligned, args):
    """Return a batch, as a learner or as the strategy alone chooses it."""
    if args.strategy == "default":
        strategy = VOptimalDesign(random_state=args.seed)
    else:
        strategy = CoresetMargin(coreset_size=args.coreset_size, random_state=args.seed)
    if args.encoder == "ridge":
        learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=args.seed)
        learner.fit(*aligned)
        return learner.query(*pools, n_instances=args.n_instances)
    rng = np.random.default_rng(args.seed)
    round = Round(pools, aligned, pools, aligned, args.n_instances, rng)
    return strategy.select(round)


def run(n: int, args: argparse.Namespace) -> dict:
    """Return one line of the table."""
    paths = write_shards(args.folder, n, args.seed)
    rate = disk_rate(paths[0])
    forget(paths[0] + paths[1])
    pools = tuple(ShardedArray(files) for files in paths)
    # The aligned pairs are rows that no pool of this size holds.
    aligned = Features(args.seed).rows(n, n + args.n_aligned)
    aligned = tuple(rows.astype(np.float32) for rows in aligned)
    seconds = dict.fromkeys(PHASES, 0.0)
    before, cpu = bytes_read(), time.process_time()
    start = time.perf_counter()
    with peak_of_anonymous_memory() as peak, timed_phases(seconds):
        selection = ask(pools, aligned, args)
    total = time.perf_counter() - start
    read = bytes_read() - before
    return {
        "n": n,
        "encoder": args.encoder,
        "strategy": args.strategy,
        "modality": selection.modality,
        **{f"{phase} s": round(seconds[phase], 1) for phase in PHASES},
        "round s": round(total, 1),
        "processor s": round(time.process_time() - cpu, 1),
        "GB read": round(read / 1e9, 1),
        "GB of the pools": round(sum(pool.nbytes for pool in pools) / 1e9, 1),
        "disk GB/s": round(rate / 1e9, 2),
        "peak anonymous MB": round(peak[0] / 1e6),
        "first rows": " ".join(map(str, selection.indices[:5])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True, help="where shards are or go")
    parser.add_argument("--n", type=int, nargs="+", default=[400_000, 800_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-aligned", type=int, default=1000)
    parser.add_argument("--coreset-size", type=int, default=1500)
    parser.add_argument("--n-instances", type=int, default=750)
    parser.add_argument("--encoder", choices=["none", "ridge"], default="none")
    parser.add_argument("--strategy", choices=["paper", "default"], default="paper")
    parser.add_argument("--out", default=OUT / "rounds.csv", type=Path)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for n in sorted(args.n):
        lines.append(run(n, args))
        print(lines[-1], flush=True)
        append = args.out.exists()
        write_table(args.out, list(lines[-1]), lines[-1:], append)
    if len(lines) > 1:
        logs = np.log([[line["n"], line["round s"]] for line in lines])
        slope = np.polyfit(*logs.T, deg=1)[0]
        print(f"round s grows with n to the power of {slope:.2f}")


if __name__ == "__main__":
    main()
