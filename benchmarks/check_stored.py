"""Make a few stored runs again, and say which numbers are not the stored ones.

    OMP_NUM_THREADS=1 python benchmarks/check_stored.py
    OMP_NUM_THREADS=1 python benchmarks/check_stored.py default streaming --seed 1
    OMP_NUM_THREADS=1 python benchmarks/check_stored.py real --path real

The same seed gives the same digits, however much has been written anew in between. It
ends with an error where one differs.
"""

import argparse
import csv
import importlib
import sys
from pathlib import Path

from _curves import DIGITS

from skmal.experiments import (
    CURVES_HEADER,
    KERNEL,
    LINEAR,
    STRATEGIES,
    Case,
    curve_rows,
    read_runs,
    run_case,
)

RESULTS = Path(__file__).parent / "results"
OF_THE_SUITE = [
    (pool, name)
    for pool in ("glyphs", "scenes")
    for name in ("random", "v-optimal-linear", "coreset-margin", "k-center")
] + [("glyphs-shift", "k-center"), ("serif-outliers", "random")]
OF_REAL_PAIRS = [  # pool, encoder, strategy
    ("openmoji", LINEAR, "random"),
    ("openmoji", KERNEL, "v-optimal"),
    ("openmoji", KERNEL, "random"),
]
OF_STUDIES = [  # pool, study, variant
    ("scenes", "batch-size", "paper's, 20 %"),
    ("glyphs", "candidates", "open"),
]
OF_SCRIPTS = {  # data and strategy
    "streaming": [("buffers of 100", "v-optimal-linear"), ("of 400", "random")],
    "clip_loop": [("glyphs-kernel", "v-optimal"), ("glyphs-heads", "random")],
    "annotators": [
        ("30 % missing", "v-optimal-linear"),
        ("10 % wrong", "coreset-margin"),
    ],
    "imbalance": [("long-tail", "v-optimal-linear"), ("90-10", "coreset-margin-trim")],
    "other_modalities": [("words", "coreset-margin"), ("molecules", "random")],
    "three_modalities": [("glyphs", "random"), ("glyphs", "coreset-margin")],
}


def suite_cases(seed: int) -> list[Case]:
    """Return runs of the default suite."""
    return [
        Case(pool, LINEAR, name, seed, STRATEGIES[name]) for pool, name in OF_THE_SUITE
    ]


def real_cases(seed: int, path: str) -> list[Case]:
    """Return runs of the suite on real pairs, whose files are in a folder."""
    return [
        Case(pool, encoder, name, seed, STRATEGIES[name], suite="real", path=path)
        for pool, encoder, name in OF_REAL_PAIRS
    ]


def study_cases(seed: int) -> list[Case]:
    """Return runs of the studies."""
    studies = importlib.import_module("studies")
    cases = []
    for pool, study, variant in OF_STUDIES:
        strategy, batch = studies.STUDIES[study].variants[variant]
        name = studies.name_of_run(strategy, batch)
        cases.append(Case(pool, LINEAR, name, seed, strategy, batch))
    return cases


def check_runs(folder: str, cases: list[Case]) -> bool:
    """Make runs of the suite's kind again; say whether all are the stored ones."""
    told = ("pool", "encoder", "strategy", "batch", "seed", "metric")
    stored = {
        tuple(row[name] for name in told): row for row in read_runs(RESULTS / folder)
    }
    good = True
    for case in cases:
        for row in run_case(case):
            old = stored.get((*case.key, row["metric"]))
            columns = ("n_pool", "n_pairs", "scores")
            what = f"{folder}: {case.pool}, {case.name}, {row['metric']}"
            good &= _tell(
                what, [row[c] for c in columns], old and [old[c] for c in columns]
            )
    return good


def _figures(row: dict) -> list:
    """Return what a run gave, but for the time it took."""
    return [row[column] for column in ("n_pool", "n_pairs", "scores")]


def check_curves(script: str, seed: int) -> bool:
    """Make curves of a script again; say whether all are the stored ones."""
    with open(RESULTS / script / "curves.csv", newline="", encoding="utf-8") as file:
        stored = list(csv.DictReader(file))
    runs = importlib.import_module(script).RUNS
    good = True
    for data, name in OF_SCRIPTS[script]:
        curve = runs[data](STRATEGIES[name], seed)
        rows = curve_rows(data, name, seed, curve.n_pairs, curve.scores)
        for row in rows:
            row["score"] = round(row["score"], DIGITS)
        new = [[str(row[column]) for column in CURVES_HEADER] for row in rows]
        key = data, name, str(seed)
        old = [
            [row[column] for column in CURVES_HEADER]
            for row in stored
            if (row["data"], row["strategy"], row["seed"]) == key
        ]
        good &= _tell(f"{script}: {data}, {name}", new, old)
    return good


def _tell(what: str, new: list, old: list) -> bool:
    """Print whether what was made again is what is stored; return whether it is."""
    if not old:
        print(f"not stored  {what}", flush=True)
        return False
    if new == old:
        print(f"same        {what}", flush=True)
        return True
    print(f"differs     {what}", flush=True)
    for one, other in zip(new, old, strict=False):
        if one != other:
            print(f"    now     {one}\n    stored  {other}", flush=True)
            break
    return False


def main() -> None:
    """Check what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ["default", "real", "studies", *OF_SCRIPTS]
    parser.add_argument("results", nargs="*", help=f"out of {', '.join(names)}; all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--path", help="the folder of the files of real")
    arguments = parser.parse_args()
    unknown = set(arguments.results) - set(names)
    if unknown:
        parser.error(f"unknown results {sorted(unknown)}; choose from {names}")
    good = True
    for name in arguments.results or names:
        try:
            if name == "default":
                good &= check_runs(name, suite_cases(arguments.seed))
            elif name == "real" and arguments.path is None:
                print("left out    real: it needs --path", flush=True)
            elif name == "real":
                good &= check_runs(name, real_cases(arguments.seed, arguments.path))
            elif name == "studies":
                good &= check_runs(name, study_cases(arguments.seed))
            else:
                good &= check_curves(name, arguments.seed)
        except ImportError as error:
            print(f"left out    {name}: {error}", flush=True)
    sys.exit(0 if good else "some stored numbers were not met")


if __name__ == "__main__":
    main()
