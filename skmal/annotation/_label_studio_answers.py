"""Answers out of Label Studio's JSON export, into the journal."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from ._answering import Answering
from ._book import Book
from ._catalogue import Catalogue
from ._events import Answer, Complete, Opinion, Skip
from ._ids import NONE, Key, QuestionId
from ._label_studio_tasks import CHOICE, KEY, NO_PARTNER, NOT_AMONG
from ._ledger import Ledger
from ._records import Imported


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
        except (ValueError, RecursionError) as error:  # too many brackets
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
        if type(question) is not int:
            raise ValueError(
                f"{path}, task {task.get('id', number)}: its skmal_question is "
                f"{question!r}, no number of a question; import the tasks as they were "
                "exported"
            )
        question = QuestionId(question)
        unanswered.add(question)
        for name, whole in (("annotations", task), ("choices", data)):
            if not _is_list_of_objects(whole.get(name) or []):
                raise ValueError(
                    f"{path}, task {task.get('id', number)}: its {name} are "
                    f"{whole[name]!r:.100}, no list of objects; import the tasks as "
                    "they were exported, and export as JSON from Label Studio"
                )
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


def _is_list_of_objects(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, dict) for one in told)


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
            choice
            for result in annotation.get("result") or []
            if result.get("from_name") == CHOICE
            for choice in _ticked(result)
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
    both = [(choice.get("value"), choice.get("alias")) for choice in choices]
    alias = {
        shown: own
        for shown, own in both
        if isinstance(shown, str) and isinstance(own, str)
    }
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


def _ticked(result: dict[str, Any]) -> list[str]:
    """Return the choices that a result names; a TypeError where they are no list."""
    told = (result.get("value") or {}).get("choices") or []
    if not isinstance(told, list):
        raise TypeError(f"choices must be a list, got {told!r:.100}")
    return [str(choice) for choice in told]


def take_export(path: str | Path, book: Book, answering: Answering) -> Imported:
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
                answering.complete(one.question, one.by, one.seconds)
            elif what == "answer":
                answering.answer(one.question, partner, one.by, one.seconds)
            elif what == "skip":
                answering.skip(one.question, one.by, one.seconds)
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
