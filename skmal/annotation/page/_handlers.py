"""What the page asks a session for: a method per request, JSON and pictures back."""

import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from ...items._pictures import UnreadableImage
from ...items._sounds import MIMETYPES
from .._records import Item
from .._search import are_partly
from .._session import AnnotationSession
from .._shown import shown, shown_item, shown_progress
from .._thumbnails import SIDE, thumbnail
from ._requests import (
    body,
    how_in,
    limit_in,
    modality_in,
    number_in,
    partner_in,
    person_in,
    seconds_in,
    size_in,
    whole_in,
)

SIDES = {"small": SIDE, "large": 2400}  # of copies of images, in pixels


class Handlers:
    """All that the page can ask for.

    Parameters
    ----------
    session : AnnotationSession
        What it is about.
    by : str
        In whose name answers go where the page gives none.
    end : callable or None
        Ends the server, and returns what was made in sentences. None: people can only
        leave.
    """

    def __init__(
        self,
        session: AnnotationSession,
        by: str,
        end: Callable[[], Sequence[str]] | None,
    ) -> None:
        self.session, self.by, self._end = session, by, end
        self._one_at_a_time = threading.Lock()

    def question(self) -> Response:
        """Return the question of a person."""
        asked = self.session.next_question(by=person_in(request.args, self.by))
        question = None
        if asked is not None:
            question = shown(asked, self.session.kinds, address)
        return jsonify(question=question, progress=self._progress())

    def progress(self) -> Response:
        """Return how far the session has come."""
        return jsonify(
            by=self.by,
            kinds=self.session.kinds,
            ends=self._end is not None,
            progress=self._progress(),
        )

    def answer(self) -> Response:
        """Write an answer down."""
        sent = body()
        partner = partner_in(sent)
        number, by, seconds = self._told(sent)
        self.session.answer(number, partner, by=by, seconds=seconds)
        return jsonify(progress=self._progress())

    def complete(self) -> Response:
        """Write down that an item has no partners but those known."""
        number, by, seconds = self._told(body())
        self.session.complete(number, by=by, seconds=seconds)
        return jsonify(progress=self._progress())

    def skip(self) -> Response:
        """Pass a question over."""
        number, by, seconds = self._told(body())
        self.session.skip(number, by=by, seconds=seconds)
        return jsonify(progress=self._progress())

    def undo(self) -> Response:
        """Take the last answer or skip of a person back."""
        before = self.session.progress
        question = self.session.undo(by=person_in(body(), self.by))
        after = self._progress()
        n_verdicts = after["n_verified"] + after["n_refused"]
        proposed = n_verdicts < before.n_verified + before.n_refused
        n_left = after["n_answers"] + after["n_skips"]
        taken = proposed or n_left < before.n_answers + before.n_skips
        return jsonify(
            undone=question is not None,
            taken=taken,
            proposed=proposed,
            progress=after,
        )

    def search(self) -> Response:
        """Return items that hold some words, or that the encoder puts near them.

        "partly" says that no item holds all words, and these hold some of them.
        """
        modality, limit = modality_in(request.args), limit_in(request.args)
        text, how = request.args.get("text", ""), how_in(request.args)
        question = whole_in(request.args, "question")
        found = self.session.items.search(text, modality, limit, how, question)
        kind = self.session.kinds[modality]
        items = [shown_item(item, modality, kind, address) for item in found]
        partly = how == "words" and are_partly(found, kind, text)
        return jsonify(items=items, partly=partly)

    def export(self) -> Response:
        """Return all answers as a table, with image files by their whole path."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pairs.csv"
            self.session.export(path)
            content = path.read_bytes()
        return Response(content, mimetype="text/csv")

    def finish(self) -> Response:
        """End the server, and return what was made."""
        body()
        if self._end is None:
            return refused(409, "other people may be at work; end it where it runs")
        with self._one_at_a_time:
            made = list(self._end())
        return jsonify(made=made)

    def image(self) -> Response:
        """Return a copy of an image, small or large, or a whole file of sound."""
        modality = modality_in(request.args)
        try:
            item = self.session.items.get(modality, request.args.get("key", ""))
        except ValueError as error:
            return refused(404, str(error))
        kind = self.session.kinds[modality]
        if kind == "audio":
            try:
                sound = item.value.read_bytes()
            except OSError as error:
                return refused(422, f"it cannot be read: {error.strerror}")
            return Response(sound, mimetype=MIMETYPES[item.value.suffix.lower()])
        if kind != "image":
            return refused(404, f"{item.key!r} is no image")
        try:
            content, mimetype = thumbnail(item.value, SIDES[size_in(request.args)])
        except UnreadableImage as error:
            self.session.items.look_at(modality, item.key)
            return refused(422, str(error))
        return Response(content, mimetype=mimetype)

    def _progress(self) -> dict[str, Any]:
        """Return how far the session has come, with what it says in words."""
        return shown_progress(self.session)

    def _told(self, sent: dict[str, Any]) -> tuple[int, str, float | None]:
        """Return which question an answer or a skip is of, whose, and how long."""
        return number_in(sent), person_in(sent, self.by), seconds_in(sent)


def refused(status: int, message: str | None) -> Response:
    """Return a response that says why there is no other."""
    response = jsonify(error=message)
    response.status_code = status
    return response


def address(modality: int, item: Item) -> str:
    """Return where the page fetches a picture."""
    wanted = urlencode({"modality": modality, "key": item.key}, errors="replace")
    return f"api/image?{wanted}"
