"""Do questions that are quick to answer save a person's time?

    OMP_NUM_THREADS=1 python benchmarks/cheap_first.py --real real
    python benchmarks/cheap_first.py --table

A question is quick where the partner is among the nine likeliest candidates, and takes
a search where it is not. So the default strategy is asked for more items than are
needed, and of these the ones that look quickest are asked about: by the similarity of
the likeliest candidate ("sure 1.5", "sure 3": of one and a half times or three times as
many), or by the rank of the true partner, which nobody could know ("oracle 3"). Runs
are on pools of real pairs (made by `real_pairs.py`): 800 that can be bought, 400 others
to test on, 20 known at the start, 12 rounds of 20.

They are added to results/cheap_first/runs.csv, a row for each; those that are there are
not made again. --table says what they come to with a choice among nine of 4 s, and a
search of 12 or 30.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skmal import (
    PairedActiveLearner,
    QueryStrategy,
    Round,
    Selection,
    VOptimalDesign,
)

OUT = Path(__file__).parent / "results" / "cheap_first" / "runs.csv"
POOLS = "openmoji", "clipart", "glyphs"
N, N_TEST, BATCH, N_ROUNDS = 800, 400, 20, 12
N_SHOWN = 9
COSTS = (4.0, 12.0), (4.0, 30.0)
Truth = dict[str, tuple[np.ndarray, np.ndarray]]


class CheapFirst(QueryStrategy):
    """Ask the default strategy for more, and take those that look quickest.

    Parameters
    ----------
    times : float
        How many times as many.
    truth : dict, default=None
        Has, as "ids", the numbers of the open items, by which partners are known; None:
        the similarity of the likeliest candidate tells.
    """

    def __init__(self, times: float = 1.5, truth: Truth | None = None) -> None:
        self.times, self.truth = times, truth

    def select(self, round: Round) -> Selection:
        """Choose."""
        n = round.n_instances
        wide = replace(round, n_instances=int(self.times * n))
        chosen = VOptimalDesign().select(wide)
        m, rows = chosen.modality, np.asarray(chosen.indices)
        similar = unit(round.open[m])[rows] @ unit(round.open[1 - m]).T
        if self.truth is None:
            quick = similar.max(axis=1)
        else:
            ids = self.truth["ids"]
            quick = ranks(similar, ids[m][rows], ids[1 - m]) <= N_SHOWN
            quick = quick - 1e-6 * np.arange(len(rows))
        kept = np.sort(np.argsort(-quick, kind="stable")[:n])
        return Selection(rows[kept], np.asarray(chosen.utilities)[kept], m)


def unit(rows: Any) -> np.ndarray:
    """Return rows of length one."""
    rows = np.asarray(rows, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(length, 1e-12)


def ranks(similar: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the rank of each row's partner, which has the same number."""
    at = np.array([int(np.flatnonzero(others == number)[0]) for number in own])
    right = similar[np.arange(len(own)), at]
    return 1 + (similar > right[:, None]).sum(axis=1)


def arms() -> dict[str, tuple[QueryStrategy, Truth]]:
    """Return the strategies by name, each with what is to be told to an oracle."""
    truth: Truth = {}
    return {
        "default": (VOptimalDesign(), {}),
        "sure 1.5": (CheapFirst(1.5), {}),
        "sure 3": (CheapFirst(3.0), {}),
        "oracle 3": (CheapFirst(3.0, truth), truth),
    }


def play(real: Path, pool: str, seed: int, arm: str) -> dict[str, Any]:
    """Return the row of one run."""
    with np.load(real / f"{pool}.npz") as data:
        rng = np.random.default_rng(seed)
        drawn = rng.permutation(len(data["x"]))[: N + N_TEST]
        X, y = (data[name][drawn].astype(np.float32) for name in "xy")
    orders = rng.permutation(N), rng.permutation(N)
    strategy, truth = arms()[arm]
    learner = PairedActiveLearner(query_strategy=strategy, random_state=seed)
    start = rng.choice(N, BATCH, replace=False)
    learner.teach(X[start], y[start])
    known, found, mrr = np.isin(np.arange(N), start), [0], list[float]()
    while True:
        sides = [unit(own) for own in learner.transform(X[N:], y[N:])]
        of = np.arange(N_TEST)
        mrr.append(float((1 / ranks(sides[0] @ sides[1].T, of, of)).mean()))
        if len(mrr) > N_ROUNDS:
            break
        ids = tuple(order[~known[order]] for order in orders)
        truth["ids"] = ids[0], ids[1]
        query = learner.query(X[ids[0]], y[ids[1]], n_instances=BATCH)
        m = query.modality
        sides = [unit(own) for own in learner.transform(X[ids[0]], y[ids[1]])]
        asked = ids[m][query.indices]
        similar = sides[m][query.indices] @ sides[1 - m].T
        n_found = int((ranks(similar, asked, ids[1 - m]) <= N_SHOWN).sum())
        found.append(found[-1] + n_found)
        learner.teach(X[asked], y[asked])
        known[asked] = True
    return {
        "pool": pool,
        "seed": seed,
        "arm": arm,
        "found": " ".join(map(str, found)),
        "mrr": " ".join(f"{score:.4f}" for score in mrr),
    }


def gain(
    row: dict[str, str], against: dict[str, str], cost: tuple[float, float]
) -> tuple[float, float]:
    """Return MRR more than another run's at equal seconds, and its share of these."""
    curves = []
    for own in (row, against):
        found = np.array(own["found"].split(), dtype=float)
        asked = BATCH * np.arange(len(found))
        seconds = cost[0] * found + cost[1] * (asked - found)
        curves.append((seconds, np.array(own["mrr"].split(), dtype=float)))
    end = min(seconds[-1] for seconds, _ in curves)
    at = np.linspace(0.2, 1, 9) * end
    mine, theirs = (np.interp(at, *curve) for curve in curves)
    return float((mine - theirs).mean()), float(curves[0][0][-1] / curves[1][0][-1])


def table() -> None:
    """Print what the stored runs come to."""
    with open(OUT, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    default = {(r["pool"], r["seed"]): r for r in rows if r["arm"] == "default"}
    for cost in COSTS:
        print(f"pick {cost[0]:g} s, search {cost[1]:g} s")
        for arm in arms():
            for pools in (*([pool] for pool in POOLS), POOLS):
                some = [r for r in rows if r["arm"] == arm and r["pool"] in pools]
                gains = [gain(r, default[r["pool"], r["seed"]], cost) for r in some]
                mrr, seconds = np.array(gains).T
                n = BATCH * N_ROUNDS
                found = np.mean([int(r["found"].split()[-1]) / n for r in some])
                print(
                    f"  {arm:<9} {'+'.join(pools):<24} n={len(some):<3} found "
                    f"{found:.3f}  seconds of as many answers {seconds.mean():.3f}  "
                    f"MRR at equal seconds {mrr.mean():+.4f} "
                    f"(se {mrr.std(ddof=1) / len(mrr) ** 0.5:.4f})"
                )


def main() -> None:
    """Make what is missing, or print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        table()
        return
    done: set[tuple[str, ...]] = set()
    if OUT.exists():
        with open(OUT, newline="", encoding="utf-8") as file:
            done = {(r["pool"], r["seed"], r["arm"]) for r in csv.DictReader(file)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.seeds):
        for pool in POOLS:
            for arm in arms():
                if (pool, str(seed), arm) in done:
                    continue
                row, is_new = play(arguments.real, pool, seed, arm), not OUT.exists()
                with open(OUT, "a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(row), lineterminator="\n")
                    if is_new:
                        writer.writeheader()
                    writer.writerow(row)
                print(row["pool"], row["seed"], row["arm"], flush=True)


if __name__ == "__main__":
    main()
