"""Studies of the paper's strategy, one command each, and their page.

    python benchmarks/studies.py coreset-size        # or another of STUDIES, or all
    python benchmarks/studies.py all --real real     # on the files of real pairs
    python benchmarks/studies.py runtime
    python benchmarks/studies.py page                # docs/studies.md, its pictures

Runs are kept in benchmarks/results/studies and studies_real, and not repeated. A test
compares the page with them.
"""

import argparse
import csv
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from skmal import CoresetMargin, QueryStrategy, RandomSampling, Round
from skmal.experiments import (
    BANDS,
    DEFAULT,
    KERNEL,
    LINEAR,
    LINEAR_DESIGN,
    PAPER,
    REFERENCE,
    STRATEGIES,
    Case,
    curves_by_seed,
    main_metric,
    read_runs,
    run_missing,
    student_interval,
    write_table,
)
from skmal.metrics import annotation_savings

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "studies.md"
IMAGES = ROOT / "docs" / "images"
SIZES = (1.0, 1.5, 2.0, 2.5, 3.0, 5.0)
BATCHES = (0.025, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Study:
    """A question, and the variants that answer it.

    Parameters
    ----------
    title, about : str
        What is asked.
    variants : dict of str to (QueryStrategy, float)
        Strategy and share of the pool asked about in a round, by what the figure calls
        them.
    usual : str
        The variant that the others are compared with.
    """

    title: str
    about: str
    variants: dict[str, tuple[QueryStrategy, float]]
    usual: str


def _paper(**parameters) -> tuple[QueryStrategy, float]:
    return CoresetMargin(**parameters), 0.05


def _in_batches(strategies: dict[str, str]) -> dict[str, tuple[QueryStrategy, float]]:
    return {
        f"{label}, {100 * batch:g} %": (STRATEGIES[name], batch)
        for label, name in strategies.items()
        for batch in BATCHES
    }


STUDIES: dict[str, Study] = {
    "coreset-size": Study(
        "How many candidates: B_C from B to 5 B",
        "With B_C = B the margin has no say, k-center alone decides; the larger B_C, "
        "the more the margin decides.",
        {f"B_C = {c:g} B": _paper(coreset_size=c) for c in SIZES},
        "B_C = 2 B",
    ),
    "modality": Study(
        "Which modality to ask: the paper's ablation",
        "Coverage is the paper's choice: the side with the larger gap.",
        {
            "coverage": _paper(),
            "relative coverage": _paper(modality="relative_coverage"),
            "in turns": _paper(modality="alternate"),
            "images only": _paper(modality=0),
            "texts only": _paper(modality=1),
        },
        "coverage",
    ),
    "uncertainty": Study(
        "Margin, top-1 or entropy",
        "Which of the candidates are asked about: those with the smallest margin, the "
        "lowest largest similarity (least confidence), or the largest entropy.",
        {
            "margin": _paper(),
            "top-1": _paper(uncertainty="top1"),
            "entropy": _paper(uncertainty="entropy"),
        },
        "margin",
    ),
    "candidates": Study(
        "Margins to all items, or to the open ones",
        "All items of the other modality as partners, those with a known partner too, "
        "as we read the paper, or only the open ones.",
        {"all": _paper(), "open": _paper(candidates="open")},
        "all",
    ),
    "batch-size": Study(
        "Batch size",
        "The paper's strategy and the linear design, `VOptimalDesign(gamma=None, "
        "coverage=0.0, ridge=0.3)`, with 2.5 to 20 % of the pool in a batch. Savings "
        "are told at the ends of batches.",
        _in_batches({"paper's": PAPER, "linear design": LINEAR_DESIGN}),
        "paper's, 5 %",
    ),
}
REAL_STUDIES = {
    **STUDIES,
    "batch-size": replace(
        STUDIES["batch-size"],
        variants=_in_batches({"paper's": PAPER, "default": DEFAULT}),
    ),
}


@dataclass(frozen=True)
class Setting:
    """What the studies are made on.

    Parameters
    ----------
    folder : str
        Where in the results the runs are.
    encoder : str
        What learns.
    pools : tuple of str
        The pools.
    suite : str
        The suite that they are of.
    studies : dict of str to Study
        The studies.
    """

    folder: str
    encoder: str
    pools: tuple[str, ...]
    suite: str
    studies: dict[str, Study]


# Natural, compositional, unclean; and real pairs.
MADE_UP = Setting(
    "studies", LINEAR, ("glyphs", "scenes", "serif-outliers"), "default", STUDIES
)
REAL = Setting("studies_real", KERNEL, ("openmoji", "clipart"), "real", REAL_STUDIES)


def run(
    names: Iterable[str], seeds: int, jobs: int | None, path: str | None = None
) -> None:
    """Run what is missing of studies; with a path, on the real pairs in that folder."""
    setting = MADE_UP if path is None else REAL
    variants = {"random": (RandomSampling(), 0.05)}
    for name in names:
        for variant in setting.studies[name].variants.values():
            variants[name_of_run(*variant)] = variant
    cases = [
        Case(
            *(pool, setting.encoder, run_name, seed, strategy, batch),
            suite=setting.suite,
            path=path,
        )
        for pool in setting.pools
        for seed in range(seeds)
        for run_name, (strategy, batch) in variants.items()
    ]
    run_missing(RESULTS / setting.folder, cases, n_jobs=jobs, verbose=True)


def name_of_run(strategy: QueryStrategy, batch: float) -> str:
    """Return what a variant is called in runs.csv, the same in all studies."""
    return f"{strategy!r} {batch:g}"


def saved_by_seed(curves, pool, run_name, n_pool, encoder=LINEAR):
    """Return {seed: savings at 10-30 % and at 30-60 %}, in %."""
    strategies = curves[pool, encoder, main_metric(pool)]
    runs, reference = strategies.get(run_name, {}), strategies[REFERENCE]
    saved = {}
    for seed in sorted(set(runs) & set(reference)):
        points = reference[seed][0]
        # Where the variant has points as well: between two of them, far apart with
        # large batches, its curve is straight.
        apart = np.abs(points[:, None] - runs[seed][0]).min(axis=1)
        points = points[apart < 0.01 * n_pool]
        saved[seed] = [
            100
            * annotation_savings(
                runs[seed][0],
                [runs[seed][1]],
                [reference[seed][1]],
                reference_n_pairs=reference[seed][0],
                budgets=points[(points >= low * n_pool) & (points <= high * n_pool)],
            ).mean
            for low, high in BANDS.values()
        ]
    return saved


def table(name: str, setting: Setting = MADE_UP) -> dict[str, dict[str, np.ndarray]]:
    """Return {variant: {pool: array of savings, shape (n_seeds, 2)}} of a study."""
    runs = read_runs(RESULTS / setting.folder)
    curves = curves_by_seed(runs)
    n_pool = {row["pool"]: row["n_pool"] for row in runs}

    def saved(variant, pool):
        of = pool, name_of_run(*variant), n_pool[pool], setting.encoder
        return np.array(list(saved_by_seed(curves, *of).values()))

    return {
        label: {pool: saved(variant, pool) for pool in setting.pools}
        for label, variant in setting.studies[name].variants.items()
    }


def interval(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the mean and half the 95 % Student t interval."""
    mean, _, half = student_interval(values)
    return float(mean), float(half)


def section(name: str) -> str:
    """Return a study's part of the page."""
    study = STUDIES[name]
    lines = [f"## {study.title}\n", f"{study.about}\n"]
    lines.append(f"![{study.title}](images/study-{name}.png)\n")
    lines += _in_numbers(name, MADE_UP)
    if has_runs(REAL):
        lines += ["On real pairs, with KernelCCA:\n", *_in_numbers(name, REAL)]
    lines.append(f"Command: `python benchmarks/studies.py {name}`\n")
    return "\n".join(lines)


def has_runs(setting: Setting) -> bool:
    """Say whether the studies were made on this."""
    return (RESULTS / setting.folder / "runs.csv").exists()


def _in_numbers(name, setting):
    """Return a table, and a sentence that says what it tells."""
    study, saved = setting.studies[name], table(name, setting)
    n_seeds = {len(v) for pools in saved.values() for v in pools.values()}
    pools = setting.pools
    heads = [
        f"`{p}`, {100 * a:g}-{100 * b:g} %" for p in pools for a, b in BANDS.values()
    ]
    lines = []
    lines.append(f"| {' | '.join(['variant', *heads, 'all'])} |")
    lines.append("|---" * (len(heads) + 2) + "|")
    for label, of_pools in saved.items():
        cells = [
            "{:+.0f} ± {:.0f}".format(*interval(of_pools[pool][:, band]))
            for pool in pools
            for band in range(len(BANDS))
        ]
        cells.append("{:+.0f} ± {:.0f}".format(*interval(_mean(of_pools))))
        lines.append(f"| {' | '.join([label, *cells])} |")
    lines.append(f"\n{sentence(study, saved)} ({_seeds(n_seeds)}.)\n")
    return lines


def _mean(pools):
    """Return the mean over pools and budgets, one per seed."""
    return np.mean([values.mean(axis=1) for values in pools.values()], axis=0)


def _seeds(numbers):
    return f"{' to '.join(map(str, sorted(numbers)))} seeds"


def sentence(study: Study, saved: dict[str, dict[str, np.ndarray]]) -> str:
    """Say which variants differ from the usual one by more than noise."""
    usual = _mean(saved[study.usual])
    better, worse, level = [], [], []
    for label, pools in saved.items():
        if label == study.usual:
            continue
        mean, half = interval(_mean(pools) - usual)
        words = f"{label} ({mean:+.0f} ± {half:.0f})"
        side = better if mean - half > 0 else worse if mean + half < 0 else level
        side.append(words)
    parts = [
        f"{verdict}: {', '.join(words)}."
        for verdict, words in [
            ("More", better),
            ("Less", worse),
            ("Not told apart by these seeds", level),
        ]
        if words
    ]
    return (
        f"Against {study.usual}, in points of savings over all pools and budgets, "
        f"paired by seed. {' '.join(parts)}"
    )


def draw(name: str) -> None:
    """Draw a study: savings by pool, one point per variant and range of budgets."""
    from matplotlib.figure import Figure

    saved = table(name)
    figure = Figure(figsize=(10, 1.6 + 0.32 * len(saved)), layout="constrained")
    axes = figure.subplots(1, len(MADE_UP.pools), sharey=True)
    at = -np.arange(len(saved))
    for ax, pool in zip(axes, MADE_UP.pools, strict=True):
        for band, (low, high) in enumerate(BANDS.values()):
            mean, half = np.transpose(
                [interval(v[pool][:, band]) for v in saved.values()]
            )
            label = f"at {100 * low:g}-{100 * high:g} % of the pool"
            shift = 0.1 - 0.2 * band
            ax.errorbar(mean, at + shift, xerr=half, fmt="o", ms=4, label=label)
        ax.axvline(0, color="grey", linewidth=0.8)
        ax.set(title=pool, xlabel="answers saved, %")
    axes[0].set_yticks(at, list(saved))
    axes[-1].legend(fontsize="small")
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / f"study-{name}.png", dpi=80)


# ------------------------------------------------------------------ runtime

BASE = {"n": 20_000, "B_C": 1000, "|S|": 1000}
RANGES = {
    "n": (5_000, 10_000, 20_000, 40_000, 80_000),
    "B_C": (250, 500, 1000, 2000, 4000),
    "|S|": (250, 500, 1000, 2000, 4000),
}
N_FEATURES = 128
RUNTIME = RESULTS / "studies" / "runtime.csv"
RUNTIME_HEADER = ("varied", "n", "B_C", "|S|", "seed", "seconds")


def time_selection(n: int, coreset_size: int, n_aligned: int, seed: int) -> float:
    """Return the processor seconds of one choice of the paper's strategy."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(100, N_FEATURES))

    def rows(size):
        points = centres[rng.integers(100, size=size)]
        points = points + 0.7 * rng.normal(size=points.shape)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return points.astype(np.float32)

    pools, known = (rows(n), rows(n)), (rows(n_aligned), rows(n_aligned))
    asked = Round(pools, known, pools, known, n_instances=250, rng=rng, trust=0.0)
    strategy = CoresetMargin(coreset_size=coreset_size)
    with threadpool_limits(1):
        start = time.process_time()
        strategy.select(asked)
        return time.process_time() - start


def run_runtime(seeds: int) -> None:
    """Time the choice with each quantity varied, the others at their base."""
    RUNTIME.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for varied, values in RANGES.items():
        for value in values:
            sizes = {**BASE, varied: value}
            for seed in range(seeds):
                seconds = f"{time_selection(*sizes.values(), seed):.3f}"
                row = {"varied": varied, **sizes, "seed": seed, "seconds": seconds}
                rows.append(row)
                print(*row.values(), flush=True)
    write_table(RUNTIME, RUNTIME_HEADER, rows)


def read_runtime():
    """Return {varied: (values, seconds of shape (n_values, n_seeds))}."""
    with open(RUNTIME, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tables = {}
    for varied, values in RANGES.items():
        seconds = [
            [
                float(r["seconds"])
                for r in rows
                if r["varied"] == varied and int(r[varied]) == value
            ]
            for value in values
        ]
        tables[varied] = np.array(values), np.array(seconds)
    return tables


def runtime_section() -> str:
    """Return the part of the page about runtime."""
    lines = [
        "## Runtime against n, B_C and |S|\n",
        "Processor seconds of one choice of `CoresetMargin` (coverage gap of both "
        f"sides, k-center, margins), one thread, {N_FEATURES} features in 100 "
        "clusters; what is not varied is "
        + ", ".join(f"{name} = {value:,}" for name, value in BASE.items())
        + ". The slope is that of log seconds against log size: 1 is linear.\n",
        "![Runtime](images/study-runtime.png)\n",
        "| varied | sizes | seconds | slope | last doubling |",
        "|---|---|---|---|---|",
    ]
    doublings = {}
    for varied, (values, seconds) in read_runtime().items():
        means = seconds.mean(axis=1)
        slope = np.polyfit(np.log(values), np.log(means), 1)[0]
        doublings[varied] = means[-1] / means[-2]
        cells = [
            varied.replace("|", "\\|"),
            ", ".join(f"{value:,}" for value in values),
            ", ".join("{:.2f} ± {:.2f}".format(*interval(s)) for s in seconds),
            f"{slope:.2f}",
            f"{doublings[varied]:.2f} times",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    worst = max(doublings, key=doublings.get)
    lines.append(
        f"\nA doubling costs {doublings[worst]:.2f} times at most, at the largest "
        f"{worst} measured.\n"
    )
    lines.append("Command: `python benchmarks/studies.py runtime`\n")
    return "\n".join(lines)


def draw_runtime() -> None:
    """Draw seconds against each quantity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for ax, (varied, (values, seconds)) in zip(
        axes, read_runtime().items(), strict=True
    ):
        mean, half = np.transpose([interval(s) for s in seconds])
        ax.errorbar(values, mean, yerr=half, fmt="o-", ms=4)
        ax.set(xlabel=varied, xscale="log", yscale="log")
    axes[0].set_ylabel("seconds")
    figure.savefig(IMAGES / "study-runtime.png", dpi=80)


HEAD = """\
# Studies of the paper's strategy

*This page is made by `benchmarks/studies.py` from the runs in
`benchmarks/results/studies`.* Answers saved against random sampling, %, with RidgeCCA
(mean over seeds ± half the 95 % Student t interval), where random has bought 10-30 %
and 30-60 % of the pool. [The evidence](evidence.md) says what each pool is. The
strategy is `CoresetMargin()`, our reading of the paper's, with one thing varied; 5 % of
the pool are asked about in a round. Our pools are not the paper's.
"""
HEAD_OF_REAL = """
The second table of each study is of real pairs with features of pretrained networks,
`openmoji` and `clipart`, with KernelCCA, and the batch sizes of today's default in
place of the linear design: `python benchmarks/studies.py all --real real`.
"""


def page() -> str:
    """Return the page as text."""
    head = HEAD + HEAD_OF_REAL if has_runs(REAL) else HEAD
    return "\n".join([head, *(section(name) for name in STUDIES), runtime_section()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", choices=[*STUDIES, "all", "runtime", "page"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--real", help="the folder of the files of real pairs")
    arguments = parser.parse_args()
    if arguments.study == "runtime":
        run_runtime(arguments.seeds)
    elif arguments.study == "page":
        PAGE.write_text(page(), encoding="utf-8")
        for study_name in STUDIES:
            draw(study_name)
        draw_runtime()
    else:
        names = STUDIES if arguments.study == "all" else [arguments.study]
        run(names, arguments.seeds, arguments.jobs, arguments.real)
