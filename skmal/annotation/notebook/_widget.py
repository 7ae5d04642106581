"""The widget: what the browser sends, done to a session, and what it is to show.

anywidget is imported here, so this is imported only by who shows a widget.
"""

from base64 import b64encode
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ...items._pictures import UnreadableImage
from ...items._sounds import MIMETYPES
from .._records import Item
from .._search import are_partly
from .._session import AnnotationSession
from .._shown import shown, shown_item, shown_progress
from .._thumbnails import thumbnail

N_HITS = 24  # items that a search shows, by words and by the encoder each
N_PICTURES = 300  # thumbnails kept
MAX_SOUND = 2_000_000  # bytes of a sound file that is sent: minutes, if compressed

_ANNOTATION = files("skmal.annotation")
_SENTENCES = _ANNOTATION.joinpath("page", "sentences.js").read_text(encoding="utf-8")
_OWN = _ANNOTATION.joinpath("notebook", "widget.js").read_text(encoding="utf-8")
_CSS = _ANNOTATION.joinpath("notebook", "widget.css").read_text(encoding="utf-8")


class QuestionWidget(anywidget.AnyWidget):
    """A question in a notebook; made by `skmal.annotation.widget`.

    Parameters
    ----------
    session : AnnotationSession
        What it is about.
    by : str, default="me"
        In whose name answers go.

    Attributes
    ----------
    question : dict or None
        What is asked, as people are shown it.
    progress : dict
        How far the session has come.
    found : dict or None
        What the last search found: its words, its items, how many of them hold the
        words, and whether these hold only some of them.
    error : str
        Why the last thing that somebody did was refused, or "".
    n_done : int
        How many things have been done; the browser waits for it.
    """

    _esm = f"{_SENTENCES}\n{_OWN}"
    _css = _CSS

    # Their types are those of the values, which type checkers cannot see.
    kinds: Any = traitlets.List().tag(sync=True)
    question: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    progress: Any = traitlets.Dict().tag(sync=True)
    found: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    error: Any = traitlets.Unicode("").tag(sync=True)
    n_done: Any = traitlets.Int(0).tag(sync=True)

    def __init__(self, session: AnnotationSession, by: str = "me") -> None:
        super().__init__(kinds=list(session.kinds))
        self._session, self._by = session, by
        self._thumbnail = lru_cache(N_PICTURES)(self._thumbnail_of)
        self.on_msg(lambda _, sent, __: self.do(sent))
        self.refresh()

    def refresh(self) -> None:
        """Show the question as it is now."""
        self.do({"do": "refresh"})

    def do(self, sent: dict[str, Any]) -> None:
        """Do what somebody has pressed, and show what came of it.

        Parameters
        ----------
        sent : dict
            `do`: answer, complete, skip, undo, search or refresh; with `question` and
            `partner`, or the `text` to search.
        """
        error, found = "", None
        try:
            if sent["do"] == "search":
                found = self._search(sent["text"])
            else:
                self._tell(sent)
        except Exception as reason:  # told here; a kernel would swallow it
            error = f"{type(reason).__name__}: {reason}"
        question, before = self.question, self.question
        try:
            if sent["do"] != "search":
                question = self._next()
        except Exception as reason:  # encoders of any kind raise what they like
            error = f"{type(reason).__name__}: {reason}"
        if sent["do"] == "refresh" and question == before:
            found = self.found
        progress = shown_progress(self._session)
        with self.hold_sync():
            self.question, self.found, self.error = question, found, error
            self.progress = progress
            self.n_done += 1

    def _tell(self, sent: dict[str, Any]) -> None:
        """Tell the session."""
        match sent["do"]:
            case "answer":
                self._session.answer(sent["question"], sent["partner"], by=self._by)
            case "complete":
                self._session.complete(sent["question"], by=self._by)
            case "skip":
                self._session.skip(sent["question"], by=self._by)
            case "undo":
                self._session.undo(by=self._by)

    def _next(self) -> dict[str, Any] | None:
        """Return the next question, with its pictures."""
        asked = self._session.next_question(by=self._by)
        if asked is None:
            return None
        return shown(asked, self._session.kinds, self._picture)

    def _search(self, text: str) -> dict[str, Any] | None:
        """Return items with these words, then those that the encoder puts near them."""
        if self.question is None or not text.strip():
            return None
        modality = 1 - self.question["modality"]
        find = partial(
            self._session.items.search,
            text,
            modality,
            N_HITS,
            question=self.question["id"],
        )
        by_words, near = find(how="words"), find(how="encoder")
        known = {item.key for item in by_words}
        items = [*by_words, *(item for item in near if item.key not in known)]
        kind = self._session.kinds[modality]
        return {
            "words": text.strip(),
            "n_by_words": len(by_words),
            "partly": are_partly(by_words, kind, text),
            "items": [
                shown_item(item, modality, kind, self._picture) for item in items
            ],
        }

    def _picture(self, modality: int, item: Item) -> str:
        """Return an address that holds a picture, or a sound; "" where it cannot."""
        try:
            if self._session.kinds[modality] == "audio":
                return self._sound_of(modality, item.key)
            return self._thumbnail(modality, item.key)
        except (UnreadableImage, OSError):
            self._session.items.look_at(modality, item.key)  # sets it aside
            return ""

    def _thumbnail_of(self, modality: int, key: str) -> str:
        """Return a small copy as a data URL."""
        content, mimetype = thumbnail(self._session.items.get(modality, key).value)
        return f"data:{mimetype};base64,{b64encode(content).decode()}"

    def _sound_of(self, modality: int, key: str) -> str:
        """Return a sound file as a data URL, or "" where it is too large to be sent."""
        path = Path(self._session.items.get(modality, key).value)
        if path.stat().st_size > MAX_SOUND:
            return ""
        content = b64encode(path.read_bytes()).decode()
        return f"data:{MIMETYPES[path.suffix.lower()]};base64,{content}"
