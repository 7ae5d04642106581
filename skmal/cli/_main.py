"""The command line: skmal demo | compare | annotate."""

import argparse
import sys
from pathlib import Path

from .._version import __version__
from ..experiments._names import ABLATIONS, DEFAULT_ENCODER, ENCODERS, STRATEGIES
from ..experiments._pools import DATA
from ..experiments._suite_pools import POOLS
from ._annotate import add_parser as add_annotate_parser
from ._compare import DEFAULT_DATA, pairs_or_share, run_compare
from ._demo import demo


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
