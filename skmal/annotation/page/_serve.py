"""The page that people answer on, and the command that opens it: skmal annotate."""

import secrets
import warnings
from typing import Any

from .._session import AnnotationSession
from ._hosts import is_loopback, reachable

PORT = 8765


def serve(
    session: AnnotationSession,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    by: str = "me",
    open_browser: bool = False,
) -> None:
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
        from waitress.server import create_server

        from ._app import MAX_BODY, create_app
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
    channels: dict[int, Any] = {}  # the server's, and one per browser that is connected
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
    # The stubs of waitress lack the attribute.
    port = sockets[0][1] if sockets else server.effective_port  # pyright: ignore[reportAttributeAccessIssue]
    link = f"http://{reachable(host)}:{port}/#token={token}"
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
