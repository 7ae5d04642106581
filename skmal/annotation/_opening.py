"""Opening a session: what is passed is compared with the journal."""

import uuid
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._shared.randomness import draw_seed
from .._shared.types import BoolArray
from .._version import __version__
from ..learners._paired import PairedActiveLearner
from . import _weights
from ._audited import audits_of
from ._book import Book
from ._catalogue import Catalogue
from ._events import (
    Audit,
    Budget,
    Changed,
    Event,
    Overlap,
    Pair,
    Parameters,
    Plan,
    Start,
    Undo,
)
from ._given import GROUPS, Given
from ._ids import Key, Number
from ._journal import Journal
from ._ledger import Ledger, items_of_event, replay
from ._open_rows import askable, known, rows_paired
from ._reading import is_there, reading
from ._settling import counting_on
from ._sources import Pool
from ._training import Pools, items_of, new_learner, rebuild, tell_unmatched

N_CANDIDATES = 9  # shown with a question
# Parameters of a learner that decide nothing, or that the session has itself.
OWN = ("verbose", "device", "n_jobs", "budget", "audit", "stop_when")


# -------------------------------------------------------------------- the journal


def _describe(learner: PairedActiveLearner) -> dict[str, Any]:
    """Return a learner's parameters as JSON can hold them, to be told from others."""
    described = {}
    for name, value in learner.get_params(deep=True).items():
        if name.split("__")[-1] in OWN:
            continue
        plain = value is None or isinstance(value, (str, bool, int, float))
        named = getattr(value, "__qualname__", type(value).__name__)
        described[name] = value if plain else named
    return described


def _check_same(
    then: Parameters, given: Given, described: dict[str, Any], path: Path
) -> None:
    """Raise where a parameter is not what the journal says."""
    remedy = "pass that, or learn from the same answers by the new plan: replan=True"
    for name in ("batch_size", "n_candidates", "budget", "overlap", "audit"):
        value, before = getattr(given, name), getattr(then, name)
        if value is not None and value != before:
            raise ValueError(
                f"{name}={value} was passed, but {path} was begun with {before}; "
                f"leave {name} out, {remedy}"
            )
    for name, value in described.items():
        before = then.learner.get(name, value)
        if value != before:
            raise ValueError(
                f"the learner has {name}={value!r}, but {path} was begun with "
                f"{before!r}; {remedy}"
            )


def _check_groups(then: list[int], given: list[int] | None, path: Path) -> None:
    """Raise where other items are to have several partners than the journal says."""
    if given is not None and given != then:
        names = {str(modalities): name for name, modalities in GROUPS.items()}
        begun = repr(names[str(then)]) if then else "none"
        raise ValueError(
            f"groups={names[str(given)]!r} was passed, but {path} was begun with "
            f"{begun}; leave groups out, or begin another journal"
        )


def check_overlap(overlap: float | None, several: list[int]) -> None:
    """Raise where no question could be asked of two people."""
    if overlap and len(several) == 2:
        raise ValueError(
            f"overlap={overlap} was passed, but with groups='both' any item may have "
            "several partners, and two people are asked about items with one; leave "
            "overlap out, or begin a journal with groups for one of the pools"
        )


def _replan(
    then: Parameters,
    given: Given,
    learner: PairedActiveLearner,
    described: dict[str, Any],
) -> list[Event]:
    """Return events that change a journal's plan to what is passed; none if it is."""
    new: list[Event] = []
    if given.budget not in (None, then.budget):
        new.append(Budget(given.budget))
    if given.overlap not in (None, then.overlap):
        new.append(Overlap(given.overlap))
    if given.audit not in (None, then.audit):
        new.append(Audit(given.audit))
    is_same = {name: then.learner.get(name) == described[name] for name in described}
    batch_size, seed = then.batch_size, then.seed
    if not is_same["batch_size"]:
        batch_size = learner.batch_size
    if not is_same["random_state"]:
        seed = draw_seed(learner.random_state)
    plan = Plan(
        batch_size=given.batch_size or batch_size,
        n_candidates=given.n_candidates or then.n_candidates,
        seed=seed,
        learner=described,
    )
    before = {name: value for name, value in then.learner.items() if name not in OWN}
    if plan != Plan(then.batch_size, then.n_candidates, then.seed, before):
        new.append(plan)
    return new


def open_book(
    path: Path,
    sources: tuple[Pool, Pool],
    known_pairs: Iterable[Any],
    given: Given,
    changed: str,
    on_error: str,
    learner: PairedActiveLearner,
    replan: bool = False,
) -> Book:
    """Begin a journal, or read it and compare it with what is passed."""
    known_pairs = list(known_pairs)
    begun = None
    if not is_there(path):  # what can go wrong does so before there is a journal
        check_overlap(given.overlap, given.several or [])
        begun = Catalogue(sources, [{}, {}], bool(given.several))
        may = begun.may_have_several(given.several or [])
        _check_known_pairs(known_pairs, begun, [], path, may)
    journal = Journal(path)
    try:
        events = journal.events()
        described = _describe(learner)
        several = given.several or []
        if events:
            if not isinstance(events[0], Start):
                raise ValueError(
                    f"{path} does not begin as a session does: it is damaged. Restore "
                    "it from a copy"
                )
            then = _parameters(events)
            _check_groups(then.several, given.several, path)
            several = then.several
            check_overlap(given.overlap, several)
            if not replan:
                _check_same(then, given, described, path)
        if events or begun is None:
            known_items = [journal.items(modality) for modality in (0, 1)]
            items = Catalogue(sources, known_items, bool(several))
        else:
            items = begun
        ledger = Ledger(items.modality, items.may_have_several(several))
        replay(ledger, events, path)
        pairs = _check_known_pairs(known_pairs, items, events, path, ledger.several)
        if events:
            new = _take_in(items, ledger, changed, on_error, path)
            if replan:
                new += _replan(ledger.parameters, given, learner, described)
        else:
            new = _begin(given, learner, described, pairs)
        for event in journal.append(*new, items=items.news):
            ledger.apply(event)
    except BaseException:
        journal.close()
        raise
    return Book(journal, ledger, items)


def _begin(
    given: Given,
    learner: PairedActiveLearner,
    described: dict[str, Any],
    pairs: Sequence[tuple[Number, Number]],
) -> list[Event]:
    """Return the first events of a journal."""
    parameters = Parameters(
        budget=given.budget,
        batch_size=given.batch_size or learner.batch_size,
        n_candidates=given.n_candidates or N_CANDIDATES,
        journal=uuid.uuid4().hex,
        skmal=__version__,
        seed=draw_seed(learner.random_state),
        learner=described,
        several=given.several or [],
    )
    overlap = [Overlap(given.overlap)] if given.overlap else []
    audit = [Audit(given.audit)] if given.audit else []
    return [Start(parameters), *overlap, *audit, *(Pair(x, y) for x, y in pairs)]


def learner_of(path: Path) -> dict[str, Any]:
    """Return the parameters of a journal's learner, as it holds them; {} of none."""
    with reading(path) as journal:
        events = journal.events()
    return _parameters(events).learner if events else {}


def _parameters(events: Sequence[Event]) -> Parameters:
    """Return the parameters as of the last event."""
    ledger = Ledger([])
    for event in events:
        if isinstance(event, (Start, Budget, Overlap, Audit, Plan)):
            ledger.apply(event)
    return ledger.parameters


def _take_in(
    items: Catalogue, ledger: Ledger, changed: str, on_error: str, path: Path
) -> list[Event]:
    """Return events about items that are not what they were, or raise.

    With ``on_error="skip"`` answers about missing items stay unless they are to be
    asked again; what is missing is as good as set aside.
    """
    lost = {*items.changed}
    if on_error == "raise" or changed == "ask_again":
        lost |= {*items.missing}
    resting = ledger.resting_on(lost)
    if resting and changed == "raise":
        numbers = {n: 0 for e in resting for n in items_of_event(e) if n in lost}
        raise ValueError(
            f"{len(resting)} answers in {path} rest on items that are missing "
            f"or have another content: {_some(map(items.key, numbers))}. Restore "
            'them, or take these answers back with changed="ask_again". Nothing '
            "was changed"
        )
    news = Changed(items.changed, items.missing, items.added)
    for what in ("changed", "missing", "added"):
        numbers = getattr(news, what)
        if not numbers:
            continue
        n_back = len(ledger.resting_on(set(numbers)))
        what_then = "are taken back" if lost.issuperset(numbers) else "stay"
        back = f"; {n_back} answers that rest on them {what_then}" if n_back else ""
        warnings.warn(
            f"items of {path} are {what}, {len(numbers)} in all: "
            f"{_some(map(items.key, numbers))}{back}",
            stacklevel=4,
        )
    # What was refused may be right by now.
    altered = {*items.changed}
    refused = [
        number
        for number, event in ledger.refusals.items()
        if event.item in altered or event.partner in altered
    ]
    back = [*(event.number for event in resting), *refused]
    new: list[Event] = [Undo("skmal", number) for number in back]
    new += counting_on(ledger, back) if resting else []
    if news.changed or news.missing or news.added:
        new.append(news)
    return new


def _check_known_pairs(
    known_pairs: Iterable[Any],
    items: Catalogue,
    events: Sequence[Event],
    path: Path,
    may_have_several: BoolArray,
) -> list[tuple[Number, Number]]:
    """Return known pairs as numbers, the same as in the journal if there is one."""
    pairs: list[tuple[Number, Number]] = []
    for pair in known_pairs:
        if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
            raise ValueError(
                f"known_pairs must hold pairs (x, y) of rows or keys, got {pair!r}"
            )
        pairs.append((items.number(0, pair[0]), items.number(1, pair[1])))
    if len(set(pairs)) < len(pairs):
        raise ValueError("known_pairs names a pair twice; name it once")
    for side in zip(*pairs, strict=True):
        single = [number for number in side if not may_have_several[number]]
        if len(set(single)) < len(single):
            raise ValueError(
                "known_pairs names an item twice, but an item has one partner (unless "
                "groups says otherwise)"
            )
    in_journal = {(e.item, e.partner) for e in events if isinstance(e, Pair)}
    if events and set(pairs) != in_journal:
        raise ValueError(
            f"{len(pairs)} known_pairs were passed, but {path} was begun with "
            f"{len(in_journal)} {'other ' if in_journal else ''}ones; pass the same"
        )
    return pairs


def _some(keys: Iterable[Key]) -> str:
    """Return a few names for a message."""
    names = [repr(key) for key in keys]
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


# -------------------------------------------------------------------- the learner


def recover(
    template: PairedActiveLearner, book: Book, pools: Pools
) -> PairedActiveLearner:
    """Return the learner as of the last training, from its file or fitted again.

    Warns
    -----
    UserWarning
        If the file cannot be used.
    """
    ledger, items = book.ledger, book.items
    learner = new_learner(template, ledger.parameters.seed)
    learner.audit = ledger.parameters.audit
    if not ledger.rounds_of_plan:
        return learner
    last = ledger.rounds[-1]
    then = known(ledger, items, last.upto)
    path = _weights.path_of(book.journal.path, len(ledger.rounds) - 1)
    try:
        kept = _weights.load(path, last.sha256)
    except _weights.UnusableWeights as why:
        warnings.warn(
            f"weights not loaded: {path}: {why}. No answer is lost: the encoder is "
            f"fitted again, on the {len(then.pairs)} pairs of its last training",
            stacklevel=5,
        )
        shares = {"shares": last.prequential, "asked": None}
        learner = learner.from_state(learner.state() | {"prequential": shares})
        learner = _fit_again(learner, book, pools)
    else:
        aligned = items_of(pools, then.pairs)
        learner = learner.from_state(learner.state() | kept | {"aligned": aligned})
    audits = {"audits": audits_of(ledger, then.pairs, last.upto).state()}
    learner = learner.from_state(learner.state() | audits)
    tell_unmatched(learner, pools, then.unmatched)
    return learner


def _fit_again(
    learner: PairedActiveLearner, book: Book, pools: Pools
) -> PairedActiveLearner:
    """Return the learner fitted as in the last training, and asking what it asked."""
    ledger, items = book.ledger, book.items
    last = ledger.rounds[-1]
    then = Ledger(ledger.modality, ledger.several)
    for event in book.journal.events():
        if event.number <= last.upto:
            then.apply(event)
    could = askable(then, items)
    asked = last.questions[: could.n_questions]  # what follows was kept in reserve
    modality = int(ledger.modality[asked[0].item]) if asked else 0
    rows = items.row[[question.item for question in asked]] if asked else np.array([])
    history = [rows_paired(ledger, items, done.upto) for done in ledger.rounds_of_plan]
    return rebuild(learner, pools, history, could.eligible, (modality, rows[rows >= 0]))
