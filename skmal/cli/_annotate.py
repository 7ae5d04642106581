"""The command `skmal annotate`."""

import argparse
import getpass
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..annotation._aside import list_path
from ..annotation._session import AnnotationSession
from ..annotation.page._hosts import check_allowed
from ..annotation.page._serve import PORT, serve
from ..datasets import load_images, load_texts
from ..encoders.clip._encoder import CLIPEncoder
from ..learners._paired import PairedActiveLearner

ENOUGH = 50  # pairs from which on orders can be compared

# -------------------------------------------------------------------- the command


def run_annotate(arguments: argparse.Namespace) -> int:
    """Serve the page; then write the pairs and the encoder where that is wanted.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0, or 1 where a second Ctrl-C left the encoder unsaved.
    """
    if arguments.export:
        _check_export(arguments.export, arguments.session)
    check_allowed(arguments.allow_host)
    encoder = CLIPEncoder(arguments.model, arguments.pretrained)
    learner = PairedActiveLearner(encoder, random_state=arguments.seed)
    images = arguments.images
    if not images.is_dir():
        images = load_images(
            images, image=arguments.image_column, id=arguments.id_column
        )
    texts = load_texts(
        arguments.texts, text=arguments.text_column, id=arguments.id_column
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        session = AnnotationSession(
            arguments.session,
            images,
            texts,
            learner,
            batch_size=arguments.batch_size,
            training="background",
            changed=arguments.changed,
            on_error=arguments.on_error,
            verbose=1,
        )
    for warning in told:
        print(f"Note: {warning.message}", flush=True)
    with session:
        if arguments.budget not in (None, session.progress.budget):
            session.change_budget(arguments.budget)
        n_images, n_texts = map(len, session.pools)
        print(
            f"{arguments.session}: {n_images:,} images, {n_texts:,} texts, "
            f"{_counted(session.progress.n_answers, 'answer')} so far. "
            "Choosing questions ...",
            flush=True,
        )
        serve(
            session,
            host=arguments.host,
            port=arguments.port,
            by=arguments.by,
            open_browser=arguments.open,
            allow_hosts=arguments.allow_host,
            finish=lambda: _made(session, arguments),
        )
        try:
            _finish(session, arguments)
        except KeyboardInterrupt:
            print(
                "Left before the end; no answer is lost, but the encoder is not saved."
            )
            return 1
    return 0


def _check_export(path: Path, journal: Path) -> None:
    """Raise where the pairs could not be written at the end."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"--export: there is no folder {path.parent}; make it first"
        )
    if path.is_dir() or path.resolve() == journal.resolve():
        what = "a folder" if path.is_dir() else "the session's journal"
        raise ValueError(f"--export: {path} is {what}; name another file")
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise ValueError(
            f"--export: {path} ends in {path.suffix!r}; end it in .csv or .jsonl"
        )


def _finish(session: AnnotationSession, arguments: argparse.Namespace) -> None:
    """Write what was asked for, the table first, and say what was made."""
    _say("\n" + "\n".join(_made(session, arguments)))
    session.wait()
    if arguments.save:
        n_pairs = session.progress.n_pairs
        _say(f"Learning from all {n_pairs:,} pairs ...")
        session.train()
        encoder = getattr(session.learner, "estimator_", None)
        if encoder is None:
            raise ValueError(
                "there is no encoder to save: it takes 2 pairs, "
                f"{n_pairs} are known; answer some questions first"
            )
        encoder.save(arguments.save)
        _say(
            f"Encoder: {arguments.save}; CLIPEncoder('local-dir:{arguments.save}') "
            "loads it."
        )


def _made(session: AnnotationSession, arguments: argparse.Namespace) -> list[str]:
    """Export where that is wanted; return what there is now, and what to do next."""
    export, progress = arguments.export, session.progress
    if export is not None:
        is_jsonl = export.suffix.lower() == ".jsonl"
        (session.export_jsonl if is_jsonl else session.export_csv)(export)
    pairs = _counted(progress.n_pairs, "pair")
    made = [
        f"{_counted(progress.n_answers, 'answer')}, {pairs}: all are in "
        f"{arguments.session}. The same command goes on with them.",
    ]
    if progress.n_set_aside:
        items = _counted(progress.n_set_aside, "item")
        made.append(f"Set aside: {items}; {list_path(arguments.session)} says why.")
    if export is None:
        made.append("The same command with --export pairs.csv writes them as a table.")
    else:
        made.append(f"Answers: {export}; skmal.datasets.load_pairs reads it.")
        if export.suffix.lower() == ".csv" and progress.n_pairs >= ENOUGH:
            made.append(
                "What asking in a good order would have saved: "
                f"skmal compare --data pairs --path {export}"
            )
    if arguments.save:
        made.append(
            f"The encoder learns once more from {pairs} and goes to {arguments.save}; "
            "the terminal says when it is there."
        )
    return made


def _counted(n: int, noun: str) -> str:
    """Return how many there are, such as "1 answer"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _say(text: str) -> None:
    """Print, also where the terminal has been closed."""
    with suppress(OSError):
        print(text, flush=True)


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "annotate", help="a local page on which people say what belongs together"
    )
    parser.add_argument(
        "--images",
        type=Path,
        required=True,
        metavar="DIR",
        help="a folder of images; or a table of image files",
    )
    parser.add_argument(
        "--texts",
        type=Path,
        required=True,
        metavar="FILE",
        help="a text a line (.txt); a table with a column of texts and perhaps of ids "
        "(.csv, .tsv, .json, .jsonl, .parquet); or a folder with a .txt file for each",
    )
    parser.add_argument(
        "--text-column", default="text", metavar="NAME", help="default: text"
    )
    parser.add_argument(
        "--image-column", default="image", metavar="NAME", help="default: image"
    )
    parser.add_argument(
        "--id-column",
        default="id",
        metavar="NAME",
        help="what items are known by in tables (default: id, where there is one)",
    )
    parser.add_argument(
        "--session",
        type=Path,
        required=True,
        metavar="FILE",
        help="the journal of all answers; made where it is missing, else gone on with",
    )
    parser.add_argument(
        "--model",
        default="tiny",
        help="a model of open_clip (default: tiny, which learns from nothing)",
    )
    parser.add_argument(
        "--pretrained",
        metavar="TAG",
        help="weights to start from, such as openai for --model ViT-B-32",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="B", help="questions between two trainings"
    )
    parser.add_argument(
        "--budget", type=int, metavar="N", help="answers to pay for in all"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    parser.add_argument(
        "--changed",
        choices=["raise", "ask_again"],
        default="raise",
        help="what to do about answers whose files have changed since",
    )
    parser.add_argument(
        "--on-error",
        choices=["skip", "raise"],
        default="skip",
        help="what to do about images that cannot be read: set them aside, or end "
        "(default: skip)",
    )
    parser.add_argument("--by", default=_user(), metavar="NAME", help="who answers")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine")
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"default: {PORT}; 0: free"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that people reach the page by, that of a proxy say; repeatable",
    )
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="at the end, write the pairs (.csv or .jsonl)",
    )
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="at the end, save the trained encoder"
    )
    parser.set_defaults(run=run_annotate)


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user without a name
        return "me"
