"""Checks of the contract that all strategies keep, to run on your own."""

import pickle
import random
import re
import sys
from copy import copy, deepcopy
from dataclasses import replace
from functools import cache, partial
from inspect import getdoc
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator, clone

from .encoders._ridge import RidgeCCA
from .learners._paired import PairedActiveLearner
from .strategies._base import QueryStrategy
from .strategies._random_sampling import RandomSampling
from .strategies._round import Selection

N_OPEN = 64  # items of either pool that most checks ask from
BATCH = 6
N_ON_DISK = 120_000  # rows of a pool that a strategy is not to hold at once


def checks_for(strategy):
    """Return the checks that hold for a strategy, the most telling ones first."""
    if isinstance(strategy, type) or not callable(strategy):
        raise TypeError(
            "a strategy must be an instance, such as VOptimalDesign(), or a function, "
            f"got {strategy!r}"
        )
    return CHECKS if isinstance(strategy, QueryStrategy) else CHECKS_OF_FUNCTIONS


def run_check(check, strategy):
    """Run one check; whatever goes wrong names it and what is expected."""
    try:
        check(strategy)
    except Exception as error:
        found = str(error)
        if not isinstance(error, AssertionError):
            found = f"it raised {type(error).__name__}: {error}"
        expected = " ".join(getdoc(check).split())
        raise AssertionError(
            f"{name_of(check)} failed for {name_of(strategy)}: {found.rstrip('.')}. "
            f"Expected: {expected[0].lower()}{expected[1:]}"
        ) from error


def name_of(function):
    """Return a function's name, or an object's repr without what a run decides."""
    name = getattr(function, "__name__", None) or repr(function)
    return re.sub(" at 0x[0-9A-Fa-f]+", "", name).removeprefix("_")


# ---------------------------------------------------------------- what is asked of


def _views(n):
    """Return two views of one latent variable, row by row, of 6 and 5 features."""
    rng = np.random.default_rng(n)
    latent, maps = rng.normal(size=(n, 3)), rng.normal(size=(3, 11))
    views = latent @ maps + 0.03 * rng.normal(size=(n, 11))
    return views[:, :6], views[:, 6:]


def _started(convert=np.asarray):
    """Return a learner that knows 16 pairs and trusts itself, and its open pools."""
    X, y = _views(16 + N_OPEN)
    learner = PairedActiveLearner(RidgeCCA(), RandomSampling(0), random_state=0)
    learner.fit(convert(X[:12]), convert(y[:12]))
    rows, _ = learner.query(convert(X[12:]), convert(y[12:]), n_instances=4)
    learner.teach(convert(X[12:][rows]), convert(y[12:][rows]))
    X, y = (convert(np.delete(pool[12:], rows, axis=0)) for pool in (X, y))
    return learner, X, y


def _ask(strategy, learner, X_pool, y_pool, n_instances=BATCH):
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


def _expect(holds, found):
    if not holds:
        raise AssertionError(found)


def _expect_distinct_rows(selection, pools, asked):
    n = len(pools[selection.modality])
    rows, counts = np.unique(selection.indices, return_counts=True)
    found = f"asked for {asked} of {n} rows, it chose"
    strange = rows[(rows < 0) | (rows >= n)]
    _expect(strange.size == 0, f"{found} {strange}, which are not in the pool")
    again = rows[counts > 1]
    _expect(again.size == 0, f"{found} {again} more than once")


def _expect_batch(selection, pools, asked=BATCH):
    """Expect so many different rows of the pool."""
    _expect_distinct_rows(selection, pools, asked)
    rows = selection.indices
    _expect(len(rows) == asked, f"asked for {asked} rows, it chose {len(rows)}")


def _expect_same_rows(selection, first, when):
    """Expect what an earlier call chose, perhaps of other utilities."""
    _expect(
        selection.modality == first.modality,
        f"it asked about modality {selection.modality} {when}, and about modality "
        f"{first.modality} at first",
    )
    _expect(
        np.array_equal(selection.indices, first.indices),
        f"it chose rows {selection.indices} {when}, and {first.indices} at first",
    )


def _expect_same(selection, first, when):
    """Expect the rows and the utilities of an earlier call, bit for bit."""
    _expect_same_rows(selection, first, when)
    now, before = selection.utilities, first.utilities
    found = f"the utilities were {now.tolist()} {when}, and {before.tolist()} at first"
    _expect(np.array_equal(now, before), found)


# ---------------------------------------------------------------- the checks


def _check_number_of_rows(strategy):
    """As many integer rows and as many utilities as `n_instances` asks for."""
    learner, X, y = _started()
    for n_instances in (1, BATCH, N_OPEN):
        indices, utilities = _ask(strategy, learner, X, y, n_instances)
        _expect(
            indices.shape == utilities.shape == (n_instances,),
            f"n_instances={n_instances} got indices of shape {indices.shape} and "
            f"utilities of shape {utilities.shape}",
        )
        _expect(indices.dtype.kind in "iu", f"the indices are {indices.dtype}")


def _check_modality(strategy):
    """The selection's modality is 0 or 1, and the strategy's own where it has one."""
    declared = getattr(strategy, "modality", None)
    allowed = (declared,) if isinstance(declared, Integral) else (0, 1)
    asked = [_ask(strategy, *_started()).modality]
    if isinstance(strategy, QueryStrategy):
        learner = PairedActiveLearner(RidgeCCA(), random_state=0)
        asked.append(_ask(strategy, learner, *_views(N_OPEN)).modality)
    for modality in asked:
        whole = isinstance(modality, Integral) and not isinstance(modality, bool)
        found = f"it asked about modality {modality!r}, which is not in {allowed}"
        _expect(whole and modality in allowed, found)


def _check_distinct_rows(strategy):
    """All rows are different rows of the pool that the selection's modality names."""
    learner, *pools = _started()
    for n_instances in (BATCH, N_OPEN):
        selection = _ask(strategy, learner, *pools, n_instances)
        _expect_distinct_rows(selection, pools, n_instances)


def _check_best_first(strategy):
    """Utilities are finite numbers that never increase: the best row comes first."""
    learner, X, y = _started()
    for n_instances in (BATCH, N_OPEN):
        utilities = _ask(strategy, learner, X, y, n_instances).utilities
        _expect(np.isfinite(utilities).all(), f"the utilities were {utilities}")
        _expect((np.diff(utilities) <= 0).all(), f"the utilities were {utilities}")


def _check_same_answer_again(strategy):
    """One `random_state` decides the answer: the next call, a clone and a pickled copy
    give the same, bit for bit.
    """
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    _expect_same(_ask(strategy, learner, X, y), first, "in a second call")
    if isinstance(strategy, QueryStrategy):
        _expect_same(_ask(clone(strategy), learner, X, y), first, "of a clone")
        _expect_same(_ask(deepcopy(strategy), learner, X, y), first, "of a copy")
        if _can_be_imported(type(strategy)):
            pickled = pickle.loads(pickle.dumps(strategy))
            _expect_same(_ask(pickled, learner, X, y), first, "of a pickled copy")


def _check_global_generators(strategy):
    """The generators of numpy, random and torch that all code shares are left alone;
    draws come from `round.rng`.
    """
    learner, X, y = _started()
    found = _global_states()
    try:
        for _ in range(2):  # what is imported on first use may draw
            _draw_from_globals()  # or seeding twice alike would not show
            before = _global_states()
            _ask(strategy, learner, X, y)
        after = _global_states()
    finally:
        _set_global_states(found)
    for name, state in before.items():
        same = pickle.dumps(after[name]) == pickle.dumps(state)
        _expect(same, f"it drew from the global generator of {name} or seeded it")


def _check_nothing_changes(strategy):
    """Pools, the learner and the strategy are as they were after a call."""
    learner, X, y = _started()
    watched = {"X_pool": X, "y_pool": y, "the learner": learner}
    before = {name: pickle.dumps(value) for name, value in watched.items()}
    attributes = repr(getattr(strategy, "__dict__", None))
    _ask(strategy, learner, X, y)
    for name, value in watched.items():
        _expect(pickle.dumps(value) == before[name], f"it changed {name}")
    now = repr(getattr(strategy, "__dict__", None))
    _expect(now == attributes, f"its attributes were {attributes} and became {now}")


def _check_order_of_the_other_pool(strategy):
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


def _check_order_of_the_own_pool(strategy):
    """The same items are chosen from a shuffled pool, ties apart, unless the seed draws
    rows.
    """
    if _draws_rows(strategy):
        return
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    order = np.random.default_rng(0).permutation(N_OPEN)
    again = _ask(strategy, learner, X[order], y[order])
    _expect(
        again.modality == first.modality,
        f"it asked about modality {first.modality}, and about {again.modality} once "
        "the pools were shuffled",
    )
    items, shuffled_items = first.indices, order[again.indices]
    if set(items) == set(shuffled_items):
        return
    found = f"it chose items {items}, and {shuffled_items} once the pools were shuffled"
    utilities = first.utilities
    _expect(np.allclose(utilities, again.utilities, rtol=1e-6, atol=1e-9), found)
    ahead = ~np.isclose(utilities, utilities[-1], rtol=1e-6, atol=1e-9)
    _expect(set(items[ahead]) == set(shuffled_items[ahead]), found)


def _check_unequal_pools(strategy):
    """The pools may differ in length."""
    learner, X, y = _started()
    for pools in ((X[:20], y), (X, y[:20])):
        _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_one_row_pools(strategy):
    """Pools of one row are asked about that row."""
    learner, X, y = _started()
    for pools in ((X[:1], y[:1]), (X[:1], y), (X, y[:1])):
        _expect_batch(_ask(strategy, learner, *pools, n_instances=1), pools, 1)


def _check_repeated_items(strategy):
    """Pools may hold equal items; different rows are chosen all the same."""
    learner, X, y = _started()
    rows = np.arange(24) % 4
    pools = X[rows], y[rows]
    _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_modal_learner(strategy):
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


def _check_numbers(strategy):
    """Float32 and integers do as well as float64."""
    for convert in (np.float32, lambda rows: (100 * rows).astype(np.int64)):
        learner, *pools = _started(convert)
        _expect_batch(_ask(strategy, learner, *pools), pools)


def _check_containers(strategy):
    """Lists of rows and data frames give the same rows as arrays."""
    first = _ask(strategy, *_started())
    _expect_same_rows(_ask(strategy, *_started(np.ndarray.tolist)), first, "of lists")
    try:
        from pandas import DataFrame
    except ImportError:
        return
    _expect_same_rows(_ask(strategy, *_started(DataFrame)), first, "of data frames")


def _check_cold_start(strategy):
    """With no pairs known, and an encoder that is not fitted or one that needs no
    pairs, a batch is chosen all the same, and there is no coverage gap.
    """
    pools = _views(N_OPEN)
    for encoder in (RidgeCCA(), _Pretrained()):
        learner = PairedActiveLearner(encoder, random_state=0)
        selection = _ask(strategy, learner, *pools)
        _expect_batch(selection, pools)
        _expect(not np.isnan(selection.utilities).any(), "the utilities hold NaN")
        _expect(selection.coverage_gap is None, "it gave a coverage gap")


def _check_bad_input(strategy):
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


def _check_parameters(strategy):
    """As scikit-learn's: the constructor keeps its arguments and nothing else, and
    `get_params`, `set_params` and `clone` hand them on.
    """
    params = strategy.get_params(deep=False)
    fresh = type(strategy)(**params)
    extra = set(vars(fresh)) - set(params)
    _expect(not extra, f"the constructor sets {sorted(extra)}")
    for name, value in params.items():
        kept = fresh.get_params(deep=False)[name]
        _expect(kept is value, f"given {name}={value!r}, it keeps {kept!r}")
    other = clone(strategy)
    _expect(other.set_params(**params) is other, "set_params does not return itself")
    _expect(repr(other) == repr(strategy), f"its clone is {other!r}")


def _check_streams(strategy):
    """A strategy that says it `streams` chooses from a pool on disk what it chooses
    from one in memory, and never has all of it in memory.
    """
    if not strategy.streams:
        return
    learner, X, y = _started()
    first = _ask(strategy, learner, X, y)
    most_read = {}
    watching = _with_rounds(strategy, partial(_watched, most_read=most_read))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        on_disk = [_on_disk(rows, folder) for rows in (X, y)]
        again = _ask(strategy, learner, *on_disk)
        large = _on_disk(_views(N_ON_DISK)[0].astype(np.float32), folder)
        _ask(watching, learner, large, y)
        del on_disk, large
    _expect_same_rows(again, first, "of pools on disk")
    for field, n_rows in most_read.items():
        found = f"it read all {N_ON_DISK} rows of round.{field}[0] at once"
        _expect(n_rows < N_ON_DISK, found)


def _check_stays_on_device(strategy):
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
        learner = PairedActiveLearner(_ByName(tensors=tensors), random_state=0)
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

    def transform(self, X, y):
        return X[:, :3], y[:, :3]


class _ByName(RidgeCCA):
    """An encoder that knows rows by names, and returns tensors or arrays of them."""

    def __init__(self, tensors=False):
        super().__init__()
        self.tensors = tensors

    def fit(self, X, y):
        rows = self.unimodal_rows(X, y)
        return super().fit(*rows)

    def transform(self, X, y):
        return self._tensors(super().transform(*self.unimodal_rows(X, y)))

    def unimodal_features(self, X, y):
        return self._tensors(self.unimodal_rows(X, y))

    def unimodal_rows(self, X, y):
        """Return what the names of X and of y stand for."""
        numbers = [[int(name.split()[1]) for name in names] for names in (X, y)]
        views = _views(16 + N_OPEN)
        return tuple(v[own] for v, own in zip(views, numbers, strict=True))

    def _tensors(self, arrays):
        if not self.tensors:
            return arrays
        return tuple(map(_on_accelerator, arrays))


def _on_accelerator(array):
    """Return a tensor that, like those of an accelerator, is no array to NumPy."""
    import torch

    return torch.from_numpy(np.array(array)).as_subclass(_tensor_class())


@cache
def _tensor_class():
    import torch

    class Tensor(torch.Tensor):
        def cpu(self):
            return self.as_subclass(torch.Tensor)

        def numpy(self, *args, **kwargs):
            raise TypeError("a tensor on a device was taken for an array")

        __array__ = numpy

    return Tensor


def _on_disk(rows, folder):
    """Return rows as a memory map."""
    path = Path(folder) / f"{rows.shape}.npy"
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


class _Watched:
    """Rows that are not in memory, whose reads are counted."""

    takes_rows = True

    def __init__(self, rows, count):
        self.rows, self.count = rows, count
        self.shape, self.dtype = rows.shape, rows.dtype

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, rows):
        read = self.rows[rows]
        self.count(len(read))
        return read

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype=dtype)


def _watched(round, most_read):
    """Return the round with open features of X that tell how many rows are read."""

    def counting(field):
        def count(n_rows):
            most_read[field] = max(n_rows, most_read.get(field, 0))

        X, y = getattr(round, field)
        return _Watched(X, count), y

    fields = ("open", "open_inputs")
    return replace(round, **{field: counting(field) for field in fields})


def _with_rounds(strategy, change):
    """Return a copy of a strategy that gets other rounds to select from."""
    other = copy(strategy)
    other.select = lambda round: strategy.select(change(round))
    return other


def _can_be_imported(cls):
    """Say whether pickle finds the class, as it does not where it is local."""
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def _draws_rows(strategy):
    """Say whether the seed decides which rows of a modality are chosen."""
    learner, X, y = _started()
    chosen = {0: set(), 1: set()}
    for seed in range(4):
        learner.seed_ = seed
        if isinstance(strategy, QueryStrategy) and hasattr(strategy, "random_state"):
            strategy = clone(strategy).set_params(random_state=seed)
        selection = _ask(strategy, learner, X, y)
        chosen[selection.modality].add(frozenset(selection.indices))
    return any(len(batches) > 1 for batches in chosen.values())


def _global_states():
    """Return the states of the generators that all code shares."""
    states = {"random": random.getstate(), "numpy": np.random.get_state()}
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy()
    return states


def _set_global_states(states):
    random.setstate(states["random"])
    np.random.set_state(states["numpy"])
    if "torch" in states:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.from_numpy(states["torch"]))


def _draw_from_globals():
    random.random()
    np.random.random()
    if torch := sys.modules.get("torch"):
        torch.rand(1)


def check_strategy(strategy):
    """Run the contract of all strategies on one, and say which part it breaks.

    Use it while you write a strategy. The pools are small and made up, the encoder is
    `RidgeCCA`. With pytest, `parametrize_with_strategy_checks` makes one test of each
    check.

    Parameters
    ----------
    strategy : QueryStrategy or callable
        An instance, or a function ``f(learner, X_pool, y_pool, n_instances)``. What
        `QueryStrategy` sees to (the start without pairs, bad input, lists and data
        frames) and parameters are not asked of functions.

    Raises
    ------
    AssertionError
        By the first check that fails: which one, what happened and what is expected.
        Where the strategy itself failed, its error is the cause.
    TypeError
        If `strategy` is a class, or cannot be called.

    See Also
    --------
    parametrize_with_strategy_checks : Each check as a test of its own.
    skmal.QueryStrategy : How to write a strategy.

    Notes
    -----
    The checks say nothing about the worth of the choices; for that compare annotation
    curves, see `skmal.metrics.annotation_savings`. Random draws are welcome where the
    round's generator makes them. Whether the same items are chosen from a shuffled pool
    is asked only of strategies that pick the same rows whatever the seed.

    The strategy is called about 50 times; for those of the package this is a fraction
    of a second in all.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import QueryStrategy, Selection
    >>> from skmal.strategy_checks import check_strategy
    >>> class Longest(QueryStrategy):
    ...     '''Ask about the rows of one modality that are farthest from zero.'''
    ...     def __init__(self, modality=0):
    ...         self.modality = modality
    ...     def select(self, round):
    ...         length = np.linalg.norm(round.open_inputs[self.modality], axis=1)
    ...         rows = (-length).argsort(kind="stable")[: round.n_instances]
    ...         return Selection(rows, length[rows], self.modality)
    >>> check_strategy(Longest())
    >>> class Again(Longest):
    ...     '''Ask about the farthest row over and over.'''
    ...     def select(self, round):
    ...         rows, utilities = super().select(round)
    ...         return Selection(np.full_like(rows, rows[0]), utilities, self.modality)
    >>> check_strategy(Again())
    Traceback (most recent call last):
      ...
    AssertionError: check_distinct_rows failed for Again(): asked for 6 of 64 rows, it
    chose [...] more than once. Expected: all rows are different rows of the pool
    that the selection's modality names.
    """
    for check in checks_for(strategy):
        run_check(check, strategy)


def parametrize_with_strategy_checks(strategies):
    """Return a pytest decorator that tests each strategy with each check.

    Parameters
    ----------
    strategies : list of QueryStrategy or callable
        Instances or functions, as `check_strategy` takes them.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `strategy` and `check`. A test's id
        names both, so that ``pytest -k check_cold_start`` runs one check.

    Raises
    ------
    TypeError
        If a strategy is a class, or cannot be called.

    See Also
    --------
    check_strategy : Runs all checks on one strategy, without pytest.

    Examples
    --------
    >>> from skmal import CoresetMargin, RandomSampling
    >>> from skmal.strategy_checks import parametrize_with_strategy_checks
    >>> @parametrize_with_strategy_checks([RandomSampling(), CoresetMargin(trim=0.3)])
    ... def test_my_strategies(strategy, check):
    ...     check(strategy)
    """
    import pytest

    return pytest.mark.parametrize(
        ("strategy", "check"),
        [
            pytest.param(
                strategy,
                partial(run_check, check),
                id=f"{name_of(strategy)}-{name_of(check)}",
            )
            for strategy in strategies
            for check in checks_for(strategy)
        ],
    )
