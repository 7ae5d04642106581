"""Checks of the contract that all encoders keep, to run on your own."""

import pickle
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from inspect import signature
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ._shared.contracts import (
    can_be_imported,
    draw_from_globals,
    expect,
    global_states,
    name_of,
    run_check,
    set_global_states,
    two_views,
)
from ._shared.types import FloatArray, Items
from .arrays._block_math import to_host
from .arrays._verbs import take
from .encoders._tags import reads_numbers_only, says_no_numbers
from .items._containers import check_pairs, numeric_rows
from .items._encoding import encode
from .learners._paired import PairedActiveLearner

if TYPE_CHECKING:
    import pytest

__all__ = ["check_encoder", "parametrize_with_encoder_checks"]

N_ITEMS = 32  # aligned items that are made up where none are passed
FEWEST = 8  # that may be passed


def check_encoder(encoder: Any, X: Items | None = None, y: Items | None = None) -> None:
    """Run the contract of all encoders on one, and say which part it breaks.

    Use it while you write an encoder. With pytest, `parametrize_with_encoder_checks`
    makes one test of each check.

    Parameters
    ----------
    encoder : encoder
        An instance, with parameters that make it quick (few epochs, a small network).
        It is cloned, never fitted or changed.
    X, y : sequence of at least 8 items, default=None
        Aligned items that it learns from, such as images and texts. None: made-up rows
        of numbers.

    Raises
    ------
    AssertionError
        By the first check that fails: which one, what happened, what is expected and
        what to do. Where the encoder itself failed, its error is the cause.
    TypeError
        If `encoder` is a class, or has no `fit` or `transform`.
    ValueError
        If X and y do not have the same length, are too few, or are missing where the
        encoder's tags say that it reads no rows of numbers.

    See Also
    --------
    parametrize_with_encoder_checks : Each check as a test of its own.
    skmal.strategy_checks.check_strategy : The same for strategies.

    Notes
    -----
    The checks say nothing about the worth of the features; for that score pairs that
    are held out, see `skmal.metrics.mean_reciprocal_rank`.

    Features are compared up to half the digits of their precision, so that another
    order of sums is no fault. An encoder that computes in less than float32 should be
    checked with a setting that does not.

    The encoder is fitted about 20 times. Encoders of lists, such as `RidgeMCCA`, keep
    another contract.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.utils.validation import check_is_fitted
    >>> from skmal.encoder_checks import check_encoder
    >>> class LeastSquares(BaseEstimator):
    ...     '''Take X to where its partners in y are, by a linear map.'''
    ...     def fit(self, X, y):
    ...         self.map_ = np.linalg.lstsq(np.asarray(X), np.asarray(y))[0]
    ...         return self
    ...     def transform(self, X, y):
    ...         check_is_fitted(self)
    ...         return np.asarray(X) @ self.map_, np.asarray(y, dtype=float)
    >>> check_encoder(LeastSquares())
    >>> class Hasty(LeastSquares):
    ...     '''Looks for its map at once.'''
    ...     def transform(self, X, y):
    ...         return np.asarray(X) @ self.map_, np.asarray(y, dtype=float)
    >>> check_encoder(Hasty())
    Traceback (most recent call last):
      ...
    AssertionError: check_not_fitted failed for Hasty(): before fit, transform raised
    AttributeError: 'Hasty' object has no attribute 'map_'. Expected: before fit,
    transform raises NotFittedError, ...
    """
    items = _check_items(encoder, X, y)
    for check in CHECKS:
        _run_on(check, items, encoder)


def parametrize_with_encoder_checks(
    encoders: Sequence[Any], X: Items | None = None, y: Items | None = None
) -> "pytest.MarkDecorator":
    """Return a pytest decorator that tests each encoder with each check.

    Parameters
    ----------
    encoders : list of encoders
        Instances, as `check_encoder` takes them.
    X, y : sequence of at least 8 items, default=None
        Aligned items that all of them learn from. None: made-up rows of numbers.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `encoder` and `check`. A test's id names
        both, so that ``pytest -k check_not_fitted`` runs one check.

    Raises
    ------
    TypeError
        If an encoder is a class, or has no `fit` or `transform`.
    ValueError
        If X and y do not go with an encoder, as in `check_encoder`.

    See Also
    --------
    check_encoder : Runs all checks on one encoder, without pytest.

    Examples
    --------
    >>> from sklearn.cross_decomposition import PLSSVD
    >>> from skmal import RidgeCCA
    >>> from skmal.encoder_checks import parametrize_with_encoder_checks
    >>> @parametrize_with_encoder_checks([RidgeCCA(), PLSSVD()])
    ... def test_my_encoders(encoder, check):
    ...     check(encoder)
    """
    import pytest

    parameters = []
    for encoder in encoders:
        items = _check_items(encoder, X, y)
        for check in CHECKS:
            run = partial(_run_on, check, items)
            name = f"{name_of(encoder)}-{name_of(check)}"
            parameters.append(pytest.param(encoder, run, id=name))
    return pytest.mark.parametrize(("encoder", "check"), parameters)


def _run_on(
    check: Callable[..., None], items: tuple[Items, Items], encoder: Any
) -> None:
    """Run a check on items of its own: another may have changed what it got."""
    run_check(check, encoder, *deepcopy(items))


# ---------------------------------------------------------------- what is asked of


def _check_items(encoder: Any, X: Items | None, y: Items | None) -> tuple[Items, Items]:
    """Return the items to learn from, or raise where encoder and items cannot be."""
    methods = hasattr(encoder, "fit") and hasattr(encoder, "transform")
    if isinstance(encoder, type) or not methods:
        raise TypeError(
            "an encoder must be an instance with fit(X, y) and transform(X, y), such "
            f"as KernelCCA(), got {encoder!r}"
        )
    if X is None and y is None:
        if not reads_numbers_only(encoder) and says_no_numbers(encoder):
            raise ValueError(
                f"the tags of {name_of(encoder)} say that it reads no rows of numbers "
                "(input_tags.two_d_array is False); pass a few aligned items of its "
                "kind as X and y"
            )
        return two_views(N_ITEMS)
    X, y = check_pairs(X, y, name_of(check_encoder))
    if len(X) < FEWEST:
        raise ValueError(f"X and y hold {len(X)} pairs; pass at least {FEWEST}")
    return X, y


def _fresh(encoder: Any) -> Any:
    """Return an unfitted clone whose seed is set, as a learner sets it."""
    encoder = clone(encoder)
    seeds = {
        name: 0
        for name, value in encoder.get_params().items()
        if name.split("__")[-1] == "random_state" and not isinstance(value, Integral)
    }
    return encoder.set_params(**seeds) if seeds else encoder


def _fitted(encoder: Any, X: Items, y: Items) -> Any:
    """Return a fitted clone, whatever its `fit` returns."""
    encoder = _fresh(encoder)
    encoder.fit(X, y)
    return encoder


def _features(encoder: Any, X: Items, y: Items) -> list[FloatArray]:
    """Return what `transform` gives for both modalities, as arrays."""
    return [np.asarray(to_host(part)) for part in encoder.transform(X, y)]


def _expect_same_features(
    now: Sequence[FloatArray], before: Sequence[FloatArray], when: str
) -> None:
    """Expect features of an earlier call, up to half the digits of their precision."""
    names = "Xy"[: len(before)]
    for name, one, other in zip(names, now, before, strict=True):
        shapes = f"the features of {name} have the shape {one.shape} {when}"
        expect(one.shape == other.shape, f"{shapes}, and {other.shape} at first")
        eps = max(np.finfo(np.result_type(f, np.float16)).eps for f in (one, other))
        largest = np.abs(other).max(initial=0)
        apart = np.abs(one.astype(float) - other).max(initial=0)
        found = f"the features of {name} are up to {apart:.1e} apart {when}"
        expect(apart <= np.sqrt(eps) * largest, f"{found}, of values up to {largest:g}")


# ---------------------------------------------------------------- the checks


def _check_parameters(encoder: Any, X: Items, y: Items) -> None:
    """As scikit-learn's: the constructor keeps its arguments as they are, fit changes
    none, and `get_params`, `set_params` and `clone` hand them on, for learners fit
    clones. Derive the class from sklearn.base.BaseEstimator, and leave all work to fit.
    """
    for method in ("get_params", "set_params"):
        expect(hasattr(encoder, method), f"it has no {method}")
    copied = clone(encoder)
    if copied is encoder:  # a FrozenEstimator stays as it is
        return
    params = encoder.get_params(deep=False)
    fresh = type(encoder)(**params)
    for name, value in params.items():
        kept = fresh.get_params(deep=False)[name]
        expect(kept is value, f"given {name}={value!r}, it keeps {kept!r}")
    expect(copied.set_params(**params) is copied, "set_params does not return itself")
    before = repr(copied.get_params())
    copied.fit(X, y)
    now = repr(copied.get_params())
    expect(now == before, f"its parameters were {before}, and {now} after fit")


def _check_fit_returns_itself(encoder: Any, X: Items, y: Items) -> None:
    """Learning from aligned rows, fit(X, y) returns the encoder itself, so that calls
    can be chained. End it with `return self`.
    """
    encoder = _fresh(encoder)
    returned = encoder.fit(X, y)
    expect(returned is encoder, f"fit returned {returned!r:.60}")


def _check_both_modalities(encoder: Any, X: Items, y: Items) -> None:
    """The tuple that transform(X, y) returns holds the features of X and those of y:
    two arrays of finite floats, with a row for each item and one width. Return both, in
    one space.
    """
    features = _fitted(encoder, X, y).transform(X, y)
    kind = type(features).__name__
    expect(isinstance(features, tuple), f"transform(X, y) returned {kind}")
    expect(len(features) == 2, f"transform(X, y) returned {len(features)} things")
    arrays = [np.asarray(to_host(part)) for part in features]
    for name, items, array in zip("Xy", (X, y), arrays, strict=True):
        found = f"the features of {name} have the shape {array.shape}"
        expect(array.ndim == 2 and len(array) == len(items), found)
        expect(array.dtype.kind == "f", f"the features of {name} are {array.dtype}")
        expect(np.isfinite(array).all(), f"the features of {name} hold NaN or infinity")
    widths = [array.shape[1] for array in arrays]
    expect(widths[0] == widths[1], f"X got {widths[0]} features and y {widths[1]}")


def _check_different_lengths(encoder: Any, X: Items, y: Items) -> None:
    """The items given to transform(X, y) need not be partners nor as many: pools differ
    in length, down to one item. Treat X and y apart there.
    """
    encoder = _fitted(encoder, X, y)
    n = len(X)
    for n_x, n_y in ((n, 3), (3, n), (1, n), (n, 1), (1, 1)):
        some = take(X, np.arange(n_x)), take(y, np.arange(n_y))
        lengths = tuple(map(len, _features(encoder, *some)))
        found = f"{n_x} items of X and {n_y} of y got {lengths} rows of features"
        expect(lengths == (n_x, n_y), found)


def _check_X_alone(encoder: Any, X: Items, y: Items) -> None:
    """Where y has a default, transform(X) returns the one array that transform(X, y)
    gives for X. Return the features of X where y is None.
    """
    parameters = list(signature(encoder.transform).parameters.values())
    if len(parameters) < 2 or parameters[1].default is parameters[1].empty:
        return
    encoder = _fitted(encoder, X, y)
    alone = encoder.transform(X)
    kind = type(alone).__name__
    expect(not isinstance(alone, (tuple, list)), f"transform(X) returned {kind}")
    x_features, _ = _features(encoder, X, y)
    alone = np.asarray(to_host(alone))
    _expect_same_features([alone], [x_features], "of X alone")


def _check_not_fitted(encoder: Any, X: Items, y: Items) -> None:
    """Before fit, transform raises NotFittedError, for a learner that knows no pairs
    then draws its first questions, and dies of any other error; or it transforms, as a
    pretrained encoder does. Begin with check_is_fitted(self) of sklearn's
    utils.validation.
    """
    encoder = _fresh(encoder)
    try:
        encoder.transform(X, y)
    except NotFittedError:
        pass
    except Exception as error:
        raise AssertionError(
            f"before fit, transform raised {type(error).__name__}: {error}"
        ) from error


def _check_inputs_stay(encoder: Any, X: Items, y: Items) -> None:
    """Items are as they were after fit and transform. Work on copies: X - mean, not
    X -= mean.
    """
    before = [pickle.dumps(items) for items in (X, y)]
    own = [pickle.loads(dumped) for dumped in before]
    encoder = _fresh(encoder)
    for name in ("fit", "transform"):
        getattr(encoder, name)(*own)
        for modality, items, dumped in zip("Xy", own, before, strict=True):
            expect(pickle.dumps(items) == dumped, f"{name} changed {modality}")


def _check_rows_stand_alone(encoder: Any, X: Items, y: Items) -> None:
    """An item's features depend on no other item of the same call nor on their order,
    for pools are encoded block by block. Learn means and scales in fit, and only apply
    them in transform.
    """
    encoder = _fitted(encoder, X, y)
    whole = _features(encoder, X, y)
    rng = np.random.default_rng(0)
    for size in (len(X), len(X) // 2):
        rows = [rng.permutation(len(X))[:size] for _ in "Xy"]
        part = _features(encoder, take(X, rows[0]), take(y, rows[1]))
        expected = [features[r] for features, r in zip(whole, rows, strict=True)]
        _expect_same_features(part, expected, f"in another order, {size} at a time")


def _check_same_features_again(encoder: Any, X: Items, y: Items) -> None:
    """One `random_state` decides the features. Draw from sklearn.utils
    check_random_state(self.random_state) alone: where the parameter is None, a learner
    sets it from its own seed.
    """
    first = _features(_fitted(encoder, X, y), X, y)
    again = _features(_fitted(encoder, X, y), X, y)
    _expect_same_features(again, first, "of a second clone")


def _check_global_generators(encoder: Any, X: Items, y: Items) -> None:
    """The generators of numpy, random and torch that all code shares are left alone.
    Draw from a generator of your own, or put theirs back (torch.random.fork_rng).
    """
    found = global_states()
    try:
        _features(_fitted(encoder, X, y), X, y)  # imports on first use may draw
        draw_from_globals()  # or seeding twice alike would not show
        before = global_states()
        _features(_fitted(encoder, X, y), X, y)
        after = global_states()
    finally:
        set_global_states(found)
    for name, state in before.items():
        same = pickle.dumps(after[name]) == pickle.dumps(state)
        expect(same, f"it drew from the global generator of {name} or seeded it")


def _check_fit_again(encoder: Any, X: Items, y: Items) -> None:
    """Without `warm_start`, a second fit forgets the first, as modAL's learner needs,
    which fits one encoder again and again. Set all that is learned anew in fit.
    """
    if clone(encoder) is encoder:  # frozen: it learns nothing
        return
    expected, twice = _fresh(encoder), _fresh(encoder)
    for one in (expected, twice):
        if "warm_start" in one.get_params():
            one.set_params(warm_start=False)
    some = np.arange(len(X) // 2)
    twice.fit(take(X, some), take(y, some))
    twice.fit(X, y)
    expected.fit(X, y)
    now, before = _features(twice, X, y), _features(expected, X, y)
    _expect_same_features(now, before, "after a second fit")


def _check_warm_start(encoder: Any, X: Items, y: Items) -> None:
    """With `warm_start`, a copy of a fitted encoder can be fitted on more pairs, as a
    learner does after each batch of answers, and the first keeps its features. Let fit
    take any number of rows, and share no state with copies.
    """
    if "warm_start" not in encoder.get_params():
        return
    first = _fresh(encoder).set_params(warm_start=True)
    some = np.arange(len(X) // 2)
    first.fit(take(X, some), take(y, some))
    before = _features(first, X, y)
    longer = deepcopy(first)
    longer.fit(X, y)
    found = "after a warm start, the features hold NaN or infinity"
    expect(all(np.isfinite(f).all() for f in _features(longer, X, y)), found)
    _expect_same_features(
        _features(first, X, y), before, "of the first, once its copy was fitted again"
    )


def _check_pickles(encoder: Any, X: Items, y: Items) -> None:
    """A fitted encoder can be pickled, and its pickle gives the same features: sessions
    keep encoders on disk, and grid searches send them to other processes. Keep what is
    learned in plain arrays, numbers and parameters.
    """
    encoder = _fitted(encoder, X, y)
    first = _features(encoder, X, y)
    copies = {"of a copy": deepcopy(encoder)}
    if can_be_imported(type(encoder)):
        copies["of a pickle"] = pickle.loads(pickle.dumps(encoder))
    for when, other in copies.items():
        _expect_same_features(_features(other, X, y), first, when)


def _check_unimodal_features(encoder: Any, X: Items, y: Items) -> None:
    """Where there is a method unimodal_features(X, y), it returns two arrays of finite
    floats, of any widths, with a row for each item, whenever transform works. Return
    what is known of each modality alone.
    """
    if not hasattr(encoder, "unimodal_features"):
        return
    encoder = _fitted(encoder, X, y)
    n = len(X)
    for n_x, n_y in ((n, n), (n, 3), (1, n)):
        some = take(X, np.arange(n_x)), take(y, np.arange(n_y))
        features = encoder.unimodal_features(*some)
        kind = type(features).__name__
        two = isinstance(features, (tuple, list)) and len(features) == 2
        expect(two, f"it returned {kind}, not two arrays")
        for name, items, part in zip("Xy", some, features, strict=True):
            array = np.asarray(to_host(part))
            shape = f"for {len(items)} items of {name} it gave the shape {array.shape}"
            expect(array.ndim == 2 and len(array) == len(items), shape)
            finite = array.dtype.kind == "f" and np.isfinite(array).all()
            expect(finite, f"what it gave for {name} is not finite floats")


def _check_equal_items(encoder: Any, X: Items, y: Items) -> None:
    """Rows may repeat: an image with several captions, a caption of several images.
    They are learned from and get finite features. Let nothing divide by the distance of
    two rows.
    """
    rows = np.arange(len(X))
    n_items = max(len(X) // 3, 3)  # each with about three partners
    for X_rows, y_rows in ((rows % n_items, rows), (rows, rows % n_items)):
        some = take(X, X_rows), take(y, y_rows)
        features = _features(_fitted(encoder, *some), *some)
        finite = all(np.isfinite(array).all() for array in features)
        expect(finite, "the features of repeated rows hold NaN or infinity")


def _check_containers(encoder: Any, X: Items, y: Items) -> None:
    """Rows of numbers may be float32, integers, lists of arrays or data frames, which
    learners hand on as they come. Begin with sklearn's check_array, or with np.asarray.
    """
    if numeric_rows(X) is None or numeric_rows(y) is None:
        return
    views = [numeric_rows(items).astype(np.float64) for items in (X, y)]
    scale = 100 / max(np.abs(view).max() for view in views)
    forms: list[tuple[str, Any]] = [
        ("float32", lambda rows: rows.astype(np.float32)),
        ("integer", lambda rows: (scale * rows).astype(np.int64)),
    ]
    try:
        from pandas import DataFrame

        forms.append(("data frame", DataFrame))
    except ImportError:
        pass
    forms.append(("list of arrays", list))
    for name, form in forms:
        items = form(views[0]), form(views[1])
        try:
            features = _features(_fitted(encoder, *items), *items)
        except Exception as error:
            raise AssertionError(
                f"rows in the form of {name} raised {type(error).__name__}: {error}"
            ) from error
        finite = all(np.isfinite(array).all() for array in features)
        expect(finite, f"the features of {name} rows hold NaN or infinity")


def _check_tags(encoder: Any, X: Items, y: Items) -> None:
    """The tags say what it reads, for sessions ask them before they begin. In
    __sklearn_tags__, set input_tags.two_d_array = False and string = True (texts,
    paths) or three_d_array = True (pixels) where items are no rows of numbers, and
    requires_fit = False only where it transforms before fit.
    """
    numbers = numeric_rows(X) is not None and numeric_rows(y) is not None
    only = reads_numbers_only(encoder)
    expect(numbers or not only, "its tags promise rows of numbers, and it reads others")
    if not hasattr(encoder, "__sklearn_tags__"):
        return
    if not encoder.__sklearn_tags__().requires_fit:
        try:
            _fresh(encoder).transform(X, y)
        except NotFittedError as error:
            raise AssertionError(
                "its tags say that it requires no fit, and transform raised "
                "NotFittedError"
            ) from error


def _check_in_a_learner(encoder: Any, X: Items, y: Items) -> None:
    """In a PairedActiveLearner, it serves from a cold start on: items that fit did not
    see are asked about, their partners ranked, learned and scored. Let transform take
    any items.
    """
    n = len(X)
    learner = PairedActiveLearner(encoder, random_state=0)
    learner.query(X, y, n_instances=2)  # with no pairs known
    some, others = np.arange(n // 2), np.arange(n // 2, n)
    learner.fit(take(X, some), take(y, some))
    X_pool, y_pool = take(X, others), take(y, others)
    query = learner.query(X_pool, y_pool, n_instances=2)
    partners = learner.rank_partners(query, X_pool, y_pool, k=2)
    expect(partners.shape == (2, 2), f"partners have the shape {partners.shape}")
    learner.teach(take(X_pool, query.indices), take(y_pool, query.indices))
    score = learner.score(X, y)
    expect(0 < score <= 1, f"the score was {score}")
    features = encode(learner.estimator_, X, y)
    expect(len(features[0]) == n, "an item got no features")


CHECKS = (
    _check_parameters,
    _check_fit_returns_itself,
    _check_both_modalities,
    _check_not_fitted,
    _check_different_lengths,
    _check_X_alone,
    _check_inputs_stay,
    _check_rows_stand_alone,
    _check_global_generators,
    _check_same_features_again,
    _check_fit_again,
    _check_warm_start,
    _check_pickles,
    _check_unimodal_features,
    _check_equal_items,
    _check_containers,
    _check_tags,
    _check_in_a_learner,
)
