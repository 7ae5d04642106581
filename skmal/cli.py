"""The command line: skmal demo | compare | annotate."""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from ._version import __version__
from .annotate import add_parser as add_annotate_parser
from .benchmark import (
    ABLATIONS,
    DEFAULT_ENCODER,
    ENCODERS,
    STRATEGIES,
    compare,
    write_results,
)
from .datasets import load_glyphs
from .held_out import DATA
from .learner import PairedActiveLearner
from .suite import BUDGET, main_metric, run_suite
from .suite_pools import POOLS

DEMO_SEEDS = 5
DEFAULT_DATA = "glyphs"


def main(argv=None):
    """Run one command; return the exit status.

    Parameters
    ----------
    argv : list of str, default=None
        The arguments; None: those of the process.

    Returns
    -------
    int
        0 where all went well.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):  # a console that knows no braille
        sys.stdout.reconfigure(errors="replace")
    try:
        if "out" in arguments and not getattr(arguments, "write", None):
            arguments.out.mkdir(parents=True, exist_ok=True)  # before hours of work
        return arguments.run(arguments)
    except (ValueError, ImportError, OSError) as error:
        print(f"skmal {arguments.command}: {error}", file=sys.stderr)
        return 1


def demo(arguments):
    """Show a few rounds of questions, then a quick comparison on the glyphs.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `out`, `quiet`, `write` and `size`.

    Returns
    -------
    int
        0.
    """
    if arguments.write:
        return _write_folders(arguments.write, arguments.size)
    print(_DEMO_INTRODUCTION)
    _show_rounds(n_rounds=3)
    print(
        f"\nNow the same at length: {DEMO_SEEDS} seeds, each strategy buys 30 % of the "
        "pool.\n"
    )
    curves, savings = compare(
        list(_DEMO_STRATEGIES),
        n_seeds=DEMO_SEEDS,
        batch_size=86,  # large, so that it takes less than a minute
        verbose=not arguments.quiet,
    )
    _print_savings([row for row in savings if row["metric"] == "mrr"])
    print()
    for row in savings:
        if row["metric"] == "mrr":
            print(f"{_DEMO_STRATEGIES[row['strategy']]} {verdict(row)}.")
    return _write(arguments.out, curves, savings)


def _write_folders(folder, size):
    """Write glyphs as PNG files and their names, shuffled, as a file of texts."""
    from PIL import Image

    glyphs = load_glyphs()
    if not 1 <= size <= len(glyphs.names):
        raise ValueError(f"--size must be from 1 to {len(glyphs.names)}, got {size}")
    folder.joinpath("images").mkdir(parents=True, exist_ok=True)
    for image, code_point in zip(
        glyphs.images[:size], glyphs.code_point[:size], strict=True
    ):
        ink = Image.fromarray(255 - image)  # black on white
        ink.save(folder / "images" / f"{code_point:04x}.png")
    names = np.random.default_rng(0).permutation(glyphs.names[:size])
    texts = folder / "texts.txt"
    texts.write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"Written: {size} images in {folder / 'images'}, their names in {texts}")
    return 0


def run_compare(arguments):
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
    if arguments.suite:
        return _run_suite(arguments)
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
    )
    _print_savings(savings)
    return _write(arguments.out, curves, savings)


def _run_suite(arguments):
    """Run what is missing of the suite, and print what the default saves."""
    own = dict.fromkeys(_NOT_OF_THE_SUITE) | {"data": DEFAULT_DATA, "on_error": "raise"}
    for name, default in own.items():
        if getattr(arguments, name) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} does not go with --suite, which has its own")
    savings, _ = run_suite(
        arguments.out,
        pools=arguments.pools,
        strategies=arguments.strategies or list(STRATEGIES),
        encoder=arguments.encoder,
        n_seeds=20 if arguments.seeds is None else arguments.seeds,
        budget=BUDGET if arguments.budget is None else arguments.budget,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
    )
    print("Answers saved, % (mean over seeds, 95 % interval):")
    for row in savings:
        if row["encoder"] == arguments.encoder and row["metric"] == main_metric(
            row["pool"]
        ):
            mean, low, high = (
                100 * float(row[key]) for key in ("mean", "ci_low", "ci_high")
            )
            print(
                f"  {row['pool']:<22}{row['strategy']:<31}{row['budgets']:<9}"
                f"{mean:+6.1f}  ({low:+.1f} to {high:+.1f}), {row['n_seeds']} seeds, "
                f"against {row['against']}"
            )
    print(f"\nWritten: {arguments.out}/runs.csv, savings.csv and aulc.csv")
    return 0


_NOT_OF_THE_SUITE = (
    *("data", "path", "model", "pretrained", "max_epochs", "learning_rate"),
    *("batch_size", "pool_size", "on_error"),
)


def verdict(row):
    """Say in words what a row of the savings table says.

    Parameters
    ----------
    row : dict
        A row of `skmal.benchmark.savings_table`.

    Returns
    -------
    str
        A predicate, such as "saves 20 % of the answers ...".
    """
    amount, low, high = (100 * row[key] for key in ("mean", "ci_low", "ci_high"))
    if row["n_seeds"] == 1:
        return f"differs by {amount:+.0f} % on one seed, which says little"
    against = (
        f"against asking at random (95 % interval of the savings {low:+.0f} to "
        f"{high:+.0f} %, {row['n_seeds']} seeds)"
    )
    if row["ci_low"] > 0:
        return f"saves {amount:.0f} % of the answers {against}"
    if row["ci_high"] < 0:
        return f"costs {-amount:.0f} % more answers {against}"
    return f"makes no clear difference ({amount:+.0f} %) {against}"


_DEMO_STRATEGIES = {
    "coreset-margin": "The paper's strategy",
    "coreset-margin-trim-alternate": (
        "Without the most isolated 30 % of the items, asking in turns, it"
    ),
    "v-optimal": "V-optimal design, the learner's default,",
}

_DEMO_INTRODUCTION = """\
A pool of glyphs and a pool of Unicode names: which belong together? Each answer costs.
The learner knows 100 of 4,299 pairs and chooses what to ask next."""


def _show_rounds(n_rounds):
    """Print what is asked in a few rounds, and how the encoder improves."""
    glyphs, features = load_glyphs(), load_glyphs(features=True)
    train, test = train_test_split(
        np.arange(len(glyphs.names)), test_size=1000, random_state=0
    )
    X, y = features.X, features.y
    learner = PairedActiveLearner(random_state=0)
    learner.fit(X[train[:100]], y[train[:100]])
    pool = train[100:]
    for number in range(1, n_rounds + 1):
        query = learner.query(X[pool], y[pool], n_instances=50)
        ranked = learner.rank_partners(query, X[pool], y[pool], k=3)
        item, partners = pool[query.indices[0]], pool[ranked[0]]
        print(
            f"\nRound {number}: 50 questions about the {_ASKED[query.modality]}. First:"
        )
        if query.modality == 0:
            print(_picture(glyphs.images[item]))
            print("  Which name? The encoder's best guesses:")
            guesses = [glyphs.names[partner] for partner in partners]
        else:
            print(f"  “{glyphs.names[item]}”")
            print("  Which image? The encoder's best guesses:")
            guesses = [f"the image of “{glyphs.names[p]}”" for p in partners]
        for guess in guesses:
            print(f"    - {guess}")
        print(f"  The answer: {glyphs.names[item]}")
        learner.teach(X[pool[query.indices]], y[pool[query.indices]])
        pool = np.delete(pool, query.indices)
        score = learner.score(X[test], y[test])
        print(f"  {len(learner.X_training)} pairs known, held-out MRR {score:.3f}")


_ASKED = ("images", "names")


def _picture(image):
    """Return a 32 x 32 image as eight lines of braille dots."""
    ink = image > 127
    dots = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = ink.reshape(8, 4, 16, 2).transpose(0, 2, 1, 3)  # (line, cell, dot, dot)
    codes = 0x2800 + (cells * dots).sum(axis=(2, 3))
    return "\n".join(
        "    " + "".join(map(chr, line)) for line in codes if (line > 0x2800).any()
    )


def _print_savings(savings):
    print("Answers saved against random, % (mean over seeds, 95 % interval):")
    for row in savings:
        mean, low, high = (100 * row[key] for key in ("mean", "ci_low", "ci_high"))
        interval = f"{low:+.1f} to {high:+.1f}" if row["n_seeds"] > 1 else "one seed"
        print(
            f"  {row['strategy']:<31}{row['metric']:<11}{mean:+6.1f}  ({interval}), "
            f"{row['n_censored']} of {row['n_levels']} levels not reached"
        )


def _write(out, curves, savings):
    try:
        files = write_results(out, curves, savings)
    except ImportError as error:
        print(f"\nTables are in {out}/, but there is no picture: {error}")
        return 1
    print(f"\nWritten: {', '.join(map(str, files))}")
    return 0


def pairs_or_share(text):
    """Read a budget: 500 is a number of pairs, 0.3 a share of the pool.

    Parameters
    ----------
    text : str
        The argument.

    Returns
    -------
    int or float
        The number.
    """
    try:
        return int(text)
    except ValueError:
        return float(text)


def _parser():
    parser = argparse.ArgumentParser(prog="skmal", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser("demo", help="see what is asked and what it saves")
    one.add_argument("--out", type=Path, default=Path("skmal-demo"), metavar="DIR")
    one.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help="only write glyphs as PNG files and their names as texts, to annotate",
    )
    one.add_argument(
        "--size", type=int, default=400, metavar="N", help="with --write (default: 400)"
    )
    one.set_defaults(run=demo)

    many = commands.add_parser(
        "compare", help="strategies x seeds, to tables and curves"
    )
    many.add_argument(
        "--suite",
        choices=["default"],
        help="many pools, all strategies; goes on where it was stopped",
    )
    many.add_argument("--pools", nargs="+", choices=POOLS, default=list(POOLS))
    many.add_argument("--data", choices=DATA, default=DEFAULT_DATA)
    many.add_argument("--path", help="the files of data that are not in the package")
    many.add_argument(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="what to do about files and rows that cannot be read (default: raise)",
    )
    many.add_argument("--strategies", nargs="+", choices=[*STRATEGIES, *ABLATIONS])
    many.add_argument(
        "--encoder",
        choices=ENCODERS,
        default=DEFAULT_ENCODER,
        help="what learns: from features (default: ridge-cca), or from images (clip)",
    )
    many.add_argument(
        "--model", help="of clip: a name of open_clip's, local-dir:FOLDER or a .json"
    )
    many.add_argument("--pretrained", help="weights of the model: a tag or a file")
    many.add_argument("--max-epochs", type=int, metavar="N", help="per fit")
    many.add_argument("--learning-rate", type=float, metavar="RATE")
    many.add_argument(
        "--seeds", type=int, metavar="N", help="default: 5, or 20 with --suite"
    )
    many.add_argument(
        "--budget",
        type=pairs_or_share,
        help="share of the pool (0.3; 0.6 with --suite) or number of pairs (500)",
    )
    many.add_argument("--batch-size", type=int, metavar="B")
    many.add_argument(
        "--pool-size", type=int, metavar="N", help="pairs that can be bought; all"
    )
    many.add_argument("--jobs", type=int, metavar="N", help="processes; all cores")
    many.add_argument("--out", type=Path, default=Path("skmal-compare"), metavar="DIR")
    many.set_defaults(run=run_compare)

    add_annotate_parser(commands)

    for command in (one, many):
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser
