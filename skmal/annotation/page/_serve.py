"""The page that people answer on, and the command that opens it: skmal annotate."""

import logging
import select
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..._shared.parameters import check_integer
from .._session import AnnotationSession
from ._ending import closing_soon, ended_by_signals
from ._hosts import check_allowed, is_loopback, reachable
from ._queue import TokenFirst
from ._token import kept_token

PORT = 8765
CONNECTIONS = 500  # at the same time; a browser holds up to six
IDLE = 60  # seconds after which a connection that sends nothing is closed
MAX_BODY = 16_384  # bytes of a request
SPARE = 100  # files that the process has open besides


def serve(
    session: AnnotationSession,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    by: str = "me",
    open_browser: bool = False,
    allow_hosts: Sequence[str] = (),
    finish: Callable[[], Sequence[str]] | None = None,
    connections: int = CONNECTIONS,
    idle: int = IDLE,
    max_body: int = MAX_BODY,
) -> None:
    """Serve a local page to answer a session's questions on, until Ctrl-C.

    It prints a link with a random token; who opens it can see both pools and answer.
    The token is kept beside the journal, so that open tabs go on with the next server
    on the same port. The page needs no network. See docs/annotate-page.md for its keys
    and its security.

    SIGTERM, and SIGHUP of a terminal that closes, end it as Ctrl-C does, and so does
    the page's button "Finish" where no other machine can reach the page: it returns,
    and what stands after it in a script is done.

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
    allow_hosts : sequence of str, default=()
        Further names that people reach the page by: that of a proxy in front of it.
    finish : callable, default=None
        What the button "Finish" calls before the server ends, without arguments: it
        exports, say, and returns sentences for people, what was made and what to do
        next. None: where the journal is.
    connections : int, default=500
        How many may be open at the same time; whoever comes then has to wait. A browser
        holds up to six.
    idle : int, default=60
        Seconds after which a connection on which nothing comes is closed.
    max_body : int, default=16384
        Bytes that a request may have; a longer one is refused before it is read.

    Raises
    ------
    ImportError
        If Flask or waitress is not installed.
    OSError
        If the port is taken.
    ValueError
        If there is no such port, a name in `allow_hosts` is none, a limit is too small,
        or there are no questions yet and the encoder cannot choose any.

    Warns
    -----
    UserWarning
        If other machines can reach the page.

    See Also
    --------
    skmal.AnnotationSession : What the page shows.
    """
    try:
        from waitress.server import create_server

        from ._app import behind_token, create_app
    except ImportError as error:
        raise ImportError(
            "the page needs Flask and waitress; install them with `pip install "
            "skmal[annotate]`"
        ) from error

    if not 0 <= port <= 65_535:  # getaddrinfo takes what is left of larger ones
        raise ValueError(f"port must be from 0 to 65535, got {port}")
    connections = check_integer(connections, "connections", minimum=1)
    idle = check_integer(idle, "idle", minimum=1)
    max_body = check_integer(max_body, "max_body", minimum=1024)
    allowed = check_allowed(allow_hosts)
    if not is_loopback(host):
        warnings.warn(
            f"host {host!r} lets other machines reach the page: whoever gets the link "
            "can read both pools and answer, and nothing is encrypted on its way",
            stacklevel=2,
        )
    if not session._book.ledger.rounds_of_plan:
        session.train()  # else the first to open the page would wait for it
    for modality in (0, 1):
        session.items.search("", modality, limit=1)  # as above
    token = kept_token(session.path)
    channels: dict[int, Any] = {}  # the server's, and one per browser that is connected

    closing, is_closing = closing_soon(channels), threading.Lock()

    def end() -> Sequence[str]:
        made = [f"All answers are in {session.path}."] if finish is None else finish()
        if is_closing.acquire(blocking=False):  # who asks again is told the same
            closing.start()
        return made

    is_own = is_loopback(host) and not allowed
    app = create_app(
        session,
        token,
        by=by,
        host=host,
        allowed=allowed,
        end=end if is_own else None,
        max_body=max_body,
    )
    _make_room(connections + SPARE)
    try:
        server = create_server(
            behind_token(app, token),
            map=channels,
            host=host,
            port=port,
            threads=8,
            ident=None,
            max_request_body_size=max_body,  # before anything is put on disk
            connection_limit=connections + 2,  # the server has two of its own
            channel_timeout=idle,
            cleanup_interval=max(1, idle // 4),
            asyncore_use_poll=hasattr(select, "poll"),  # `select` ends at 1,024
        )
    except OSError as error:
        raise OSError(
            f"cannot listen on {host} port {port} ({error}); take another port, or 0 "
            "for a free one"
        ) from error
    queue = TokenFirst(token)
    server.task_dispatcher.queue = queue  # pyright: ignore[reportAttributeAccessIssue]
    # It would print a line for each request that waits.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sockets = getattr(server, "effective_listen", None)
    # The stubs of waitress lack the attribute.
    port = sockets[0][1] if sockets else server.effective_port  # pyright: ignore[reportAttributeAccessIssue]
    link = f"http://{reachable(host)}:{port}/#token={token}"
    links = [link, *(f"https://{name}/#token={token}" for name in allowed)]
    try:
        with suppress(KeyboardInterrupt), ended_by_signals():
            print(
                f"Open {' or '.join(links)}\nin a browser. Ctrl-C ends it; every "
                "answer is kept.",
                flush=True,
            )
            if open_browser:
                import webbrowser

                webbrowser.open(link)
            server.run()  # returns at Ctrl-C, and when all channels are closed
    finally:
        server.task_dispatcher.shutdown()
        queue.close()
        if is_closing.locked():
            closing.cancel()
            closing.join()
        for channel in list(channels.values()):
            channel.close()


def _make_room(n_files: int) -> None:
    """Let the process have so many files open, where the system allows it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < n_files:
            room = n_files if hard == resource.RLIM_INFINITY else min(n_files, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
