"""The same picks from one process, from shards, and from Dask, one worker killed too.

    OMP_NUM_THREADS=1 python benchmarks/dask_picks.py --n 1000000

writes that many pairs of 512 float16 into shards (`--folder` keeps them), asks for
the coverage gap and for greedy k-center in each way, and raises if picks differ. The
table has wall times, barriers (times that the driver waits for all workers) and what
travels from workers to the driver. Rows are a function of the seed and their number.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from _datacomp_like import D, Features, write_shards
from distributed import Client, LocalCluster

from skmal import ShardedArray
from skmal.coverage import _farthest_dask
from skmal.coverage._farthest import FarthestRows
from skmal.coverage._farthest_dask import DaskFarthestRows


def load(path):
    """Return a shard as a memory map."""
    return np.load(path, mmap_mode="r")


def kill_one_before_stage(number, client):
    """Return what brings results here, but kills a worker before it does so once."""
    calls = []

    def persist(*args):
        calls.append(args)
        if len(calls) == number:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        return stages(*args)

    stages, _farthest_dask.persist = _farthest_dask.persist, persist


def moved(dask_worker):
    """Return how many bytes a worker was sent by others."""
    return sum(one["total"] for one in dask_worker.transfer_incoming_log)


def as_dask(paths):
    """Return a dask array of memory maps, one for each shard, which workers hold."""
    shapes = [np.load(path, mmap_mode="r").shape for path in paths]
    return da.concatenate(
        [
            da.from_delayed(dask.delayed(load)(path), shape, np.float16)
            for path, shape in zip(paths, shapes, strict=True)
        ]
    ).persist()


def timed(known, n_picks: int):
    """Return gap, picks and seconds."""
    start = time.perf_counter()
    gap = known.largest_distance()
    picks = known.pick(np.arange(known.features.shape[0]), n_picks)
    return gap, picks, time.perf_counter() - start


def main(n: int, n_aligned: int, n_picks: int, folder: Path) -> None:
    paths, _ = write_shards(folder, n)  # of images
    aligned, _ = Features().rows(n, n + n_aligned)
    shards = ShardedArray(paths)
    whole = folder / f"{n}.npy"
    if not whole.exists():
        np.save(whole, np.asarray(shards))
    print("| pool | seconds | barriers | rows that travel | MB |", flush=True)
    print("|---|---|---|---|---|", flush=True)
    gap, picks, seconds = timed(FarthestRows(load(whole), aligned), n_picks)
    print(f"| one process, one array | {seconds:.1f} | | | |", flush=True)

    def report(name, known):
        same_gap, same_picks, seconds = timed(known, n_picks)
        np.testing.assert_array_equal(picks, same_picks)
        assert gap == same_gap
        counts = " | |"
        if hasattr(known, "n_barriers"):
            mb = known.n_travelled * 2 * D / 1e6
            counts = f"{known.n_barriers} | {known.n_travelled:,} | {mb:.1f}"
        print(f"| {name} | {seconds:.1f} | {counts} |", flush=True)

    name = f"one process, {len(paths)} shards"
    report(name, FarthestRows(shards, aligned))
    for n_workers, kill in [(2, False), (4, False), (2, True)]:
        # Memory maps count as memory, though they take none: so no limit.
        with (
            LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address=":0",
            ) as cluster,
            Client(cluster) as client,
        ):
            client.wait_for_workers(n_workers)
            # Imported beforehand, for that is not what is timed.
            client.run(import_module, "skmal.coverage._farthest_dask")
            if kill:
                kill_one_before_stage(4, client)
            name = f"Dask, {n_workers} workers" + (", one killed" if kill else "")
            report(name, DaskFarthestRows(as_dask(paths), aligned))
            between = sum(client.run(moved).values()) / 1e6
            print(f"between workers: {between:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--n-aligned", type=int, default=1000)
    parser.add_argument("--n-picks", type=int, default=1500)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        main(given.n, given.n_aligned, given.n_picks, folder)
