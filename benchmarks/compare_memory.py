"""How much memory the processes of a comparison take: shared, and of each its own.

    OMP_NUM_THREADS=1 python benchmarks/compare_memory.py

Asks at random about 40,000 pairs of 512 features in float32 (164 MB), with 1, 2 and 4
processes. Twice a second it reads what the processes have: PSS counts a page that n
processes share as 1/n, USS only pages that one has alone.
"""

import argparse
import tempfile
import threading
from pathlib import Path

import numpy as np
import psutil
from joblib.externals.loky import get_reusable_executor

from skmal import RidgeCCA
from skmal.experiments import compare, write_table

N_PAIRS, N_FEATURES = 40_000, 512
OUT = Path(__file__).parent / "results" / "compare_memory.csv"
HEADER = ("processes", "pairs_mb", "pss_mb", "uss_mb_of_a_process", "before_mb")
MB = 1e6


def measure(n_jobs: int, X: np.ndarray, y: np.ndarray, seeds: int) -> dict[str, int]:
    """Return the peaks while a comparison runs, in MB."""
    peaks = {"pss": 0, "uss": 0}
    before = psutil.Process().memory_full_info().uss
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            own = psutil.Process()
            workers = own.children(recursive=True) if n_jobs > 1 else []
            pss, uss = own.memory_full_info().pss, 0
            for process in workers or [own]:
                try:
                    told = process.memory_full_info()
                except psutil.NoSuchProcess:
                    continue
                pss += told.pss if workers else 0
                uss = max(uss, told.uss)
            peaks["pss"] = max(peaks["pss"], pss)
            peaks["uss"] = max(peaks["uss"], uss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        compare(
            ["random"],
            data=(X, y),
            encoder=RidgeCCA(),
            n_seeds=seeds,
            budget=200,
            batch_size=90,
            n_jobs=n_jobs,
        )
    finally:
        done.set()
        watcher.join()
        get_reusable_executor().shutdown()
    row = (n_jobs, X.nbytes + y.nbytes, peaks["pss"], peaks["uss"], before)
    return {
        name: value if name == "processes" else round(value / MB)
        for name, value in zip(HEADER, row, strict=True)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        latent = rng.normal(size=(N_PAIRS, 32)).astype(np.float32)
        sides = []
        for name in ("x", "y"):
            side = latent @ rng.normal(size=(32, N_FEATURES)).astype(np.float32)
            side += rng.normal(size=side.shape).astype(np.float32)
            np.save(f"{folder}/{name}.npy", side)
            sides.append(np.load(f"{folder}/{name}.npy", mmap_mode="r"))
        del latent, side
        rows = []
        for n_jobs in arguments.jobs:
            rows.append(measure(n_jobs, *sides, arguments.seeds))
            print(rows[-1], flush=True)
    write_table(arguments.out, HEADER, rows)
