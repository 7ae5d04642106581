"""Label Studio beside the page: questions out as tasks, answers into the journal."""

from pathlib import Path

from .._shared.parameters import check_integer
from ._answering import Answering
from ._asking import Asking
from ._book import Book
from ._label_studio_answers import take_export
from ._label_studio_tasks import write_tasks
from ._records import Imported
from ._training_thread import Trainer


class LabelStudio:
    """Open questions as tasks for Label Studio, and its answers into the journal.

    It is the `label_studio` of an `AnnotationSession`.

    Parameters
    ----------
    book : Book
        What has been answered.
    answering : Answering
        Where answers are taken.
    trainer : Trainer
        What learns from them.
    asking : Asking
        Where questions come from.

    Examples
    --------
    >>> import tempfile
    >>> from skmal import AnnotationSession
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, X, y = f"{folder}/work.skmal", [[0.0], [1.0]], [[0.0], [1.0]]
    ...     with AnnotationSession(path, X, y) as session:
    ...         files = session.label_studio.export_tasks(f"{folder}/out")
    >>> [path.suffix for path in files]
    ['.json', '.xml']
    """

    def __init__(
        self, book: Book, answering: Answering, trainer: Trainer, asking: Asking
    ) -> None:
        self._book, self._answering, self._trainer = book, answering, trainer
        self._asking = asking

    def export_tasks(
        self,
        folder: str | Path,
        *,
        image_url: str | None = None,
        preselect: bool = False,
        image_size: int = 768,
    ) -> list[Path]:
        """Write the open questions as tasks for Label Studio.

        They are no more than the budget pays for. Where none are open, the encoder
        learns and asks first. In Label Studio, make a
        project with the configuration and import the tasks; one project per modality.

        Parameters
        ----------
        folder : str or path
            Made where it is missing. For questions about X it gets ``tasks-X.json`` and
            ``config-X.xml``, for questions about y ``tasks-y.json`` and
            ``config-y.xml``.
        image_url : str, default=None
            Where Label Studio finds an image, with ``{key}`` in it, such as
            ``"/data/local-files/?d=images/{key}"``. None: images go into the tasks, as
            the page shows them.
        preselect : bool, default=False
            Whether the likeliest candidate is ticked as a prediction. That is quicker
            where it is right, and makes people agree with it where it is wrong.
        image_size : int, default=768
            The longest side of an image that goes into the tasks, in pixels. A
            photograph then takes some 100 kB in each task that shows it.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        ValueError
            If there is nothing left to ask; no file is changed then.
        """
        check_integer(image_size, "image_size", 1)
        self._book.check_open()
        questions, left = self._asking.open_questions(), self._book.ledger.budget_left
        if left < len(questions):  # nobody is asked for what would not be taken
            questions = questions[: max(int(left), 0)]
        if not questions:
            raise ValueError(
                f"{self._book.journal.path} has no questions left, or no budget; there "
                "is no task"
            )
        kinds, journal = self._book.items.kinds, self._book.ledger.parameters.journal
        return write_tasks(
            questions, kinds, folder, journal, image_url, preselect, image_size
        )

    def import_answers(self, path: str | Path) -> Imported:
        """Take the answers out of Label Studio's JSON export.

        "Has no partner at all" is an answer, "none of these" a skip: Label Studio shows
        the candidates only, and the partner may be elsewhere in the pool. Tasks that
        were skipped or not reached stay open. Of several annotations by one person the
        last updated one counts; those by several people are opinions where the question
        is asked of two (`overlap`), and else the last updated one of all counts, an
        answer more than another's skip. A file can be imported again; what is known
        already is left alone.

        Parameters
        ----------
        path : str or path
            The export, in the format JSON (not JSON-MIN).

        Returns
        -------
        Imported
            How many answers came, and which could not be taken.

        Raises
        ------
        ValueError
            If the file is of another format or session, or a choice is unknown. Nothing
            is changed then.
        """
        with self._book.lock:
            self._book.check_open()
            done = take_export(path, self._book, self._answering)
            self._trainer.start_if_due()
        return done
