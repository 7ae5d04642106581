"""The suites: pools x strategies x seeds, run by run."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .._shared.parameters import check_integer, is_integer, is_number
from ..encoders._protocol import Encoder
from ..encoders._tags import says_no_numbers
from ..strategies._base import Strategy
from ._case import Case, fingerprints_of, pool_of
from ._fingerprints import OF_OLD, data_of
from ._names import (
    DEFAULT_ENCODER,
    LINEAR,
    REFERENCE,
    STRATEGIES,
    check_name,
    check_names,
    make_estimator,
)
from ._own import check_own_encoder, encoder_of, own_callbacks, strategies_of
from ._real_pools import MADE_BY, find_real_pools, real_pool
from ._results import write_suite_pairs
from ._run import run
from ._runs import Key, alone_in, keep_missing, key_of, read_runs, run_rows
from ._seconds import FOUND, QuestionCost, check_cost, in_seconds, without_found
from ._suite_pools import metrics_of
from ._suite_tables import AULC_HEADER, SUITE_HEADER, aulc_rows, savings_rows
from ._suites import SUITES
from ._tables import (
    SAVINGS_HEADER,
    SECONDS,
    SETTINGS,
    Row,
    curves_of_runs,
    savings_table,
    write_table,
)


def run_suite(
    out: str | Path,
    *,
    suite: str = "default",
    path: str | Path | None = None,
    pools: Sequence[str] | None = None,
    strategies: Sequence[str] | Mapping[str, Strategy | str] = tuple(STRATEGIES),
    encoder: str | Encoder = DEFAULT_ENCODER,
    n_seeds: int = 20,
    batch: float | None = None,
    budget: float | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    callbacks: Sequence[Callable[[Any], Any]] = (),
    cost: QuestionCost | None = None,
) -> tuple[list[Row], list[Row]]:
    """Run what is not in `out` yet, and bring its tables up to date.

    Parameters
    ----------
    out : str or path
        A folder, made where it is missing. Each run is added to its `runs.csv` as soon
        as it is finished; runs that are there are not repeated, if they bought as much.
        Runs of another version of skmal, or of other parameters or code of a strategy
        or an encoder of your own, are made again. One folder holds runs of one suite.
    suite : {"default", "real"}, default="default"
        "default": glyphs and made-up scenes, clean and with flaws, all in the package.
        "real": real pairs with features of pretrained networks, which
        `benchmarks/real_pairs.py` makes.
    path : str or path, default=None
        The folder of the files of "real": `openmoji.npz`, `clipart.npz`, `glyphs.npz`
        and `iconify.npz`, each with aligned rows `x` and `y`.
    pools : sequence of str, default=None
        Which pools; None: all of the suite.
    strategies : sequence of str, or dict of str to QueryStrategy, callable or str, \
            default=all of `skmal.experiments.STRATEGIES`
        Which strategies, as `compare` takes them; "random" is always run, and with
        "real" also random with "ridge-cca".
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"} or encoder, \
            default="kernel-cca"
        What learns; one that learns from images, such as "clip", goes with "default"
        only. An instance of your own is known by the name of its class.
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
    callbacks : sequence of callables, default=()
        Each is called with the learner whenever the encoder of a run has learned, as by
        `compare`.
    cost : Cost, default=None
        The seconds of a question, as `compare` takes them: `seconds.csv` has what each
        strategy saves of these on each pool. Runs are kept with the number of partners
        that were shown, so that other seconds need no other runs, and not in a folder
        of runs without. None: no seconds.

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
        the folder holds runs of another suite, of `compare` or of other files; if a
        strategy or an encoder of your own does not keep the contract, or if it or a
        callback cannot be sent to other processes; if `cost` is no `Cost`, or the
        folder holds runs without and it is passed, or the other way round.

    Warns
    -----
    UserWarning
        If some of the files are missing; the others are run. If runs are made again,
        because they are of another version or another code, or because the budget is
        larger now; the old ones go to `replaced.csv`.
    """
    check_name(suite, "suite", SUITES)
    known = SUITES[suite].pools
    pools = check_names(known if pools is None else pools, "pools", "pool", known)
    asking = {REFERENCE: STRATEGIES[REFERENCE]}
    asking |= strategies_of(strategies, STRATEGIES, n_jobs)
    encoder, estimator, is_own = encoder_of(encoder)
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
    callbacks = own_callbacks(callbacks, n_jobs)
    if cost is not None:
        check_cost(cost)
    pools = _present(suite, path, pools, estimator)

    names = [(encoder, name) for name in asking]
    if suite == "real":
        names.append((LINEAR, REFERENCE))
    cases = [
        Case(
            pool,
            learns,
            name,
            seed,
            asking[name],
            batch=None if batch is None else float(batch),
            budget=None if budget is None else float(budget),
            suite=suite,
            path=None if path is None else str(path),
            estimator=estimator if is_own and learns == encoder else None,
        )
        for seed in range(n_seeds)
        for pool in pools
        for learns, name in dict.fromkeys(names)
    ]
    out = Path(out)
    _check_stored(out, cases, suite, fingerprints_of(cases), cost is not None)
    if cost is not None:
        _check_seconds(cost, cases)
    if is_own:
        first = pool_of(cases[0])
        check_own_encoder(estimator, first.X, first.y, n_jobs)
    counted = run_missing(
        out,
        cases,
        n_jobs=n_jobs,
        verbose=bool(verbose),
        callbacks=callbacks,
        count_found=cost is not None,
    )
    runs = without_found(counted)
    if cost is not None:
        keys = {case.key for case in cases if case.encoder == encoder}
        own = [row for row in counted if key_of(row) in keys]
        saved = savings_table(in_seconds(curves_of_runs(own, list(asking)), cost))
        write_table(out / SECONDS, SAVINGS_HEADER, saved)
    savings, aulc = savings_rows(runs, suite), aulc_rows(runs)
    write_table(out / "savings.csv", SUITE_HEADER, savings)
    write_table(out / "aulc.csv", AULC_HEADER, aulc)
    write_suite_pairs(out, runs)
    return savings, aulc


def _present(
    suite: str, path: str | Path | None, pools: list[str], estimator: Encoder
) -> list[str]:
    """Return the pools that can be run."""
    if suite != "real":
        if path is not None:
            raise ValueError(f"path={str(path)!r} does not go with the suite {suite!r}")
        return pools
    if says_no_numbers(estimator):
        raise ValueError(
            f"the suite 'real' has features, but {type(estimator).__name__} learns "
            "from images"
        )
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


def _check_seconds(cost: QuestionCost, cases: Sequence[Case]) -> None:
    """Raise where the answers of a pool take too few seconds to tell them apart."""
    for case in {case.pool: case for case in cases}.values():
        plan = case.plan(len(pool_of(case).X))
        if plan.budget > plan.n_initial:  # else the run says so
            check_cost(cost, plan.budget - plan.n_initial)


def _check_stored(
    out: Path,
    cases: Sequence[Case],
    suite: str,
    fingerprints: Mapping[Key, str],
    is_counted: bool,
) -> None:
    """Raise where runs that are kept are not those that are asked for."""
    if (out / SETTINGS).exists():
        raise ValueError(
            f"{out} holds a {SETTINGS}, of a comparison on one data set; choose "
            "another folder (--out)"
        )
    of_others = {name for other in SUITES for name in SUITES[other].pools}
    of_others -= set(SUITES[suite].pools)
    wanted = {case.key: case for case in cases}
    sizes: dict[str, int] = {}
    stored = read_runs(out)
    counted = {key_of(row) for row in stored if row["metric"] == FOUND}
    for row in stored:
        if row["pool"] in of_others:
            raise ValueError(
                f"{out} holds runs of another suite, of the pool {row['pool']!r}; "
                "choose another folder"
            )
        if (case := wanted.get(key_of(row))) is None:
            continue
        if (case.key in counted) != is_counted:
            had, now = ("with", "none") if not is_counted else ("without", "one")
            raise ValueError(
                f"{out} holds runs of {case.pool!r} {had} cost, in seconds, and {now} "
                "is passed now; choose another folder (--out)"
            )
        n = row["n_pool"]
        if case.path is not None and case.pool not in sizes:
            sizes[case.pool] = len(real_pool(case.path, case.pool, 0).X)
        if sizes.get(case.pool, n) != n:
            raise ValueError(
                f"{out} holds runs of {n} pairs of {case.pool!r}, and the file in "
                f"{case.path} gives {sizes[case.pool]}; choose another folder"
            )
        own = row["fingerprint"]
        if own != OF_OLD and data_of(own) != data_of(fingerprints[case.key]):
            raise ValueError(
                f"{out} holds runs of {case.pool!r} with other pairs than those of the "
                f"file in {case.path}; choose another folder"
            )


def run_case(
    case: Case,
    callbacks: Sequence[Callable[[Any], Any]] = (),
    count_found: bool = False,
) -> list[Row]:
    """Make one run.

    Parameters
    ----------
    case : Case
        Which.
    callbacks : sequence of callables, default=()
        Each is called with the learner whenever its encoder has learned.
    count_found : bool, default=False
        Whether partners that a person would be shown are counted, as by `run`.

    Returns
    -------
    list of dict
        Its rows of `runs.csv`, one per metric.

    Raises
    ------
    ValueError
        If it is of "real" and has no path.
    """
    pool = pool_of(case)
    n_pool = len(pool.X)
    plan = case.plan(n_pool)
    if plan.budget <= plan.n_initial:
        raise ValueError(
            f"budget={case.shares.budget} of {n_pool} pairs is no more than the "
            f"{plan.n_initial} known at the start; raise it"
        )
    encoder = case.estimator or make_estimator(case.encoder)
    curve = run(
        pool,
        encoder,
        case.strategy,
        case.seed,
        plan,
        callbacks=callbacks,
        count_found=count_found,
    )
    metrics = [*metrics_of(case.pool), *([FOUND] if count_found else [])]
    return run_rows(case.key, n_pool, curve, metrics, digits=4)


def run_missing(
    out: str | Path,
    cases: Iterable[Case],
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
    callbacks: Sequence[Callable[[Any], Any]] = (),
    count_found: bool = False,
) -> list[Row]:
    """Run the cases that are not in a folder yet; each is kept once it is finished.

    Parameters
    ----------
    out : str or path
        The folder, made where it is missing.
    cases : iterable of Case
        What is wanted. A run in the folder is that of a case with its key, if version
        of skmal, data, encoder, strategy and their parameters are the same, and if it
        bought as much.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : bool, default=False
        Whether a progress bar is shown.
    callbacks : sequence of callables, default=()
        Each is called with the learner whenever the encoder of a run has learned.
    count_found : bool, default=False
        Whether partners that a person would be shown are counted, as by `run`.

    Returns
    -------
    list of dict
        All runs in the folder, in order.

    Warns
    -----
    UserWarning
        If runs under these keys are not those of the cases: they are made again, and
        the old ones go to `replaced.csv`.
    """
    cases = list(cases)
    make = run_case
    if callbacks or count_found:
        make = partial(run_case, callbacks=callbacks, count_found=count_found)
    with alone_in(out):
        return keep_missing(
            out,
            cases,
            make,
            fingerprints_of(cases),
            is_enough=_is_enough,
            n_jobs=n_jobs,
            verbose=verbose,
        )


def _is_enough(case: Case, row: Row) -> bool:
    """Say whether a run went on to the budget of the case."""
    n, last = row["n_pool"], int(row["n_pairs"].split()[-1])
    return last >= min(case.plan(n).budget, n)
