"""The page that people answer on, and the command that opens it: skmal annotate."""

import getpass
import secrets
import socket
import warnings
from pathlib import Path

from ._page import MAX_BODY, create_app, is_loopback
from .clip import CLIPEncoder
from .learner import PairedActiveLearner
from .session import AnnotationSession

PORT = 8765


def serve(session, *, host="127.0.0.1", port=PORT, by="me", open_browser=False):
    """Serve a local page to answer a session's questions on, until Ctrl-C.

    It prints a link with a random token; who opens it can see both pools and answer.
    The page needs no network. See docs/annotate-page.md for its keys and its security.

    Parameters
    ----------
    session : AnnotationSession
        Open it with ``training="background"``, or people wait for each training.
    host : str, default="127.0.0.1"
        What to listen on. With the default only this machine reaches the page.
    port : int, default=8765
        The port; 0 takes a free one.
    by : str, default="me"
        In whose name answers are written where the page gives no other.
    open_browser : bool, default=False
        Whether to open the link in the default browser as well.

    Raises
    ------
    ImportError
        If Flask or waitress is not installed.
    OSError
        If the port is taken.
    ValueError
        If there is no such port, or there are no questions yet and the encoder cannot
        choose any.

    Warns
    -----
    UserWarning
        If other machines can reach the page.

    See Also
    --------
    skmal.AnnotationSession : What the page shows.
    """
    try:
        import flask  # noqa: F401
        from waitress.server import create_server
    except ImportError as error:
        raise ImportError(
            "the page needs Flask and waitress; install them with `pip install "
            "skmal[annotate]`"
        ) from error

    if not 0 <= port <= 65_535:  # getaddrinfo takes what is left of larger ones
        raise ValueError(f"port must be from 0 to 65535, got {port}")
    if not is_loopback(host):
        warnings.warn(
            f"host {host!r} lets other machines reach the page: whoever gets the link "
            "can read both pools and answer, and nothing is encrypted on its way",
            stacklevel=2,
        )
    if not session.progress.n_rounds:
        session.train()  # else the first to open the page would wait for it
    for modality in (0, 1):
        session.search("", modality, limit=1)  # as above
    token = secrets.token_urlsafe(32)
    app = create_app(session, token, by=by, host=host)
    channels = {}  # the server's, and one per browser that is connected
    try:
        server = create_server(
            app,
            map=channels,
            host=host,
            port=port,
            threads=8,
            ident=None,
            max_request_body_size=MAX_BODY,  # before anything is put on disk
        )
    except OSError as error:
        raise OSError(
            f"cannot listen on {host} port {port} ({error}); take another port, or 0 "
            "for a free one"
        ) from error
    sockets = getattr(server, "effective_listen", None)
    port = sockets[0][1] if sockets else server.effective_port
    link = f"http://{_reachable(host)}:{port}/#token={token}"
    print(
        f"Open {link}\nin a browser. Ctrl-C ends it; every answer is kept.", flush=True
    )
    if open_browser:
        import webbrowser

        webbrowser.open(link)
    try:
        server.run()  # returns at Ctrl-C
    finally:
        for channel in list(channels.values()):
            channel.close()


def _reachable(host):
    """Return a name for the link; no browser opens 0.0.0.0."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


# -------------------------------------------------------------------- the command


def run_annotate(arguments):
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
    if arguments.export and not arguments.export.parent.is_dir():
        raise FileNotFoundError(
            f"--export: there is no folder {arguments.export.parent}; make it first"
        )
    encoder = CLIPEncoder(arguments.model, arguments.pretrained)
    learner = PairedActiveLearner(encoder, random_state=arguments.seed)
    with AnnotationSession(
        arguments.session,
        arguments.images,
        arguments.texts,
        learner,
        batch_size=arguments.batch_size,
        training="background",
        changed=arguments.changed,
    ) as session:
        if arguments.budget not in (None, session.progress.budget):
            session.change_budget(arguments.budget)
        n_images, n_texts = map(len, session.pools)
        print(
            f"{arguments.session}: {n_images:,} images, {n_texts:,} texts, "
            f"{session.progress.n_answers:,} answers so far. Choosing questions ...",
            flush=True,
        )
        serve(
            session,
            host=arguments.host,
            port=arguments.port,
            by=arguments.by,
            open_browser=arguments.open,
        )
        try:
            _finish(session, arguments)
        except KeyboardInterrupt:
            print(
                "Left before the end; no answer is lost, but the encoder is not saved."
            )
            return 1
    return 0


def _finish(session, arguments):
    """Say where things are, and write what was asked for."""
    progress = session.progress
    print(
        f"\n{progress.n_answers:,} answers, {progress.n_pairs:,} pairs: all are in "
        f"{arguments.session}. The same command goes on with them.",
        flush=True,
    )
    if arguments.export:
        session.export_csv(arguments.export)
        print(f"Answers: {arguments.export}", flush=True)
    session.wait()
    if arguments.save:
        print(f"Learning from all {progress.n_pairs:,} pairs ...", flush=True)
        session.train()
        encoder = getattr(session.learner, "estimator_", None)
        if encoder is None:
            raise ValueError(
                "there is no encoder to save: it takes 2 pairs, "
                f"{progress.n_pairs} are known; answer some questions first"
            )
        encoder.save(arguments.save)
        print(f"Encoder: {arguments.save}")


def add_parser(commands):
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
        "--images", type=Path, required=True, metavar="DIR", help="a folder of images"
    )
    parser.add_argument(
        "--texts",
        type=Path,
        required=True,
        metavar="FILE",
        help="a text a line; or .csv with a column text and perhaps id; or .jsonl",
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
    parser.add_argument("--by", default=_user(), metavar="NAME", help="who answers")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine")
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"default: {PORT}; 0: free"
    )
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument(
        "--export", type=Path, metavar="FILE", help="at the end, write the pairs as CSV"
    )
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="at the end, save the trained encoder"
    )
    parser.set_defaults(run=run_annotate)


def _user():
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user without a name
        return "me"
