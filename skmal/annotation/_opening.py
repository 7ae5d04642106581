"""Opening a session: what is passed is checked, and compared with the journal."""

import uuid
import warnings

import numpy as np

from .._shared.parameters import check_integer
from .._shared.randomness import draw_seed
from .._version import __version__
from ..encoders._projection import ContrastiveProjection
from ..encoders._ridge import RidgeCCA
from ..items._containers import check_items, numeric_rows
from ..learners._paired import PairedActiveLearner
from ._catalogue import NAMES, Catalogue
from ._journal import Event
from ._ledger import Ledger


def check_features(features, sources):
    """Return what the learner sees of each pool."""
    seen = [source.items for source in sources]
    if features is None:
        return seen
    if not isinstance(features, tuple) or len(features) != 2:
        raise ValueError(
            "features must be a tuple (features of X, features of y), an entry may be "
            f"None; got {type(features).__name__}"
        )
    for m, rows in enumerate(features):
        if rows is None:
            continue
        seen[m] = check_items(rows, f"features[{m}]")
        if len(seen[m]) != len(sources[m].keys):
            raise ValueError(
                f"features[{m}] has {len(seen[m])} rows for the {len(sources[m].keys)} "
                f"items of {NAMES[m]}; row i must belong to item i"
            )
    return seen


def check_learner(learner, seen):
    if not isinstance(learner, PairedActiveLearner):
        raise TypeError(
            f"learner must be a PairedActiveLearner, got {type(learner).__name__}"
        )
    if learner.X_training is not None:
        raise ValueError(
            "learner knows pairs already, which are in no journal; pass an unfitted "
            "one and give the pairs as known_pairs"
        )
    numeric = (type(None), RidgeCCA, ContrastiveProjection)
    for m, rows in enumerate(seen):
        if isinstance(learner.estimator, numeric) and numeric_rows(rows) is None:
            name = type(learner.estimator or RidgeCCA()).__name__
            raise ValueError(
                f"{name} learns from rows of numbers, which {NAMES[m]} does not hold; "
                "give them as features=(X_features, y_features), or pass a learner "
                'that reads the items, such as PairedActiveLearner(CLIPEncoder("tiny"))'
            )


def check_parameters(batch_size, n_candidates, budget):
    """Return the parameters that were given, checked; None where they were not."""
    given = {"batch_size": batch_size, "n_candidates": n_candidates, "budget": budget}
    for name, value in given.items():
        if value is not None:
            given[name] = check_integer(value, name, minimum=1)
    return given


def _describe(learner):
    """Return a learner's parameters as JSON can hold them, to be told from others."""
    described = {}
    for name, value in learner.get_params(deep=True).items():
        if name.split("__")[-1] in ("verbose", "device", "n_jobs", "budget"):
            continue
        plain = value is None or isinstance(value, (str, bool, int, float))
        named = getattr(value, "__qualname__", type(value).__name__)
        described[name] = value if plain else named
    return described


def _check_same(events, given, described, path):
    """Raise where a parameter is not what the journal says."""
    then = {}
    for event in events:
        if event.kind in ("start", "budget"):
            then |= event.data
    for name, value in given.items():
        if value is not None and value != then[name]:
            raise ValueError(
                f"{name}={value} was passed, but {path} was begun with {then[name]}; "
                f"leave {name} out, or pass that"
            )
    for name, value in described.items():
        before = then["learner"].get(name, value)
        if value != before:
            raise ValueError(
                f"the learner has {name}={value!r}, but {path} was begun with "
                f"{before!r}; pass that learner, or begin another journal"
            )


def open_journal(journal, sources, known_pairs, given, changed, learner):
    """Begin a journal or read it; return its Catalogue and its Ledger."""
    events = journal.events()
    described = _describe(learner)
    if events:
        _check_same(events, given, described, journal.path)
    items = Catalogue(sources, [journal.items(modality) for modality in (0, 1)])
    ledger = Ledger(items.modality)
    for event in events:
        ledger.apply(event)
    pairs = _check_known_pairs(known_pairs, items, events, journal.path)
    if events:
        new = _take_in(items, ledger, changed, journal.path)
    else:
        parameters = {"batch_size": learner.batch_size, "n_candidates": 9}
        parameters |= {k: v for k, v in given.items() if v is not None}
        parameters |= {"id": uuid.uuid4().hex, "skmal": __version__}
        parameters |= {"seed": draw_seed(learner.random_state)}
        parameters |= {"learner": described}
        new = [Event("start", data={"budget": None} | parameters)]
        new += [Event("pair", item=x, partner=y) for x, y in pairs]
    with journal.transaction():
        journal.write_items(items.news)
        written = journal.write(new)
    for event in written:
        ledger.apply(event)
    return items, ledger


def _take_in(items, ledger, changed, path):
    """Return events about items that are not what they were, or raise."""
    lost = {*items.changed, *items.missing}
    resting = ledger.resting_on(lost)
    if resting and changed == "raise":
        numbers = [n for e in resting for n in (e.item, e.partner) if n in lost]
        raise ValueError(
            f"{len(resting)} answers in {path} rest on items that are missing "
            f"or have another content: {_some(map(items.key, numbers))}. Restore "
            'them, or take these answers back with changed="ask_again". Nothing '
            "was changed"
        )
    news = {
        what: getattr(items, what)
        for what in ("changed", "missing", "added")
        if getattr(items, what)
    }
    for what, numbers in news.items():
        n_back = len(ledger.resting_on(set(numbers)))
        back = f"; {n_back} answers that rest on them are taken back" if n_back else ""
        warnings.warn(
            f"items of {path} are {what}, {len(numbers)} in all: "
            f"{_some(map(items.key, numbers))}{back}",
            stacklevel=4,
        )
    undone = [Event("undo", by="skmal", undoes=event.id) for event in resting]
    return [*undone, *([Event("changed", data=news)] if news else [])]


def _check_known_pairs(known_pairs, items, events, path):
    """Return known pairs as numbers, the same as in the journal if there is one."""
    pairs = []
    for pair in known_pairs:
        if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
            raise ValueError(
                f"known_pairs must hold pairs (x, y) of rows or keys, got {pair!r}"
            )
        pairs.append(tuple(items.number(m, pair[m]) for m in (0, 1)))
    for side in zip(*pairs, strict=True):
        if len(set(side)) < len(side):
            raise ValueError(
                "known_pairs names an item twice, but an item has one partner"
            )
    in_journal = {(e.item, e.partner) for e in events if e.kind == "pair"}
    if events and set(pairs) != in_journal:
        raise ValueError(
            f"{len(pairs)} known_pairs were passed, but {path} was begun with "
            f"{len(in_journal)} {'other ' if in_journal else ''}ones; pass the same"
        )
    return pairs


def _some(keys):
    """Return a few names for a message."""
    keys = list(keys)
    shown = ", ".join(repr(key) for key in keys[:3])
    return shown if len(keys) <= 3 else f"{shown} and {len(keys) - 3} more"
