"""The command `skmal annotate`."""

import argparse
import getpass
import os
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from socket import SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, getaddrinfo, socket
from typing import Any, Literal

from .._shared.parameters import check_integer
from ..annotation._aside import list_path
from ..annotation._opening import learner_of
from ..annotation._session import AnnotationSession
from ..annotation._words import describe_agreement, describe_audit, describe_encoder
from ..annotation.page._hosts import check_allowed
from ..annotation.page._serve import CONNECTIONS, IDLE, MAX_BODY, PORT, serve
from ..encoders.clip._config import ICONS
from ..encoders.clip._encoder import CLIPEncoder
from ..learners._paired import PairedActiveLearner
from ._pools import add_pool_options, array_of, images_of, texts_of
from ._shell_words import in_shell_words

GROUPS: dict[str | None, Literal["X", "y", "both"]] = {
    "images": "X",
    "texts": "y",
    "both": "both",
}

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
    if arguments.model is None and arguments.pretrained:
        raise ValueError(
            f"--pretrained {arguments.pretrained}: name the model that these are "
            "weights of as well, such as --model ViT-B-32"
        )
    if arguments.features and (arguments.model or arguments.save):
        option = "--model" if arguments.model else "--save"
        raise ValueError(
            f"{option} does not go with --features, from which KernelCCA learns"
        )
    check_allowed(arguments.allow_host)
    _check_server(arguments.host, arguments.port)
    check_integer(arguments.connections, "--connections", minimum=1)
    check_integer(arguments.idle, "--idle", minimum=1)
    check_integer(arguments.max_body, "--max-body", minimum=1024)
    from PIL.Image import DecompressionBombWarning

    try:
        with warnings.catch_warnings():
            # Pillow's, of large pictures that are read all the same; it names no file
            warnings.simplefilter("ignore", DecompressionBombWarning)
            return _annotate(arguments)
    except (ValueError, ImportError, OSError) as error:
        raise ValueError(in_shell_words(str(error))) from error


def _annotate(arguments: argparse.Namespace) -> int:
    """Open the session, serve it, and do what is wanted at the end."""
    features = None
    if arguments.features:
        x, y = (array_of(path, "--features") for path in arguments.features)
        features = x, y
    encoder = None if features else CLIPEncoder(*_model_of(arguments))
    learner = PairedActiveLearner(encoder, random_state=arguments.seed)
    images, texts = images_of(arguments), texts_of(arguments)
    is_new = not arguments.session.exists()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        session = AnnotationSession(
            arguments.session,
            images,
            texts,
            learner,
            features=features,
            batch_size=arguments.batch_size,
            overlap=arguments.overlap if is_new else None,
            audit=arguments.audit if is_new else None,
            training="background",
            changed=arguments.changed,
            replan=arguments.replan,
            groups=GROUPS.get(arguments.groups),
            on_error=arguments.on_error,
            verbose=1,
        )
    for warning in told:
        print(f"Note: {in_shell_words(str(warning.message))}", flush=True)
    with session:
        if arguments.budget not in (None, session.progress.budget):
            session.change_budget(arguments.budget)
        if arguments.overlap not in (None, session.progress.overlap):
            session.change_overlap(arguments.overlap)
        if arguments.audit not in (None, session.progress.audit_share):
            session.change_audit(arguments.audit)
        n_images, n_texts = map(len, session.pools)
        n_answers = session.progress.n_answers
        first = "Choosing questions"
        if arguments.replan and n_answers:
            first = "Learning from them anew, then choosing questions"
        print(
            f"{arguments.session}: {n_images:,} images, {n_texts:,} texts, "
            f"{_counted(n_answers, 'answer')} so far. {first} ...",
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
            connections=arguments.connections,
            idle=arguments.idle,
            max_body=arguments.max_body,
        )
        try:
            _finish(session, arguments)
        except KeyboardInterrupt:
            print(
                "Left before the end; no answer is lost, but the encoder is not saved."
            )
            return 1
    return 0


def _model_of(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """Return model and weights: as told, else as the journal says, else the default."""
    if arguments.model is not None:
        return arguments.model, arguments.pretrained
    if arguments.session.is_file() and not arguments.replan:
        return model_then(learner_of(arguments.session)) or ("tiny", ICONS)
    return "tiny", ICONS


def model_then(learner: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return the model and the weights of a journal's learner, if they have names.

    Parameters
    ----------
    learner : dict
        What `learner_of` returned.

    Returns
    -------
    tuple or None
        As `CLIPEncoder` takes them.
    """
    named = learner.get("estimator__model", "dict") != "dict"  # not a configuration
    if learner.get("estimator") == "CLIPEncoder" and named:
        return learner["estimator__model"], learner["estimator__pretrained"]
    return None


def _check_server(host: str, port: int) -> None:
    """Raise where the page could not be served."""
    if not all(map(find_spec, ("flask", "waitress"))):
        raise ImportError(
            "the page needs Flask and waitress; install them with `pip install "
            "skmal[annotate]`"
        )
    if not 0 <= port <= 65_535:  # getaddrinfo takes what is left of larger ones
        raise ValueError(f"--port must be from 0 to 65535, got {port}")
    try:
        family, kind, _, _, address = getaddrinfo(host, port, type=SOCK_STREAM)[0]
        with socket(family, kind) as tried:
            if os.name == "posix":  # one that has just ended may be in the way
                tried.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise OSError(
            f"--port {port}: cannot listen there on {host} ({error}); take another "
            "port, or 0 for a free one"
        ) from error


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
        session.export(export)
    pairs = _counted(progress.n_pairs, "pair")
    made = [
        f"{_counted(progress.n_answers, 'answer')}, {pairs}: all are in "
        f"{arguments.session}. The same command goes on with them.",
    ]
    made.append(describe_encoder(progress.found))
    if progress.audit.n_answers:
        made.append(describe_audit(progress.audit, progress.n_unsettled))
    if progress.agreement.n:
        made.append(describe_agreement(progress.agreement))
    if progress.n_disputed:
        made.append(
            f"In dispute: {_counted(progress.n_disputed, 'question')}; a third person, "
            "or the page's review, settles it."
        )
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
        "annotate",
        help="a local page on which people say what belongs together",
        description="Serve a page on this machine on which people say what belongs "
        "together. Each answer is on disk before the next question; the same command "
        "goes on.",
    )
    add_pool_options(parser, required=True)
    parser.add_argument(
        "--session",
        type=Path,
        required=True,
        metavar="FILE",
        help="the journal of all answers; made where it is missing, else gone on with",
    )
    parser.add_argument(
        "--model",
        help="a model of open_clip (default: the journal's; in a new one tiny, with "
        "weights that have seen icons and their names)",
    )
    parser.add_argument(
        "--pretrained",
        metavar="TAG",
        help="weights to start from, such as openai for --model ViT-B-32, or icons for "
        "tiny (default: random ones)",
    )
    parser.add_argument(
        "--features",
        nargs=2,
        metavar=("X.npy", "Y.npy"),
        help="what is learned from in place of images and texts: a row for each, in "
        "their order (images of a folder by their paths)",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="B", help="questions between two trainings"
    )
    parser.add_argument(
        "--budget", type=int, metavar="N", help="answers to pay for in all"
    )
    parser.add_argument(
        "--overlap",
        type=float,
        metavar="SHARE",
        help="the share of questions that two people are asked, such as 0.1, neither "
        "seeing the other's answer; a third where these differ (default: none)",
    )
    parser.add_argument(
        "--audit",
        type=float,
        metavar="SHARE",
        help="the share of questions that are about items drawn at random, such as "
        "0.1; they say without bias how good the encoder is, and how sure its "
        "proposals are (default: none)",
    )
    parser.add_argument(
        "--groups",
        choices=list(GROUPS),
        help="whose items may have several partners: images for several captions each; "
        "copies of a file or a text are asked about once then",
    )
    parser.add_argument(
        "--replan",
        action="store_true",
        help="go on with the journal's answers under another model, other weights, "
        "another batch size or seed; the journal notes it",
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
    for name, default, what in (
        ("connections", CONNECTIONS, "connections that may be open at the same time"),
        ("idle", IDLE, "seconds until a connection on which nothing comes is closed"),
        ("max-body", MAX_BODY, "bytes that a request may have"),
    ):
        parser.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="N",
            help=f"{what} (default: {default})",
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
