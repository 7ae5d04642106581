"""The command `skmal export`."""

import argparse
import warnings
from pathlib import Path
from typing import Any

from ..annotation._export import export_journal, export_replies
from ..annotation._opening import learner_of
from ..annotation._reading import is_there
from ..annotation._session import AnnotationSession
from ..annotation._sources import read_path
from ..annotation._words import describe_audit
from ..encoders.clip._encoder import CLIPEncoder
from ..learners._paired import PairedActiveLearner
from ._annotate import model_then
from ._pools import add_pool_options, array_of, images_of, texts_of
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
    if arguments.min_confidence is not None and not arguments.proposals:
        raise ValueError("--min-confidence is of what is proposed; add --proposals")
    if arguments.features and not arguments.proposals:
        raise ValueError("--features is what partners are proposed by; add --proposals")
    try:
        if arguments.proposals:
            return _with_proposals(arguments)
        if arguments.answers and (arguments.images or arguments.texts):
            raise ValueError(
                "--answers writes keys, not the items; leave out --images and --texts, "
                "or leave out --answers for a table of the pairs that has them"
            )
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


def _with_proposals(arguments: argparse.Namespace) -> int:
    """Write the answers, and what the encoder of the last training proposes."""
    if arguments.answers:
        raise ValueError("--answers writes what people said; leave out --proposals")
    if arguments.images is None or arguments.texts is None:
        raise ValueError("--proposals needs the items: pass --images and --texts")
    from PIL.Image import DecompressionBombWarning

    journal: Path = arguments.journal
    if not is_there(journal):
        raise FileNotFoundError(f"there is no journal {journal}; check the name")
    with warnings.catch_warnings(action="ignore"):  # the session says it again
        then = learner_of(journal)
    encoder, features = None, None
    if arguments.features:
        x, y = (array_of(path, "--features") for path in arguments.features)
        features = x, y
    else:
        model = model_then(then)
        if model is None:
            raise ValueError(
                f"{journal} was begun with {then.get('estimator')}, which learned from "
                "features; pass these with --features, or call session.export("
                "path, min_confidence=0.95) in a script that opens it as before"
            )
        encoder = CLIPEncoder(*model)
    learner = PairedActiveLearner(encoder, random_state=then.get("random_state"))
    print(
        "Proposing partners for what is open; a model takes as long for it as for some "
        "trainings ...",
        flush=True,
    )
    with warnings.catch_warnings(record=True) as told:
        # All but Pillow's, of large pictures that are read all the same.
        warnings.simplefilter("ignore", DecompressionBombWarning)
        warnings.simplefilter("always", UserWarning)
        with AnnotationSession(
            journal,
            images_of(arguments),
            texts_of(arguments),
            learner,
            features=features,
            training="background",  # the last encoder proposes, and no other is fitted
        ) as session:
            table, least = arguments.table, arguments.min_confidence
            session.export(table, min_confidence=0.0 if least is None else least)
            progress = session.progress
            audit = describe_audit(progress.audit, progress.n_unsettled)
    for warning in told:
        print(f"Note: {in_shell_words(str(warning.message))}")
    print(audit)
    print(f"Answers and proposals, each marked in the column `how`: {table}")
    return 0


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "export",
        help="the answers of a journal as a table, without a model",
        description="Write the answers in a journal that nobody has open as a "
        "table; with --proposals what the encoder proposes for the rest as well.",
    )
    parser.add_argument(
        "journal",
        type=Path,
        help="the --session of skmal annotate; it is only read, without --proposals",
    )
    parser.add_argument("table", type=Path, help="what to write (.csv or .jsonl)")
    parser.add_argument(
        "--answers",
        action="store_true",
        help="every answer, by whom, and which counts, in place of the pairs; by keys, "
        "without --images and --texts",
    )
    parser.add_argument(
        "--proposals",
        action="store_true",
        help="also partners that the encoder proposes for what is open, each with its "
        "confidence; takes --images and --texts, and that nobody has the journal open",
    )
    parser.add_argument(
        "--min-confidence",
        type=float,
        metavar="P",
        help="only proposals of at least this confidence, such as 0.95 (default: all)",
    )
    parser.add_argument(
        "--features",
        nargs=2,
        metavar=("X.npy", "Y.npy"),
        help="with --proposals: what the journal's answers were learned from, if that "
        "was no model",
    )
    add_pool_options(parser, required=False)
    parser.set_defaults(run=run_export)
