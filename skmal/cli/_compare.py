"""The command `skmal compare`."""

import argparse
import csv
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..annotation._records import Cost
from ..experiments import (
    ABLATIONS,
    AVERAGE,
    DATA,
    DEFAULT_ENCODER,
    ENCODERS,
    STRATEGIES,
    SUITES,
    compare,
    main_metric,
    pairwise_table,
    read_runs,
    run_suite,
    sentence_of,
    write_suite_report,
)
from ..experiments._own import load_own, named_encoder, named_strategy, split_names
from ..experiments._results import REPORT
from ..experiments._runs import key_of
from ..experiments._seconds import without_found
from ..experiments._tables import SECONDS
from ..plotting import chance_beside
from ._folders import out_folder
from ._pools import array_of
from ._printing import print_savings, with_interval, write_and_tell

DEFAULT_DATA = "glyphs"
NOT_OF_THE_SUITE = (
    *("data", "features", "groups", "test", "model", "pretrained", "max_epochs"),
    *("learning_rate", "pool_size", "on_error", "text_column", "image_column"),
    *("cache", "overwrite"),
)
KILLED = 130  # the exit status of what Ctrl-C has ended


def run_compare(arguments: argparse.Namespace) -> int:
    """Compare strategies and write tables and curves.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0, or 130 where Ctrl-C ended it.
    """
    arguments.strategies = _flat(arguments.strategies)
    try:
        with out_folder(arguments.out), _as_notes():
            run = _run_suite if arguments.suite else _run_held_out
            return run(arguments)
    except KeyboardInterrupt:
        n_runs = len({key_of(row) for row in read_runs(arguments.out)})
        kept = "1 run is" if n_runs == 1 else f"{n_runs} runs are"
        print(
            f"\nStopped. {kept} kept in {arguments.out}; the same command goes on from "
            "there."
        )
        return KILLED


@contextmanager
def _as_notes() -> Iterator[None]:
    """Print warnings as notes, at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_: print(f"Note: {message}", flush=True)
        yield


def _flat(names: list[list[tuple[str, str]]] | None) -> dict[str, Any] | None:
    """Return the strategies that were named, those of your own as instances."""
    if names is None:
        return None
    asked: dict[str, Any] = {}
    for name, what in (one for some in names for one in some):
        if name in asked and asked[name] != what:
            raise ValueError(f"--strategies has two of the name {name!r}")
        asked[name] = what
    return {n: load_own(what) if ":" in what else what for n, what in asked.items()}


def _encoder_of(arguments: argparse.Namespace) -> Any:
    """Return the encoder that was named: its name, or an instance of your own."""
    named: str = arguments.encoder
    return load_own(named) if ":" in named else named


def _cost_of(arguments: argparse.Namespace) -> Cost | None:
    """Return the seconds of a question, if they were named."""
    if not arguments.cost:
        return None
    pick, search = arguments.cost
    return Cost(verify=None, pick=pick, search=search)


def _run_held_out(arguments: argparse.Namespace) -> int:
    """Compare on one data set."""
    if arguments.pools:
        raise ValueError("--pools goes with --suite only; --data names one set")
    if not arguments.strategies:
        raise ValueError(
            f"name --strategies, out of {', '.join(STRATEGIES)}, or your own"
        )
    data, own = arguments.data, {}
    if arguments.features:
        if data != DEFAULT_DATA:
            raise ValueError(f"--features takes the place of --data, got {data!r}")
        data = tuple(array_of(path, "--features") for path in arguments.features)
    for name in ("groups", "test"):
        if path := getattr(arguments, name):
            if not arguments.features:
                raise ValueError(f"--{name} goes with --features only")
            own[name] = array_of(path, f"--{name}")
    cost = _cost_of(arguments)
    curves, savings = compare(
        arguments.strategies,
        data=data,
        path=arguments.path,
        encoder=_encoder_of(arguments),
        model=arguments.model,
        pretrained=arguments.pretrained,
        max_epochs=arguments.max_epochs,
        learning_rate=arguments.learning_rate,
        n_seeds=5 if arguments.seeds is None else arguments.seeds,
        budget=0.3 if arguments.budget is None else arguments.budget,
        batch_size=arguments.batch_size,
        cost=cost,
        pool_size=arguments.pool_size,
        on_error=arguments.on_error,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
        text_column=arguments.text_column,
        image_column=arguments.image_column,
        cache=arguments.cache,
        out=arguments.out,
        overwrite=arguments.overwrite,
        **own,
    )
    print_savings(savings, "Answers" if cost is None else "Seconds of a person")
    chance = chance_beside(arguments.out / "curves.csv")
    print("Guessing scores " + ", ".join(f"{n} {s:.4f}" for n, s in chance.items()))
    if pairs := pairwise_table(curves):
        print("\nAny two strategies (areas under the curves; p corrected by Holm):")
    for row in pairs:
        print(f"  {sentence_of(row)}")
    return write_and_tell(arguments.out, curves, savings)


def _run_suite(arguments: argparse.Namespace) -> int:
    """Run what is missing of the suite, and print what the default saves."""
    own = dict.fromkeys(NOT_OF_THE_SUITE) | {"data": DEFAULT_DATA, "on_error": "raise"}
    own["overwrite"] = False
    for name, default in own.items():
        if getattr(arguments, name) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} does not go with --suite, which has its own")
    if arguments.path is not None and arguments.suite == "default":
        raise ValueError("--path does not go with --suite default, which has its own")
    encoder, cost = _encoder_of(arguments), _cost_of(arguments)
    savings, _ = run_suite(
        arguments.out,
        suite=arguments.suite,
        path=arguments.path,
        pools=arguments.pools,
        strategies=arguments.strategies or list(STRATEGIES),
        encoder=encoder,
        n_seeds=20 if arguments.seeds is None else arguments.seeds,
        batch=arguments.batch_size,
        budget=arguments.budget,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
        cost=cost,
    )
    learns = encoder if isinstance(encoder, str) else type(encoder).__name__
    # Tables are of all runs in the folder; told is of the pools that were asked for.
    told = {AVERAGE, *(arguments.pools or SUITES[arguments.suite].pools)}
    print("Answers saved, % (mean over seeds, 95 % interval):")
    for row in savings:
        of_them = row["encoder"] == learns and row["pool"] in told
        if of_them and row["metric"] == main_metric(row["pool"]):
            print(
                f"  {row['pool']:<22}{row['strategy']:<31}{row['budgets']:<9}"
                f"{with_interval(row)}, {row['n_seeds']} seeds, "
                f"against {row['against']}, batches of {100 * row['batch']:g} %"
            )
    if cost is not None:
        _print_seconds(arguments.out / SECONDS, told)
    of_seconds = "" if cost is None else f", {SECONDS}"
    print(
        f"\nWritten: {arguments.out}/runs.csv, savings.csv{of_seconds}, aulc.csv, "
        "pairwise.csv and wins.csv"
    )
    try:
        report = arguments.out / REPORT
        runs = without_found(read_runs(arguments.out))
        print(write_suite_report(report, runs, savings))
    except ImportError as error:
        print(f"There is no report: {error}")
        return 1
    return 0


def _print_seconds(table: Path, pools: Container[str]) -> None:
    """Print what strategies save of a person's seconds on each of the pools."""
    print("\nSeconds of a person saved, % (mean over seeds, 95 % interval):")
    with open(table, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["data"] not in pools or row["metric"] != main_metric(row["data"]):
                continue
            told = f"{with_interval(row)}, {row['n_seeds']} seeds"
            if float(row["mean"]) != float(row["mean"]):
                told = "  none, for random's curve does not rise"
            print(f"  {row['data']:<22}{row['strategy']:<31}{told}")


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "compare",
        help="strategies x seeds, to tables and curves",
        description="Run strategies on several seeds of known pairs, "
        "and say with intervals how many answers each saves against random questions. "
        "Stopped by Ctrl-C, the same command goes on.",
    )
    parser.add_argument(
        "--suite",
        choices=SUITES,
        help="many pools, all strategies; goes on where it was stopped; real needs "
        "--path, the folder of its features",
    )
    parser.add_argument(
        "--pools", nargs="+", metavar="POOL", help="of the suite (default: all)"
    )
    parser.add_argument(
        "--data",
        choices=DATA,
        default=DEFAULT_DATA,
        help=f"the pairs (default: {DEFAULT_DATA}); glyphs* are in the package, the "
        "others need --path",
    )
    parser.add_argument(
        "--features",
        nargs=2,
        metavar=("X.npy", "Y.npy"),
        help="pairs of your own in place of --data: aligned rows",
    )
    parser.add_argument(
        "--groups",
        metavar="FILE.npy",
        help="of --features: a label a row; rows with the same share an item of X",
    )
    parser.add_argument(
        "--test",
        metavar="ROWS.npy",
        help="of --features: rows that are held out (default: others for each seed)",
    )
    parser.add_argument(
        "--path",
        help="the files of data that are not in the package; of pairs: a table (.csv, "
        ".tsv, .json, .jsonl, .ndjson, .parquet, .arrow) of image files and texts, "
        "such as skmal annotate --export writes; of webdataset: a .tar file, or a "
        "folder of them; of huggingface: a folder that save_to_disk wrote, or that has "
        "the parquet files of a dataset",
    )
    parser.add_argument(
        "--text-column", metavar="NAME", help="of pairs or huggingface (default: text)"
    )
    parser.add_argument(
        "--image-column",
        metavar="NAME",
        help="of pairs or huggingface (default: image)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where what is made once out of the files of --path is kept (default: "
        "beside them)",
    )
    parser.add_argument(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="what to do about files and rows that cannot be read (default: raise)",
    )
    parser.add_argument(
        "--strategies",
        nargs="+",
        type=_told(lambda text: [named_strategy(name) for name in split_names(text)]),
        metavar="NAME",
        help=f"out of default, paper, {', '.join([*STRATEGIES, *ABLATIONS])}; or your "
        "own, as mine=pkg.module:Mine(trim=0.1) or mine=file.py:Mine",
    )
    parser.add_argument(
        "--encoder",
        type=_told(named_encoder),
        default=DEFAULT_ENCODER,
        metavar="NAME",
        help=f"what learns, out of {', '.join(ENCODERS)} (default: {DEFAULT_ENCODER}); "
        "all but clip from features; or your own, as pkg.module:Mine(reg=0.1)",
    )
    parser.add_argument(
        "--model",
        help="of clip: a name of open_clip's, local-dir:FOLDER, hf-hub:ORG/NAME or a "
        ".json",
    )
    parser.add_argument("--pretrained", help="weights of the model: a tag or a file")
    parser.add_argument("--max-epochs", type=int, metavar="N", help="of a fit")
    parser.add_argument(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="of a fit (default: its own)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="runs of each strategy (default: 5, or 20 with --suite)",
    )
    parser.add_argument(
        "--budget",
        type=pairs_or_share,
        help="share of the pool (0.3; 0.6 with --suite, of iconify 0.05) or number of "
        "pairs (500)",
    )
    parser.add_argument(
        "--batch-size",
        type=pairs_or_share,
        metavar="B",
        help="items asked about in a round (default: a 25th of the budget); with "
        "--suite, a share of the pool (0.05)",
    )
    parser.add_argument(
        "--cost",
        nargs=2,
        type=float,
        metavar=("PICK", "SEARCH"),
        help="count seconds in place of answers: those of a question whose partner is "
        "among the first nine candidates, and of one whose is not, such as 4 12; with "
        "--suite beside answers",
    )
    parser.add_argument(
        "--pool-size",
        type=int,
        metavar="N",
        help="pairs that can be bought (default: all)",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes (default: all cores)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("skmal-compare"),
        metavar="DIR",
        help="where runs, tables and report go; runs that are there are gone on with "
        "(default: skmal-compare)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="delete the results of another comparison that are in --out",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run_compare)


def _told(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse say what is wrong with an argument."""

    def reads(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reads


def pairs_or_share(text: str) -> int | float:
    """Read a budget or a batch: 500 is a number of pairs, 0.3 a share of the pool.

    Parameters
    ----------
    text : str
        The argument.

    Returns
    -------
    int or float
        The number.

    Raises
    ------
    ArgumentTypeError
        If it is none.
    """
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is no number; pass a share of the pool (0.05) or a number of pairs "
        "(50)"
    )
