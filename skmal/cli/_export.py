"""The command `skmal export`."""

import argparse
from pathlib import Path
from typing import Any

from ..annotation._export import export_journal, export_replies
from ..annotation._sources import read_path
from ._pools import add_pool_options, images_of, texts_of
from ._shell_words import in_shell_words


def run_export(arguments: argparse.Namespace) -> int:
    """Write the answers of a journal as a table.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0.
    """
    table: Path = arguments.table
    if table.suffix.lower() not in (".csv", ".jsonl"):
        raise ValueError(f"{table} ends in {table.suffix!r}; end it in .csv or .jsonl")
    try:
        images = texts = None
        if arguments.images is not None:
            images = images_of(arguments)
            if isinstance(images, Path):
                images, _ = read_path(images, "--images")
        if arguments.texts is not None:
            texts = texts_of(arguments)
        if arguments.answers:
            n = export_replies(arguments.journal, table)
        else:
            n = export_journal(arguments.journal, table, images, texts)
    except (ValueError, OSError) as error:
        raise ValueError(in_shell_words(str(error))) from error
    print(f"{n:,} rows: {table}")
    return 0


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "export", help="the answers of a journal as a table, without a model"
    )
    parser.add_argument(
        "journal", type=Path, help="the --session of skmal annotate; it is only read"
    )
    parser.add_argument("table", type=Path, help="what to write (.csv or .jsonl)")
    parser.add_argument(
        "--answers",
        action="store_true",
        help="every answer, by whom, and which counts, in place of the pairs",
    )
    add_pool_options(parser, required=False)
    parser.set_defaults(run=run_export)
