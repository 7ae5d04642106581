"""What to ask next: the three steps of the paper arranged, and its baselines."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator

from ._items import check_choice, check_integer, check_items, check_same_features
from ._steps import (
    CANDIDATES,
    METRICS,
    MODALITIES,
    UNCERTAINTIES,
    check_trim,
    choose_modality,
    most_uncertain,
    n_coreset_rows,
    pick_coreset,
    random_selection,
)
from ._streamed import in_memory, on_host
from .rounds import Selection, open_round


class QueryStrategy(BaseEstimator):
    """Base of all strategies: checks and encodes the pools, then asks `select`.

    Write your own by deriving from it and giving it one method,
    ``select(round) -> Selection``: arrays in, arrays out, no model. Strategies keep no
    state, so that one object serves any number of learners, clones and pickles. A
    strategy that only ever asks about one modality says so by an attribute `modality`
    of 0 or 1.

    A strategy is called as modAL calls its own, with a second pool:
    ``strategy(learner, X_pool, y_pool, n_instances=1)``.

    See Also
    --------
    skmal.strategy_checks.check_strategy : Names what a strategy of your own breaks.

    Notes
    -----
    All randomness of a round comes from ``numpy.random.default_rng([seed,
    n_aligned])``, where the seed is the strategy's `random_state` or else the
    learner's: a round can be repeated, and rounds with different numbers of known pairs
    draw differently. Take items without a partner out of the pools, or they may be
    drawn again.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, QueryStrategy, RidgeCCA, Selection
    >>> class Longest(QueryStrategy):
    ...     '''Ask about the rows of X farthest from zero.'''
    ...     modality = 0
    ...     def select(self, round):
    ...         length = np.linalg.norm(round.open_inputs[0], axis=1)
    ...         rows = (-length).argsort(kind="stable")[: round.n_instances]
    ...         return Selection(rows, length[rows])
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), Longest()).fit(X[:10], y[:10])
    >>> learner.query(X[10:], y[10:], n_instances=2).indices
    array([2, 8])
    """

    _streams = False  # whether `select` can do without the features in memory
    _takes_tensors = False  # or with tensors on a device

    def __call__(self, learner, X_pool, y_pool=None, n_instances=1):
        """Choose `n_instances` items of one modality to ask about.

        Parameters
        ----------
        learner : PairedActiveLearner or modAL learner
            Its encoder and its training pairs are looked at; nothing is changed.
        X_pool, y_pool : sequence
            The open items of both modalities; rows need not be aligned.
        n_instances : int, default=1
            How many items to ask about; at most the items of either pool, or of the
            asked one where the strategy's `modality` is 0 or 1.

        Returns
        -------
        Selection
            (indices, utilities), best first, with `modality` and `coverage_gap`.

        Raises
        ------
        ValueError
            If a pool is missing, empty or holds NaN, has other features than the
            learner was fitted on, or if `n_instances` is out of range.
        MemoryError
            As `PairedActiveLearner.query` raises it, of pools that are not in memory.
        """
        return self._choose(self._open_round(learner, X_pool, y_pool, n_instances))

    def _open_round(self, learner, X_pool, y_pool, n_instances):
        """Check everything, then encode the pools."""
        X_pool, y_pool = check_pools(learner, X_pool, y_pool)
        modality = getattr(self, "modality", "random")
        fixed = isinstance(modality, Integral)
        n_instances = check_integer(n_instances, "n_instances", minimum=1)
        for m, (name, pool) in enumerate([("X_pool", X_pool), ("y_pool", y_pool)]):
            if n_instances > len(pool) and (not fixed or modality == m):
                raise ValueError(
                    f"n_instances={n_instances} is above the {len(pool)} items of "
                    f"{name}; ask for fewer"
                )
        if (
            not getattr(learner, "_hands_out_both_modalities", False)
            and not (fixed and modality == 0)
            and len(X_pool) != len(y_pool)
        ):
            raise ValueError(
                f"{type(learner).__name__} hands out rows of X whatever the modality, "
                f"but X_pool has {len(X_pool)} rows and y_pool {len(y_pool)}; set the "
                "strategy's modality=0, or use skmal.PairedActiveLearner"
            )
        self._check_parameters(n_instances)
        random_state = getattr(self, "random_state", None)
        return open_round(learner, X_pool, y_pool, n_instances, random_state)

    def _choose(self, round):
        """Ask `select`; where nothing has been learned yet, draw."""
        if round.open[0].shape[1] == 0:
            modality = getattr(self, "modality", "random")
            by_coverage = modality in ("coverage", "relative_coverage")
            return random_selection(round, "random" if by_coverage else modality)
        if not self._takes_tensors:
            round = on_host(round)
        if not self._streams:
            round = in_memory(round, type(self).__name__)
        return self.select(round)

    def _check_parameters(self, n_instances):
        """Raise where a parameter is out of range, before anything is computed."""

    def select(self, round):
        """Choose from the round's arrays; the one method that a strategy writes.

        Parameters
        ----------
        round : Round
            Features of the open and the aligned items, batch size and generator.

        Returns
        -------
        Selection
            (indices, utilities) of one modality, best first.
        """
        raise TypeError(f"{type(self).__name__} must define select(round)")


class RandomSampling(QueryStrategy):
    """Ask about items drawn at random: what savings are measured against.

    Parameters
    ----------
    modality : {"random", "alternate", 0, 1}, default="random"
        Which modality to ask about. "random": that of one item drawn uniformly from
        both open pools together; "alternate": in turns; 0 or 1: always X or always y.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed. An int repeats the run.

    Notes
    -----
    All utilities are 0. O(n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import PairedActiveLearner, RandomSampling, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), RandomSampling(), random_state=0)
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=4)
    >>> len(set(query.indices)), query.modality in (0, 1)
    (4, True)
    """

    _streams = _takes_tensors = True

    def __init__(self, modality="random", *, random_state=None):
        self.modality = modality
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, ("random", "alternate", 0, 1))

    def select(self, round):
        """Choose at random.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Random rows of one modality, utilities 0.
        """
        return random_selection(round, self.modality)


class KCenterGreedy(QueryStrategy):
    """Ask about the items that are farthest from everything asked so far.

    Diversity alone: the first two steps of the paper's algorithm with a coreset of
    exactly the batch. It needs no trust in the encoder's similarities. Set `trim` where
    a pool may hold outliers, for it asks about those first.

    Parameters
    ----------
    modality : {"coverage", "relative_coverage", "alternate", "random", 0, 1}, \
            default="coverage"
        Which modality to ask about, as in `CoresetMargin`.
    trim : float, default=0.0
        This share of the open items, the most isolated ones, is not eligible.
    metric : {"euclidean", "cosine"}, default="euclidean"
        "cosine" scales rows to length one before distances are taken.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    skmal.coverage.greedy_k_center : The same choice as a free function.

    Notes
    -----
    Utilities are the distances to the nearest centre at the time of the pick (infinite
    for the first one of a cold start). Ties go to the lowest row. O((n_aligned +
    n_instances) n d) time; `trim` adds O(2000 n d) for the asked modality.

    References
    ----------
    .. [1] Sener, O. and Savarese, S. (2018). "Active Learning for Convolutional Neural
       Networks: A Core-Set Approach". ICLR. https://arxiv.org/abs/1708.00489

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import KCenterGreedy, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), KCenterGreedy(modality=0))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> bool((np.diff(query.utilities) <= 0).all())        # best first
    True
    """

    _streams = _takes_tensors = True

    def __init__(
        self,
        modality="coverage",
        *,
        trim=0.0,
        metric="euclidean",
        random_state=None,
    ):
        self.modality = modality
        self.trim = trim
        self.metric = metric
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, MODALITIES)
        check_choice("metric", self.metric, METRICS)
        check_trim(self.trim)

    def select(self, round):
        """Choose the farthest items.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows in the order picked, with their distances.
        """
        modality, gap, known = choose_modality(round, self.modality, self.metric)
        picks, squared = pick_coreset(
            round,
            modality,
            known,
            round.n_instances,
            self.trim,
            self.metric,
            with_distances=True,
        )
        return Selection(picks, np.sqrt(squared), modality, gap)


class MarginSampling(QueryStrategy):
    """Ask about the items whose partner the encoder is least sure of.

    Uncertainty alone: the paper's algorithm without its coreset. Batches tend to be
    redundant, and outliers look uncertain.

    Parameters
    ----------
    modality : {"coverage", "relative_coverage", "alternate", "random", 0, 1}, \
            default="coverage"
        Which modality to ask about, as in `CoresetMargin`.
    uncertainty : {"margin", "top1", "entropy"}, default="margin"
        The score, as in `CoresetMargin`.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners: the aligned ones
        too, or the open ones only.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Of the distances that choose the modality.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    skmal.uncertainty.cross_modal_margin : The score as a free function.

    Notes
    -----
    Utilities are minus the margin, minus the top-1 similarity, or the entropy; scores
    that agree to nine decimals are ties and go to the lowest row. O(n_X n_y d) time,
    for every open item is compared with the whole other modality.

    References
    ----------
    .. [1] Scheffer, T., Decomain, C. and Wrobel, S. (2001). "Active Hidden Markov
       Models for Information Extraction". IDA. https://doi.org/10.1007/3-540-44816-0_31

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import MarginSampling, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    >>> learner = PairedActiveLearner(RidgeCCA(), MarginSampling("alternate"))
    >>> query = learner.fit(X[:10], y[:10]).query(X[10:], y[10:], n_instances=3)
    >>> query.modality                                     # 10 pairs // 3 is odd
    1
    """

    _streams = _takes_tensors = True

    def __init__(
        self,
        modality="coverage",
        *,
        uncertainty="margin",
        candidates="all",
        metric="euclidean",
        random_state=None,
    ):
        self.modality = modality
        self.uncertainty = uncertainty
        self.candidates = candidates
        self.metric = metric
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, MODALITIES)
        check_choice("uncertainty", self.uncertainty, UNCERTAINTIES)
        check_choice("candidates", self.candidates, CANDIDATES)
        check_choice("metric", self.metric, METRICS)

    def select(self, round):
        """Choose the least certain items.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows, most uncertain first.
        """
        modality, gap, _ = choose_modality(round, self.modality, self.metric)
        rows = np.arange(len(round.open[modality]))
        rows, utilities = most_uncertain(
            round, modality, rows, self.uncertainty, self.candidates
        )
        return Selection(rows, utilities, modality, gap)


class CoresetMargin(QueryStrategy):
    """Ask the paper's way: modality by coverage, a diverse coreset, small margins.

    The algorithm of Zhang and Zhu in three steps. (1) Ask about the modality with the
    larger coverage gap. (2) Pick a coreset of its open items by greedy k-center, seeded
    with the aligned ones. (3) Of these, ask about the ones whose best two partners are
    hardest to tell apart. With its defaults this is our reading of Algorithm 1; the
    Notes say what the paper leaves open.

    The paper reports that it saves answers on compositional pools. On pools with
    outliers or a long tail step 2 follows the outliers; ``trim=0.3`` keeps it from
    that.

    Parameters
    ----------
    modality : {"coverage", "relative_coverage", "alternate", "random", 0, 1}, \
            default="coverage"
        Which modality to ask about. "coverage": the one with the larger gap;
        "relative_coverage": each gap is first divided by the root mean square distance
        between two open items of its modality; "alternate": X and y in turns;
        "random": that of one item drawn uniformly from both open pools together; 0 or
        1: always X or always y.
    coreset_size : float or int, default=2.0
        B_C, the candidates that survive step 2. A float is a multiple of the batch, at
        least 1.0; an int is a number of rows, at least the batch. Clipped to the
        eligible items.
    uncertainty : {"margin", "top1", "entropy"}, default="margin"
        The score of step 3; see `skmal.uncertainty`.
    trim : float, default=0.0
        This share of the open items, the most isolated ones (by the distance to the
        fifth nearest of 2,000 items drawn at random, see `skmal.coverage.isolation`),
        is not eligible for step 2.
    candidates : {"all", "open"}, default="all"
        Which items of the other modality count as possible partners: the aligned ones
        too, or the open ones only.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Distance of steps 1 and 2. "cosine" scales rows to length one first, which
        changes nothing for encoders that return such rows.
    random_state : int, RandomState or Generator, default=None
        Overrides the learner's seed where a draw is needed.

    See Also
    --------
    KCenterGreedy : Steps 1 and 2 alone.
    MarginSampling : Steps 1 and 3 alone.

    Notes
    -----
    Utilities are minus the margin, minus the top-1 similarity, or the entropy; scores
    that agree to nine decimals are ties, and every tie goes to the lowest row.

    O((n_aligned + B_C) n d + B_C n_other d) time; `trim` adds O(2000 n d) for the asked
    modality, usually far less (see `skmal.coverage.greedy_k_center`). Beside the
    features, memory holds blocks of fixed size and some numbers per row.

    Where the paper is silent: with no aligned pair there is no gap, X is asked about
    and k-center starts at the item nearest the pool's mean (an encoder that cannot
    transform yet gets a random first batch); gaps are compared as they are; partners
    are looked for among all items of the other modality.

    References
    ----------
    .. [1] Zhang, J. and Zhu, Y. (2026). "Towards Multimodal Active Learning: Efficient
       Learning with Limited Paired Data". TMLR. https://arxiv.org/abs/2510.03247

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import CoresetMargin, PairedActiveLearner, RidgeCCA
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(60, 3))                       # what partners share
    >>> X, y = z @ rng.normal(size=(3, 8)), z @ rng.normal(size=(3, 5))
    >>> learner = PairedActiveLearner(RidgeCCA(), CoresetMargin()).fit(X[:9], y[:9])
    >>> query = learner.query(X[9:], y[9:], n_instances=2)
    >>> gap_X, gap_y = query.coverage_gap
    >>> query.modality == (0 if gap_X >= gap_y else 1)
    True
    """

    _streams = _takes_tensors = True

    def __init__(
        self,
        modality="coverage",
        *,
        coreset_size=2.0,
        uncertainty="margin",
        trim=0.0,
        candidates="all",
        metric="euclidean",
        random_state=None,
    ):
        self.modality = modality
        self.coreset_size = coreset_size
        self.uncertainty = uncertainty
        self.trim = trim
        self.candidates = candidates
        self.metric = metric
        self.random_state = random_state

    def _check_parameters(self, n_instances):
        check_choice("modality", self.modality, MODALITIES)
        check_choice("uncertainty", self.uncertainty, UNCERTAINTIES)
        check_choice("candidates", self.candidates, CANDIDATES)
        check_choice("metric", self.metric, METRICS)
        check_trim(self.trim)
        n_coreset_rows(self.coreset_size, n_instances)

    def select(self, round):
        """Choose by coverage, coreset and uncertainty.

        Parameters
        ----------
        round : Round
            The round.

        Returns
        -------
        Selection
            Rows, most uncertain first.
        """
        size = n_coreset_rows(self.coreset_size, round.n_instances)
        modality, gap, known = choose_modality(round, self.modality, self.metric)
        coreset, _ = pick_coreset(round, modality, known, size, self.trim, self.metric)
        rows, utilities = most_uncertain(
            round, modality, np.sort(coreset), self.uncertainty, self.candidates
        )
        return Selection(rows, utilities, modality, gap)


def check_pools(learner, X_pool, y_pool):
    """Return both pools in the form that the package relies on, or raise."""
    if y_pool is None:
        raise ValueError(
            "y_pool is missing: partners are looked for in a second pool; call "
            "query(X_pool, y_pool, n_instances=...)"
        )
    X_pool = check_items(X_pool, "X_pool", streamed=True)
    y_pool = check_items(y_pool, "y_pool", streamed=True)
    name = type(learner).__name__
    check_same_features(X_pool, learner.X_training, "X_pool", name)
    check_same_features(y_pool, learner.y_training, "y_pool", name)
    return X_pool, y_pool
