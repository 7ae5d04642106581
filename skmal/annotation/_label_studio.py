"""Label Studio's formats: tasks and a labelling configuration out, an export back in.

A task carries the question's number and the journal's id; the alias of each choice is
the key of an item, so that whatever Label Studio does to the order, to its own ids or
to the texts, an answer finds its way home.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from .._shared.files import replacing
from .._shared.parameters import check_integer
from ..items._pictures import UnreadableImage
from ._asking import Asking
from ._book import Book
from ._catalogue import Catalogue
from ._desk import Desk
from ._events import Answer, Complete, Opinion, Skip
from ._ids import NONE, Key, QuestionId
from ._ledger import Ledger
from ._records import Imported, Item, Question
from ._thumbnails import thumbnail
from ._training_thread import Trainer

CHOICE = "partner"  # name of the control
NOT_AMONG, NO_PARTNER = "skmal:not-among-these", "skmal:no-partner"
BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
KEY = "key:"  # stands before a key in an alias, so that no key can mean the above

Locate: TypeAlias = Callable[[int, Item], str]  # (modality, item) -> where its image is


@dataclass(frozen=True)
class Told:
    """One answer of an export.

    Parameters
    ----------
    question : int
        Number of the question.
    item : str or None
        Key of the item that it is about there.
    choice : str
        The alias chosen.
    by : str
        Who answered, as Label Studio names them.
    seconds : float or None
        How long it took.
    """

    question: QuestionId
    item: Key | None
    choice: str
    by: str
    seconds: float | None


class LabelStudio:
    """Open questions as tasks for Label Studio, and its answers into the journal.

    It is the `label_studio` of an `AnnotationSession`.

    Parameters
    ----------
    book : Book
        What has been answered.
    desk : Desk
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
        self, book: Book, desk: Desk, trainer: Trainer, asking: Asking
    ) -> None:
        self._book, self._desk, self._trainer = book, desk, trainer
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
            done = take_export(path, self._book, self._desk)
            self._trainer.start_if_due()
        return done


# -------------------------------------------------------------------- out


def write_tasks(
    questions: Sequence[Question],
    kinds: tuple[str, str],
    folder: str | Path,
    journal: str,
    image_url: str | None,
    preselect: bool,
    image_size: int,
) -> list[Path]:
    """Write tasks and a configuration per modality asked; return their paths.

    Nothing is written where an image cannot be read.
    """
    folder = Path(folder)
    locate = _locate(image_url, image_size)
    files = {}
    for modality in sorted({question.modality for question in questions}):
        asked = [q for q in questions if q.modality == modality]
        kind, others = kinds[modality], kinds[1 - modality]
        k = max(len(question.candidates) for question in asked)
        tasks = [_task(q, kind, others, k, journal, locate, preselect) for q in asked]
        name = "Xy"[modality]
        text = json.dumps(tasks, ensure_ascii=False, indent=1)
        files[folder / f"tasks-{name}.json"] = text
        files[folder / f"config-{name}.xml"] = config(kind, others, k)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        with replacing(path) as file:
            file.write(text)
    return list(files)


def config(kind: str, others: str, k: int) -> str:
    """Return the labelling configuration for items of `kind` with k candidates."""
    lines = ["<View>", '  <Header value="Which of these belongs to it?"/>']
    tag = "Image" if kind == "image" else "Text"
    lines.append(f'  <{tag} name="item" value="$item"/>')
    if others == "image":
        lines.append('  <View style="display: flex; flex-wrap: wrap">')
        for i in range(1, k + 1):
            lines.append(
                '    <View style="width: 30%; margin: 4px">'
                f'<Header value="{i}" size="5"/>'
                f'<Image name="candidate_{i}" value="$candidate_{i}"/></View>'
            )
        lines.append("  </View>")
    lines += [
        f'  <Choices name="{CHOICE}" toName="item" choice="single-radio" '
        'required="true" value="$choices"/>',
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def _task(
    question: Question,
    kind: str,
    others: str,
    k: int,
    journal: str,
    locate: Locate,
    preselect: bool,
) -> dict[str, Any]:
    candidates = question.candidates
    choices = []
    for i, candidate in enumerate(candidates, start=1):
        shown = f"image {i}" if others == "image" else f"{i}. {_shown(candidate)}"
        choice = {"value": shown, "alias": KEY + candidate.key}
        choices.append(choice | ({"hotkey": str(i)} if i <= 9 else {}))
    choices.append({"value": "none of these", "alias": NOT_AMONG, "hotkey": "0"})
    none = "has no other partner" if question.partners else "has no partner at all"
    choices.append({"value": none, "alias": NO_PARTNER})
    item, modality = question.item, question.modality
    data = {
        "item": locate(modality, item) if kind == "image" else _shown(item),
        "choices": choices,
        "skmal_journal": journal,
        "skmal_question": question.id,
        "skmal_item": item.key,
    }
    if others == "image":  # Label Studio wants every image that the configuration names
        images = [locate(1 - modality, candidate) for candidate in candidates]
        images += [BLANK] * (k - len(images))
        data |= {f"candidate_{i}": image for i, image in enumerate(images, start=1)}
    task: dict[str, Any] = {"data": data}
    if preselect and candidates:
        result = {
            "from_name": CHOICE,
            "to_name": "item",
            "type": "choices",
            "value": {"choices": [choices[0]["alias"]]},
        }
        task["predictions"] = [{"model_version": "skmal", "result": [result]}]
    return task


def _shown(item: Item) -> str:
    """Return what a person reads of an item that is no image."""
    return item.value if isinstance(item.value, str) else item.key


def _locate(image_url: str | None, image_size: int) -> Locate:
    """Return what tells where Label Studio finds an image.

    That is a data URI where there is no `image_url`: the image as the page shows it,
    made once however many tasks it is in.
    """
    made: dict[tuple[int, str], str] = {}

    def locate(modality: int, item: Item) -> str:
        if image_url is not None:
            return image_url.replace("{key}", quote(item.key))
        key = Key(item.key)
        if (modality, key) not in made:
            made[modality, key] = _data_uri(item, image_size)
        return made[modality, key]

    return locate


def _data_uri(item: Item, image_size: int) -> str:
    try:
        content, mimetype = thumbnail(item.value, image_size)
    except UnreadableImage as error:
        raise ValueError(
            f"{item.key!r} cannot go into a task: {error}; put the image back, or pass "
            "image_url"
        ) from error
    return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"


# -------------------------------------------------------------------- back in


def read_export(
    path: str | Path, journal: str
) -> tuple[dict[QuestionId, list[Told]], int]:
    """Return what Label Studio's JSON export tells, and how many tasks had no answer.

    For each question it is what each person told, of several annotations or tasks the
    last one updated; the last of all comes last.
    """
    with open(path, encoding="utf-8-sig") as file:  # some tools put a mark in front
        try:
            tasks = json.load(file)
        except ValueError as error:
            raise ValueError(
                f"{path} is no JSON ({error}); export as JSON from Label Studio"
            ) from error
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in tasks
    ):
        raise ValueError(
            f"{path} is no list of tasks with `data`; of the formats that Label "
            "Studio offers, choose JSON, not JSON-MIN or CSV"
        )
    found: dict[QuestionId, dict[str, tuple[datetime, Told]]] = {}
    unanswered: set[QuestionId] = set()
    for number, task in enumerate(tasks):
        data = task["data"]
        if data.get("skmal_journal") != journal:
            raise ValueError(
                f"{path}, task {task.get('id', number)}: it is not of this session "
                f"(skmal_journal is {data.get('skmal_journal')!r}); import it where it "
                "was exported"
            )
        question = data.get("skmal_question")
        if not isinstance(question, int):
            raise ValueError(
                f"{path}, task {task.get('id', number)}: its skmal_question is "
                f"{question!r}, no number of a question; import the tasks as they were "
                "exported"
            )
        question = QuestionId(question)
        unanswered.add(question)
        for annotation in task.get("annotations") or []:
            told = _read_annotation(annotation, data, path)
            if told is None:
                continue
            when, people = _when(annotation, path), found.setdefault(question, {})
            if told.by not in people or when >= people[told.by][0]:
                people.pop(told.by, None)  # of the same time the later one comes later
                people[told.by] = when, told
    in_order = {
        question: [told for _, told in sorted(people.values(), key=itemgetter(0))]
        for question, people in found.items()
    }
    return in_order, len(unanswered - set(found))


def _when(annotation: dict[str, Any], path: str | Path) -> datetime:
    """Return when an annotation was last updated; long ago where that is not told."""
    told = annotation.get("updated_at") or annotation.get("created_at")
    if told is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        when = datetime.fromisoformat(told)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path}, annotation {annotation.get('id')}: it was updated at {told!r}, "
            "which is no time such as 2026-01-31T12:00:00Z; correct it"
        ) from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _read_annotation(
    annotation: dict[str, Any], data: dict[str, Any], path: str | Path
) -> Told | None:
    """Return what it tells; None where it was skipped or left empty."""
    try:
        if annotation.get("was_cancelled"):
            return None
        chosen = [
            str(choice)
            for result in annotation.get("result") or []
            if result.get("from_name") == CHOICE
            for choice in (result.get("value") or {}).get("choices") or []
        ]
    except (AttributeError, TypeError) as error:
        raise ValueError(
            f"{path}, question {data['skmal_question']}: {annotation!r:.100} is no "
            "annotation of Label Studio's; export as JSON from there again"
        ) from error
    if not chosen:
        return None
    # Without aliases (an edited configuration) the shown value is what comes back.
    choices = data.get("choices") or []
    alias = {choice.get("value"): choice.get("alias") for choice in choices}
    known = {*alias.values(), NOT_AMONG, NO_PARTNER}
    # Tools that leave the choices out keep the aliases.
    is_alias = chosen[0] in known or (not choices and chosen[0].startswith(KEY))
    choice = chosen[0] if is_alias else alias.get(chosen[0])
    if choice is None or len(chosen) > 1:
        raise ValueError(
            f"{path}, question {data['skmal_question']}: {chosen!r} is not one of the "
            "task's choices; import the tasks as they were exported"
        )
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    by = "label-studio" if who is None else f"label-studio:{who}"
    seconds = annotation.get("lead_time")
    return Told(data["skmal_question"], data.get("skmal_item"), choice, by, seconds)


def take_export(path: str | Path, book: Book, desk: Desk) -> Imported:
    """Take the answers of an export; under the book's lock."""
    told, n_unanswered = read_export(path, book.ledger.parameters.journal)
    n_taken = {"answer": 0, "complete": 0, "skip": 0, "unchanged": 0}
    conflicts: list[str] = []
    heard = [_heard(people, book.ledger) for people in told.values()]
    # Every question is paid for once before one is for the second time.
    for one in filter(None, chain.from_iterable(zip_longest(*heard))):
        try:
            what, partner = _decide(one, book.ledger, book.items)
            if what == "complete":
                desk.complete(one.question, one.by, one.seconds)
            elif what == "answer":
                desk.answer(one.question, partner, one.by, one.seconds)
            elif what == "skip":
                desk.skip(one.question, one.by, one.seconds)
            n_taken[what] += 1
        except ValueError as error:
            conflicts.append(str(error))
    return Imported(
        n_answers=n_taken["answer"] + n_taken["complete"],
        n_skips=n_taken["skip"],
        n_unchanged=n_taken["unchanged"],
        n_unanswered=n_unanswered,
        conflicts=conflicts,
    )


def _heard(people: list[Told], ledger: Ledger) -> list[Told]:
    """Return what counts of what people told of one question.

    All of it where two are asked, answers before skips, which close no question then;
    else the last answer, or the last skip where nobody answered.
    """
    asked = ledger.questions.get(people[0].question)
    if asked is None or not ledger.is_shared(asked):
        answers = [told for told in people if told.choice != NOT_AMONG]
        return (answers or people)[-1:]
    return sorted(people, key=lambda told: told.choice == NOT_AMONG)


def _decide(
    told: Told, ledger: Ledger, items: Catalogue
) -> tuple[Literal["answer", "complete", "skip", "unchanged"], Key | None]:
    """Return what an answer of an export comes to here, and the partner's key.

    Raises
    ------
    ValueError
        If the question is about another item here.
    """
    asked = ledger.questions.get(told.question)
    if asked is not None and told.item != items.key(asked.item):
        raise ValueError(
            f"question {told.question} is about {items.key(asked.item)!r} here, but "
            f"about {told.item!r} in the export, which another copy of this journal "
            "made"
        )
    before = ledger.heard(told.question, told.by)
    if told.choice == NOT_AMONG:
        is_passed = isinstance(before, Opinion) and before.partner is None
        is_answered = before is not None and before.by != told.by  # by somebody else
        is_same = isinstance(before, Skip) or is_passed or is_answered
        return ("unchanged" if is_same else "skip"), None
    partner = None
    if told.choice != NO_PARTNER:
        partner = Key(told.choice.removeprefix(KEY))
    if asked is not None and ledger.several[asked.item]:
        known_keys = [*map(items.key, ledger.partners.get(asked.item, ()))]
        if partner in known_keys or (partner is None and isinstance(before, Complete)):
            return "unchanged", partner
        if partner is None and before is None:
            return "complete", None
    if isinstance(before, Answer | Opinion) and before.partner is not None:
        known = None if before.partner == NONE else items.key(before.partner)
        if known == partner:
            return "unchanged", partner
    return "answer", partner
