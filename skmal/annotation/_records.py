"""What a session shows people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..matching import AuditEstimates

if TYPE_CHECKING:
    from typing_extensions import TypeIs

NAMES = "X", "y"  # of the pools, by modality


@dataclass(frozen=True)
class Item:
    """One item of a pool. Two are equal if key and row are, whatever the value is.

    Parameters
    ----------
    key : str
        Its name for ever: path relative to the folder, id, or hash of its content.
    row : int
        Where it stands in the pool as given to this session.
    value : object
        The item itself: a path, a text, an array.

    Examples
    --------
    >>> from skmal import Item
    >>> Item("p/fox.png", 4, "p/fox.png").key
    'p/fox.png'
    """

    key: str
    row: int
    value: Any = field(compare=False)


Partner: TypeAlias = Item | str | int | None  # an item, its key, its row, or none
Partners: TypeAlias = Partner | Sequence[Item | str | int]  # or all of several


def is_none(partner: Any) -> "TypeIs[Literal[-1] | None]":
    """Say whether an answer is that there is no partner."""
    return partner is None or (isinstance(partner, Real) and partner == -1)


def listed(told: Any) -> Any:
    """Return several partners as a list, where they come in an array or a column."""
    return np.asarray(told).tolist() if hasattr(told, "shape") else told


@dataclass(frozen=True)
class Question:
    """One item that a person is asked about; equal where the ids are.

    Parameters
    ----------
    id : int
        Number of the question in the journal.
    modality : int
        0 where the item is one of X, and its partner one of y; 1 the other way round.
    item : Item
        What is asked about, with `key`, `row` and `value`.
    candidates : tuple of Item
        Its likeliest partners, best first, without those known. There are more in the
        pool: see `PoolItems.search`.
    several : bool
        Whether it may have several partners, and stays open until all are told; see
        `groups` of `AnnotationSession`.
    partners : tuple of Item
        Where it may have several: those known so far.

    Examples
    --------
    >>> from skmal import Item, Question
    >>> fox = Item("p/fox.png", 4, "p/fox.png")
    >>> texts = Item("a3", 0, "a fox"), Item("b4", 1, "a hen")
    >>> question = Question(1, 0, fox, texts)
    >>> question.candidates[0].value
    'a fox'
    """

    id: int
    modality: int
    item: Item = field(compare=False)
    candidates: tuple[Item, ...] = field(compare=False)
    several: bool = field(default=False, compare=False)
    partners: tuple[Item, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class SetAside:
    """An item that cannot be used: it is not asked about, not offered, not encoded.

    Parameters
    ----------
    modality : int
        0 where it is one of X, 1 for y.
    key : str
        Its key.
    reason : str
        What is wrong with it.

    Examples
    --------
    >>> from skmal import SetAside
    >>> SetAside(0, "p/fox.jpg", "the file is cut short").reason
    'the file is cut short'
    """

    modality: int
    key: str
    reason: str


@dataclass(frozen=True)
class Found:
    """How often the encoder's candidates held the partner, before it learned of it.

    Parameters
    ----------
    n : int
        The answers that name a partner, the latest 50 at most.
    n_shown : int
        Candidates shown with a question.
    n_found : int
        How many of the partners were among these.
    by_chance : float
        How many would be, on average, among as many open items drawn at random.

    Examples
    --------
    >>> from skmal.annotation import Found
    >>> Found(n=50, n_shown=9, n_found=30, by_chance=1.0).n_found
    30
    """

    n: int
    n_shown: int
    n_found: int
    by_chance: float


@dataclass(frozen=True)
class Pace:
    """How fast answers come.

    Parameters
    ----------
    n : int
        Answers that were timed, those left out that took more than ten minutes.
    seconds : float
        The time that they took in all; of a person also that of questions skipped.
    per_hour : float or None
        Answers in an hour of such time; None where it is not known.

    Examples
    --------
    >>> from skmal.annotation import Pace
    >>> Pace(n=10, seconds=50.0, per_hour=720.0).per_hour
    720.0
    """

    n: int
    seconds: float
    per_hour: float | None


@dataclass(frozen=True)
class Cost:
    """How many seconds a question takes on average; None where none was timed.

    Parameters
    ----------
    verify : float or None
        To look at a partner that is proposed, and to say whether it is right; of those
        that are looked at together, each.
    pick : float or None
        To choose one of the candidates.
    search : float or None
        To find the partner elsewhere, or to say that there is none.

    Examples
    --------
    >>> from skmal.annotation import Cost
    >>> cost = Cost(verify=1.5, pick=4.0, search=11.0)
    >>> cost.expected(share_picked=0.5), cost.pays_from(share_picked=0.5)
    (7.5, 0.2)
    """

    verify: float | None
    pick: float | None
    search: float | None

    def expected(self, share_picked: float) -> float | None:
        """Return the seconds of a question that is asked in full.

        Parameters
        ----------
        share_picked : float
            How often the partner is among the candidates, from 0 to 1.

        Returns
        -------
        float or None
            None where a part is not known that matters.
        """
        parts = (share_picked, self.pick), (1 - share_picked, self.search)
        if any(share > 0 and seconds is None for share, seconds in parts):
            return None
        return sum(share * (seconds or 0.0) for share, seconds in parts)

    def pays_from(self, share_picked: float) -> float | None:
        """Return the confidence from which on a look at a proposal saves seconds.

        A look at one that is wrong is wasted, and one that is right spares the question
        in full: it pays where the confidence is above the seconds of a look over those
        of the question.

        Parameters
        ----------
        share_picked : float
            As in `expected`; ``progress.found`` counts it.

        Returns
        -------
        float or None
            From 0 to 1, where 1 is never; None where a part is not known that matters.
        """
        full = self.expected(share_picked)
        if full is None or self.verify is None:
            return None
        return min(1.0, self.verify / full) if full > 0 else 1.0


@dataclass(frozen=True)
class Proposal:
    """Two items that the encoder takes for partners.

    Parameters
    ----------
    X, y : Item
        Of either pool.
    confidence : float
        The probability that they are, from 0 to 1.
    is_trusted : bool, default=False
        Whether enough answers about items drawn at random bear that out: 30, or as many
        as it takes for it to be off by .05 at most, as far as can be told. Partners are
        proposed before that, too.

    Examples
    --------
    >>> from skmal import Item
    >>> from skmal.annotation import Proposal
    >>> fox = Item("p/fox.png", 4, "p/fox.png")
    >>> Proposal(fox, Item("a3", 0, "a fox"), 0.97).confidence
    0.97
    """

    X: Item
    y: Item
    confidence: float
    is_trusted: bool = False


@dataclass(frozen=True)
class Agreement:
    """How often two people agree who are asked the same, neither seeing the other.

    Parameters
    ----------
    n : int
        Questions that two people have answered.
    n_agreed : int
        Those to which they gave the same answer.
    by_chance : float or None
        The share that would be the same by chance: of two who choose among the places
        of the candidates ("first", "second", "none") as often as these people do, and
        do not look at the items. A partner found by a search is never so. None where
        no question has two answers.
    corrected : float or None
        How far the agreement goes beyond that: 1 where all is agreed, 0 where it is
        chance. It is Krippendorff's alpha on the places chosen. None where it cannot be
        told, for there are no two answers or all have the same place.

    Examples
    --------
    >>> from skmal.annotation import Agreement
    >>> Agreement(n=20, n_agreed=18, by_chance=0.2, corrected=0.875).n_agreed
    18
    """

    n: int
    n_agreed: int
    by_chance: float | None
    corrected: float | None


@dataclass(frozen=True)
class Reply:
    """An answer that a person gave, and what became of it.

    Parameters
    ----------
    id : int
        Its number in the journal, for `Review.take_back` and `adopt`.
    question : int
        Number of the question.
    modality : int
        0 where the item asked about is one of X, 1 for y.
    item : str
        Its key.
    partner : str or None
        The key of the partner; None for no partner.
    by : str
        Who gave it.
    at : datetime
        When, in UTC.
    seconds : float or None
        How long it took, where that is known.
    place : str
        Of the candidate chosen, "1" for the first; "other": a partner that was not
        among them; "none": no partner; "verified": what was proposed is right.
    turn : int
        1 for the first answer to the question, 2 for the second, 3 for the third.
    counts : bool
        Whether it is the one that is learned from, or says the same as that.
    is_disputed : bool
        Whether the answers to the question differ and nothing has settled it yet.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from skmal.annotation import Reply
    >>> at = datetime(2026, 1, 31, tzinfo=UTC)
    >>> Reply(7, 1, 0, "p/fox.png", "a3", "ada", at, 4.0, "1", 1, True, False).turn
    1
    """

    id: int
    question: int
    modality: int
    item: str
    partner: str | None
    by: str
    at: datetime
    seconds: float | None
    place: str
    turn: int
    counts: bool
    is_disputed: bool


@dataclass(frozen=True)
class Progress:
    """How far a session has come.

    Parameters
    ----------
    n_answers : int
        Answers paid for: partners, and items without one; second and third ones, too.
    n_pairs : int
        Pairs known, those at the start included.
    n_none : int
        Items that have no partner.
    n_skips : int
        Questions skipped, which cost nothing.
    budget : int or None
        Answers that may be paid for.
    n_open : tuple of two ints
        Items of X and of y without an answer, those that are set aside left out.
    n_set_aside : int
        Items that cannot be used, see `PoolItems.set_aside`.
    n_rounds : int
        Rounds of questions so far.
    is_training : bool
        Whether the encoder is being refitted at the moment.
    validation : list of (n_pairs, score)
        The score on `validation_data` after each training, if there is any.
    prequential : list of float
        For each batch of answers, the share whose partner the encoder knew already;
        see `PairedActiveLearner`.
    training_error : str or None
        Why the last training in the background failed, where it did.
    found : Found
        How often the encoder's candidates held the partner; in words by
        `skmal.annotation.describe_encoder`.
    pace : dict of str to Pace
        How fast each person answers.
    pace_by_rank : dict of str to Pace
        How fast answers are, by the place of the candidate chosen, "1" for the first;
        "other": a partner that was not among them; "none": no partner; "verified": what
        was proposed is right.
    overlap : float
        The share of questions that are asked of two people.
    n_waiting : int
        Answers that wait for one by a second person.
    n_disputed : int
        Questions whose answers differ, which wait for a third person or a decision.
    agreement : Agreement
        How often two people agree.
    agreement_by_person : dict of str to Agreement
        The same on the questions that each was asked.
    agreement_over_time : list of Agreement
        The same in one stretch of at least 20 questions after another.
    overruled : dict of str to int
        How many answers of each person do not count, for two others or a third person
        say otherwise, or somebody has decided so.
    audit : AuditEstimates
        What the answers about items drawn at random say of the pool that was open, with
        95 % intervals; those learned from by now. The intervals hold whatever those
        that were passed over would have said.
    n_unsettled : int
        How many of these questions were passed over, or had their answer taken back,
        and are without one.
    audit_share : float
        The share of questions that are about such items.
    n_verified : int
        Answers that said of a proposed partner that it is right.
    n_refused : int
        Proposed partners that somebody said are none.
    cost : Cost
        How many seconds a question takes.
    is_matching : bool
        Whether partners are being proposed at the moment.
    is_stopped : bool
        Whether `stop_when` has ended the asking.
    """

    n_answers: int
    n_pairs: int
    n_none: int
    n_skips: int
    budget: int | None
    n_open: tuple[int, int]
    n_set_aside: int
    n_rounds: int
    is_training: bool
    validation: list[tuple[int, float]]
    prequential: list[float]
    training_error: str | None
    found: Found
    pace: dict[str, Pace]
    pace_by_rank: dict[str, Pace]
    overlap: float
    n_waiting: int
    n_disputed: int
    agreement: Agreement
    agreement_by_person: dict[str, Agreement]
    agreement_over_time: list[Agreement]
    overruled: dict[str, int]
    audit: AuditEstimates
    n_unsettled: int
    audit_share: float
    n_verified: int
    n_refused: int
    cost: Cost
    is_matching: bool
    is_stopped: bool


@dataclass(frozen=True)
class Imported:
    """What became of the answers in a file.

    Parameters
    ----------
    n_answers : int
        Answers written to the journal.
    n_skips : int
        Questions passed over, for the partner was not among the candidates.
    n_unchanged : int
        Answers that the journal had already, and skips of what others have answered.
    n_unanswered : int
        Questions without an answer in the file.
    conflicts : list of str
        Answers that were not taken, and why.
    """

    n_answers: int
    n_skips: int
    n_unchanged: int
    n_unanswered: int
    conflicts: list[str]
