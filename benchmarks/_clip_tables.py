"""Tables of loops with the CLIP that comes with the package."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

WAYS = {
    "full": "all of it fine-tuned",
    "lit": "the text tower alone",
    "heads": "`ContrastiveProjection` on its towers' features",
    "kernel": "`KernelCCA` on its towers' features",
    "random-weights": "the same network from random weights",
}
SHOWN = (100, 200, 300)  # pairs

TEXT = """\
## With a pretrained CLIP, fine-tuned

The paper's setting: a CLIP that has learned from other pictures, raw images, few pairs.
Here it is the one in the package, `CLIPEncoder("tiny", "icons")`, which has seen none
of these pools ([model card](icons.md)); images are of 32 x 32 pixels. {n_initial}
random pairs are known at the start, then come rounds of {batch} questions up to
{budget} pairs; scores are MRR on 1,000 pairs held out (`benchmarks/clip_loop.py`).
Fine-tuning takes 10 epochs at a learning rate of 3e-4, from random weights the
encoder's defaults.
Saved is told against random questions with the same weights and the same way to learn,
%, mean ± half the 95 % interval.
"""


def clip_part(results: Path, names: Mapping[str, str]) -> list[str]:
    """Return the section; nothing where no loops have been run."""
    if not (results / "savings.csv").exists():
        return []
    savings = _read(results / "savings.csv")
    curves = _read(results / "curves.csv")
    n_pairs = sorted({int(row["n_pairs"]) for row in curves})
    head = TEXT.format(
        n_initial=n_pairs[0], batch=n_pairs[1] - n_pairs[0], budget=n_pairs[-1]
    )
    return [head, "\n".join(_saved(savings, names)), "\n".join(_scores(curves))]


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return [*csv.DictReader(lines)]


def _split(data: str) -> tuple[str, str]:
    """Return the pool and the way to learn of what a row is called."""
    pool, _, way = data.partition("-")
    return pool, way


def _saved(rows: list[dict[str, str]], names: Mapping[str, str]) -> list[str]:
    pools = list(dict.fromkeys(_split(row["data"])[0] for row in rows))
    lines = [
        f"| what learns | strategy | seeds | {' | '.join(pools)} |",
        "|---" * (len(pools) + 3) + "|",
    ]
    for way, title in WAYS.items():
        of_way = {
            (row["strategy"], _split(row["data"])[0]): row
            for row in rows
            if _split(row["data"])[1] == way
        }
        for strategy in [name for name in names if (name, *pools[:1]) in of_way]:
            some = [of_way.get((strategy, pool)) for pool in pools]
            seeds = sorted({row["n_seeds"] for row in some if row})
            cells = " | ".join(_cell(row) for row in some)
            lines.append(
                f"| {title} | {names[strategy]} | {'-'.join(seeds)} | {cells} |"
            )
    return [*lines, ""]


def _cell(row: dict[str, str] | None) -> str:
    if row is None:
        return ""
    mean, low, high = (100 * float(row[c]) for c in ("mean", "ci_low", "ci_high"))
    return f"{mean:+.0f} ± {(high - low) / 2:.0f}"


def _scores(rows: list[dict[str, str]]) -> list[str]:
    """Return MRR with random questions, by pool, pairs and way."""
    by_case: dict[tuple[str, str, int], list[float]] = {}
    for row in rows:
        if row["strategy"] == "random":
            case = *_split(row["data"]), int(row["n_pairs"])
            by_case.setdefault(case, []).append(float(row["score"]))
    pools = list(dict.fromkeys(pool for pool, _, _ in by_case))
    columns = [(pool, n) for pool in pools for n in SHOWN]
    lines = [
        "MRR after so many random pairs:\n",
        "| what learns | " + " | ".join(f"{p}, {n}" for p, n in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for way, title in WAYS.items():
        cells = [by_case.get((pool, way, n)) for pool, n in columns]
        if any(cells):
            means = [f"{np.mean(scores):.3f}" if scores else "" for scores in cells]
            lines.append(f"| {title} | {' | '.join(means)} |")
    return [*lines, ""]
