"""The default suite: pools x strategies x seeds, run by run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from .._shared.parameters import check_integer
from ..strategies._base import QueryStrategy
from ._names import (
    DEFAULT_ENCODER,
    ENCODERS,
    STRATEGIES,
    check_name,
    make_estimator,
    with_reference,
)
from ._run import Plan, in_parallel, run
from ._suite_pools import METRICS, POOLS, load_pool
from ._suite_tables import (
    AULC_HEADER,
    RUNS_HEADER,
    SUITE_HEADER,
    aulc_rows,
    read_runs,
    savings_rows,
)
from ._tables import Row, write_table

BUDGET = 0.6  # of the pool
START = 0.025  # of the pool, known at the start
BATCH = 0.05  # of the pool, asked about in a round
COARSE_BATCH = 0.1  # the same for encoders that take seconds to fit


@dataclass(frozen=True)
class Case:
    """One run of the suite, or of a study on its pools.

    Parameters
    ----------
    pool : str
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
        Share of the pool to buy in all, pairs at the start included. The round in which
        it is spent is made to its end.
    """

    pool: str
    encoder: str
    name: str
    seed: int
    strategy: QueryStrategy
    batch: float | None = None
    budget: float = BUDGET

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells the case from others in `runs.csv`."""
        return self.pool, self.encoder, self.name, self.seed

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
        batch = BATCH if self.encoder == DEFAULT_ENCODER else COARSE_BATCH
        batch = batch if self.batch is None else self.batch
        return Plan(max(10, round(START * n)), round(batch * n), ceil(self.budget * n))


def run_suite(
    out: str | Path,
    *,
    pools: Sequence[str] = tuple(POOLS),
    strategies: Sequence[str] = tuple(STRATEGIES),
    encoder: str = DEFAULT_ENCODER,
    n_seeds: int = 20,
    budget: float = BUDGET,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> tuple[list[Row], list[Row]]:
    """Run what is not in `out` yet, and bring its tables up to date.

    Parameters
    ----------
    out : str or path
        A folder, made where it is missing. Each run is added to its `runs.csv` as soon
        as it is finished; runs that are there are not repeated. Strategies are known by
        their names: take out the rows of one whose code or parameters have changed.
    pools : sequence of str, default=all of `skmal.experiments.POOLS`
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
    for pool in pools:
        check_name(pool, "pool", POOLS)
    for name in strategies:
        check_name(name, "strategy", STRATEGIES)
    check_name(encoder, "encoder", ENCODERS)
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    if not (isinstance(budget, float) and 0 < budget <= 1):
        raise ValueError(f"budget must be a share of the pool, got {budget!r}")
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    cases = [
        Case(pool, encoder, name, seed, STRATEGIES[name], budget=budget)
        for seed in range(n_seeds)
        for pool in pools
        for name in with_reference(strategies)
    ]
    out = Path(out)
    runs = run_missing(out, cases, n_jobs=n_jobs, verbose=bool(verbose))
    savings, aulc = savings_rows(runs), aulc_rows(runs)
    write_table(out / "savings.csv", SUITE_HEADER, savings)
    write_table(out / "aulc.csv", AULC_HEADER, aulc)
    return savings, aulc


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
    """
    pool = load_pool(case.pool, case.seed, features=case.encoder != "clip")
    n_pool = len(pool.X)
    encoder = make_estimator(case.encoder)
    curve = run(pool, encoder, case.strategy, case.seed, case.plan(n_pool))
    return [
        {
            "pool": case.pool,
            "encoder": case.encoder,
            "strategy": case.name,
            "seed": case.seed,
            "metric": metric,
            "n_pool": n_pool,
            "n_pairs": " ".join(map(str, curve.n_pairs)),
            "scores": " ".join(f"{table[metric]:.4f}" for table in curve.scores),
            "seconds_per_query": f"{curve.seconds:.4f}",
        }
        for metric in METRICS[case.pool]
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
    write_table(path, RUNS_HEADER, runs)  # without a half-written last line

    done = {(r["pool"], r["encoder"], r["strategy"], r["seed"]) for r in runs}
    todo = [(case,) for case in cases if case.key not in done]
    for rows in in_parallel(
        run_case, todo, n_jobs=n_jobs, verbose=verbose, in_order=False
    ):
        write_table(path, RUNS_HEADER, rows, append=True)

    runs = read_runs(out)
    write_table(path, RUNS_HEADER, runs)  # in order
    return runs
