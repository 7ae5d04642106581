"""What several test files share."""

import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from skmal import (
    BADGE,
    CAL,
    FALCUN,
    USL,
    ALFAMix,
    ClusterMargin,
    CoresetMargin,
    DropQuery,
    InformationDensity,
    KCenterGreedy,
    MarginSampling,
    MaxHerding,
    ProbCover,
    RandomSampling,
    TypiClust,
    UncertaintyHerding,
    VOptimalDesign,
)

ROOT = Path(__file__).parents[1]

STRATEGIES = [
    RandomSampling(),
    RandomSampling(0),
    KCenterGreedy(),
    KCenterGreedy("alternate", trim=0.3, metric="cosine"),
    MarginSampling(),
    MarginSampling(1, uncertainty="top1", candidates="open"),
    CoresetMargin(),
    CoresetMargin("relative_coverage", trim=0.3, coreset_size=1.5),
    CoresetMargin("random", uncertainty="entropy", coreset_size=70),
    CoresetMargin(0, candidates="open", metric="cosine"),
    VOptimalDesign(),
    VOptimalDesign("coverage", trim=0.0, ridge=1.0, gate=1.0),
    MaxHerding(),
    UncertaintyHerding(bandwidth=1.0),
    TypiClust(),
    BADGE(),
    ClusterMargin(),
    ProbCover(n_neighbors=5),
    InformationDensity(),
    CAL(n_neighbors=3),
    DropQuery(),
    FALCUN(),
    ALFAMix(),
    USL(n_neighbors=5),
    MaxHerding(bandwidth="tuned"),
]


def load_benchmark(name):
    """Return a script of `benchmarks` as a module."""
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # as of a script that is run
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def make_pairs(n=80, seed=0, dtype=np.float64):
    """Return two views of a three-dimensional latent variable, row by row."""
    maps = np.random.default_rng(0).normal(size=(3, 11))  # the same whatever the seed
    rng = np.random.default_rng([seed, n])
    views = rng.normal(size=(n, 3)) @ maps + 0.03 * rng.normal(size=(n, 11))
    return views[:, :6].astype(dtype), views[:, 6:].astype(dtype)


def unit_error(d, dtype=np.float32):
    """Bound how far apart two ways to scale a row of d values to length one end.

    A sum of d squares is wrong by at most d u of itself, in whatever order, u being
    half of eps; the root halves that and adds u, as two divisions do: (d / 2 + 3) u for
    either way. Distances between rows scaled in two ways differ by twice the bound at
    most, however small they are (the triangle inequality).
    """
    return (d / 2 + 3) * float(np.finfo(dtype).eps)


class OnDisk:
    """What zarr arrays and h5py datasets have in common; counts the rows of a read."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.most = 0

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        assert rows.step is None
        block = self.array[rows]
        self.most = max(self.most, len(block))
        return block


def memory_map(rows, folder):
    """Return rows as a memory map of a file named after their width."""
    path = folder / f"{rows.shape[1]}.npy"
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


def h5py_dataset(rows, folder):
    """Return rows as a dataset of a file named after their width."""
    h5py = pytest.importorskip("h5py")
    path = folder / f"{rows.shape[1]}.h5"
    with h5py.File(path, "w") as file:
        file["pool"] = rows
    return h5py.File(path)["pool"]


MICRO_CLIP = load_benchmark("_micro_clip").MICRO_CLIP

# An image tower of timm's, with batch normalisation.
RESNET = {
    "timm_model_name": "resnet10t",
    "timm_pool": "avg",
    "timm_proj": "linear",
    "image_size": 32,
}


@contextmanager
def interrupted_at(line, places):
    """Raise KeyboardInterrupt before the given line that runs of these files.

    `places` is what their names begin with, one or a tuple of several.
    """
    n_run = 0

    def trace(frame, event, _):
        nonlocal n_run
        if not frame.f_code.co_filename.startswith(places):
            return None
        if event == "line":
            if n_run == line:
                sys.settrace(None)
                raise KeyboardInterrupt
            n_run += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
