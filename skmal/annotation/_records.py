"""What a session shows people."""

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
        Its likeliest partners, best first. There are more in the pool: see
        `AnnotationSession.search`.

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
class Hits:
    """How often partners were among the first candidates, in some answers in a row.

    Parameters
    ----------
    n_first : int
        How many candidates are looked at: the best, as many as people are shown.
    n_answers : int
        The answers with a partner; 0 for none yet.
    n_found : int
        Those of them whose partner the encoder had ranked among its first.
    by_chance : float
        The share that candidates drawn at random would have held.

    Examples
    --------
    >>> from skmal import Hits
    >>> hits = Hits(n_first=9, n_answers=30, n_found=18, by_chance=0.02)
    >>> hits.n_found / hits.n_answers
    0.6
    """

    n_first: int
    n_answers: int
    n_found: int
    by_chance: float


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
    hits : tuple of two Hits
        How good candidates are: of the last 30 answers with a partner, and of the 30
        before them.
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
    hits: tuple[Hits, Hits]


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
