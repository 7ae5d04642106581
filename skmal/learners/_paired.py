"""The loop: choose what to ask, take the answer, learn."""

from contextlib import contextmanager
from copy import deepcopy
from inspect import signature
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .._shared.parameters import check_integer
from .._shared.randomness import draw_seed
from ..arrays._operations import to_host
from ..arrays._rows import take, unit
from ..encoders._protocol import check_encoder, encode
from ..encoders._ridge import RidgeCCA
from ..items._containers import check_items, check_pairs, check_same_features, join
from ..items._groups import check_repeats, number_groups
from ..metrics._retrieval import ranks_of_items
from ..strategies._base import QueryStrategy, check_pools
from ..strategies._v_optimal import VOptimalDesign
from ..uncertainty._nearest import nearest_rows
from ._annotators import SimulatedAnnotator
from ._query import Query
from ._simulation import simulate

N_REMEMBERED = 1500  # open items among which true partners are ranked
GATE = 0.01  # the share of them that is near the top


class _Remembered(NamedTuple):
    """What answers are ranked among: open items of the modality not asked about."""

    modality: int
    gallery: np.ndarray
    gate: float  # the best share of the gallery
    rows: np.ndarray  # of the pool
    right: np.ndarray | None = None  # for each pair taught, which of the gallery are


class PairedActiveLearner(TransformerMixin, BaseEstimator):
    """Learn which items of two modalities belong together from few answers.

    Chooses what to ask next from two pools whose rows are not aligned, takes the
    answers, and refits an encoder on all pairs known so far. Use it in a loop with
    `query` and `teach` (the loop of modAL, with a second pool), or give it a `budget`
    and aligned data, and `fit` plays the annotator: this is what grid searches and
    annotation curves need.

    Parameters
    ----------
    estimator : encoder, default=None
        Anything with ``fit(X, y)`` and ``transform(X, y)`` returning features of both
        in one space, such as `sklearn.cross_decomposition.PLSSVD`. It is cloned, never
        changed. None: `RidgeCCA`.
    query_strategy : QueryStrategy or callable, default=None
        Chooses the items. A callable is called as ``f(learner, X_pool, y_pool,
        n_instances=...)`` and returns (indices, utilities); its modality is the
        result's attribute `modality`, or 0. None: ``VOptimalDesign()``.
    annotator : SimulatedAnnotator or callable, default=None
        Who answers in a simulated run. A callable is called as ``f(query, X_ids,
        y_ids)``, where rows of the pools whose ids are equal are partners, and returns
        rows of the other pool, -1 for none. It is cloned where it can be, never
        changed. None: nobody errs, and nobody's partner is missing.
    budget : int, default=None
        Answers that `fit` may buy in all, the pairs at the start included, at least 2;
        capped at the number of rows. None: learn from all rows; then `annotator`,
        `n_initial`, `batch_size` and `buffer_size` play no part.
    n_initial : int, default=None
        Random pairs that a simulated run starts with. None: the larger of `batch_size`
        and 10, or the budget where that is smaller. 0: a cold start.
    batch_size : int, default=8
        Items asked about in one round of a simulated run.
    buffer_size : int, default=None
        A simulated run sees a stream, as in the paper [1]_: after the pairs at the
        start, the rows arrive in a random order in buffers of so many pairs, at least
        `batch_size`. Each buffer is asked one batch of questions and discarded, asked
        or not. None: everything is in the pools from the start and stays.
    random_state : int, RandomState or Generator, default=None
        Decides the whole run; handed on to the encoder where its `random_state` is
        None. An int repeats the run bit for bit.
    verbose : int, default=0
        1 shows the progress of a simulated run, 2 also how far each query has read the
        pools.

    Attributes
    ----------
    estimator_ : encoder
        The encoder, fitted on the pairs known so far.
    X_training, y_training : sequence or None
        The aligned pairs known so far, in the order bought; None before any.
    X_unmatched, y_unmatched : sequence or None
        The items known to have no partner, from `teach_unmatched`; None before any.
    n_iter_ : int
        Rounds of questions of the simulated run.
    annotated_iter_ : ndarray of shape (n_samples,)
        For each row given to `fit`, the round in which its pair was bought: 0 at the
        start, -1 never.
    answers_ : ndarray of shape (n_answers, 3)
        Every answer paid for, in order: the round, the row of X, the row of y; -1 in
        place of a partner that was missing. In a wrong pair the two rows differ (of an
        item with several rows of X, the first is given then).
    termination_condition_ : {"budget_spent", "stream_ended", "pool_exhausted"}
        Why the run ended.
    modality_iter_ : ndarray of shape (n_iter_,)
        The modality asked about in each round.
    coverage_gap_iter_ : ndarray of shape (n_iter_, 2)
        The gaps of X and y that each round compared; NaN where it compared none.
    n_pairs_iter_ : ndarray of shape (n_points,)
        Pairs known at the start (unless that was cold) and after each round.
    n_answers_iter_ : ndarray of shape (n_points,)
        Answers paid for by then: more than the pairs where partners were missing.
    validation_scores_ : ndarray, or list of dict
        With `validation_data`: the score at each entry of `n_pairs_iter_`.
    prequential_ : ndarray of shape (n_taught,)
        For each batch of answers to a query, the share of items whose true partner the
        encoder had ranked in the best 1 % of the open items (or in the strategy's
        `gate`, where it has one) before it was told: an honest score without any
        validation data.
    trust_ : float
        The running value of that, from 0 (before any answer) to 1: the first share,
        then halfway from there to each new one.
    seed_ : int
        The seed drawn from `random_state`.
    n_features_in_ : int
        Number of features of X, where the encoder counts them.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features of X, where the encoder keeps them.

    See Also
    --------
    VOptimalDesign : The default strategy and its parameters.
    CoresetMargin : The paper's strategy.

    Notes
    -----
    A round costs one `transform` of both pools and of the known pairs, the strategy's
    choice, and one `fit` of the encoder. An encoder with ``warm_start=True`` goes on
    from its last weights, any other starts anew. Between a query and its answers, the
    features of at most 1,500 items are kept, drawn from the modality not asked about.

    The order of the pools' rows decides nothing but ties and seeded draws.

    Where an item of X has several rows (an image with several captions), pass `groups`
    to `fit`. In the simulated run X's pool then holds the item once, y's pool all its
    partners. Asked about the item, the annotator names one of those still open, in the
    random order of the run; asked about a partner, the item. Either way one pair is
    bought and costs one answer, and the item leaves with the last of its partners.
    Encoders need no groups: equal items are recognised as such.

    References
    ----------
    .. [1] Zhang, J. and Zhu, Y. (2026). "Towards Multimodal Active Learning: Efficient
       Learning with Limited Paired Data". TMLR. https://arxiv.org/abs/2510.03247

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from skmal import PairedActiveLearner
    >>> from skmal.datasets import load_glyphs
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=0)
    >>> learner = PairedActiveLearner(budget=300, batch_size=50, random_state=0)
    >>> learner = learner.fit(X, y, validation_data=(X_test, y_test))
    >>> learner.n_pairs_iter_
    array([ 50, 100, 150, 200, 250, 300])
    >>> bool(learner.validation_scores_[-1] > 2 * learner.validation_scores_[0])
    True
    """

    _hands_out_both_modalities = True
    _found = ()  # what prequential_ shows
    _remembered = None  # open items among which the next answers are ranked
    _unmatched = (None, None)  # items without a partner, of X and of y

    def __init__(
        self,
        estimator=None,
        query_strategy=None,
        *,
        annotator=None,
        budget=None,
        n_initial=None,
        batch_size=8,
        buffer_size=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.query_strategy = query_strategy
        self.annotator = annotator
        self.budget = budget
        self.n_initial = n_initial
        self.batch_size = batch_size
        self.buffer_size = buffer_size
        self.random_state = random_state
        self.verbose = verbose

    # ---------------------------------------------------------------- learning

    def fit(self, X, y, groups=None, *, validation_data=None, scoring=None):
        """Learn from aligned rows: all of them, or as many as the budget buys.

        Parameters
        ----------
        X : sequence of shape (n_samples, ...)
            Items of the first modality: numeric rows, images, file names, a column.
        y : sequence of shape (n_samples, ...)
            Items of the second; row i belongs to row i of X.
        groups : array-like of shape (n_samples,), default=None
            A label for each row; rows of the same label repeat one item of X, such as
            the captions of one image do. See the Notes of the class. None: every row is
            an item.
        validation_data : tuple (X_val, y_val), default=None
            Aligned rows to score every encoder of the run on.
        scoring : callable, default=None
            ``scoring(learner, X_val, y_val)`` returning a number or a dict of numbers.
            None: `score`.

        Returns
        -------
        PairedActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If X and y differ in length, are empty or hold NaN, if rows of X in a group
            differ, if a parameter is out of range, or if the annotator names fewer than
            two partners. Whatever was fitted before is then still there, as it is where
            the encoder fails.
        """
        name = type(self).__name__
        X, y = check_pairs(X, y, name)
        if validation_data is not None:
            if not isinstance(validation_data, tuple) or len(validation_data) != 2:
                raise ValueError(
                    "validation_data must be a tuple (X_val, y_val), got "
                    f"{type(validation_data).__name__}"
                )
            validation_data = check_pairs(*validation_data, name)
        if scoring is not None and not callable(scoring):
            raise ValueError(
                "scoring must be a callable scoring(learner, X_val, y_val), such as "
                f"skmal.metrics.make_retrieval_scorer makes, got {scoring!r}"
            )
        item, first = number_groups(groups, len(X))
        check_repeats(X, item, first)
        plan = self._plan(len(X))
        seed = draw_seed(self.random_state)
        annotator = self._annotator(seed)
        scoring = scoring or _default_scoring
        with self._forgetting():
            self.seed_ = seed
            simulate(self, X, y, item, first, plan, annotator, validation_data, scoring)
        return self

    def teach(self, X, y, refit=True, *, only_new=False):
        """Add aligned pairs and refit the encoder.

        Parameters
        ----------
        X, y : sequence
            Aligned rows. No rows at all (nobody had a partner) change nothing. A
            first pair alone is only kept, since one pair tells no direction: the
            encoder is fitted from two pairs on.
        refit : bool, default=True
            False only adds the pairs, for a caller who teaches several times and
            refits with the last.
        only_new : bool, default=False
            As in modAL: fit on these pairs alone and do not add them.

        Returns
        -------
        PairedActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If X and y differ in length, hold NaN, or have other features than the pairs
            known so far. Nothing is changed then.

        Notes
        -----
        With the first answers to a query, `prequential_` grows by one: the encoder that
        chose the questions is tested on them before it learns from them.
        """
        name = type(self).__name__
        X, y = check_pairs(X, y, name, allow_empty=True)
        if len(X) == 0:
            return self
        check_same_features(X, self.X_training, "X", name)
        check_same_features(y, self.y_training, "y", name)
        if self.X_training is None or only_new:  # copies, for they are kept
            X_all, y_all = (take(items, np.arange(len(X))) for items in (X, y))
        else:
            X_all, y_all = join(self.X_training, X), join(self.y_training, y)
        seed = self.seed_ if hasattr(self, "seed_") else draw_seed(self.random_state)
        found = self._share_found(X, y)
        if (refit or only_new) and len(X_all) >= 2:
            encoder = self._encoder_to_fit(seed)
            encoder.fit(X_all, y_all)
            self.estimator_, self._remembered = encoder, None
        self.seed_ = seed
        self._found += found
        if not only_new:
            self._X_training, self._y_training = X_all, y_all
        return self

    def teach_unmatched(self, query, partners):
        """Remember the items that turned out to have no partner.

        Strategies find them in `Round.unmatched`. Call it beside `teach`, in any order.

        Parameters
        ----------
        query : Query
            What `query` returned.
        partners : array-like of int, shape (n_instances,)
            The answers, as `Query.pairs` takes them: rows of the other pool, -1 where
            an item has none.

        Returns
        -------
        PairedActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If there is not one integer of at least -1 per item.
        """
        _check_query(query)
        query.pairs(partners)  # raises unless they are answers
        alone = np.flatnonzero(np.asarray(partners) == -1)
        if len(alone) == 0:
            return self
        items, m = take(query.instances, alone), query.modality
        unmatched = list(self._unmatched)
        unmatched[m] = items if unmatched[m] is None else join(unmatched[m], items)
        self._unmatched = tuple(unmatched)
        return self

    # ---------------------------------------------------------------- asking

    def query(self, X_pool, y_pool=None, n_instances=1, *, return_metrics=False):
        """Choose which items of one modality to ask about.

        Parameters
        ----------
        X_pool, y_pool : sequence
            The open items of both modalities. They may differ in length; their rows
            need not be aligned. Numeric rows that are not in memory (memory maps,
            `ShardedArray`, HDF5 and zarr datasets, dask arrays) stay there: they are
            read and encoded block by block.
        n_instances : int, default=1
            How many items to ask about.
        return_metrics : bool, default=False
            As in modAL: return a plain triple (indices, instances, utilities).

        Returns
        -------
        Query
            (indices, instances), best first, with `modality`, `utilities`,
            `coverage_gap` and `pairs`.

        Raises
        ------
        ValueError
            If a pool is missing, empty, holds NaN or has other features than the
            learner was fitted on, if `n_instances` is out of range, or if a callable
            strategy returns something else than distinct rows of a pool.
        TypeError
            If the encoder's `transform` does not take both modalities, or a callable
            strategy does not take both pools.
        MemoryError
            If the strategy needs all features at once, the pools are not in memory, and
            they would fill more than half of it; or if scikit-learn's
            `working_memory` is too small for the pools.
        """
        query, _ = self._ask(X_pool, y_pool, n_instances)
        return (*query, query.utilities) if return_metrics else query

    def rank_partners(self, query, X_pool, y_pool, k=9):
        """Rank the likeliest partners of each item asked about.

        Parameters
        ----------
        query : Query
            What `query` returned for these pools.
        X_pool, y_pool : sequence
            The pools it was asked of.
        k : int, default=9
            How many partners to return; capped at the size of the other pool.

        Returns
        -------
        ndarray of shape (n_instances, k)
            Rows of the other pool, most similar first; ties go to the lowest row.

        Raises
        ------
        NotFittedError
            If the encoder has seen no pairs and cannot transform without.
        """
        _check_query(query)
        pools = list(check_pools(self, X_pool, y_pool))
        k = check_integer(k, "k", minimum=1)
        modality = query.modality
        pools[modality] = query.instances
        encoder = getattr(self, "estimator_", self.estimator)
        if encoder is None:
            check_is_fitted(self)
        features = encode(encoder, *pools)
        return nearest_rows(features[modality], features[1 - modality], k)

    # ---------------------------------------------------------------- using

    def transform(self, X, y=None):
        """Return the encoder's features.

        Parameters
        ----------
        X : sequence
            Items of the first modality.
        y : sequence, default=None
            Items of the second; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, n_components), or a tuple of two such arrays
            Features of X; with y, (features of X, features of y).
        """
        check_is_fitted(self)
        if y is None:
            return self.estimator_.transform(X)
        y = check_items(y, "y")
        check_same_features(y, self.y_training, "y", type(self).__name__)
        return self.estimator_.transform(X, y)

    def score(self, X, y, groups=None):
        """Return the mean reciprocal rank of the partners, mean of both directions.

        Parameters
        ----------
        X, y : sequence
            Aligned rows; each row of one is looked for among all rows of the other.
        groups : array-like of shape (n_samples,), default=None
            A label for each row; rows of the same label repeat one item of X. It is
            asked about once, with all its partners correct, and stands once in the
            gallery. None: equal rows are rivals, and tie.

        Returns
        -------
        float
            Between 0 and 1; larger galleries are harder, so compare equal sizes.
        """
        check_is_fitted(self)
        X, y = check_pairs(X, y, type(self).__name__)
        item, first = number_groups(groups, len(X))
        check_repeats(X, item, first)
        features = encode(self, X if groups is None else take(X, first), y)
        return float(np.mean([(1 / r).mean() for r in ranks_of_items(*features, item)]))

    def get_feature_names_out(self, input_features=None):
        """Return the names of the encoder's features, for `set_output`.

        Parameters
        ----------
        input_features : ignored
            Not used, present for scikit-learn's API.

        Returns
        -------
        ndarray of str
            The names.
        """
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out(input_features)

    @property
    def X_training(self):
        """Return the items of X whose partners are known, or None."""
        return getattr(self, "_X_training", None)

    @property
    def y_training(self):
        """Return the items of y whose partners are known, or None."""
        return getattr(self, "_y_training", None)

    @property
    def X_unmatched(self):
        """Return the items of X known to have no partner, or None."""
        return self._unmatched[0]

    @property
    def y_unmatched(self):
        """Return the items of y known to have no partner, or None."""
        return self._unmatched[1]

    @property
    def prequential_(self):
        """Return, per batch of answers, the share of partners ranked near the top."""
        return np.array(self._found, dtype=np.float64)

    @property
    def trust_(self):
        """Return the running value of `prequential_`; 0 before any answer."""
        if not self._found:
            return 0.0
        trust = self._found[0]
        for found in self._found[1:]:
            trust = (trust + found) / 2
        return trust

    @property
    def n_features_in_(self):
        """Return the number of features of X that the encoder was fitted on."""
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self):
        """Return the feature names of X that the encoder was fitted on."""
        check_is_fitted(self)
        return self.estimator_.feature_names_in_

    # ---------------------------------------------------------------- private

    def _plan(self, n):
        """Return (n_initial, batch_size, budget, buffer_size) for n rows, checked."""
        batch_size = check_integer(self.batch_size, "batch_size", minimum=1)
        if n < 2:
            raise ValueError(
                f"got {n} sample, but at least 2 pairs are needed to learn"
            )
        buffer_size = self.buffer_size
        if buffer_size is not None:
            buffer_size = check_integer(buffer_size, "buffer_size", minimum=1)
            if buffer_size < batch_size:
                raise ValueError(
                    f"buffer_size={buffer_size} is below batch_size={batch_size}; each "
                    "buffer is asked a whole batch of questions"
                )
        if self.budget is None:
            return n, batch_size, n, None
        budget = min(check_integer(self.budget, "budget", minimum=2), n)
        if self.n_initial is None:
            n_initial = min(max(batch_size, 10), budget)
            return n_initial, batch_size, budget, buffer_size
        n_initial = check_integer(self.n_initial, "n_initial", minimum=0)
        if n_initial > budget:
            raise ValueError(
                f"n_initial={n_initial} is above the budget of {budget} pairs (capped "
                f"at the {n} rows given); lower n_initial or raise the budget"
            )
        return n_initial, batch_size, budget, buffer_size

    @contextmanager
    def _forgetting(self):
        """Forget all that was fitted; where the body fails, it comes back."""
        before = vars(self).copy()
        for name in before:
            if name.endswith("_"):
                delattr(self, name)
        self._X_training = self._y_training = self._remembered = None
        self._found, self._unmatched = (), (None, None)
        try:
            yield
        except BaseException:  # an interrupted run as well
            vars(self).clear()
            vars(self).update(before)
            raise

    def _strategy(self):
        """Return the strategy to ask, or raise unless it is one."""
        strategy = self.query_strategy
        if strategy is None:
            return VOptimalDesign()
        if isinstance(strategy, type) or not callable(strategy):
            raise TypeError(
                "query_strategy must be a strategy, such as VOptimalDesign(), or a "
                f"function, got {strategy!r}"
            )
        if not isinstance(strategy, QueryStrategy):
            _check_signature(strategy)
        return strategy

    def _annotator(self, seed):
        """Return who answers in a simulated run, or raise unless it can."""
        annotator = self.annotator
        if annotator is None or self.budget is None:
            return SimulatedAnnotator()
        if isinstance(annotator, type) or not callable(annotator):
            raise TypeError(
                "annotator must be SimulatedAnnotator() or a function, got "
                f"{annotator!r}"
            )
        if hasattr(annotator, "get_params"):
            annotator = clone(annotator)
            if getattr(annotator, "random_state", 0) is None:
                annotator.set_params(random_state=seed)
        return annotator

    def _ask(self, X_pool, y_pool, n_instances):
        """Return what `query` does, and the Round that the strategy saw.

        The latter is None where the strategy is a function.
        """
        pools = X_pool, y_pool = check_pools(self, X_pool, y_pool)
        n_instances = check_integer(n_instances, "n_instances", minimum=1)
        if n_instances > max(len(X_pool), len(y_pool)):
            raise ValueError(
                f"n_instances={n_instances} is above the {len(X_pool)} items of X_pool "
                f"and the {len(y_pool)} of y_pool; ask for fewer"
            )
        strategy = self._strategy()
        if isinstance(strategy, QueryStrategy):  # the call in two, to keep the features
            round = strategy._open_round(self, X_pool, y_pool, n_instances)
            selection = strategy._choose(round)
        else:
            selection = strategy(self, X_pool, y_pool, n_instances=n_instances)
            round = None
        indices, utilities, modality = _check_selection(selection, pools, n_instances)
        query = Query(
            indices,
            take(pools[modality], indices),
            modality,
            utilities,
            getattr(selection, "coverage_gap", None),
        )
        self._remember(query, pools, None if round is None else round.open)
        return query, round

    def _remember(self, query, pools, features):
        """Keep open items among which the true partners will be ranked, as features."""
        other = 1 - query.modality
        rows = np.arange(len(pools[other]))
        if len(rows) > N_REMEMBERED:
            n_aligned = 0 if self.X_training is None else len(self.X_training)
            # The third entry keeps this stream apart from that of the round.
            rng = np.random.default_rng([getattr(self, "seed_", 0), n_aligned, 2])
            rows = np.sort(rng.choice(rows, N_REMEMBERED, replace=False))
        if features is not None:
            gallery = to_host(take(features[other], rows))
        else:  # a function chose, and did not say how it saw the items
            items = [query.instances, query.instances]
            items[other] = take(pools[other], rows)
            try:
                encoder = getattr(self, "estimator_", self.estimator)
                gallery = None if encoder is None else encode(encoder, *items)[other]
            except NotFittedError:
                gallery = None
        gate = getattr(self.query_strategy, "gate", GATE)
        has_columns = gallery is not None and gallery.shape[1] > 0
        self._remembered = (
            _Remembered(query.modality, gallery, gate, rows) if has_columns else None
        )

    def _share_found(self, X, y):
        """Return the share of true partners that were ranked near the top, in a tuple.

        The tuple is empty where nothing was asked, or with an encoder that could not
        transform.
        """
        if self._remembered is None:
            return ()
        modality, gallery, gate, _, right = self._remembered
        encoder = getattr(self, "estimator_", self.estimator)
        features = [unit(part.astype(np.float64)) for part in encode(encoder, X, y)]
        asked, partners = features[modality], features[1 - modality]
        own = np.sum(asked * partners, axis=1, keepdims=True)
        similarity = asked @ unit(gallery.astype(np.float64)).T  # (n, n_gallery)
        equal = np.abs(similarity - own) <= 1e-6
        ahead = (similarity > own) & ~equal
        if right is None:  # one of the equals is the partner itself
            n_equal = np.maximum(equal.sum(axis=1) - 1, 0)
        else:
            ahead &= ~right
            n_equal = (equal & ~right).sum(axis=1)
        n_ahead = ahead.sum(axis=1) + 0.5 * n_equal
        return (float(np.mean((n_ahead == 0) | (n_ahead < gate * len(gallery)))),)

    def _encoder_to_fit(self, seed):
        """Return the encoder that the next fit is for, with its seed set."""
        current = getattr(self, "estimator_", None)
        if current is not None and getattr(current, "warm_start", False):
            return deepcopy(current)  # a fit that fails half-way changes nothing
        encoder = RidgeCCA() if self.estimator is None else clone(self.estimator)
        check_encoder(encoder)
        unset = {
            name: seed
            for name, value in encoder.get_params().items()
            if name.split("__")[-1] == "random_state" and value is None
        }
        if unset:
            encoder.set_params(**unset)
        return encoder

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags


def _check_query(query):
    if not isinstance(query, Query):
        raise TypeError(
            f"query must be what query() returned, got {type(query).__name__}"
        )


def _default_scoring(learner, X, y):
    return learner.score(X, y)


def _check_signature(function):
    """Raise unless a strategy can be called with both pools."""
    try:
        arguments = signature(function)
    except ValueError:  # some that are written in C have none
        return
    try:
        arguments.bind(None, None, None, n_instances=1)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"query_strategy {name} cannot be called with (learner, X_pool, y_pool, "
            "n_instances=...): give it a second pool, or take a strategy of skmal's, "
            "such as VOptimalDesign(); modAL's take one pool and ask a classifier"
        ) from error


def _check_selection(selection, pools, n_instances):
    """Return (indices, utilities, modality) of what any strategy returned."""
    try:
        indices, utilities = (np.asarray(part) for part in selection)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "the query strategy must return (indices, utilities), got "
            f"{type(selection).__name__}"
        ) from error
    modality = getattr(selection, "modality", 0)
    if isinstance(modality, float) or modality not in (0, 1):
        raise ValueError(f"a strategy's modality must be 0 or 1, got {modality!r}")
    n = len(pools[modality])
    if (
        indices.shape != (n_instances,)
        or utilities.shape != (n_instances,)
        or indices.dtype.kind not in "iu"
        or len(np.unique(indices)) < n_instances
        or indices.min() < 0
        or indices.max() >= n
    ):
        raise ValueError(
            f"the query strategy must return {n_instances} different rows below {n} "
            f"and as many utilities, got indices {indices!r} and utilities of shape "
            f"{utilities.shape}"
        )
    return indices, utilities, modality
