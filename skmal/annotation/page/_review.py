"""What the review view asks a session for: answers, agreement and pace, as JSON."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request

from .._records import Item, Reply
from .._session import AnnotationSession
from .._shown import shown_item, shown_progress
from ._handlers import address
from ._requests import body, flag_in, number_in, person_in, whole_in

N_SHOWN = 50  # answers at a time


class ReviewHandlers:
    """All that the review view can ask for.

    Parameters
    ----------
    session : AnnotationSession
        What it is about.
    by : str
        In whose name answers are taken back where the page gives none.
    """

    def __init__(self, session: AnnotationSession, by: str) -> None:
        self.session, self.by = session, by

    def replies(self) -> Response:
        """Return answers, the newest first, and how well and how fast people answer."""
        sent, person = request.args, None
        if "of" in sent:
            person = person_in({"by": sent["of"]}, "")
        found = self.session.review.replies(
            person,
            before=whole_in(sent, "before"),
            limit=N_SHOWN + 1,
            disputed=flag_in(sent, "disputed"),
        )
        return jsonify(
            replies=[self._shown(reply) for reply in found[:N_SHOWN]],
            more=len(found) > N_SHOWN,
            progress=shown_progress(self.session),
        )

    def take_back(self) -> Response:
        """Take back an answer."""
        return self._change(self.session.review.take_back)

    def adopt(self) -> Response:
        """Let one of several answers count."""
        return self._change(self.session.review.adopt)

    def answers(self) -> Response:
        """Return every answer as a table."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.csv"
            self.session.review.export(path)
            content = path.read_bytes()
        return Response(content, mimetype="text/csv")

    def _change(self, change: Callable[..., None]) -> Response:
        sent = body()
        change(number_in(sent, "reply"), by=person_in(sent, self.by))
        return jsonify(done=True)

    def _shown(self, reply: Reply) -> dict[str, Any]:
        """Return an answer as the page shows it."""
        own, other = reply.modality, 1 - reply.modality
        return asdict(reply) | {
            "at": reply.at.isoformat(),
            "item": self._item(own, reply.item),
            "partner": reply.partner and self._item(other, reply.partner),
        }

    def _item(self, modality: int, key: str) -> dict[str, str | None]:
        """Return an item; of one that is gone its key."""
        try:
            item, kind = (
                self.session.items.get(modality, key),
                self.session.kinds[modality],
            )
        except ValueError:
            item, kind = Item(key, -1, None), "other"
        return shown_item(item, modality, kind, address)
