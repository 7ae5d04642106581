"""The default suite: pools x strategies x seeds, run by run."""

import csv
import time
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
from scipy import stats

from .._shared.parameters import check_integer
from ..encoders._protocol import encode
from ..learners._paired import PairedActiveLearner
from ..metrics._savings import annotation_savings, area_under_learning_curve
from ._names import (
    DEFAULT,
    DEFAULT_ENCODER,
    ENCODERS,
    PAPER,
    REFERENCE,
    STRATEGIES,
    make_estimator,
)
from ._run import single_threaded
from ._suite_pools import METRICS, POOLS, load_pool

BUDGET = 0.6  # of the pool
START = 0.025  # of the pool, known at the start
BATCH = 0.05  # of the pool, asked about in a round
COARSE_BATCH = 0.1  # the same for encoders that take seconds to fit
BANDS = {"10-30 %": (0.1, 0.3), "30-60 %": (0.3, 0.6)}  # of the pool, bought by random
AVERAGE = "average"  # over the pools, seed by seed
RUN_HEADER = (
    *("pool", "encoder", "strategy", "seed", "metric"),
    *("n_pool", "n_pairs", "scores", "seconds_per_query"),
)
INTERVAL_HEADER = ("mean", "sem", "ci_low", "ci_high", "n_seeds")
SAVINGS_HEADER = (
    *("pool", "encoder", "strategy", "metric", "against", "budgets"),
    *(*INTERVAL_HEADER, "n_censored", "n_levels"),
)
AULC_HEADER = (
    *("pool", "encoder", "strategy", "metric", "aulc"),
    *(*(f"gain_{name}" for name in INTERVAL_HEADER), "seconds_per_query"),
)


def simulate(pool, estimator, strategy, seed, batch=BATCH, budget=BUDGET):
    """Buy pairs until the budget is spent; return the curve.

    Parameters
    ----------
    pool : Pool
        The pairs.
    estimator : encoder
        What learns.
    strategy : QueryStrategy
        What asks.
    seed : int
        Of the starting pairs, the same for all strategies, and of the learner.
    batch : float, default=0.05
        Share of the pool asked about in a round.
    budget : float, default=0.6
        Share of the pool to buy in all, pairs at the start included.

    Returns
    -------
    n_pairs : list of int
        Pairs bought at each point, those at the start included.
    scores : list of dict
        The scores there.
    seconds : float
        Mean time of a query.
    """
    n = len(pool.X)
    rng = np.random.default_rng([seed, 9])
    orders = rng.permutation(n), rng.permutation(n)  # the pools' rows are unrelated
    learner = PairedActiveLearner(estimator, strategy, random_state=seed)
    known = np.zeros(n, dtype=bool)
    if len(pool.X_known):
        learner.teach(pool.X_known, pool.y_known)
    else:
        known[orders[0][: max(10, round(START * n))]] = True
        learner.teach(pool.X[known], pool.y[known])
    n_pairs, scores, seconds = [], [], []
    while True:
        n_pairs.append(int(known.sum()))
        scores.append(pool.scores(*encode(learner, pool.X_test, pool.y_test)))
        if n_pairs[-1] >= budget * n:
            return n_pairs, scores, float(np.mean(seconds))
        rows = [order[~known[order]] for order in orders]
        start = time.perf_counter()
        query = learner.query(pool.X[rows[0]], pool.y[rows[1]], round(batch * n))
        seconds.append(time.perf_counter() - start)
        bought = rows[query.modality][query.indices]
        known[bought] = True
        learner.teach(pool.X[bought], pool.y[bought])


def run_suite(
    out,
    *,
    pools=tuple(POOLS),
    strategies=tuple(STRATEGIES),
    encoder=DEFAULT_ENCODER,
    n_seeds=20,
    budget=BUDGET,
    n_jobs=None,
    verbose=0,
):
    """Run what is not in `out` yet, and bring its tables up to date.

    Parameters
    ----------
    out : str or path
        A folder, made where it is missing. Each run is added to its `runs.csv` as soon
        as it is finished; runs that are there are not repeated. Strategies are known by
        their names: take out the rows of one whose code or parameters have changed.
    pools : sequence of str, default=all of `POOLS`
        Which pools.
    strategies : sequence of str, default=all of `skmal.experiments.STRATEGIES`
        Which strategies; "random" is always run.
    encoder : {"ridge-cca", "contrastive", "clip"}, default="ridge-cca"
        What learns. All but "ridge-cca" ask in larger batches.
    n_seeds : int, default=20
        Seeds 0 to n_seeds - 1.
    budget : float, default=0.6
        Share of the pool that each run buys. With less, savings are told only for the
        budgets that were reached.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    savings : list of dict
        The rows of `savings.csv`, of all runs in `out`.
    aulc : list of dict
        The rows of `aulc.csv`.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.
    """
    for kind, names, choices in [
        ("pool", pools, POOLS),
        ("strategy", strategies, STRATEGIES),
        ("encoder", [encoder], ENCODERS),
    ]:
        unknown = [name for name in names if name not in choices]
        if unknown:
            raise ValueError(
                f"unknown {kind} {unknown[0]!r}; choose from {', '.join(choices)}"
            )
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    if not (isinstance(budget, float) and 0 < budget <= 1):
        raise ValueError(f"budget must be a share of the pool, got {budget!r}")
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    names = [REFERENCE, *(n for n in dict.fromkeys(strategies) if n != REFERENCE)]
    cases = [
        (pool, encoder, name, seed, STRATEGIES[name], None, budget)
        for seed in range(n_seeds)
        for pool in pools
        for name in names
    ]
    out = Path(out)
    runs = run_missing(out, cases, n_jobs=n_jobs, verbose=verbose)
    savings, aulc = savings_rows(runs), aulc_rows(runs)
    _write_csv(out / "savings.csv", SAVINGS_HEADER, savings)
    _write_csv(out / "aulc.csv", AULC_HEADER, aulc)
    return savings, aulc


def run_rows(pool_name, encoder, name, seed, strategy, batch=None, budget=BUDGET):
    """Run one strategy on one seed of one pool, in one thread.

    Parameters
    ----------
    pool_name : str
        The pool, out of `skmal.experiments.POOLS`.
    encoder : {"ridge-cca", "contrastive", "clip"}
        What learns.
    name : str
        What the strategy is called in the tables.
    seed : int
        The seed.
    strategy : QueryStrategy
        What asks.
    batch : float, default=None
        Share of the pool asked about in a round; None: 0.05, or 0.1 with an encoder
        that takes seconds to fit.
    budget : float, default=0.6
        Share of the pool to buy.

    Returns
    -------
    list of dict
        The rows of `runs.csv`, one per metric.
    """
    if batch is None:
        batch = BATCH if encoder == DEFAULT_ENCODER else COARSE_BATCH
    pool = load_pool(pool_name, seed, features=encoder != "clip")
    with single_threaded(with_torch=encoder != DEFAULT_ENCODER):
        n_pairs, scores, seconds = simulate(
            pool, make_estimator(encoder), strategy, seed, batch, budget
        )
    return [
        {
            "pool": pool_name,
            "encoder": encoder,
            "strategy": name,
            "seed": seed,
            "metric": metric,
            "n_pool": len(pool.X),
            "n_pairs": " ".join(map(str, n_pairs)),
            "scores": " ".join(f"{table[metric]:.4f}" for table in scores),
            "seconds_per_query": f"{seconds:.4f}",
        }
        for metric in METRICS[pool_name]
    ]


def run_missing(out, cases, *, n_jobs=None, verbose=0):
    """Run the cases that are not in a folder yet; each is kept once it is finished.

    Parameters
    ----------
    out : path
        The folder, made where it is missing.
    cases : sequence of tuple
        The parameters of `run_rows` in their order; the first four tell cases apart.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    list of dict
        All runs in the folder, in order.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    runs = read_runs(out)
    done = {_key(row) for row in runs}
    todo = [case for case in cases if case[:4] not in done]
    jobs = joblib.Parallel(
        n_jobs=n_jobs or joblib.cpu_count(), return_as="generator_unordered"
    )(joblib.delayed(run_rows)(*case) for case in todo)
    from tqdm import tqdm

    _write_csv(out / "runs.csv", RUN_HEADER, runs)  # without a half-written last line
    for rows in tqdm(jobs, total=len(todo), unit="run", disable=not verbose):
        with open(out / "runs.csv", "a", newline="", encoding="utf-8") as file:
            _writer(file, RUN_HEADER).writerows(rows)
    runs = read_runs(out)
    _write_csv(out / "runs.csv", RUN_HEADER, runs)  # in order
    return runs


def read_runs(out):
    """Return the runs in a folder, in order; a half-written one is left out.

    Parameters
    ----------
    out : path
        The folder.

    Returns
    -------
    list of dict
        With the columns of `runs.csv`: `seed` and `n_pool` are ints, `n_pairs` and
        `scores` strings of numbers between blanks.
    """
    path = Path(out) / "runs.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _is_whole(row)]
    n_rows = Counter(_key(row) for row in rows)
    rows = [row for row in rows if n_rows[_key(row)] == len(METRICS[row["pool"]])]
    for row in rows:
        row["seed"], row["n_pool"] = int(row["seed"]), int(row["n_pool"])
    orders = [list(POOLS), list(ENCODERS), list(STRATEGIES)]

    def place(row):
        names = row["pool"], row["encoder"], row["strategy"]
        known = [o.index(n) for o, n in zip(orders, names, strict=True) if n in o]
        return known, *names, row["seed"], row["metric"]

    return sorted(rows, key=place)


def curves_by_seed(runs):
    """Return {(pool, encoder, metric): {strategy: {seed: (n_pairs, scores)}}}.

    Parameters
    ----------
    runs : list of dict
        As `read_runs` returns them.

    Returns
    -------
    dict
        Arrays by pool, encoder and metric, then by strategy, then by seed.
    """
    curves = {}
    for row in runs:
        key = row["pool"], row["encoder"], row["metric"]
        seeds = curves.setdefault(key, {}).setdefault(row["strategy"], {})
        seeds[row["seed"]] = (
            np.array(row["n_pairs"].split(), dtype=int),
            np.array(row["scores"].split(), dtype=float),
        )
    return curves


def savings_rows(runs):
    """Return the savings of each strategy in each pool, and averaged over the pools.

    Parameters
    ----------
    runs : list of dict
        As `read_runs` returns them.

    Returns
    -------
    list of dict
        One per pool, encoder, strategy, metric and range of budgets: savings against
        random, paired by seed, with a 95 % interval; levels never reached are counted.
        Rows of the pool "average" hold the mean over all pools' main metrics, seed by
        seed, for seeds that every pool has; those of the default are there a second
        time `against` the paper's strategy: the difference of the savings.
    """
    n_pool = {(row["pool"], row["seed"]): row["n_pool"] for row in runs}
    saved, counts = {}, {}  # by (pool, encoder, strategy, metric, budgets), then seed
    for (pool, encoder, metric), strategies in curves_by_seed(runs).items():
        reference = strategies.get(REFERENCE, {})
        for name, seeds in strategies.items():
            for seed in sorted(set(seeds) & set(reference)):
                for budgets, (low, high) in BANDS.items():
                    n = n_pool[pool, seed]
                    points = reference[seed][0]
                    inside = (points >= low * n) & (points <= high * n)
                    if points[-1] < 0.9 * high * n or not inside.any():
                        continue
                    one = annotation_savings(
                        seeds[seed][0],
                        [seeds[seed][1]],
                        [reference[seed][1]],
                        reference_n_pairs=points,
                        budgets=points[inside],
                    )
                    key = pool, encoder, name, metric, budgets
                    saved.setdefault(key, {})[seed] = one.mean
                    censored = counts.setdefault(key, np.zeros(2, dtype=int))
                    censored += one.n_censored, one.n_levels
    rows = []
    for key, by_seed in saved.items():
        if key[2] != REFERENCE:
            rows.append(_savings_row(key, REFERENCE, list(by_seed.values()), counts))
    return rows + _average_rows(saved, counts)


def aulc_rows(runs):
    """Return the area under each strategy's curve and the time of a query.

    Parameters
    ----------
    runs : list of dict
        As `read_runs` returns them.

    Returns
    -------
    list of dict
        One per pool, encoder, strategy and metric: the mean area, what it is more than
        random's (with a 95 % interval, paired by seed), and seconds per query.
    """
    seconds = {}
    for row in runs:
        key = row["pool"], row["encoder"], row["metric"], row["strategy"]
        seconds.setdefault(key, []).append(float(row["seconds_per_query"]))
    rows = []
    for key, strategies in curves_by_seed(runs).items():
        areas = {
            name: {seed: area_under_learning_curve(*c) for seed, c in seeds.items()}
            for name, seeds in strategies.items()
        }
        reference = areas.get(REFERENCE, {})
        for name, by_seed in areas.items():
            common = sorted(set(by_seed) & set(reference))
            gains = _interval([by_seed[seed] - reference[seed] for seed in common])
            rows.append(
                {
                    "pool": key[0],
                    "encoder": key[1],
                    "strategy": name,
                    "metric": key[2],
                    "aulc": f"{np.mean(list(by_seed.values())):.4f}",
                    **{f"gain_{name}": value for name, value in gains.items()},
                    "seconds_per_query": f"{np.mean(seconds[(*key, name)]):.4f}",
                }
            )
    return rows


def main_metric(pool):
    """Return the metric that a pool is about.

    Parameters
    ----------
    pool : str
        Its name.

    Returns
    -------
    str
        "group" for scenes, "mrr" for glyphs; "main" for the average of all.
    """
    return "main" if pool == AVERAGE else METRICS[pool][0]


def _average_rows(saved, counts):
    """Return the rows of the mean over pools, seed by seed."""
    by_case = {}  # (encoder, strategy, budgets): {pool: {seed: saved}}
    for (pool, encoder, strategy, metric, budgets), by_seed in saved.items():
        if metric == main_metric(pool):
            pools = by_case.setdefault((encoder, strategy, budgets), {})
            pools[pool] = by_seed
    rows, means = [], {}
    for (encoder, strategy, budgets), pools in by_case.items():
        everywhere = sorted(set.intersection(*(set(seeds) for seeds in pools.values())))
        if len(pools) < len(POOLS) or strategy == REFERENCE or not everywhere:
            continue
        means[encoder, strategy, budgets] = {
            seed: np.mean([seeds[seed] for seeds in pools.values()])
            for seed in everywhere
        }
    for (encoder, strategy, budgets), by_seed in means.items():
        key = AVERAGE, encoder, strategy, "main", budgets
        rows.append(_savings_row(key, REFERENCE, list(by_seed.values()), counts))
        paper = means.get((encoder, PAPER, budgets), {})
        common = sorted(set(paper) & set(by_seed))
        if strategy == DEFAULT and common:
            more = [by_seed[seed] - paper[seed] for seed in common]
            rows.append(_savings_row(key, PAPER, more, counts))
    return rows


def _savings_row(key, against, values, counts):
    pool, encoder, strategy, metric, budgets = key
    n_censored, n_levels = counts.get(key, ("", ""))
    return {
        "pool": pool,
        "encoder": encoder,
        "strategy": strategy,
        "metric": metric,
        "against": against,
        "budgets": budgets,
        **_interval(values),
        "n_censored": n_censored,
        "n_levels": n_levels,
    }


def _interval(values):
    """Return mean, standard error and Student t interval of values, one per seed."""
    values, n = np.asarray(values, dtype=float), len(values)
    mean = values.mean() if n else np.nan
    sem = stats.sem(values) if n > 1 else np.nan
    width = sem * stats.t.ppf(0.975, n - 1) if n > 1 else np.nan
    numbers = [f"{v:.4f}" for v in (mean, sem, mean - width, mean + width)]
    return dict(zip(INTERVAL_HEADER, [*numbers, n], strict=True))


def _key(row):
    return row["pool"], row["encoder"], row["strategy"], row["seed"]


def _is_whole(row):
    """Say whether the line was written to its end."""
    if None in row or any(value is None for value in row.values()):
        return False
    return len(row["seconds_per_query"].partition(".")[2]) == 4


def _writer(file, header):
    return csv.DictWriter(file, header, lineterminator="\n")


def _write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = _writer(file, header)
        writer.writeheader()
        writer.writerows(rows)
