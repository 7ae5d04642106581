"""The loop for three and more modalities: lists of arrays in place of X and y."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from .._shared.types import FloatArray, IntArray, Items, RandomState
from ..encoders._protocol import MultimodalEncoder
from ..encoders._ridge import RidgeMCCA, as_modalities, check_aligned
from ..encoders._score import mean_score
from ..items._containers import check_items, check_same_features, n_rows
from ..strategies._base import QueryStrategy
from ..strategies._round import Round
from ._core import ActiveLearner
from ._query import MultimodalQuery, check_query
from ._simulation import Data, run
from ._suitable import check_held_out, check_tables


class MultimodalActiveLearner(ActiveLearner):
    """Learn which items of three or more modalities belong together.

    `PairedActiveLearner` for lists of arrays: one pool per modality, of unequal lengths
    and unrelated rows. A query asks about items of one modality, the answer names the
    partners in all others, and the encoder is refitted on the tuples known so far. Use
    it where an item has a face in every modality (an image, a sound and a text); for
    two modalities `PairedActiveLearner` has scikit-learn's X and y, so that it can be
    searched and scored by its tools.

    Parameters
    ----------
    estimator : encoder, default=None
        Anything with ``fit(Xs)`` and ``transform(Xs)``, taking one list with an array
        per modality and returning a list of features in one space. It is cloned, never
        changed. None: `RidgeMCCA`.
    query_strategy : QueryStrategy, default=None
        Any strategy of this package, or your own that derives from `QueryStrategy`: its
        ``select(round)`` is handed one array per modality; its `modality` may be the
        number of any. None: ``VOptimalDesign()``.
    annotator : SimulatedAnnotator or callable, default=None
        Who answers in a simulated run. A callable is called as ``f(query, *ids)``, with
        the ids of one pool after the other, in which partners have the same, and
        returns what `MultimodalQuery.tuples` takes. It is cloned where it can be, never
        changed. None: nobody errs, and nobody's partner is missing.
    budget : int or float, default=None
        Answers that `fit` may buy in all, the tuples at the start included, at least 2;
        capped at the number of rows. Between 0 and 1: their share of the rows. None:
        learn from all rows; then `annotator`, `n_initial`, `batch_size` and
        `buffer_size` play no part.
    n_initial : int, default=None
        Random tuples that a simulated run starts with. None: the larger of `batch_size`
        and 10, or the budget where that is smaller. 0: a cold start.
    batch_size : int, default=8
        Items asked about in one round of a simulated run.
    buffer_size : int, default=None
        A simulated run sees a stream: after the tuples at the start, the rows arrive in
        a random order in buffers of so many tuples, at least `batch_size`. Each buffer
        is asked one batch of questions and discarded, asked or not. None: everything is
        in the pools from the start and stays.
    random_state : int, RandomState or Generator, default=None
        Decides the whole run; handed on to the encoder where its `random_state` is
        None.
    verbose : int, default=0
        1 shows the progress of a simulated run, 2 also how far each query has read the
        pools.

    Attributes
    ----------
    estimator_ : encoder
        The encoder, fitted on the tuples known so far.
    Xs_training : list of sequences or None
        The aligned items known so far, in the order bought; None before any.
    Xs_unmatched : list of sequences or None
        The items known to lack a partner, from `teach_unmatched`; an entry is None
        where a modality has none. None before any.
    n_iter_ : int
        Rounds of questions of the simulated run.
    annotated_iter_ : ndarray of shape (n_samples,)
        For each row given to `fit`, the round in which its tuple was bought: 0 at the
        start, -1 never.
    answers_ : ndarray of shape (n_answers, 1 + n_modalities)
        Every answer paid for, in order: the round, and the row in each modality; -1 in
        place of a partner that was missing. In a wrong tuple the rows differ.
    termination_condition_ : {"budget_spent", "stream_ended", "pool_exhausted"}
        Why the run ended.
    modality_iter_ : ndarray of shape (n_iter_,)
        The modality asked about in each round.
    coverage_gap_iter_ : ndarray of shape (n_iter_, n_modalities)
        The gaps that each round compared; NaN where it compared none.
    n_pairs_iter_ : ndarray of shape (n_points,)
        Tuples known at the start (unless that was cold) and after each round.
    n_answers_iter_ : ndarray of shape (n_points,)
        Answers paid for by then: more than the tuples where partners were missing.
    validation_scores_ : ndarray, or list of dict
        With `validation_data`: the score at each entry of `n_pairs_iter_`.
    prequential_ : ndarray of shape (n_taught,)
        For each batch of answers to a query, the share of partners that the encoder had
        ranked in the best 1 % of the open items of their modality (or in the strategy's
        `gate`, where it has one) before it was told: an honest score without any
        validation data.
    trust_ : float
        The running value of that, from 0 (before any answer) to 1: the first share,
        then halfway from there to each new one.
    seed_ : int
        The seed drawn from `random_state`.

    See Also
    --------
    PairedActiveLearner : The same for two modalities, with scikit-learn's X and y.
    CoresetMargin : The paper's strategy.

    Notes
    -----
    There are no random questions (`audit`), proposals (`match`) or forecasts here; they
    are for two modalities, see `PairedActiveLearner`.

    The paper's three steps for m modalities: `CoresetMargin` asks the modality with the
    largest coverage gap, picks a coreset there, and of it the smallest margins, meant
    over the other modalities. `VOptimalDesign` asks all modalities in turns; its design
    needs one modality's features alone, and its weight of doubt looks at the others.

    A round costs one `transform` of all pools and of the known tuples, the strategy's
    choice, and one `fit` of the encoder. An encoder with ``warm_start=True`` goes on
    from its last weights, any other starts anew. It learns from complete tuples; an
    item that lacks a partner in one modality teaches it nothing. Between a query and
    its answers, the features of at most 1,500 items of each modality not asked about
    are kept.

    References
    ----------
    .. [1] Zhang, J. and Zhu, Y. (2026). "Towards Multimodal Active Learning: Efficient
       Learning with Limited Paired Data". TMLR. https://arxiv.org/abs/2510.03247

    Examples
    --------
    Characters in two fonts, and their names: three modalities.

    >>> import numpy as np
    >>> from skmal import CoresetMargin, MultimodalActiveLearner
    >>> from skmal.datasets import load_glyphs
    >>> sans, serif = load_glyphs("sans", features=True), load_glyphs("serif", True)
    >>> Xs = [sans.X[sans.shared], serif.X[serif.shared], sans.y[sans.shared]]
    >>> test, pools = [X[::5] for X in Xs], [X[1::5] for X in Xs]
    >>> learner = MultimodalActiveLearner(None, CoresetMargin(), random_state=0)
    >>> for _ in range(3):
    ...     query = learner.query(pools, n_instances=20)
    ...     partners = np.tile(query.indices[:, None], 3)   # the answers, known here
    ...     rows = query.tuples(partners)
    ...     learner = learner.teach([pool[i] for pool, i in zip(pools, rows)])
    ...     pools = [np.delete(pool, i, axis=0) for pool, i in zip(pools, rows)]
    >>> len(learner.Xs_training[0]), [len(pool) for pool in pools]
    (60, [376, 376, 376])
    >>> print(f"{learner.score(test):.1f}")                 # chance: 0.02
    0.3
    """

    _listed = True
    _default_encoder = RidgeMCCA
    _query_kind = MultimodalQuery

    def __init__(
        self,
        estimator: MultimodalEncoder | None = None,
        query_strategy: QueryStrategy | None = None,
        *,
        annotator: Callable[..., Any] | None = None,
        budget: float | None = None,
        n_initial: int | None = None,
        batch_size: int = 8,
        buffer_size: int | None = None,
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

    # ---------------------------------------------------------------- learning

    def fit(
        self,
        Xs: Sequence[Items],
        y: None = None,
        *,
        validation_data: Sequence[Items] | None = None,
        scoring: Callable[[Any, Any], Any] | None = None,
        callbacks: Sequence[Callable[[Any], Any]] = (),
    ) -> Self:
        """Learn from aligned rows: all of them, or as many as the budget buys.

        Parameters
        ----------
        Xs : list of sequences of length n_samples
            Items, one sequence per modality; items i of all belong together. Numeric
            rows that are not in memory stay there where there is a budget.
        y : ignored
            Not used, present for scikit-learn's API.
        validation_data : list of sequences, default=None
            Aligned rows of all modalities to score every encoder of the run on.
        scoring : callable, default=None
            ``scoring(learner, Xs_val)`` returning a number or a dict of numbers. None:
            `score`.
        callbacks : sequence of callables, default=()
            ``callback(learner)`` is called whenever the encoder of the run has learned;
            see `PairedActiveLearner.fit`.

        Returns
        -------
        MultimodalActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If there are fewer than two modalities or rows, if lengths differ, if a
            value is missing, if a parameter is out of range, or if the annotator names
            fewer than two complete tuples. Whatever was fitted before is then still
            there.
        """
        Xs = self._check_aligned(
            as_modalities(Xs), "Xs", picked=self.budget is not None
        )
        encoder, modalities = self._unfitted(), range(len(Xs))
        check_tables(encoder, Xs, [f"Xs[{m}]" for m in modalities], True)
        if validation_data is not None:
            held_out = as_modalities(validation_data, "validation_data", len(Xs))
            validation_data = self._check_aligned(
                held_out, "validation_data", streamed=True
            )
            names = [f"validation_data[{m}]" for m in modalities]
            check_tables(encoder, validation_data, names, True)
            check_held_out(validation_data, Xs, names, type(self).__name__)
        if scoring is not None and not callable(scoring):
            raise ValueError(
                f"scoring must be a callable scoring(learner, Xs_val), got {scoring!r}"
            )
        score: Callable[[], Any] | None = None
        if validation_data is not None:
            score = partial(scoring or _default_scoring, self, validation_data)
        rows = np.arange(len(Xs[0]))
        run(self, Data(Xs, rows, rows), score, callbacks)
        return self

    def teach(self, Xs: Sequence[Items], refit: bool = True) -> Self:
        """Add aligned tuples and refit the encoder.

        Parameters
        ----------
        Xs : list of sequences of the same length
            Aligned items, one sequence per modality. No rows at all change nothing; a
            first tuple alone is only kept.
        refit : bool, default=True
            False only adds the tuples.

        Returns
        -------
        MultimodalActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If lengths differ, a value is missing, or modalities or features are others
            than those known so far. Nothing is changed then.

        Notes
        -----
        With the first answers to a query, `prequential_` grows by one: the encoder that
        chose the questions is tested on them before it learns from them.
        """
        Xs = as_modalities(Xs, n_modalities=self._n_modalities())
        check_aligned(Xs)
        if n_rows(Xs[0]) == 0:
            return self
        return self._teach(self._check_items(Xs, "Xs"), refit)

    def teach_unmatched(self, query: MultimodalQuery, partners: npt.ArrayLike) -> Self:
        """Remember the items that turned out to lack a partner in some modality.

        Strategies find them in `Round.unmatched`. Call it beside `teach`, in any order.

        Parameters
        ----------
        query : MultimodalQuery
            What `query` returned.
        partners : array-like of int, shape (n_instances, n_modalities)
            The answers, as `MultimodalQuery.tuples` takes them: rows of every pool, -1
            where an item has no partner.

        Returns
        -------
        MultimodalActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If there is not one integer of at least -1 per item and modality.
        """
        check_query(query, MultimodalQuery).tuples(partners)  # raises unless they are
        named = np.asarray(partners)
        n_known = self._n_modalities()
        if n_known is not None and named.shape[1] != n_known:
            raise ValueError(
                f"partners has {named.shape[1]} columns where {n_known} modalities are "
                "known; pass one column for each"
            )
        alone = np.flatnonzero((named < 0).any(axis=1))
        return self._teach_unmatched(query, alone, named.shape[1])

    # ---------------------------------------------------------------- asking

    def query(self, pools: Sequence[Items], n_instances: int = 1) -> MultimodalQuery:
        """Choose which items of one modality to ask about.

        Parameters
        ----------
        pools : list of sequences
            The open items, one sequence per modality; they may differ in length, and
            their rows need not be aligned. Numeric rows that are not in memory (memory
            maps, `ShardedArray`, HDF5 and zarr datasets, dask arrays) stay there: they
            are read and encoded block by block.
        n_instances : int, default=1
            How many items to ask about, at most those of the smallest pool, or of the
            asked one where the strategy's `modality` is a number.

        Returns
        -------
        MultimodalQuery
            (indices, instances), best first, with `modality`, `utilities`,
            `coverage_gap` and `tuples`.

        Raises
        ------
        ValueError
            If there are fewer than two pools or other ones than the learner knows, if
            one is empty, holds NaN or has other features, or if `n_instances` is out of
            range.
        """
        query, _ = self.ask(pools, n_instances)
        return query

    def ask(
        self, pools: Sequence[Items], n_instances: int = 1
    ) -> tuple[MultimodalQuery, Round | None]:
        """Choose as `query` does, and return what the strategy saw as well.

        Parameters
        ----------
        pools : list of sequences
            The open items, one sequence per modality.
        n_instances : int, default=1
            How many items to ask about.

        Returns
        -------
        tuple of (MultimodalQuery, Round)
            What to ask, and the features that it was chosen from.
        """
        return self._ask(self._check_pools(pools), n_instances)

    def remember(self, query: MultimodalQuery, pools: Sequence[Items]) -> Self:
        """Take a query for asked, though `query` of this learner did not ask it.

        The answers taught next are then tested as if it had (see `prequential_`): by
        the encoder as it is now, among the open items of these pools.

        Parameters
        ----------
        query : MultimodalQuery
            What was asked.
        pools : list of sequences
            The pools that it was asked of.

        Returns
        -------
        MultimodalActiveLearner
            The learner.
        """
        check_query(query, MultimodalQuery)
        self._remember(query, self._check_pools(pools), None, self._taught)
        return self

    def rank_partners(
        self, query: MultimodalQuery, pools: Sequence[Items], k: int = 9
    ) -> list[IntArray]:
        """Rank the likeliest partners of each item asked about, in every modality.

        Parameters
        ----------
        query : MultimodalQuery
            What `query` returned for these pools.
        pools : list of sequences
            The pools it was asked of.
        k : int, default=9
            How many partners to return; capped at the size of each pool.

        Returns
        -------
        list of ndarrays of shape (n_instances, k)
            Rows of each pool, most similar first; ties go to the lowest row. For the
            asked modality, one column with the rows asked about.

        Raises
        ------
        NotFittedError
            If the encoder has seen no tuples and cannot transform without.
        """
        check_query(query, MultimodalQuery)
        return self._rank_partners(query, self._check_pools(pools), k)

    # ---------------------------------------------------------------- using

    def transform(self, Xs: Sequence[Items]) -> list[FloatArray]:
        """Return the encoder's features.

        Parameters
        ----------
        Xs : list of sequences
            Items, one sequence per modality; not necessarily partners, nor as many.

        Returns
        -------
        list of ndarrays of shape (n_rows, n_components)
            Features, one array per modality.
        """
        check_is_fitted(self)
        Xs = as_modalities(Xs, n_modalities=self._n_modalities())
        return list(self._encode(self.estimator_, self._check_items(Xs, "Xs")))

    def score(self, Xs: Sequence[Items], y: None = None) -> float:
        """Return the mean reciprocal rank of the partners over pairs of modalities.

        Parameters
        ----------
        Xs : list of sequences of the same length
            Aligned items, one sequence per modality; each is looked for among all items
            of every other modality.
        y : ignored
            Not used, present for scikit-learn's API.

        Returns
        -------
        float
            Between 0 and 1; larger galleries are harder, so compare equal sizes.
        """
        check_is_fitted(self)
        Xs = as_modalities(Xs, n_modalities=self._n_modalities())
        items = self._check_items(Xs, "Xs", streamed=True)
        return mean_score(self._encode(self.estimator_, items))

    @property
    def Xs_training(self) -> list[Items] | None:
        """Return the items whose partners are known, one sequence per modality."""
        return None if self._aligned is None else list(self._aligned)

    @property
    def Xs_unmatched(self) -> list[Items | None] | None:
        """Return the items known to lack a partner, one sequence per modality."""
        has_some = any(items is not None for items in self._unmatched)
        return list(self._unmatched) if has_some else None

    # ---------------------------------------------------------------- private

    def _n_modalities(self) -> int | None:
        return None if self._aligned is None else len(self._aligned)

    def _check_pools(self, pools: Sequence[Items]) -> list[Items]:
        pools = as_modalities(pools, "pools", self._n_modalities())
        return self._check_items(pools, "pools", streamed=True)

    def _check_items(
        self, Xs: Sequence[Items], name: str, streamed: bool = False
    ) -> list[Items]:
        """Return the modalities in the form that the package relies on, or raise."""
        checked: list[Items] = []
        for m, X in enumerate(Xs):
            own = f"{name}[{m}]"
            known = None if self._aligned is None else self._aligned[m]
            checked.append(check_items(X, own, streamed=streamed))
            check_same_features(checked[-1], known, own, type(self).__name__)
        return checked

    def _check_aligned(
        self,
        Xs: Sequence[Items],
        name: str,
        streamed: bool = False,
        picked: bool = False,
    ) -> list[Items]:
        """Return aligned modalities that need not go with those known so far."""
        check_aligned(Xs)
        return [
            check_items(X, f"{name}[{m}]", streamed, picked) for m, X in enumerate(Xs)
        ]


def _default_scoring(learner: MultimodalActiveLearner, Xs: Sequence[Items]) -> float:
    return learner.score(Xs)
