"""The command `skmal compare`."""

import argparse
from contextlib import suppress
from pathlib import Path

from ..experiments import (
    ABLATIONS,
    DATA,
    DEFAULT_ENCODER,
    ENCODERS,
    STRATEGIES,
    SUITES,
    compare,
    main_metric,
    run_suite,
)
from ._folders import out_folder
from ._printing import percent, print_savings, write_and_tell

DEFAULT_DATA = "glyphs"
NOT_OF_THE_SUITE = (
    *("data", "model", "pretrained", "max_epochs", "learning_rate"),
    *("pool_size", "on_error", "text_column", "image_column", "cache"),
)


def run_compare(arguments: argparse.Namespace) -> int:
    """Compare strategies and write tables and curves.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0.
    """
    with out_folder(arguments.out):
        return _run_suite(arguments) if arguments.suite else _run_held_out(arguments)


def _run_held_out(arguments: argparse.Namespace) -> int:
    """Compare on one data set."""
    if arguments.pools:
        raise ValueError("--pools goes with --suite only; --data names one set")
    if not arguments.strategies:
        raise ValueError(f"name --strategies, out of {', '.join(STRATEGIES)}")
    curves, savings = compare(
        arguments.strategies,
        data=arguments.data,
        path=arguments.path,
        encoder=arguments.encoder,
        model=arguments.model,
        pretrained=arguments.pretrained,
        max_epochs=arguments.max_epochs,
        learning_rate=arguments.learning_rate,
        n_seeds=5 if arguments.seeds is None else arguments.seeds,
        budget=0.3 if arguments.budget is None else arguments.budget,
        batch_size=arguments.batch_size,
        pool_size=arguments.pool_size,
        on_error=arguments.on_error,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
        text_column=arguments.text_column,
        image_column=arguments.image_column,
        cache=arguments.cache,
    )
    print_savings(savings)
    return write_and_tell(arguments.out, curves, savings)


def _run_suite(arguments: argparse.Namespace) -> int:
    """Run what is missing of the suite, and print what the default saves."""
    own = dict.fromkeys(NOT_OF_THE_SUITE) | {"data": DEFAULT_DATA, "on_error": "raise"}
    for name, default in own.items():
        if getattr(arguments, name) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} does not go with --suite, which has its own")
    if arguments.path is not None and arguments.suite == "default":
        raise ValueError("--path does not go with --suite default, which has its own")
    savings, _ = run_suite(
        arguments.out,
        suite=arguments.suite,
        path=arguments.path,
        pools=arguments.pools,
        strategies=arguments.strategies or list(STRATEGIES),
        encoder=arguments.encoder,
        n_seeds=20 if arguments.seeds is None else arguments.seeds,
        batch=arguments.batch_size,
        budget=arguments.budget,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
    )
    print("Answers saved, % (mean over seeds, 95 % interval):")
    for row in savings:
        if row["encoder"] == arguments.encoder and row["metric"] == main_metric(
            row["pool"]
        ):
            mean, low, high = percent(row)
            print(
                f"  {row['pool']:<22}{row['strategy']:<31}{row['budgets']:<9}"
                f"{mean:+6.1f}  ({low:+.1f} to {high:+.1f}), {row['n_seeds']} seeds, "
                f"against {row['against']}, batches of {100 * row['batch']:g} %"
            )
    print(f"\nWritten: {arguments.out}/runs.csv, savings.csv and aulc.csv")
    return 0


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
        "compare", help="strategies x seeds, to tables and curves"
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
    parser.add_argument("--data", choices=DATA, default=DEFAULT_DATA)
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
    parser.add_argument("--strategies", nargs="+", choices=[*STRATEGIES, *ABLATIONS])
    parser.add_argument(
        "--encoder",
        choices=ENCODERS,
        default=DEFAULT_ENCODER,
        help="what learns: from features (default: kernel-cca), or from images (clip)",
    )
    parser.add_argument(
        "--model",
        help="of clip: a name of open_clip's, local-dir:FOLDER, hf-hub:ORG/NAME or a "
        ".json",
    )
    parser.add_argument("--pretrained", help="weights of the model: a tag or a file")
    parser.add_argument("--max-epochs", type=int, metavar="N", help="per fit")
    parser.add_argument("--learning-rate", type=float, metavar="RATE")
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="default: 5, or 20 with --suite"
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
        help="items asked about in a round; with --suite, a share of the pool (0.05)",
    )
    parser.add_argument(
        "--pool-size", type=int, metavar="N", help="pairs that can be bought; all"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes; all cores")
    parser.add_argument(
        "--out", type=Path, default=Path("skmal-compare"), metavar="DIR"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run_compare)


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
