"""PairedActiveLearner: the loop for two modalities, with scikit-learn's X and y."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, Self, overload

import numpy as np
import numpy.typing as npt
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._shared.parameters import check_integer
from .._shared.types import FloatArray, IntArray, Items, RandomState
from ..arrays._verbs import check_unread
from ..encoders._alone import (
    check_some,
    in_container,
    transform_both,
    transform_second,
)
from ..encoders._kernel import KernelCCA
from ..encoders._protocol import Encoder
from ..encoders._score import pair_score
from ..encoders._usable import without_unusable
from ..items._containers import (
    check_items,
    check_pairs,
    check_same_features,
    refuse_one_row,
)
from ..items._groups import check_repeats, number_groups
from ..matching._forecast import Forecast, forecast
from ..matching._matching import Matching
from ..strategies._base import Strategy, check_pools
from ..strategies._round import Round
from ._annotators import Annotator
from ._core import ActiveLearner
from ._matched import match
from ._query import Query, check_query
from ._simulation import Data, run
from ._suitable import check_held_out, check_tables


class PairedActiveLearner(TransformerMixin, ActiveLearner):
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
        changed. None: `KernelCCA`.
    query_strategy : QueryStrategy or callable, default=None
        Chooses the items. A callable is called as ``f(learner, X_pool, y_pool,
        n_instances=...)`` and returns (indices, utilities); its modality is the
        result's attribute `modality`, or 0. None: ``VOptimalDesign()``.
    annotator : SimulatedAnnotator or callable, default=None
        Who answers in a simulated run. A callable is called as ``f(query, X_ids,
        y_ids)``, where rows of the pools whose ids are equal are partners, and returns
        rows of the other pool, -1 for none. It is cloned where it can be, never
        changed. None: nobody errs, and nobody's partner is missing.
    budget : int or float, default=None
        Answers that `fit` may buy in all, the pairs at the start included, at least 2;
        capped at the number of rows. Between 0 and 1: their share of the rows. None:
        learn from all rows; then `annotator`, `n_initial`, `batch_size` and
        `buffer_size` play no part, nor does `query_strategy` before `query`.
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
    audit : float, default=0.0
        The share of each batch that is drawn at random from the open items in place of
        chosen, from 0 to 1; 0.1 is a good start. Their answers teach the encoder like
        any other, and they alone say without bias how good it is (`audit_`, `forecast`)
        and how sure its proposals are (`match`).
    stop_when : callable, default=None
        ``stop_when(learner)`` is asked after each round of a simulated run, which ends
        where it returns True. It may look at all that the learner knows: `audit_`,
        `forecast`, `trust_`. None: the budget alone ends it.
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
    termination_condition_ : {"budget_spent", "stream_ended", "pool_exhausted", \
            "stopped"}
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
    audit_ : AuditEstimates
        What the answers to random questions say of the open pool; see `audit`.
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

    Threads: what a learner knows is set in one step, so that an interrupt, an error or
    another thread finds a state from before or after. Several threads may `query`,
    `transform` and `score`; the answers that `prequential_` is about are those to the
    latest query. Teach from one thread at a time: a `teach`, `teach_unmatched`, `refit`
    or `query` during which another thread has taught raises RuntimeError and changes
    nothing, and may be called again.

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
    >>> X, y = X[::2], y[::2]
    >>> X, X_test, y, y_test = train_test_split(X, y, test_size=500, random_state=0)
    >>> learner = PairedActiveLearner(budget=200, batch_size=50, random_state=0)
    >>> learner = learner.fit(X, y, validation_data=(X_test, y_test))
    >>> learner.n_pairs_iter_
    array([ 50, 100, 150, 200])
    >>> bool(learner.validation_scores_[-1] > 2 * learner.validation_scores_[0])
    True
    """

    _listed = False
    _default_encoder = KernelCCA
    _query_kind = Query
    _unmatched: tuple[Items | None, ...] = (None, None)

    def __init__(
        self,
        estimator: Encoder | None = None,
        query_strategy: Strategy | None = None,
        *,
        annotator: Annotator | None = None,
        budget: float | None = None,
        n_initial: int | None = None,
        batch_size: int = 8,
        buffer_size: int | None = None,
        audit: float = 0.0,
        stop_when: Callable[[Any], bool] | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            query_strategy,
            annotator=annotator,
            budget=budget,
            n_initial=n_initial,
            batch_size=batch_size,
            buffer_size=buffer_size,
            random_state=random_state,
            verbose=verbose,
        )
        self.audit = audit
        self.stop_when = stop_when

    # ---------------------------------------------------------------- learning

    def fit(
        self,
        X: Items,
        y: Items,
        groups: npt.ArrayLike | None = None,
        *,
        validation_data: tuple[Items, Items] | None = None,
        scoring: Callable[[Any, Any, Any], Any] | None = None,
        callbacks: Sequence[Callable[[Any], Any]] = (),
    ) -> Self:
        """Learn from aligned rows: all of them, or as many as the budget buys.

        Parameters
        ----------
        X : sequence of shape (n_samples, ...)
            Items of the first modality: rows of numbers (arrays, data frames, sparse
            matrices and others), images, file names, a column. Numeric rows that are
            not in memory (memory maps, `ShardedArray`, HDF5 and zarr datasets) stay
            there where there is a budget: their values are looked at once, and read
            block by block in each round.
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
        callbacks : sequence of callables, default=()
            Each is called as ``callback(learner)`` whenever the encoder of the run has
            learned: with the pairs at the start, and after each round. The learner then
            tells of the run so far: `n_answers_iter_`, `validation_scores_`, `trust_`
            and so on; `termination_condition_` is "running". It must not be changed.

        Returns
        -------
        PairedActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If X and y differ in length, are empty or hold NaN or masked values, if a
            sparse matrix is too large to be made dense (see `RidgeCCA`), if rows of X
            in a group differ, if a parameter is out of range, or if the annotator names
            fewer than two partners. Whatever was fitted before is then still there, as
            it is where the encoder or a callback fails.

        Warns
        -----
        UserWarning
            If there is no budget, though `set_params` was told what it buys, as by a
            grid search over strategies.
        """
        name = type(self).__name__
        X, y = check_pairs(X, y, name, picked=self.budget is not None)
        check_tables(self._unfitted(), (X, y), ("X", "y"), False)
        if validation_data is not None:
            if not isinstance(validation_data, tuple) or len(validation_data) != 2:
                raise ValueError(
                    "validation_data must be a tuple (X_val, y_val), got "
                    f"{type(validation_data).__name__}"
                )
            names = "X_val", "y_val"
            validation_data = check_pairs(
                *validation_data, name, streamed=True, names=names
            )
            check_tables(self._unfitted(), validation_data, names, False)
            check_held_out(validation_data, (X, y), names, name)
        if scoring is not None and not callable(scoring):
            raise ValueError(
                "scoring must be a callable scoring(learner, X_val, y_val), such as "
                f"skmal.metrics.make_retrieval_scorer makes, got {scoring!r}"
            )
        item, first = number_groups(groups, len(X))
        check_repeats(X, item, first)
        score: Callable[[], Any] | None = None
        if validation_data is not None:
            score = partial(scoring or _default_scoring, self, *validation_data)
        run(self, Data((X, y), item, first), score, callbacks)
        return self

    def teach(
        self, X: Items, y: Items, refit: bool = True, *, only_new: bool = False
    ) -> Self:
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
        chose the questions is tested on them before it learns from them. Pairs that an
        encoder with ``on_error="skip"`` cannot read are left out, with a warning.
        """
        name = type(self).__name__
        refuse_one_row(X, self.X_training, "X")
        refuse_one_row(y, self.y_training, "y")
        X, y = check_pairs(X, y, name, allow_empty=True)
        if len(X) == 0:
            return self
        check_same_features(X, self.X_training, "X", name)
        check_same_features(y, self.y_training, "y", name)
        encoder = getattr(self, "estimator_", self.estimator)
        pairs = without_unusable(encoder, (X, y), self._listed)
        return self._teach(pairs, refit, only_new) if len(pairs[0]) else self

    def teach_unmatched(self, query: Query, partners: npt.ArrayLike) -> Self:
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
        check_query(query, Query).pairs(partners)  # raises unless they are answers
        return self._teach_unmatched(query, np.flatnonzero(np.asarray(partners) < 0), 2)

    # ---------------------------------------------------------------- asking

    @overload
    def query(
        self,
        X_pool: Items,
        y_pool: Items | None = None,
        n_instances: int = 1,
        *,
        return_metrics: Literal[False] = False,
    ) -> Query: ...

    @overload
    def query(
        self,
        X_pool: Items,
        y_pool: Items | None = None,
        n_instances: int = 1,
        *,
        return_metrics: Literal[True],
    ) -> tuple[IntArray, Any, FloatArray]: ...

    def query(
        self,
        X_pool: Items,
        y_pool: Items | None = None,
        n_instances: int = 1,
        *,
        return_metrics: bool = False,
    ) -> Query | tuple[IntArray, Any, FloatArray | None]:
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
        query, _ = self.ask(X_pool, y_pool, n_instances)
        if return_metrics:
            return query.indices, query.instances, query.utilities
        return query

    def ask(
        self, X_pool: Items, y_pool: Items | None, n_instances: int = 1
    ) -> tuple[Query, Round | None]:
        """Choose as `query` does, and return what the strategy saw as well.

        Parameters
        ----------
        X_pool, y_pool : sequence
            The open items of both modalities.
        n_instances : int, default=1
            How many items to ask about.

        Returns
        -------
        tuple of (Query, Round)
            What to ask, and the features that it was chosen from; None in place of the
            latter where the strategy is a function.
        """
        return self._ask(check_pools(self, X_pool, y_pool), n_instances)

    def remember(self, query: Query, X_pool: Items, y_pool: Items) -> Self:
        """Take a query for asked, though `query` of this learner did not ask it.

        The answers taught next are then tested as if it had (see `prequential_`): by
        the encoder as it is now, among the open items of these pools.

        Parameters
        ----------
        query : Query
            What was asked.
        X_pool, y_pool : sequence
            The pools that it was asked of.

        Returns
        -------
        PairedActiveLearner
            The learner.
        """
        check_query(query, Query)
        self._remember(query, check_pools(self, X_pool, y_pool), None, self._taught)
        return self

    def rank_partners(
        self, query: Query, X_pool: Items, y_pool: Items, k: int = 9
    ) -> IntArray:
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
        check_query(query, Query)
        ranked = self._rank_partners(query, check_pools(self, X_pool, y_pool), k)
        return ranked[1 - query.modality]

    # ---------------------------------------------------------------- finishing

    def match(
        self,
        X_pool: Items,
        y_pool: Items,
        one_to_one: bool = True,
        *,
        groups: npt.ArrayLike | None = None,
        n_folds: int | None = 10,
    ) -> Matching:
        """Propose partners for all open items, and say how sure each proposal is.

        Parameters
        ----------
        X_pool, y_pool : sequence
            The open items of both modalities.
        one_to_one : bool, default=True
            Whether an item can be given once. False: every item of y is given its
            likeliest partner, whoever else has it.
        groups : array-like of shape (n_X_pool,), default=None
            Rows of X of the same label repeat one item, as they do for `fit`: it may
            have as many partners as it has rows.
        n_folds : int, default=10
            Into how many parts the known pairs are cut, which are left out by turns to
            learn the confidence from, at least 2. None: nothing is held out, and
            confidence is what similarities alone tell.

        Returns
        -------
        Matching
            (X_rows, y_rows, confidence) of all proposals, the surest first, and whether
            the confidence can be trusted.

        Raises
        ------
        NotFittedError
            If the encoder has seen no pairs.
        ValueError
            If a pool is missing, empty, holds NaN or has other features than the
            learner was fitted on, if groups do not fit X_pool, if one_to_one is no
            bool, or if n_folds is below 2.

        Notes
        -----
        Similarities become shares by Sinkhorn scaling of the most similar 20 of each
        row, looked up both ways; the assignment with the largest sum of shares is
        exact up to 30,000 rows of either side, and takes the largest free share one
        after the other beyond. All rows are compared with all others, in blocks on all
        cores that BLAS may use; no array that is kept is larger than 40 values per row.

        Confidence is learned from answers to random questions (see `audit`) and from
        known pairs that are left out by turns; `Matching.is_trusted` says if there are
        30 random answers to tell, and if these leave little open. An item that is equal
        to the partner is as right as the partner. This costs up to twenty fits of the
        encoder and as many assignments, fewer where pairs are many; an encoder of long
        training may take ``n_folds=None``, or few.

        Where items without a partner are known (`teach_unmatched`), a pair that looks
        more like these is not proposed, and confidence counts as many as there are
        likely to be.

        Examples
        --------
        >>> from skmal import PairedActiveLearner
        >>> from skmal.datasets import make_colorswap
        >>> X, y = make_colorswap(300, features=True, random_state=0)
        >>> learner = PairedActiveLearner(random_state=0).fit(X[:300], y[:300])
        >>> matching = learner.match(X[300:], y[300:])
        >>> bool((matching.X_rows == matching.y_rows).mean() > 0.7)
        True
        """
        check_is_fitted(self)
        X_pool, y_pool = check_pools(self, X_pool, y_pool, "match(X_pool, y_pool)")
        if not isinstance(one_to_one, (bool, np.bool_)):
            raise ValueError(f"one_to_one must be True or False, got {one_to_one!r}")
        if n_folds is not None:
            n_folds = check_integer(n_folds, "n_folds", minimum=2)
        for pool, name in ((X_pool, "X_pool"), (y_pool, "y_pool")):
            check_unread(pool, name)
        item, first = number_groups(groups, len(X_pool))
        check_repeats(X_pool, item, first)
        return match(self, (X_pool, y_pool), item, first, bool(one_to_one), n_folds)

    def forecast(self, n: int = 100) -> Forecast:
        """Say what the next answers will bring.

        Parameters
        ----------
        n : int, default=100
            How many answers, at least 1.

        Returns
        -------
        Forecast
            By how much the mean reciprocal rank over the open pool will rise, with a 90
            % interval, and whether it can be trusted.

        Raises
        ------
        ValueError
            If n is below 1.

        Notes
        -----
        It rests on the answers to random questions alone (see `audit`): a line through
        their reciprocal ranks, in the logarithm of the pairs known at the time.

        Examples
        --------
        >>> from skmal import PairedActiveLearner
        >>> PairedActiveLearner().forecast(100).is_trusted
        False
        """
        n = check_integer(n, "n", minimum=1)
        before, ranks = self._audits.n_before, self._audits.rank
        known = [i for i, rank in enumerate(ranks) if rank == rank]
        return forecast(
            [before[i] for i in known], [ranks[i] for i in known], self._n_aligned(), n
        )

    # ---------------------------------------------------------------- using

    @overload
    def transform(self, X: Items, y: None = None) -> FloatArray: ...

    @overload
    def transform(self, X: None, y: Items) -> FloatArray: ...

    @overload
    def transform(self, X: Items, y: Items) -> tuple[FloatArray, FloatArray]: ...

    def transform(
        self, X: Items | None, y: Items | None = None
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Return the encoder's features.

        Parameters
        ----------
        X : sequence or None
            Items of the first modality; None for features of y alone, of an index of
            captions, say.
        y : sequence, default=None
            Items of the second; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, n_components), or a tuple of two such arrays
            Features of X; with y, (features of X, features of y); of y where X is None.

        Raises
        ------
        NotFittedError
            If the encoder has seen no pairs.
        TypeError
            If the encoder did not return features of both.
        ValueError
            If X and y are both None, hold NaN, or have other features than the learner
            was fitted on.
        """
        check_is_fitted(self)
        check_some(X, y)
        X = None if X is None else check_items(X, "X")
        if y is None:
            return self.estimator_.transform(X)
        y = check_items(y, "y")
        check_same_features(y, self.y_training, "y", type(self).__name__)
        if X is None:
            features = transform_second(self.estimator_, y, self.X_training)
            return in_container(self, features, y)
        x_features, y_features = transform_both(self.estimator_, X, y)
        return x_features, in_container(self, y_features, y)

    def score(self, X: Items, y: Items, groups: npt.ArrayLike | None = None) -> float:
        """Return the mean reciprocal rank of the partners, mean of both directions.

        Parameters
        ----------
        X, y : sequence
            Aligned rows; each row of one is looked for among all rows of the other. Of
            numeric rows that are not in memory only the features are kept.
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
        return pair_score(self, self.estimator_, X, y, groups)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
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
    def X_training(self) -> Items | None:
        """Return the items of X whose partners are known, or None."""
        return None if self._aligned is None else self._aligned[0]

    @property
    def y_training(self) -> Items | None:
        """Return the items of y whose partners are known, or None."""
        return None if self._aligned is None else self._aligned[1]

    @property
    def X_unmatched(self) -> Items | None:
        """Return the items of X known to have no partner, or None."""
        return self._unmatched[0]

    @property
    def y_unmatched(self) -> Items | None:
        """Return the items of y known to have no partner, or None."""
        return self._unmatched[1]

    @property
    def n_features_in_(self) -> int:
        """Return the number of features of X that the encoder was fitted on."""
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """Return the feature names of X that the encoder was fitted on."""
        check_is_fitted(self)
        return self.estimator_.feature_names_in_

    # ---------------------------------------------------------------- private

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags


def _default_scoring(learner: PairedActiveLearner, X: Items, y: Items) -> float:
    return learner.score(X, y)
