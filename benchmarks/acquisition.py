"""How fast acquisition is, as ratios: ours against loops, peers and bare products.

    OMP_NUM_THREADS=1 python benchmarks/acquisition.py

prints one table per question and writes them, and the plot of growth, into
`benchmarks/results/acquisition`. Times are CPU seconds, medians of runs that take
turns. `--only loops margin nearest` runs some of it. The row of
scikit-activeml needs `pip install scikit-activeml`.
"""

import argparse
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch  # noqa: F401 - as where encoders use it; else bfloat16 waits for more work

from skmal._shared.sizes import SIZES
from skmal.arrays._bfloat16 import bfloat16_pays
from skmal.coverage import coverage_gap, greedy_k_center
from skmal.coverage._farthest import FarthestRows
from skmal.experiments import write_table
from skmal.metrics import nearest_rows
from skmal.uncertainty import cross_modal_margin

OUT = Path(__file__).parent / "results" / "acquisition"
D = 512


def clip(n, seed=0, dtype=np.float32):
    """Return a narrow cone of unit rows: power-law spectrum, 1,000 Zipf clusters."""
    rng = np.random.default_rng(seed)
    spectrum = (1 + np.arange(D)) ** -0.5
    spectrum /= np.linalg.norm(spectrum)
    cone = rng.normal(size=D) * spectrum
    cone /= np.linalg.norm(cone)
    centres = rng.normal(size=(1000, D)) * spectrum
    share = 1 / np.arange(1, 1001)
    cluster = rng.choice(1000, size=n, p=share / share.sum())
    rows = np.empty((n, D), dtype)
    for start in range(0, n, 8192):
        noise = rng.normal(size=(min(8192, n - start), D)) * spectrum
        block = cone + 0.7 * centres[cluster[start : start + 8192]] + 0.5 * noise
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        rows[start : start + 8192] = block
    return rows


def gmm(n, seed=0):
    """Return 200 clusters of equal size with noise, not normalised."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(200, D))[rng.integers(200, size=n)].astype(np.float32)
    return rows + 0.3 * rng.standard_normal((n, D), dtype=np.float32)


def iso(n, seed=0):
    """Return isotropic normal rows: no structure at all, the hardest kind."""
    return np.random.default_rng(seed).standard_normal((n, D), dtype=np.float32)


def take_turns(calls, repeats=3):
    """Return the median CPU seconds of each call; all of them run in every round."""
    seconds = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


# ---------------------------------------------------------------- what is compared


def ours(pool, aligned, n_picks):
    known = FarthestRows(pool, aligned)
    known.largest_distance()
    return known.pick(np.arange(len(pool)), n_picks)


def plain_steps(pool, n_steps):
    """Run steps of the loop that everybody writes: one product per centre."""
    norms = np.einsum("ij,ij->i", pool, pool)
    nearest = np.full(len(pool), np.inf, pool.dtype)
    pick = 0
    for _ in range(n_steps):
        distances = norms + norms[pick] - 2 * (pool @ pool[pick])
        np.minimum(nearest, distances, out=nearest)
        pick = int(nearest.argmax())


def product(pool, other):
    for start in range(0, len(pool), 2048):
        pool[start : start + 2048] @ other.T


def loops() -> None:
    """Compare coverage and k-center with the loops and the bare product."""
    rows = []
    for kind, n, n_aligned, n_picks in [
        (clip, 1400, 50, 100),
        (clip, 50_000, 500, 500),
        (clip, 50_000, 500, 5000),
        (gmm, 50_000, 1, 1000),
        (iso, 50_000, 1, 400),
        (clip, 200_000, 1000, 1500),
    ]:
        everything = kind(n + n_aligned)
        pool, aligned = everything[:n], everything[n:]
        n_steps = n_aligned + n_picks
        n_run = n_steps if n < 10_000 else 20
        seconds = take_turns(
            {
                "ours": lambda: ours(pool, aligned, n_picks),  # noqa: B023
                "plain": lambda: plain_steps(pool, n_run),  # noqa: B023
                "read": lambda: pool.max(),  # noqa: B023
                "product": lambda: product(pool, aligned),  # noqa: B023
            },
            repeats=15 if n < 10_000 else 3,
        )
        plain = seconds["plain"] / n_run * n_steps
        fused = seconds["read"] * n_steps
        rows.append(
            {
                "data": f"{kind.__name__} n={n} S={n_aligned} B_C={n_picks}",
                "ours s": seconds["ours"],
                "plain loop s": plain,
                "fused loop s": fused,
                "coverage product s": seconds["product"],
                "plain / ours": plain / seconds["ours"],
                "fused / ours": fused / seconds["ours"],
                "ours / product": seconds["ours"] / seconds["product"],
            }
        )
        report("loops", rows)


def peers() -> None:
    """Compare with scikit-activeml's CoreSet and scikit-learn's pairwise distances."""
    from sklearn.metrics import pairwise_distances_argmin_min

    pool, n_aligned, n_picks = clip(50_500), 500, 500
    features, aligned = pool[n_aligned:], pool[:n_aligned]
    calls = {
        "ours": lambda: ours(features, aligned, n_picks),
        "scikit-learn: coverage alone": lambda: pairwise_distances_argmin_min(
            features, aligned
        ),
        "ours: coverage alone": lambda: coverage_gap(features, aligned),
    }
    seconds = take_turns(calls, repeats=3)
    try:
        from skactiveml.pool import CoreSet
    except ImportError:
        print("scikit-activeml is missing: pip install scikit-activeml")
    else:
        y = np.full(len(pool), np.nan)
        y[:n_aligned] = 0
        start = time.process_time()
        theirs = CoreSet(random_state=0).query(pool, y, batch_size=n_picks)
        seconds["scikit-activeml CoreSet"] = time.process_time() - start
        same = set(theirs - n_aligned) == set(ours(features, aligned, n_picks))
        print(f"scikit-activeml picks the same rows: {same}")
    report(
        "peers",
        [
            {"what": name, "s": value, "times ours": value / seconds["ours"]}
            for name, value in seconds.items()
        ],
    )


@contextmanager
def without_bfloat16():
    """Have no product made in bfloat16."""
    before, SIZES.coarse = SIZES.coarse, 2**62
    try:
        yield
    finally:
        SIZES.coarse = before


def nearest() -> None:
    """Compare the nearest rows of small galleries with sorting all similarities."""
    rows = []
    for n_queries, n_gallery, k in [
        (20_000, 50, 5),
        (20_000, 50, 50),
        (300, 20_000, 10),
    ]:
        rng = np.random.default_rng(0)
        queries, gallery = (
            rng.normal(size=(n_queries, 64)),
            rng.normal(size=(n_gallery, 64)),
        )

        def by_sorting(queries=queries, gallery=gallery, k=k):
            unit = gallery / np.linalg.norm(gallery, axis=1)[:, None]
            for start in range(0, len(queries), 1024):
                some = queries[start : start + 1024]
                some = some / np.linalg.norm(some, axis=1)[:, None]
                similarity = (some @ unit.T).round(9)
                (-similarity).argsort(axis=1, kind="stable")[:, :k]

        seconds = take_turns(
            {
                "ours": lambda: nearest_rows(queries, gallery, k),  # noqa: B023
                "sorting": by_sorting,
            },
            repeats=5,
        )
        rows.append(
            {
                "queries": n_queries,
                "gallery": n_gallery,
                "k": k,
                "ours s": seconds["ours"],
                "sorting s": seconds["sorting"],
                "ours / sorting": seconds["ours"] / seconds["sorting"],
            }
        )
    report("nearest", rows)


def margin() -> None:
    """Compare the margin with the bare float32 product and with scikit-learn."""
    from sklearn.metrics.pairwise import cosine_similarity

    gallery = clip(50_000)
    rows = []
    for n_queries in (500, 1500):
        noise = np.random.default_rng(1).standard_normal((n_queries, D))
        queries = (gallery[:n_queries] + 0.02 * noise).astype(np.float32)

        def by_sklearn(queries=queries):
            for start in range(0, len(queries), 500):
                similarity = cosine_similarity(queries[start : start + 500], gallery)
                np.partition(similarity, -2, axis=1)[:, -2:]

        def in_float32(queries=queries):
            with without_bfloat16():
                return cross_modal_margin(queries, gallery)

        def ours(queries=queries):
            return cross_modal_margin(queries, gallery)

        seconds = take_turns(
            {
                "product": lambda: product(gallery, queries),  # noqa: B023
                "float32": in_float32,
                "ours": ours,
                "scikit-learn": by_sklearn,
            },
            repeats=5,
        )
        same = np.array_equal(ours(), in_float32())
        rows.append(
            {
                "queries": n_queries,
                "bfloat16": bfloat16_pays(n_queries * gallery.size),
                "ours s": seconds["ours"],
                "float32 alone s": seconds["float32"],
                "product s": seconds["product"],
                "product / ours": seconds["product"] / seconds["ours"],
                "product / float32 alone": seconds["product"] / seconds["float32"],
                "scikit-learn / ours": seconds["scikit-learn"] / seconds["ours"],
                "same bits": same,
            }
        )
    report("margin", rows)


def growth() -> None:
    """Double n, S and B_C in turn, and draw how the time grows."""
    rows = []
    pool = clip(201_000)
    sizes = [("n", n, 500, 500) for n in (50_000, 100_000, 200_000)]
    sizes += [("S", 50_000, s, 500) for s in (250, 500, 1000)]
    sizes += [("B_C", 50_000, 500, b) for b in (500, 1000, 2000)]
    for what, n, n_aligned, n_picks in sizes:
        features, aligned = pool[:n], pool[-n_aligned:]
        seconds = take_turns({"ours": lambda: ours(features, aligned, n_picks)})  # noqa: B023
        rows.append({"grows": what, "n": n, "S": n_aligned, "B_C": n_picks, **seconds})
    for row, before in zip(rows[1:], rows, strict=False):
        if row["grows"] == before["grows"]:
            row["times as long"] = row["ours"] / before["ours"]
    report("growth", rows)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, what in zip(
        figure.subplots(1, 3, sharey=True), ("n", "S", "B_C"), strict=True
    ):
        points = [(row[what], row["ours"]) for row in rows if row["grows"] == what]
        x, y = np.array(points).T
        slope = np.polyfit(np.log(x), np.log(y), 1)[0]
        axes.loglog(x, y, "o-", base=2)
        axes.set(xlabel=what, title=f"slope {slope:.2f}")
    figure.supylabel("CPU seconds")
    figure.savefig(OUT / "growth.png", dpi=120)


class PeakMemory:
    """The most anonymous memory above what there was before, sampled in a thread."""

    def __enter__(self):
        self.before, self.peak, self.running = anonymous_bytes(), 0, True
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()
        return self

    def _sample(self):
        while self.running:
            self.peak = max(self.peak, anonymous_bytes() - self.before)
            time.sleep(0.002)

    def __exit__(self, *_):
        self.running = False
        self.thread.join()


def anonymous_bytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no RssAnon; memory is measured on Linux only")


def memory() -> None:
    """Sample the peak memory; run a round on a million rows of a float16 memory map."""
    rows = []
    for n, n_aligned, n_picks in [(200_000, 1000, 1500), (200_000, 1000, 6000)]:
        pool = clip(n + n_aligned)
        with PeakMemory() as measured:
            ours(pool[:n], pool[n:], n_picks)
        rows.append(memory_row(n, n_aligned, n_picks, 4, measured.peak))
    del pool
    with tempfile.TemporaryDirectory() as folder:
        n, n_aligned, n_picks, batch = 1_000_000, 1000, 1500, 750
        path = Path(folder) / "pool.npy"
        pool = np.lib.format.open_memmap(path, "w+", np.float16, (n, D))
        for part in range(10):
            pool[part * n // 10 : (part + 1) * n // 10] = clip(n // 10, seed=part)
        pool.flush()
        del pool
        pool, aligned = np.load(path, mmap_mode="r"), clip(n_aligned, 99, np.float16)
        start = time.process_time()
        with PeakMemory() as measured:
            coreset = np.sort(ours(pool, aligned, n_picks))
            seconds = time.process_time() - start
            scores = cross_modal_margin(pool[coreset], pool)
            asked = coreset[scores.round(9).argsort(kind="stable")[:batch]]
        total = time.process_time() - start
        print(f"1M float16 memory map: {len(asked)} rows chosen, {total:.1f} s")
        row = memory_row(n, n_aligned, n_picks, 4, measured.peak)
        rows.append({**row, "coverage + k-center s": seconds, "round s": total})
    report("memory", rows)


def memory_row(n, n_aligned, n_picks, itemsize, peak):
    return {
        "n": n,
        "S": n_aligned,
        "B_C": n_picks,
        "peak MB": peak / 1e6,
        "% of the pool in float32": 100 * peak / (n * D * itemsize),
    }


def exact() -> None:
    """Compare all picks with those of direct differences in float64, once, at 100k."""
    everything = clip(100_020)
    pool, aligned, n_picks = everything[20:], everything[:20], 40
    picks = greedy_k_center(pool, n_picks, aligned)

    def squared(centre):
        parts = (
            ((pool[start : start + 5000].astype(np.float64) - centre) ** 2).sum(axis=1)
            for start in range(0, len(pool), 5000)
        )
        return np.concatenate(list(parts))

    nearest = np.minimum.reduce([squared(row) for row in aligned])
    assert coverage_gap(pool, aligned) == np.sqrt(nearest.max())
    wrong = 0
    for pick in picks:
        wrong += pick != nearest.argmax()
        nearest = np.minimum(nearest, squared(pool[pick]))
    report("exact", [{"n": len(pool), "picks": n_picks, "wrong picks": wrong}])


# ---------------------------------------------------------------- reporting


def report(name: str, rows: list[dict]) -> None:
    """Print a table and write it."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    OUT.mkdir(parents=True, exist_ok=True)
    shown = [
        {
            key: f"{value:.4g}" if isinstance(value, float) else value
            for key, value in (dict.fromkeys(header, "") | row).items()
        }
        for row in rows
    ]
    write_table(OUT / f"{name}.csv", header, shown)
    print(f"\n{name}\n" + (OUT / f"{name}.csv").read_text().replace(",", " | "))


PARTS = {
    part.__name__: part
    # Memory first: what other parts give back would hide what it takes.
    for part in (memory, loops, peers, margin, nearest, growth, exact)
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    for part in parser.parse_args().only:
        PARTS[part]()
