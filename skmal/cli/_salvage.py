"""The command `skmal salvage`."""

import argparse
from pathlib import Path
from typing import Any

from ..annotation._salvage import salvage

N_NAMED = 20  # of what is lost


def run_salvage(arguments: argparse.Namespace) -> int:
    """Write what is intact of a damaged journal, and say what is not.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0 where nothing is lost, 2 where something is, or all.
    """
    table: Path = arguments.table
    if table.suffix.lower() not in (".csv", ".jsonl"):
        raise ValueError(f"{table} ends in {table.suffix!r}; end it in .csv or .jsonl")
    found = salvage(arguments.journal, table)
    print(f"{found.n_rows:,} answers and known pairs are intact: {table}")
    if found.is_forked:
        print(
            "The journal and its log contradict each other, as where two machines "
            "wrote to one folder; `found_in` says which of the two has what."
        )
    if not found.n_entries:
        print(
            "Nothing else can be said of it: either it never held anything, or all of "
            "it is lost. Put a copy of the journal or of its log in its place."
        )
        return 2
    if not found.lost:
        print("Nothing is lost.")
        return 0
    print(
        f"Of {found.n_entries + len(found.lost):,} entries {len(found.lost):,} are "
        "lost. Each may have been an answer, or have taken one back that stands here:"
    )
    for name in found.lost[:N_NAMED]:
        print(f"  {name}")
    if len(found.lost) > N_NAMED:
        print(f"  and {len(found.lost) - N_NAMED:,} more")
    return 2


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "salvage",
        help="the answers that are intact in a damaged journal and its log; nothing "
        "is changed",
    )
    parser.add_argument(
        "journal", type=Path, help="the --session of skmal annotate, which is only read"
    )
    parser.add_argument("table", type=Path, help="what to write (.csv or .jsonl)")
    parser.set_defaults(run=run_salvage)
