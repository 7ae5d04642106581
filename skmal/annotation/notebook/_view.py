"""A session's questions below a cell of a notebook."""

from typing import Protocol

from .._session import AnnotationSession


class QuestionView(Protocol):
    """A widget that shows a question."""

    def refresh(self) -> None:
        """Show the question as it is now."""

    def close(self) -> None:
        """End the widget; the session stays open."""


def widget(session: AnnotationSession, by: str = "me") -> QuestionView:
    """Show a session's questions in a notebook, to be answered by click.

    As the last line of a cell it shows what the page shows: an item, numbered
    candidates, a search, and buttons that say none, skip and undo. It needs anywidget
    (the extra `notebook`), which Jupyter, VS Code, Colab and marimo know.

    Parameters
    ----------
    session : AnnotationSession
        An open session. With ``training="background"`` people go on while the encoder
        learns; with "wait" the widget waits for it after each batch.
    by : str, default="me"
        In whose name answers go.

    Returns
    -------
    QuestionView
        An anywidget. Other cells can use the session meanwhile; `refresh` shows what
        they have changed, `close` ends the widget, and the session stays open.

    Raises
    ------
    ImportError
        If anywidget is not installed.

    See Also
    --------
    serve : The page, for people without a notebook.

    Notes
    -----
    What people do is sent to the kernel, and done there between two cells: while a
    cell runs, the widget waits. Images are sent as the page's thumbnails, sound files
    of up to 2 MB as they are; larger ones are not played.

    Examples
    --------
    >>> from skmal import AnnotationSession
    >>> from skmal.annotation import widget
    >>> session = AnnotationSession(
    ...     "work.skmal", "images", "texts.csv", training="background"
    ... )  # doctest: +SKIP
    >>> widget(session)  # doctest: +SKIP
    """
    try:
        from ._widget import QuestionWidget
    except ImportError as error:
        raise ImportError(
            "the widget needs anywidget; install it with `pip install "
            '"skmal[notebook]"`'
        ) from error
    return QuestionWidget(session, by)
