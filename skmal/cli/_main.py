"""The command line: skmal demo | compare | annotate | export | salvage."""

import argparse
import io
import sys
from collections.abc import Sequence

from .._version import __version__
from . import _annotate, _compare, _demo, _export, _salvage


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None: those of the process.

    Returns
    -------
    int
        0 where all went well, 130 where it was interrupted.
    """
    arguments = make_parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console that knows no braille
        sys.stdout.reconfigure(errors="replace")
    try:
        return arguments.run(arguments)
    except (ValueError, ImportError, OSError) as error:
        print(f"skmal {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while it starts; later, commands end in their own way
        print(f"skmal {arguments.command}: stopped", file=sys.stderr)
        return 130


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the arguments of all commands.

    Returns
    -------
    ArgumentParser
        It puts into `run` what the command does.
    """
    parser = argparse.ArgumentParser(
        prog="skmal",
        description="Ask which item belongs to which, where the answer helps most.",
        epilog="skmal COMMAND --help says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    _demo.add_parser(commands)
    _compare.add_parser(commands)
    _annotate.add_parser(commands)
    _export.add_parser(commands)
    _salvage.add_parser(commands)
    return parser
