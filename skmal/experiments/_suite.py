"""The suites: pools x strategies x seeds, run by run."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from .._shared.parameters import check_integer, is_integer, is_number
from ..strategies._base import QueryStrategy
from ._names import (
    DEFAULT_ENCODER,
    ENCODERS,
    LINEAR,
    REFERENCE,
    STRATEGIES,
    check_name,
    check_names,
    make_estimator,
    with_reference,
)
from ._real_pools import MADE_BY, find_real_pools, real_pool
from ._run import Plan, in_parallel, run
from ._suite_pools import load_pool, metrics_of
from ._suite_tables import (
    AULC_HEADER,
    RUNS_HEADER,
    SUITE_HEADER,
    aulc_rows,
    read_runs,
    savings_rows,
)
from ._suites import COARSE_BATCH, SUITES, Shares
from ._tables import Row, write_table

SLOW = ("contrastive", "clip")  # encoders that take seconds to fit


@dataclass(frozen=True)
class Case:
    """One run of a suite, or of a study on its pools.

    Parameters
    ----------
    pool : str
        The pool, out of the suite's.
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"}
        What learns.
    name : str
        What the strategy is called in the tables.
    seed : int
        The seed.
    strategy : QueryStrategy
        What asks.
    batch : float, default=None
        Share of the pool asked about in a round; None: the suite's.
    budget : float, default=None
        Share of the pool to buy in all, pairs at the start included; None: the suite's.
        The round in which it is spent is made to its end.
    suite : {"default", "real"}, default="default"
        The suite that the pool is of.
    path : str, default=None
        The folder of the files of "real".
    """

    pool: str
    encoder: str
    name: str
    seed: int
    strategy: QueryStrategy
    batch: float | None = None
    budget: float | None = None
    suite: str = "default"
    path: str | None = None

    @property
    def shares(self) -> Shares:
        """What is bought of the pool."""
        shares = SUITES[self.suite].pools[self.pool]
        if self.suite == "default" and self.encoder in SLOW:
            shares = replace(shares, batch=COARSE_BATCH)
        if self.batch is not None:
            shares = replace(shares, batch=self.batch)
        return shares if self.budget is None else replace(shares, budget=self.budget)

    @property
    def key(self) -> tuple[str, str, str, float, int]:
        """What tells the case from others in `runs.csv`."""
        return self.pool, self.encoder, self.name, self.shares.batch, self.seed

    def plan(self, n: int) -> Plan:
        """Return the numbers of pairs.

        Parameters
        ----------
        n : int
            Pairs in the pool.

        Returns
        -------
        Plan
            Those at the start, of a round, and of all rounds.
        """
        shares = self.shares
        return Plan(
            max(10, round(shares.start * n)),
            max(1, round(shares.batch * n)),
            ceil(shares.budget * n),
        )


def run_suite(
    out: str | Path,
    *,
    suite: str = "default",
    path: str | Path | None = None,
    pools: Sequence[str] | None = None,
    strategies: Sequence[str] = tuple(STRATEGIES),
    encoder: str = DEFAULT_ENCODER,
    n_seeds: int = 20,
    batch: float | None = None,
    budget: float | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> tuple[list[Row], list[Row]]:
    """Run what is not in `out` yet, and bring its tables up to date.

    Parameters
    ----------
    out : str or path
        A folder, made where it is missing. Each run is added to its `runs.csv` as soon
        as it is finished; runs that are there are not repeated. Strategies are known by
        their names: take out the rows of one whose code or parameters have changed. One
        folder holds runs of one suite.
    suite : {"default", "real"}, default="default"
        "default": glyphs and made-up scenes, clean and with flaws, all in the package.
        "real": real pairs with features of pretrained networks, which
        `benchmarks/real_pairs.py` makes.
    path : str or path, default=None
        The folder of the files of "real": `openmoji.npz`, `clipart.npz`, `glyphs.npz`
        and `iconify.npz`, each with aligned rows `x` and `y`.
    pools : sequence of str, default=None
        Which pools; None: all of the suite.
    strategies : sequence of str, default=all of `skmal.experiments.STRATEGIES`
        Which strategies; "random" is always run, and with "real" also random with
        "ridge-cca".
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"}, \
            default="kernel-cca"
        What learns; "clip", which learns from images, goes with "default" only.
    n_seeds : int, default=20
        Seeds 0 to n_seeds - 1.
    batch : float, default=None
        Share of the pool asked about in a round. None: 0.05 in "default", 0.1 with
        encoders that take seconds to fit; in "real" 0.025, and 0.005 of iconify.
    budget : float, default=None
        Share of the pool that each run buys; None: 0.6, and 0.05 of iconify. With less,
        savings are told only for the budgets that were reached.
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
        If a name is unknown, a number out of range, or none of the files is there; if
        the folder holds runs of another suite, of other files or of another budget.

    Warns
    -----
    UserWarning
        If some of the files are missing; the others are run.
    """
    check_name(suite, "suite", SUITES)
    known = SUITES[suite].pools
    pools = check_names(known if pools is None else pools, "pools", "pool", known)
    strategies = check_names(strategies, "strategies", "strategy", STRATEGIES)
    check_name(encoder, "encoder", ENCODERS)
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    for share, called in ((batch, "batch"), (budget, "budget")):
        if share is not None and not (
            is_number(share) and not is_integer(share) and 0 < share <= 1
        ):
            raise ValueError(
                f"{called} must be a share of the pool, a float above 0 and at most 1, "
                f"got {share!r}"
            )
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    pools = _present(suite, path, pools, encoder)

    names = [(encoder, name) for name in with_reference(strategies)]
    if suite == "real":
        names.append((LINEAR, REFERENCE))
    cases = [
        Case(
            pool,
            learns,
            name,
            seed,
            STRATEGIES[name],
            batch=None if batch is None else float(batch),
            budget=None if budget is None else float(budget),
            suite=suite,
            path=None if path is None else str(path),
        )
        for seed in range(n_seeds)
        for pool in pools
        for learns, name in dict.fromkeys(names)
    ]
    out = Path(out)
    _check_stored(out, cases, suite)
    runs = run_missing(out, cases, n_jobs=n_jobs, verbose=bool(verbose))
    savings, aulc = savings_rows(runs, suite), aulc_rows(runs)
    write_table(out / "savings.csv", SUITE_HEADER, savings)
    write_table(out / "aulc.csv", AULC_HEADER, aulc)
    return savings, aulc


def _present(
    suite: str, path: str | Path | None, pools: list[str], encoder: str
) -> list[str]:
    """Return the pools that can be run."""
    if suite != "real":
        if path is not None:
            raise ValueError(f"path={str(path)!r} does not go with the suite {suite!r}")
        return pools
    if encoder == "clip":
        raise ValueError("the suite 'real' has features, but 'clip' learns from images")
    if path is None:
        raise ValueError(
            f"the suite 'real' needs a path, the folder of its files; {MADE_BY}"
        )
    found, missing = find_real_pools(path, pools)
    if missing:
        files = ", ".join(f"{name}.npz" for name in missing)
        warnings.warn(
            f"left out: {path} does not hold {files}; {MADE_BY}", stacklevel=3
        )
    return found


def _check_stored(out: Path, cases: Sequence[Case], suite: str) -> None:
    """Raise where runs that are kept are not those that are asked for."""
    of_others = {name for other in SUITES for name in SUITES[other].pools}
    of_others -= set(SUITES[suite].pools)
    wanted = {case.key: case for case in cases}
    sizes: dict[str, int] = {}
    for row in read_runs(out):
        if row["pool"] in of_others:
            raise ValueError(
                f"{out} holds runs of another suite, of the pool {row['pool']!r}; "
                "choose another folder"
            )
        key = tuple(row[k] for k in ("pool", "encoder", "strategy", "batch", "seed"))
        if (case := wanted.get(key)) is None:
            continue
        n, last = row["n_pool"], int(row["n_pairs"].split()[-1])
        if case.path is not None and case.pool not in sizes:
            sizes[case.pool] = len(real_pool(case.path, case.pool, 0).X)
        if sizes.get(case.pool, n) != n:
            raise ValueError(
                f"{out} holds runs of {n} pairs of {case.pool!r}, and the file in "
                f"{case.path} gives {sizes[case.pool]}; choose another folder"
            )
        plan = case.plan(n)
        if not 0 <= last - min(plan.budget, n) < plan.batch_size:
            raise ValueError(
                f"{out} holds runs of {case.pool!r} that end with {last} of {n} pairs, "
                f"but budget={case.shares.budget} ends with {min(plan.budget, n)}; "
                "choose another folder, or that budget"
            )


def run_case(case: Case) -> list[Row]:
    """Make one run.

    Parameters
    ----------
    case : Case
        Which.

    Returns
    -------
    list of dict
        Its rows of `runs.csv`, one per metric.

    Raises
    ------
    ValueError
        If it is of "real" and has no path.
    """
    if case.suite == "real":
        if case.path is None:
            raise ValueError(f"a run on real pairs needs a path; {MADE_BY}")
        pool = real_pool(case.path, case.pool, case.seed)
    else:
        pool = load_pool(case.pool, case.seed, features=case.encoder != "clip")
    n_pool = len(pool.X)
    plan = case.plan(n_pool)
    if plan.budget <= plan.n_initial:
        raise ValueError(
            f"budget={case.shares.budget} of {n_pool} pairs is no more than the "
            f"{plan.n_initial} known at the start; raise it"
        )
    encoder = make_estimator(case.encoder)
    curve = run(pool, encoder, case.strategy, case.seed, plan)
    return [
        {
            "pool": case.pool,
            "encoder": case.encoder,
            "strategy": case.name,
            "batch": case.shares.batch,
            "seed": case.seed,
            "metric": metric,
            "n_pool": n_pool,
            "n_pairs": " ".join(map(str, curve.n_pairs)),
            "scores": " ".join(f"{table[metric]:.4f}" for table in curve.scores),
            "seconds_per_query": f"{curve.seconds:.4f}",
        }
        for metric in metrics_of(case.pool)
    ]


def run_missing(
    out: str | Path,
    cases: Iterable[Case],
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> list[Row]:
    """Run the cases that are not in a folder yet; each is kept once it is finished.

    Parameters
    ----------
    out : str or path
        The folder, made where it is missing.
    cases : iterable of Case
        What is wanted; their keys tell them apart.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : bool, default=False
        Whether a progress bar is shown.

    Returns
    -------
    list of dict
        All runs in the folder, in order.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "runs.csv"
    runs = read_runs(out)
    if path.exists():
        write_table(path, RUNS_HEADER, runs)  # without a half-written last line

    told = ("pool", "encoder", "strategy", "batch", "seed")
    done = {tuple(row[name] for name in told) for row in runs}
    todo = [(case,) for case in cases if case.key not in done]
    for rows in in_parallel(
        run_case, todo, n_jobs=n_jobs, verbose=verbose, in_order=False
    ):
        write_table(path, RUNS_HEADER, rows, append=path.exists())

    runs = read_runs(out)
    write_table(path, RUNS_HEADER, runs)  # in order
    return runs
