"""How long it takes until there is something to work with, as ratios.

    python benchmarks/startup.py benchmarks/results/startup.csv

What `import skmal` costs beside `import sklearn`, and what opening a session of image
files costs beside decoding each of them, as Pillow does, and beside reading each.
Processor seconds, those of children included; what is compared takes turns, and each
number is the least of several. The load of the machine is written down as well.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner, RidgeCCA
from skmal.experiments import write_table

HEADER = ("what", "seconds", "beside", "its seconds", "ratio", "load")


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds of some work and of the children it waits for."""

    def spent():
        kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
        usage = map(resource.getrusage, kinds)
        return sum(own.ru_utime + own.ru_stime for own in usage)

    start = spent()
    work()
    return spent() - start


def least(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the least seconds of each of several works that take turns."""
    seconds = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            seconds[name].append(seconds_of(work))
    return {name: min(times) for name, times in seconds.items()}


def imports(repeats: int) -> dict[str, float]:
    """Time both imports, in processes of their own."""

    def of(module):
        run = [sys.executable, "-c", f"import {module}"]
        return lambda: subprocess.run(run, check=True)

    return least({name: of(name) for name in ("sklearn", "skmal")}, repeats)


def opening(n: int, repeats: int) -> dict[str, float]:
    """Time the opening of a session of 2 n PNG files, and two baselines."""
    rng = np.random.default_rng(0)
    features = tuple(rng.normal(size=(n, 8)).astype(np.float32) for _ in "xy")
    learner = PairedActiveLearner(RidgeCCA(4), random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        pools = Path(folder, "x"), Path(folder, "y")
        for pool in pools:
            pool.mkdir()
            for i in range(n):
                pixels = np.full((128, 128, 3), rng.integers(256, size=3), np.uint8)
                pixels[30:90, 20:80] = rng.integers(0, 256, (60, 60, 3), np.uint8)
                Image.fromarray(pixels).save(pool / f"{i:06}.png")
        files = [path for pool in pools for path in pool.iterdir()]
        journals = (Path(folder, f"{i}.skmal") for i in range(10**6))

        def open_session():
            journal = next(journals)
            AnnotationSession(journal, *pools, learner, features=features).close()

        def decode():
            for path in files:
                Image.open(path).convert("RGB")

        def read():
            for path in files:
                path.read_bytes()

        works = {"opening": open_session, "decoding": decode, "reading": read}
        return least(works, repeats)


def main() -> None:
    """Time both, and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--n-files", type=int, default=100_000, help="of each pool")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    table = []
    load = f"{os.getloadavg()[0]:.1f}"
    times = imports(3 * options.repeats)
    pairs = [("import skmal", times["skmal"], "import sklearn", times["sklearn"])]
    times = opening(options.n_files, options.repeats)
    what = f"opening {options.n_files:,} + {options.n_files:,} PNG files"
    pairs += [
        (what, times["opening"], f"{name} them", times[name])
        for name in ("decoding", "reading")
    ]
    for what, ours, beside, theirs in pairs:
        numbers = f"{ours:.2f}", beside, f"{theirs:.2f}", f"{ours / theirs:.2f}", load
        table.append(dict(zip(HEADER, (what, *numbers), strict=True)))
        print(*table[-1].values(), sep=" | ")
    write_table(options.path, HEADER, table)


if __name__ == "__main__":
    main()
