"""What a session shows people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

NAMES = "X", "y"  # of the pools, by modality


@dataclass(frozen=True)
class Item:
    """One item of a pool.

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
    value: Any


Partner: TypeAlias = Item | str | int | None  # an item, its key, its row, or none
Partners: TypeAlias = Partner | Sequence[Item | str | int]  # or all of several


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
        pool: see `AnnotationSession.search`.
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
class Progress:
    """How far a session has come.

    Parameters
    ----------
    n_answers : int
        Answers paid for: partners, and items without one.
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
        Items that cannot be used, see `AnnotationSession.set_aside`.
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
        "other": a partner that was not among them; "none": no partner.
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
        Answers that the journal had already.
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
