"""The page's server: a thin JSON layer over a session, and three static files.

The page's files hold nothing of the pools. All that does is under /api and needs the
token, in a header: another site cannot send it, and it stands in no cookie (which other
ports of this machine would get) and in no log.
"""

import functools
import secrets
from dataclasses import asdict
from importlib.resources import files
from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlencode, urlsplit

from ._thumbnails import UnreadableImage, thumbnail

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
TOKEN_HEADER = "X-Skmal-Token"
MAX_BODY = 16_384  # bytes of a request
MAX_TEXT = 5_000  # characters of a text that are shown
MAX_FOUND = 500  # items of a search

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_loopback(host):
    """Say whether only this machine reaches a server that listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def create_app(session, token, *, by="me", host="127.0.0.1"):
    """Return the Flask application of the page.

    `by` is in whose name answers go where the page gives none; `host` is what the
    server listens on, which decides the names that it answers to.
    """
    from flask import Flask, Response, jsonify, request
    from werkzeug.exceptions import HTTPException

    app = Flask("skmal", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY

    @app.before_request
    def check_sender():
        if not _is_own_name(request.environ.get("HTTP_HOST", ""), host):
            return _refuse(421, "this server does not go by that name")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.environ.get(
            "HTTP_HOST"
        ):
            return _refuse(403, "requests from other sites are refused")
        given = request.headers.get(TOKEN_HEADER, "").encode()
        if request.path.startswith("/api/") and not secrets.compare_digest(
            given, token.encode()
        ):
            return _refuse(401, "the token is missing or wrong; open the printed link")
        return None

    @app.after_request
    def add_headers(response):
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def say_why(error):
        return _refuse(error.code, error.description)

    @app.errorhandler(ValueError)
    def conflicts(error):
        return _refuse(409, str(error))

    @app.errorhandler(OSError)
    def not_written(error):
        return _refuse(507, f"nothing was changed: {error}")

    for url, (name, mimetype) in FILES.items():
        content = files("skmal.annotation.page").joinpath(name).read_bytes()
        app.add_url_rule(
            url,
            endpoint=name,
            view_func=functools.partial(Response, content, mimetype=mimetype),
        )

    @app.get("/api/question")
    def question():
        asked = session.next_question(by=_person(request.args, by))
        return jsonify(
            question=None if asked is None else _question(asked, session.kinds),
            progress=_progress(session),
        )

    @app.get("/api/progress")
    def progress():
        return jsonify(by=by, kinds=session.kinds, progress=_progress(session))

    @app.post("/api/answer")
    def answer():
        body = _body(request)
        if "partner" not in body:
            _invalid("partner is missing; null means that there is none")
        partner = body["partner"]
        if not (partner is None or isinstance(partner, str)):
            _invalid("partner must be a key, a string, or null")
        session.answer(
            _number(body), partner, by=_person(body, by), seconds=_seconds(body)
        )
        return jsonify(progress=_progress(session))

    @app.post("/api/skip")
    def skip():
        body = _body(request)
        session.skip(_number(body), by=_person(body, by), seconds=_seconds(body))
        return jsonify(progress=_progress(session))

    @app.post("/api/undo")
    def undo():
        undone = session.undo(by=_person(_body(request), by))
        return jsonify(undone=undone is not None, progress=_progress(session))

    @app.get("/api/search")
    def search():
        modality = _modality(request.args)
        limit = request.args.get("limit", "20")
        if (
            not limit.isascii()
            or not limit.isdigit()
            or not 0 < int(limit) <= MAX_FOUND
        ):
            _invalid(f"limit must be a number from 1 to {MAX_FOUND}")
        found = session.search(request.args.get("text", ""), modality, int(limit))
        return jsonify(items=[_item(item, modality, session.kinds) for item in found])

    @app.get("/api/image")
    def image():
        modality = _modality(request.args)
        try:
            item = session.item(modality, request.args.get("key", ""))
        except ValueError as error:
            return _refuse(404, str(error))
        if session.kinds[modality] != "image":
            return _refuse(404, f"{item.key!r} is no image")
        try:
            content, mimetype = thumbnail(item.value)
        except UnreadableImage as error:
            return _refuse(422, str(error))
        return Response(content, mimetype=mimetype)

    return app


def _refuse(status, message):
    from flask import jsonify

    response = jsonify(error=message)
    response.status_code = status
    return response


def _invalid(message):
    from flask import abort

    abort(400, description=message)


def _is_own_name(host_header, host):
    """Say whether a Host header names this server.

    A page of another site that lets its name point here (DNS rebinding) sends its own
    name. Where not only this machine is served, it may be reached by any address.
    """
    try:
        name = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    if is_loopback(name):
        return True
    if is_loopback(host):
        return False
    try:
        ip_address(name)
    except ValueError:
        return name in (host.lower(), gethostname().lower())
    return True


# -------------------------------------------------------------------- requests


def _body(request):
    body = request.get_json()
    if not isinstance(body, dict):
        _invalid("the body must be a JSON object")
    return body


def _number(body):
    number = body.get("question")
    if type(number) is not int:
        _invalid("question must be the number of a question")
    return number


def _person(values, default):
    by = values.get("by", default)
    if not isinstance(by, str) or not by.strip() or len(by) > 80:
        _invalid("by must be a name of 1 to 80 characters")
    return by.strip()


def _seconds(body):
    seconds = body.get("seconds")
    if seconds is None:
        return None
    if type(seconds) not in (int, float) or not 0 <= seconds < 1e6:  # nor NaN
        _invalid("seconds must be a number from 0 to a million, or null")
    return round(seconds, 3)


def _modality(values):
    modality = values.get("modality")
    if modality not in ("0", "1"):
        _invalid("modality must be 0 or 1")
    return int(modality)


# -------------------------------------------------------------------- answers


def _question(asked, kinds):
    modality = asked.modality
    return {
        "id": asked.id,
        "modality": modality,
        "item": _item(asked.item, modality, kinds),
        "candidates": [_item(c, 1 - modality, kinds) for c in asked.candidates],
    }


def _item(item, modality, kinds):
    """Return an item as the page shows it: a text, or where to fetch the image."""
    text = image = None
    if kinds[modality] == "text":
        text = item.value
        if len(text) > MAX_TEXT:
            text = f"{text[:MAX_TEXT]} …"
    elif kinds[modality] == "image":
        asked = urlencode({"modality": modality, "key": item.key}, errors="replace")
        image = f"api/image?{asked}"
    return {"key": item.key, "text": text, "image": image}


def _progress(session):
    return asdict(session.progress)
