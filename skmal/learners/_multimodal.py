"""The loop for three and more modalities: lists of arrays in place of X and y."""

from inspect import signature
from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._shared.parameters import check_integer
from .._shared.randomness import draw_seed
from ..arrays._kinds import take
from ..encoders._protocol import encode_all
from ..encoders._ridge import RidgeMCCA, as_modalities, check_aligned
from ..items._containers import check_items, check_same_features, join
from ..metrics._retrieval import mean_reciprocal_rank
from ..strategies._base import QueryStrategy
from ..strategies._round import round_of
from ..strategies._v_optimal import VOptimalDesign
from ..uncertainty._nearest import nearest_rows
from ._query import MultimodalQuery


class MultimodalActiveLearner(BaseEstimator):
    """Learn which items of three or more modalities belong together.

    `PairedActiveLearner` for lists of arrays: one pool per modality, of unequal lengths
    and unrelated rows. A query asks about items of one modality, the answer names the
    partners in all others, and the encoder is refitted on the tuples known so far. Use
    it where an item has a face in every modality (an image, a sound and a text); for
    two modalities `PairedActiveLearner` does more.

    Parameters
    ----------
    estimator : encoder, default=None
        Anything with ``fit(Xs)`` and ``transform(Xs)``, taking one list with an array
        per modality and returning a list of features in one space. It is cloned, never
        changed. None: `RidgeMCCA`.
    query_strategy : QueryStrategy, default=None
        Any strategy of this package, or your own that derives from `QueryStrategy`: its
        ``select(round)`` is handed one array per modality. None: ``VOptimalDesign()``.
    random_state : int, RandomState or Generator, default=None
        Decides the whole run; handed on to the encoder where its `random_state` is
        None.

    Attributes
    ----------
    estimator_ : encoder
        The encoder, fitted on the tuples known so far.
    Xs_training : list of sequences or None
        The aligned items known so far, in the order bought; None before any.
    seed_ : int
        The seed drawn from `random_state`.

    See Also
    --------
    PairedActiveLearner : The same for two modalities, with scikit-learn's X and y.
    CoresetMargin : The paper's strategy.

    Notes
    -----
    The paper's three steps for m modalities: `CoresetMargin` asks the modality with the
    largest coverage gap, picks a coreset there, and of it the smallest margins, meant
    over the other modalities. `VOptimalDesign` asks all modalities in turns; what it
    does needs one modality's features alone. The learner does not test itself on
    answers, so strategies see a `trust` of 0, and the default's weight of doubt is off.

    A round costs one `transform` of all pools and of the known tuples, the strategy's
    choice, and one `fit` of a fresh clone of the encoder. An encoder learns from
    complete tuples; an item that lacks a partner in one modality teaches it nothing.

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

    _Xs_training = None

    def __init__(self, estimator=None, query_strategy=None, *, random_state=None):
        self.estimator = estimator
        self.query_strategy = query_strategy
        self.random_state = random_state

    # ---------------------------------------------------------------- learning

    def fit(self, Xs, y=None):
        """Learn from aligned rows; whatever was known before is forgotten.

        Parameters
        ----------
        Xs : list of sequences of length n_samples
            Items, one sequence per modality; items i of all belong together.
        y : ignored
            Not used, present for scikit-learn's API.

        Returns
        -------
        MultimodalActiveLearner
            The learner.

        Raises
        ------
        ValueError
            If there are fewer than two modalities or rows, if lengths differ, or if a
            value is missing. Whatever was fitted before is then still there.
        """
        fresh = clone(self).teach(Xs)
        if not hasattr(fresh, "estimator_"):
            n = len(as_modalities(Xs)[0])
            raise ValueError(f"got {n} tuples, but at least 2 are needed to learn")
        vars(self).update(vars(fresh) | self.get_params(deep=False))
        return self

    def teach(self, Xs, refit=True):
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
        """
        Xs = as_modalities(Xs, n_modalities=self._n_modalities())
        check_aligned(Xs)
        if len(Xs[0]) == 0:
            return self
        Xs = self._check_items(Xs, "Xs")
        if self.Xs_training is None:  # copies, for they are kept
            Xs = [take(X, np.arange(len(X))) for X in Xs]
        else:
            Xs = [join(*parts) for parts in zip(self.Xs_training, Xs, strict=True)]
        seed = self._seed()
        if refit and len(Xs[0]) >= 2:
            self.estimator_ = self._new_encoder(seed).fit(Xs)
        self.seed_, self._Xs_training = seed, Xs
        return self

    # ---------------------------------------------------------------- asking

    def query(self, pools, n_instances=1):
        """Choose which items of one modality to ask about.

        Parameters
        ----------
        pools : list of sequences
            The open items, one sequence per modality; they may differ in length, and
            their rows need not be aligned.
        n_instances : int, default=1
            How many items to ask about, at most those of the smallest pool.

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
        pools = as_modalities(pools, "pools", self._n_modalities())
        pools = self._check_items(pools, "pools")
        n_instances = check_integer(n_instances, "n_instances", minimum=1)
        smallest = min(len(pool) for pool in pools)
        if n_instances > smallest:
            raise ValueError(
                f"n_instances={n_instances} is above the {smallest} items of the "
                "smallest pool; ask for fewer"
            )
        strategy = self.query_strategy
        strategy = VOptimalDesign() if strategy is None else strategy
        if not isinstance(strategy, QueryStrategy):
            raise TypeError(
                "query_strategy must be a QueryStrategy, such as CoresetMargin(), got "
                f"{strategy!r}"
            )
        strategy.check_parameters(n_instances)
        round = round_of(
            self,
            encode_all,
            pools,
            self.Xs_training,
            n_instances,
            getattr(strategy, "random_state", None),
        )
        selection = strategy._choose(round)
        return MultimodalQuery(
            selection.indices,
            take(pools[selection.modality], selection.indices),
            selection.modality,
            selection.utilities,
            selection.coverage_gap,
        )

    def rank_partners(self, query, pools, k=9):
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
            If the encoder has seen no tuples.
        """
        if not isinstance(query, MultimodalQuery):
            raise TypeError(
                f"query must be what query() returned, got {type(query).__name__}"
            )
        check_is_fitted(self)
        pools = as_modalities(pools, "pools", self._n_modalities())
        pools = self._check_items(pools, "pools")
        k = check_integer(k, "k", minimum=1)
        pools[query.modality] = query.instances
        features = encode_all(self.estimator_, *pools)
        asked = features[query.modality]
        ranked = [nearest_rows(asked, gallery, k) for gallery in features]
        ranked[query.modality] = np.asarray(query.indices)[:, None]
        return ranked

    # ---------------------------------------------------------------- using

    def transform(self, Xs):
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
        return list(encode_all(self.estimator_, *self._check_items(Xs, "Xs")))

    def score(self, Xs, y=None):
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
        features = self.transform(Xs)
        check_aligned(features)
        pairs = combinations(features, 2)
        return float(np.mean([mean_reciprocal_rank(*pair) for pair in pairs]))

    @property
    def Xs_training(self):
        """Return the items whose partners are known, one sequence per modality."""
        return self._Xs_training

    # ---------------------------------------------------------------- private

    def _n_modalities(self):
        return None if self.Xs_training is None else len(self.Xs_training)

    def _check_items(self, Xs, name):
        """Return the modalities in the form that the package relies on, or raise."""
        names = [f"{name}[{m}]" for m in range(len(Xs))]
        Xs = [check_items(X, own) for X, own in zip(Xs, names, strict=True)]
        known = self.Xs_training or [None] * len(Xs)
        for X, fitted, own in zip(Xs, known, names, strict=True):
            check_same_features(X, fitted, own, type(self).__name__)
        return Xs

    def _seed(self):
        return self.seed_ if hasattr(self, "seed_") else draw_seed(self.random_state)

    def _new_encoder(self, seed):
        encoder = RidgeMCCA() if self.estimator is None else clone(self.estimator)
        if "y" in _required(encoder.fit):
            raise TypeError(
                f"{type(encoder).__name__}.fit takes X and y, but an encoder of "
                "several modalities needs fit(Xs) and transform(Xs), as RidgeMCCA has"
            )
        if encoder.get_params().get("random_state", seed) is None:
            encoder.set_params(random_state=seed)
        return encoder

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")


def _required(function):
    """Return the names of the parameters that have no default."""
    parameters = signature(function).parameters.values()
    return {p.name for p in parameters if p.default is p.empty}
