"""What all strategies keep, one check for each part of it."""

import pickle
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from numbers import Integral
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._shared.contracts import (
    can_be_imported,
    draw_from_globals,
    expect,
    global_states,
    set_global_states,
    two_views,
)
from .._shared.types import FloatArray, Items
from ..encoders._ridge import RidgeCCA
from ..learners._paired import PairedActiveLearner
from ..strategies._base import QueryStrategy, Strategy
from ..strategies._random_sampling import RandomSampling
from ..strategies._round import Selection
from ._rounds import ByName, on_disk, watched, with_rounds

Check: TypeAlias = Callable[[Any], None]

N_OPEN = 64  # items of either pool that most checks ask from
BATCH = 6
N_ON_DISK = 120_000  # rows of a pool that a strategy is not to hold at once


# ---------------------------------------------------------------- what is asked of


def _started(
    convert: Callable[[Any], Any] = np.asarray,
) -> tuple[PairedActiveLearner, Any, Any]:
    """Return a learner that knows 16 pairs and trusts itself, and its open pools."""
    X, y = two_views(16 + N_OPEN)
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)
    learner.fit(convert(X[:12]), convert(y[:12]))
    rows, _ = learner.query(convert(X[12:]), convert(y[12:]), n_instances=4)
    learner.teach(convert(X[12:][rows]), convert(y[12:][rows]))
    X, y = (convert(np.delete(pool[12:], rows, axis=0)) for pool in (X, y))
    return learner, X, y


def _ask(
    strategy: Strategy, learner: Any, X_pool: Any, y_pool: Any, n_instances: Any = BATCH
) -> Selection:
    """Return the Selection of a strategy or a function, as arrays."""
    result = strategy(learner, X_pool, y_pool, n_instances=n_instances)
    try:
        indices, utilities = map(np.asarray, result)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"it returned {type(result).__name__}, not a pair (indices, utilities)"
        ) from error
    modality = getattr(result, "modality", 0)
    gap = getattr(result, "coverage_gap", None)
    return Selection(indices, utilities, modality, gap)


def _expect_distinct_rows(
    selection: Selection, pools: Sequence[Items], asked: int
) -> None:
    n = len(pools[selection.modality])
    rows, counts = np.unique(selection.indices, return_counts=True)
    found = f"asked for {asked} of {n} rows, it chose"
    strange = rows[(rows < 0) | (rows >= n)]
    expect(strange.size == 0, f"{found} {strange}, which are not in the pool")
    again = rows[counts > 1]
    expect(again.size == 0, f"{found} {again} more than once")


def _expect_batch(
    selection: Selection, pools: Sequence[Items], asked: int = BATCH
) -> None:
    """Expect so many different rows of the pool."""
    _expect_distinct_rows(selection, pools, asked)
    rows = selection.indices
    expect(len(rows) == asked, f"asked for {asked} rows, it chose {len(rows)}")


def _expect_same_rows(selection: Selection, first: Selection, when: str) -> None:
    """Expect what an earlier call chose, perhaps of other utilities."""
    expect(
        selection.modality == first.modality,
        f"it asked about modality {selection.modality} {when}, and about modality "
        f"{first.modality} at first",
    )
    expect(
        np.array_equal(selection.indices, first.indices),
        f"it chose rows {selection.indices} {when}, and {first.indices} at first",
    )


def _expect_same(selection: Selection, first: Selection, when: str) -> None:
    """Expect the rows and the utilities of an earlier call, bit for bit."""
    _expect_same_rows(selection, first, when)
    now, before = selection.utilities, first.utilities
    found = f"the utilities were {now.tolist()} {when}, and {before.tolist()} at first"
    expect(np.array_equal(now, before), found)


# ---------------------------------------------------------------- the checks


def _check_number_of_rows(strategy: Strategy) -> None:
    """As many integer rows and as many utilities as `n_instances` asks for."""
    learner, X, y = _started()
    for n_instances in (1, BATCH, N_OPEN):
        indices, utilities = _ask(strategy, learner, X, y, n_instances)
        expect(
            indices.shape == utilities.shape == (n_instances,),
            f"n_instances={n_instances} got indices of shape {indices.shape} and "
            f"utilities of shape {utilities.shape}",
        )
        expect(indices.dtype.kind in "iu", f"the indices are {indices.dtype}")


def _check_modality(strategy: Strategy) -> None:
    """The selection's modality is 0 or 1, and the strategy's own where it has one."""
    declared = getattr(strategy, "modality", None)
    allowed = (declared,) if isinstance(declared, Integral) else (0, 1)
    asked = [_ask(strategy, *_started()).modality]
    if isinstance(strategy, QueryStrategy):
        learner = PairedActiveLearner(RidgeCCA(), random_state=0)
        asked.append(_ask(strategy, learner, *two_views(N_OPEN)).modality)
    for modality in asked:
        whole = isinstance(modality, Integral) and not isinstance(modality, bool)
        found = f"it asked about modality {modality!r}, which is not in {allowed}"
        expect(whole and modality in allowed, found)


def _check_distinct_rows(strategy: Strategy) -> None:
    """All rows are different rows of the pool that the selection's modality names."""
    learner, *pools = _started()
    for n_instances in (BATCH, N_OPEN):
        selection = _ask(strategy, learner, *pools, n_instances=n_instances)
        _expect_distinct_rows(selection, pools, n_instances)


def _check_best_first(strategy: Strategy) -> None:
    """Utilities are finite numbers that never increase: the best row comes first."""
    learner, X, y = _started()
    for n_instances in (BATCH, N_OPEN):
        utilities = _ask(strategy, learner, X, y, n_instances).utilities
        expect(np.isfinite(utilities).all(), f"the utilities were {utilities}")
        expect((np.diff(utilities) <= 0).all(), f"the utilities were {utilities}")


def _check_same_answer_again(strategy: Strategy) -> None:
    """One `random_state` decides the answer: the next call, a clone and a pickled copy
    give the same, bit for bit.
    """
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    _expect_same(_ask(strategy, learner, X, y), first, "in a second call")
    if isinstance(strategy, QueryStrategy):
        cloned: Any = clone(strategy)
        _expect_same(_ask(cloned, learner, X, y), first, "of a clone")
        _expect_same(_ask(deepcopy(strategy), learner, X, y), first, "of a copy")
        if can_be_imported(type(strategy)):
            pickled = pickle.loads(pickle.dumps(strategy))
            _expect_same(_ask(pickled, learner, X, y), first, "of a pickled copy")


def _check_global_generators(strategy: Strategy) -> None:
    """The generators of numpy, random and torch that all code shares are left alone;
    draws come from `round.rng`.
    """
    learner, X, y = _started()
    found = before = after = global_states()
    try:
        for _ in range(2):  # what is imported on first use may draw
            draw_from_globals()  # or seeding twice alike would not show
            before = global_states()
            _ask(strategy, learner, X, y)
        after = global_states()
    finally:
        set_global_states(found)
    for name, state in before.items():
        same = pickle.dumps(after[name]) == pickle.dumps(state)
        expect(same, f"it drew from the global generator of {name} or seeded it")


def _check_nothing_changes(strategy: Strategy) -> None:
    """Pools, the learner and the strategy are as they were after a call."""
    learner, X, y = _started()
    watched = {"X_pool": X, "y_pool": y, "the learner": learner}
    before = {name: pickle.dumps(value) for name, value in watched.items()}
    attributes = repr(getattr(strategy, "__dict__", None))
    _ask(strategy, learner, X, y)
    for name, value in watched.items():
        expect(pickle.dumps(value) == before[name], f"it changed {name}")
    now = repr(getattr(strategy, "__dict__", None))
    expect(now == attributes, f"its attributes were {attributes} and became {now}")


def _check_order_of_the_other_pool(strategy: Strategy) -> None:
    """Which rows are chosen does not depend on the order of the other pool, nor on
    whether row i of one pool is the partner of row i of the other.
    """
    learner, *pools = _started()
    first = _ask(strategy, learner, *pools)
    for seed in range(3):
        shuffled = list(pools)
        order = np.random.default_rng(seed).permutation(N_OPEN)
        shuffled[1 - first.modality] = pools[1 - first.modality][order]
        again = _ask(strategy, learner, *shuffled)
        _expect_same_rows(again, first, "once the other pool was shuffled")


def _check_order_of_the_own_pool(strategy: Strategy) -> None:
    """The same items are chosen from a shuffled pool, ties apart, unless the seed draws
    rows.
    """
    if _draws_rows(strategy):
        return
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    order = np.random.default_rng(0).permutation(N_OPEN)
    again = _ask(strategy, learner, X[order], y[order])
    expect(
        again.modality == first.modality,
        f"it asked about modality {first.modality}, and about {again.modality} once "
        "the pools were shuffled",
    )
    items, shuffled_items = first.indices, order[again.indices]
    if set(items) == set(shuffled_items):
        return
    found = f"it chose items {items}, and {shuffled_items} once the pools were shuffled"
    utilities = first.utilities
    expect(np.allclose(utilities, again.utilities, rtol=1e-6, atol=1e-9), found)
    ahead = ~np.isclose(utilities, utilities[-1], rtol=1e-6, atol=1e-9)
    expect(set(items[ahead]) == set(shuffled_items[ahead]), found)


def _check_unequal_pools(strategy: Strategy) -> None:
    """The pools may differ in length."""
    learner, X, y = _started()
    for pools in ((X[:20], y), (X, y[:20])):
        _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_one_row_pools(strategy: Strategy) -> None:
    """Pools of one row are asked about that row."""
    learner, X, y = _started()
    for pools in ((X[:1], y[:1]), (X[:1], y), (X, y[:1])):
        _expect_batch(_ask(strategy, learner, *pools, n_instances=1), pools, 1)


def _check_repeated_items(strategy: Strategy) -> None:
    """Pools may hold equal items; different rows are chosen all the same."""
    learner, X, y = _started()
    rows = np.arange(24) % 4
    pools = X[rows], y[rows]
    _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_modal_learner(strategy: Strategy) -> None:
    """A learner that has no more than modAL's `estimator`, `X_training` and
    `y_training` is enough.
    """
    learner, *pools = _started()
    modal = SimpleNamespace(
        estimator=learner.estimator_,
        X_training=learner.X_training,
        y_training=learner.y_training,
    )
    _expect_batch(_ask(strategy, modal, *pools), pools)


def _check_numbers(strategy: Strategy) -> None:
    """Float32 and integers do as well as float64."""
    for convert in (np.float32, lambda rows: (100 * rows).astype(np.int64)):
        learner, *pools = _started(convert)
        _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_containers(strategy: Strategy) -> None:
    """Lists of rows and data frames give the same rows as arrays."""
    first = _ask(strategy, *_started())
    _expect_same_rows(_ask(strategy, *_started(np.ndarray.tolist)), first, "of lists")
    try:
        from pandas import DataFrame
    except ImportError:
        return
    _expect_same_rows(_ask(strategy, *_started(DataFrame)), first, "of data frames")


def _check_cold_start(strategy: Strategy) -> None:
    """With no pairs known, and an encoder that is not fitted or one that needs no
    pairs, a batch is chosen all the same, and there is no coverage gap.
    """
    pools = two_views(N_OPEN)
    for encoder in (RidgeCCA(), _Pretrained()):
        learner = PairedActiveLearner(encoder, random_state=0)
        selection = _ask(strategy, learner, *pools)
        _expect_batch(selection, pools)
        expect(not np.isnan(selection.utilities).any(), "the utilities hold NaN")
        expect(selection.coverage_gap is None, "it gave a coverage gap")


def _check_bad_input(strategy: Strategy) -> None:
    """One ValueError names what is wrong with the pools or with `n_instances`."""
    learner, X, y = _started()
    broken = y.copy()
    broken[2, 1] = np.nan
    for what, X_pool, y_pool, n_instances in [
        ("n_instances=0", X, y, 0),
        ("n_instances=-1", X, y, -1),
        ("n_instances=2.0", X, y, 2.0),
        ("more n_instances than rows", X, y, N_OPEN + 1),
        ("an empty X_pool", X[:0], y, 1),
        ("no y_pool", X, None, 1),
        ("NaN in y_pool", X, broken, 1),
        ("an X_pool with too few columns", X[:, :2], y, 1),
        ("a y_pool with too few columns", X, y[:, :2], 1),
    ]:
        try:
            _ask(strategy, learner, X_pool, y_pool, n_instances)
            found = "an answer"
        except ValueError:
            continue
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{what} got {found}")


def _check_parameters(strategy: QueryStrategy) -> None:
    """As scikit-learn's: the constructor keeps its arguments and nothing else, and
    `get_params`, `set_params` and `clone` hand them on.
    """
    params = strategy.get_params(deep=False)
    fresh = type(strategy)(**params)
    extra = set(vars(fresh)) - set(params)
    expect(not extra, f"the constructor sets {sorted(extra)}")
    for name, value in params.items():
        kept = fresh.get_params(deep=False)[name]
        expect(kept is value, f"given {name}={value!r}, it keeps {kept!r}")
    other: Any = clone(strategy)
    expect(other.set_params(**params) is other, "set_params does not return itself")
    expect(repr(other) == repr(strategy), f"its clone is {other!r}")


def _check_streams(strategy: QueryStrategy) -> None:
    """A strategy that says it `streams` chooses from a pool on disk what it chooses
    from one in memory, and never has all of it in memory.
    """
    if not strategy.streams:
        return
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    most_read = {}
    watching = with_rounds(strategy, partial(watched, most_read=most_read))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        small = [on_disk(rows, folder) for rows in (X, y)]
        again = _ask(strategy, learner, *small)
        large = on_disk(two_views(N_ON_DISK)[0].astype(np.float32), folder)
        _ask(watching, learner, large, y)
        del small, large
    _expect_same_rows(again, first, "of pools on disk")
    for field, n_rows in most_read.items():
        found = f"it read all {N_ON_DISK} rows of round.{field}[0] at once"
        expect(n_rows < N_ON_DISK, found)


def _check_stays_on_device(strategy: QueryStrategy) -> None:
    """A strategy that says it `stays_on_device` chooses of tensors what it chooses of
    arrays, and takes none for an array, which those of an accelerator are not.
    """
    if not strategy.stays_on_device:
        return
    try:
        import torch  # noqa: F401
    except ImportError:
        return
    answers = []
    for tensors in (False, True):
        names = [f"item {i}" for i in range(16 + N_OPEN)]  # what is no table of numbers
        learner = PairedActiveLearner(ByName(tensors=tensors), random_state=0)
        learner.fit(names[:16], names[:16])
        answers.append(_ask(strategy, learner, names[16:], names[16:]))
    _expect_same_rows(answers[1], answers[0], "of tensors")


CHECKS_OF_FUNCTIONS = (
    _check_number_of_rows,
    _check_modality,
    _check_distinct_rows,
    _check_best_first,
    _check_global_generators,
    _check_same_answer_again,
    _check_nothing_changes,
    _check_order_of_the_other_pool,
    _check_order_of_the_own_pool,
    _check_unequal_pools,
    _check_one_row_pools,
    _check_repeated_items,
    _check_numbers,
    _check_modal_learner,
)
CHECKS = (
    *CHECKS_OF_FUNCTIONS,
    _check_containers,
    _check_cold_start,
    _check_bad_input,
    _check_parameters,
    _check_streams,
    _check_stays_on_device,
)


# ---------------------------------------------------------------- parts of checks


class _Pretrained(BaseEstimator):
    """An encoder that needs no pairs."""

    def transform(self, X: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return X[:, :3], y[:, :3]


def _draws_rows(strategy: Strategy) -> bool:
    """Say whether the seed decides which rows of a modality are chosen."""
    learner, X, y = _started()
    chosen = {0: set(), 1: set()}
    for seed in range(4):
        learner.seed_ = seed
        if isinstance(strategy, QueryStrategy) and hasattr(strategy, "random_state"):
            cloned: Any = clone(strategy)
            strategy = cloned.set_params(random_state=seed)
        selection = _ask(strategy, learner, X, y)
        chosen[selection.modality].add(frozenset(selection.indices))
    return any(len(batches) > 1 for batches in chosen.values())
