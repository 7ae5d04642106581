"""What happens in a session: a class per kind of event, and the columns of each.

The journal keeps an event as a row of columns; what does not belong to its kind is
NULL there, and what has no column of its own is JSON in the column `data`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ._ids import UNWRITTEN, EventId, Number, QuestionId


@dataclass(frozen=True)
class Parameters:
    """What a session was begun with.

    Parameters
    ----------
    budget : int or None
        Answers to pay for in all.
    batch_size, n_candidates : int
        As given to the session, or their defaults.
    journal : str
        A name for the journal that no other has.
    skmal : str
        The version that began it.
    seed : int
        The learner's.
    learner : dict
        The learner's parameters as JSON can hold them.
    several : list of int
        The modalities whose items may have several partners. Where there are any,
        items of equal content are one.
    overlap : float
        The share of questions that are asked of two people.
    audit : float
        The share of questions that are about items drawn at random.
    """

    budget: int | None
    batch_size: int
    n_candidates: int
    journal: str
    skmal: str
    seed: int
    learner: dict[str, Any]
    several: list[int] = field(default_factory=list)
    overlap: float = 0.0
    audit: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A question as the journal has it.

    Parameters
    ----------
    id : int
        Number of the question.
    item : int
        The item asked about.
    partners : list of int
        Its likeliest partners, best first, more than a person is shown.
    is_audit : bool
        Whether the item was drawn at random from the open ones, not chosen.
    """

    id: QuestionId
    item: Number
    partners: list[Number]
    is_audit: bool = False


@dataclass(frozen=True)
class Ranked:
    """Where the partner of an item drawn at random stood before it was learned.

    Parameters
    ----------
    question : int
        Number of the question.
    partner : int
        What was answered, -1 for no partner.
    rank : float or None
        Its rank among all open items, from 1; None where there is no partner.
    """

    question: QuestionId
    partner: Number
    rank: float | None


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the journal adds to an event when it is written.

    Parameters
    ----------
    number : int
        Of the event; 0 until then.
    at : float
        When, in seconds since 1970; 0 until then.
    """

    number: EventId = UNWRITTEN
    at: float = 0.0


@dataclass(frozen=True)
class Start(Written):
    """The first event."""

    parameters: Parameters


@dataclass(frozen=True)
class Pair(Written):
    """An item of X and its partner in y, known at the start."""

    item: Number
    partner: Number


@dataclass(frozen=True)
class Round(Written):
    """A training has ended, and chosen questions.

    Parameters
    ----------
    questions : list of Asked
        In the order in which they are handed out.
    upto : int
        The last event that the training knew of.
    n_pairs : int
        Pairs that it learned from.
    score : float or None
        On the validation data, where there are any.
    prequential : list of float
        The learner's shares of partners found, up to then.
    sha256 : str
        Of the file with the weights.
    ranked : list of Ranked
        The answers about items drawn at random since the last training, as the encoder
        saw them before it.
    """

    questions: list[Asked]
    upto: EventId
    n_pairs: int
    score: float | None
    prequential: list[float]
    sha256: str
    ranked: list[Ranked] = field(default_factory=list)


@dataclass(frozen=True)
class More(Written):
    """Questions for people who are faster than the training."""

    questions: list[Asked]


@dataclass(frozen=True)
class Proposed(Written):
    """Questions whose proposed partner somebody has looked at, and what to ask of it.

    The `Answer` or `Refused` of each comes with it.
    """

    questions: list[Asked]


@dataclass(frozen=True)
class Answer(Written):
    """Somebody has named the partner of an item, or (-1) said that there is none.

    It is `verified` where the partner was proposed, and the person said that it is
    right.
    """

    by: str
    question: QuestionId
    item: Number
    partner: Number
    seconds: float | None
    verified: bool = False


@dataclass(frozen=True)
class Skip(Written):
    """Somebody has passed a question over."""

    by: str
    question: QuestionId
    item: Number
    seconds: float | None


@dataclass(frozen=True)
class Complete(Written):
    """Somebody says of an item with several partners that these are all."""

    by: str
    question: QuestionId
    item: Number
    seconds: float | None


@dataclass(frozen=True)
class Refused(Written):
    """Somebody says that a proposed partner is none; the question is open."""

    by: str
    question: QuestionId
    item: Number
    partner: Number
    seconds: float | None


@dataclass(frozen=True)
class Opinion(Written):
    """What another person says to a question that has been answered.

    The partner is None where that person passes it over.
    """

    by: str
    question: QuestionId
    item: Number
    partner: Number | None
    seconds: float | None


@dataclass(frozen=True)
class Adopted(Written):
    """Of several answers to a question another one counts from here on.

    Parameters
    ----------
    by : str or None
        Who decided so; None where the answers did, by their number.
    question, item, partner : int
        As of the answer that counts.
    whose : str
        Who gave that.
    """

    by: str | None
    question: QuestionId
    item: Number
    partner: Number
    whose: str


@dataclass(frozen=True)
class Undo(Written):
    """An answer, a skip or a known pair is taken back."""

    by: str
    undoes: EventId


@dataclass(frozen=True)
class Budget(Written):
    """There is another budget from here on."""

    budget: int | None


@dataclass(frozen=True)
class Overlap(Written):
    """From here on another share of questions is asked of two people."""

    share: float


@dataclass(frozen=True)
class Audit(Written):
    """From here on another share of questions is about items drawn at random."""

    share: float


@dataclass(frozen=True)
class Plan(Written):
    """From here on the same answers are learned from otherwise; see `Parameters`."""

    batch_size: int
    n_candidates: int
    seed: int
    learner: dict[str, Any]


@dataclass(frozen=True)
class Changed(Written):
    """On opening, items were not what the journal says of them."""

    changed: list[Number]
    missing: list[Number]
    added: list[Number]


Event: TypeAlias = (
    Start
    | Pair
    | Round
    | More
    | Proposed
    | Answer
    | Skip
    | Complete
    | Refused
    | Opinion
    | Adopted
    | Undo
    | Budget
    | Overlap
    | Audit
    | Plan
    | Changed
)


def columns_of(event: Event) -> dict[str, Any]:
    """Return the columns that an event fills, but for its number and its time."""
    match event:
        case Start(parameters):
            data = {
                "budget": parameters.budget,
                "batch_size": parameters.batch_size,
                "n_candidates": parameters.n_candidates,
                "id": parameters.journal,
                "skmal": parameters.skmal,
                "seed": parameters.seed,
                "learner": parameters.learner,
                "several": parameters.several,
            }
            return {"kind": "start", "data": json.dumps(data)}
        case Pair(item, partner):
            return {"kind": "pair", "item": item, "partner": partner}
        case Round():
            data = {
                "upto": event.upto,
                "n_pairs": event.n_pairs,
                "score": event.score,
                "prequential": event.prequential,
                "sha256": event.sha256,
                "questions": _listed(event.questions),
            }
            if event.ranked:
                data["ranked"] = [[*vars(one).values()] for one in event.ranked]
            return {"kind": "round", "data": json.dumps(data)}
        case More(questions) | Proposed(questions):
            kind = "more" if isinstance(event, More) else "proposed"
            data = {"questions": _listed(questions)}
            return {"kind": kind, "data": json.dumps(data)}
        case Answer() | Opinion() | Refused():
            columns: dict[str, Any] = {
                "kind": type(event).__name__.lower(),
                "by": event.by,
                "question": event.question,
                "item": event.item,
                "partner": event.partner,
                "seconds": event.seconds,
            }
            if isinstance(event, Answer) and event.verified:
                columns["data"] = json.dumps({"verified": True})
            return columns
        case Skip() | Complete():
            return {
                "kind": "skip" if isinstance(event, Skip) else "complete",
                "by": event.by,
                "question": event.question,
                "item": event.item,
                "seconds": event.seconds,
            }
        case Adopted():
            return {
                "kind": "adopted",
                "by": event.by,
                "question": event.question,
                "item": event.item,
                "partner": event.partner,
                "data": json.dumps({"whose": event.whose}),
            }
        case Undo(by, undoes):
            return {"kind": "undo", "by": by, "undoes": undoes}
        case Budget(budget):
            return {"kind": "budget", "data": json.dumps({"budget": budget})}
        case Overlap(share) | Audit(share):
            kind = type(event).__name__.lower()
            return {"kind": kind, "data": json.dumps({"share": share})}
        case Plan():
            names = "batch_size", "n_candidates", "seed", "learner"
            data = {name: getattr(event, name) for name in names}
            return {"kind": "plan", "data": json.dumps(data)}
        case Changed():
            news = {
                "changed": event.changed,
                "missing": event.missing,
                "added": event.added,
            }
            data = {what: numbers for what, numbers in news.items() if numbers}
            return {"kind": "changed", "data": json.dumps(data)}


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the event that a row of the journal holds."""
    written = {"number": row["id"], "at": row["at"]}
    data = json.loads(row["data"] or "{}")
    match row["kind"]:
        case "start":
            data["journal"] = data.pop("id")
            return Start(Parameters(**data), **written)
        case "pair":
            return Pair(row["item"], row["partner"], **written)
        case "round":
            data["questions"] = _asked(data["questions"])
            data["ranked"] = [Ranked(*one) for one in data.get("ranked", [])]
            return Round(**data, **written)
        case "more":
            return More(_asked(data["questions"]), **written)
        case "proposed":
            return Proposed(_asked(data["questions"]), **written)
        case "answer" | "opinion" | "refused" as kind:
            names = "by", "question", "item", "partner", "seconds"
            said = {"answer": Answer, "opinion": Opinion, "refused": Refused}[kind]
            return said(*(row[name] for name in names), **data, **written)
        case "adopted":
            names = "by", "question", "item", "partner"
            return Adopted(*(row[name] for name in names), **data, **written)
        case "skip" | "complete" as kind:
            names = "by", "question", "item", "seconds"
            told = Skip if kind == "skip" else Complete
            return told(*(row[name] for name in names), **written)
        case "undo":
            return Undo(row["by"], row["undoes"], **written)
        case "budget":
            return Budget(data["budget"], **written)
        case "overlap":
            return Overlap(data["share"], **written)
        case "audit":
            return Audit(data["share"], **written)
        case "plan":
            return Plan(**data, **written)
        case "changed":
            news = (data.get(what, []) for what in ("changed", "missing", "added"))
            return Changed(*news, **written)
        case kind:
            raise ValueError(
                f"event {row['id']} is of the kind {kind!r}, which skmal does not "
                "know; was the journal written by another program?"
            )


def _listed(questions: Sequence[Asked]) -> list[list[Any]]:
    drawn = {True: [True], False: []}  # chosen ones stand there as they always did
    return [
        [asked.id, asked.item, asked.partners, *drawn[asked.is_audit]]
        for asked in questions
    ]


def _asked(rows: Sequence[Sequence[Any]]) -> list[Asked]:
    return [Asked(*row) for row in rows]
