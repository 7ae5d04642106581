"""The page's server: a thin JSON layer over a session, and a few static files.

The page's files hold nothing of the pools. All that does is under /api and needs the
token, in a header: another site cannot send it, and it stands in no cookie (which other
ports of this machine would get) and in no log.

Flask is imported here, so this is imported only by who serves.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from .._answering import BudgetSpent
from .._session import AnnotationSession
from ._handlers import Handlers, refused
from ._hosts import is_own_name, is_own_origin, name_in
from ._review import ReviewHandlers
from ._verify import VerifyHandlers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/review": ("review.html", "text/html; charset=utf-8"),
    "/verify": ("verify.html", "text/html; charset=utf-8"),
    **{
        f"/{name}.css": (f"{name}.css", "text/css; charset=utf-8")
        for name in ("page", "review", "verify")
    },
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("page", "items", "server", "sentences", "review", "verify")
    },
}
TOKEN_HEADER = "X-Skmal-Token"
NO_TOKEN = "the token is missing or wrong; open the printed link"
TYPE = "application/json"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(
    session: AnnotationSession,
    token: str,
    *,
    by: str = "me",
    host: str = "127.0.0.1",
    allowed: Sequence[str] = (),
    end: Callable[[], Sequence[str]] | None = None,
    max_body: int = 16_384,
) -> Flask:
    """Return the Flask application of the page.

    `by` is in whose name answers go where the page gives none; `host` is what the
    server listens on, which decides the names that it answers to, and `allowed` has
    further ones. `end` is what the page's button "finish" calls: it ends the server,
    and says what was made. With None the button ends the page of who presses it. A
    request may have `max_body` bytes.
    """
    app = Flask("skmal", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.before_request(partial(check_sender, token, host, allowed))
    app.after_request(add_headers)
    app.register_error_handler(HTTPException, say_why)
    app.register_error_handler(ValueError, say_conflict)
    app.register_error_handler(BudgetSpent, say_spent)
    app.register_error_handler(OSError, say_unwritten)
    for url, (name, mimetype) in FILES.items():
        content = files("skmal.annotation.page").joinpath(name).read_bytes()
        app.add_url_rule(url, name, partial(Response, content, mimetype=mimetype))
    handlers, review = Handlers(session, by, end), ReviewHandlers(session, by)
    verdicts = VerifyHandlers(session, by)
    for handler in (
        handlers.question,
        handlers.progress,
        handlers.search,
        handlers.image,
        handlers.export,
        review.replies,
        review.answers,
        verdicts.proposals,
    ):
        app.get(f"/api/{handler.__name__}")(handler)
    for handler in (
        handlers.answer,
        handlers.complete,
        handlers.skip,
        handlers.undo,
        handlers.finish,
        review.take_back,
        review.adopt,
        verdicts.verdict,
    ):
        app.post(f"/api/{handler.__name__}")(handler)
    return app


# -------------------------------------------------------------------- every request


def check_sender(token: str, host: str, allowed: Sequence[str]) -> Response | None:
    """Refuse a request that is not of our page, or without the token; else None."""
    asked_for = request.environ.get("HTTP_HOST", "")
    if not is_own_name(asked_for, host, allowed):
        return refused(
            421,
            f"this server does not go by the name {name_in(asked_for)!r}; if it "
            "should, start it with --allow-host and that name",
        )
    origin = request.headers.get("Origin")
    if origin is not None and not is_own_origin(origin, asked_for, allowed):
        return refused(
            403,
            "requests from other sites are refused; a proxy must pass the Host header "
            "on, or its name be given with --allow-host",
        )
    given = request.headers.get(TOKEN_HEADER, "").encode()
    if request.path.startswith("/api/") and not secrets.compare_digest(
        given, token.encode()
    ):
        return refused(401, NO_TOKEN)
    return None


def behind_token(app: Flask, token: str) -> "WSGIApplication":
    """Return the application behind a look at the token that costs next to nothing.

    `check_sender` refuses the same; but whoever asks often without a token should not
    take the time of those who have it.
    """
    body = json.dumps({"error": NO_TOKEN}).encode()
    size = str(len(body))
    headers = [*HEADERS.items(), ("Content-Type", TYPE), ("Content-Length", size)]
    name = "HTTP_" + TOKEN_HEADER.upper().replace("-", "_")

    def answer(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        given = environ.get(name, "").encode("utf-8", "replace")
        is_api = environ.get("PATH_INFO", "").startswith("/api/")
        if not is_api or secrets.compare_digest(given, token.encode()):
            return app(environ, start_response)
        start_response("401 Unauthorized", headers)
        return [body]

    return answer


def add_headers(response: Response) -> Response:
    """Keep a response from caches, frames and foreign scripts."""
    response.headers.update(HEADERS)
    return response


# -------------------------------------------------------------------- errors


def say_why(error: HTTPException) -> Response:
    """Answer what Flask or a check of ours refuses."""
    return refused(error.code or 500, error.description)


def say_conflict(error: ValueError) -> Response:
    """Answer what the session refuses."""
    return refused(409, str(error))


def say_spent(error: BudgetSpent) -> Response:
    """Answer what is not paid for; the page keeps it on the screen, to send again."""
    return refused(402, str(error))


def say_unwritten(error: OSError) -> Response:
    """Answer where the journal could not be written."""
    return refused(507, f"nothing was changed: {error}")
