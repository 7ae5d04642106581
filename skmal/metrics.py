"""How good the retrieval is, and how many answers a strategy saves."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.metrics import auc
from sklearn.utils import check_array, gen_batches

from . import _dask
from ._blocks import batches, read
from ._encoding import check_space, encode, unit_rows
from ._groups import check_groups, number_groups
from ._items import check_integer, check_items, check_same_length, is_streamed

BLOCK = 1024  # queries whose similarities to the whole gallery are in memory at a time
VALUES = 2**23  # similarities in memory at a time, at most


def retrieval_ranks(queries, gallery, *, query_groups=None, gallery_groups=None):
    """Return the rank of each query's partner in the gallery, 1 for the best.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of one modality.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other, in the same space. Without groups, row i is the partner
        of query i.
    query_groups, gallery_groups : array-like of shape (n_queries,) and (n_gallery,), \
            default=None
        Where a query has several correct answers: every gallery row of the same group
        is one, and the rank is that of the best of them among the wrong answers.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Mid-ranks: 1 + the number of more similar wrong answers + half the number of
        equally similar ones.

    Raises
    ------
    ValueError
        If lengths do not match, features differ in number or hold NaN, or if a query's
        group has no row in the gallery.

    Notes
    -----
    Similarity is the cosine. Similarities that differ by less than rounding can
    (32 units in the last place) count as equal, so that duplicates in the gallery tie
    wherever they stand. O(n_queries n_gallery n_features) time, in blocks of queries.

    Examples
    --------
    The second query's partner ties with one other row.

    >>> from skmal.metrics import retrieval_ranks
    >>> retrieval_ranks([[1.0, 0.0], [0.0, 1.0]], gallery=[[1.0, 0.0], [1.0, 0.0]])
    array([1.5, 1.5])
    """
    queries, gallery = check_space(queries, gallery)
    if (query_groups is None) != (gallery_groups is None):
        raise ValueError("pass both query_groups and gallery_groups, or neither")
    if query_groups is None:
        if len(queries) != len(gallery):
            raise ValueError(
                f"queries has {len(queries)} rows and gallery {len(gallery)}; without "
                "groups, row i of the gallery is the partner of query i"
            )
        query_groups = gallery_groups = np.arange(len(queries))
    query_groups = check_groups(query_groups, len(queries), "query_groups")
    gallery_groups = check_groups(gallery_groups, len(gallery), "gallery_groups")
    missing = np.setdiff1d(query_groups, gallery_groups)
    if len(missing):
        raise ValueError(
            f"group {missing[0]} of the queries has no row in the gallery; every "
            "query needs at least one correct answer"
        )
    _, numbers = np.unique(  # integers compare faster than strings
        np.concatenate([query_groups, gallery_groups]), return_inverse=True
    )
    query_groups, gallery_groups = np.split(numbers, [len(queries)])

    dtype = np.result_type(queries, gallery)
    tolerance = 32 * np.finfo(dtype).eps
    gallery = unit_rows(gallery)
    ranks = np.empty(len(queries))
    for rows in _blocks(len(queries), len(gallery)):
        similarity = unit_rows(queries[rows]) @ gallery.T  # (block, n_gallery)
        correct = query_groups[rows, None] == gallery_groups
        best = similarity.max(axis=1, keepdims=True, initial=-np.inf, where=correct)
        better = (similarity > best + tolerance) & ~correct
        equal = (np.abs(similarity - best) <= tolerance) & ~correct
        ranks[rows] = 1 + better.sum(axis=1) + 0.5 * equal.sum(axis=1)
    return ranks


def mean_reciprocal_rank(X, y, *, groups=None):
    """Return the mean of 1 / rank of the partners, mean of both directions.

    Parameters
    ----------
    X, y : array-like of shape (n_samples, n_features)
        Features of aligned rows in one space.
    groups : array-like of shape (n_samples,), default=None
        Rows that share an item of X, such as the captions of one image: that item is
        asked about once, with all captions correct, and stands once in the gallery.

    Returns
    -------
    float
        In (0, 1], larger is better. About log(n) / n for features that mean nothing.

    Raises
    ------
    ValueError
        As `retrieval_ranks` does.

    Notes
    -----
    O(n_samples^2 n_features) time, in blocks.

    Examples
    --------
    >>> from skmal.metrics import mean_reciprocal_rank
    >>> mean_reciprocal_rank([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.1, 1.0]])
    1.0
    """
    ranks = _ranks_of_both_directions(X, y, groups)
    return float(np.mean([(1 / r).mean() for r in ranks]))


def recall_at_k(X, y, k=1, *, groups=None):
    """Return the share of items whose partner is in the top k, mean of both directions.

    Parameters
    ----------
    X, y : array-like of shape (n_samples, n_features)
        Features of aligned rows in one space.
    k : int, default=1
        How many retrieved items are looked at.
    groups : array-like of shape (n_samples,), default=None
        Rows that share an item of X; see `mean_reciprocal_rank`.

    Returns
    -------
    float
        In [0, 1], larger is better.

    Raises
    ------
    ValueError
        If k is below 1, and as `retrieval_ranks` does.

    Notes
    -----
    A partner in a tie counts where its mid-rank is at most k.

    Examples
    --------
    >>> from skmal.metrics import recall_at_k
    >>> X = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
    >>> y = [[1.0, 0.1], [0.6, 0.8], [0.1, 1.0]]
    >>> print(f"{recall_at_k(X, y, k=1):.2f} {recall_at_k(X, y, k=2):.2f}")
    0.33 1.00
    """
    k = check_integer(k, "k", minimum=1)
    ranks = _ranks_of_both_directions(X, y, groups)
    return float(np.mean([(r <= k).mean() for r in ranks]))


def retrieval_scores(X, y, *, groups=None):
    """Return the usual table of retrieval scores from one pass over the similarities.

    Parameters
    ----------
    X, y : array-like of shape (n_samples, n_features)
        Features of aligned rows in one space.
    groups : array-like of shape (n_samples,), default=None
        Rows that share an item of X; see `mean_reciprocal_rank`.

    Returns
    -------
    dict of str to float
        ``"mrr"``, ``"recall@1"``, ``"recall@5"`` and ``"recall@10"``, means of both
        directions.

    Raises
    ------
    ValueError
        As `retrieval_ranks` does.

    Examples
    --------
    >>> from skmal.metrics import retrieval_scores
    >>> retrieval_scores([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.1, 1.0]])["mrr"]
    1.0
    """
    ranks = _ranks_of_both_directions(X, y, groups)
    scores = {"mrr": float(np.mean([(1 / r).mean() for r in ranks]))}
    for k in (1, 5, 10):
        scores[f"recall@{k}"] = float(np.mean([(r <= k).mean() for r in ranks]))
    return scores


class CompositionalScores(NamedTuple):
    """Text, image and group score of quadruples.

    Parameters
    ----------
    text : float
        Share of quadruples where each image prefers its own text. Chance: 1/4.
    image : float
        Share where each text prefers its own image. Chance: 1/4.
    group : float
        Share where all of that holds. Chance: 1/6.
    """

    text: float
    image: float
    group: float


def compositional_scores(X, y):
    """Return the text, image and group score of Winoground and ColorSwap.

    Parameters
    ----------
    X, y : array-like of shape (2 * n_quadruples, n_features)
        Features of images and texts. Rows 2 i and 2 i + 1 are the two pairs of
        quadruple i, whose images and texts are easily confused.

    Returns
    -------
    CompositionalScores
        ``(text, image, group)``. All inequalities are strict: a tie is a miss.

    Raises
    ------
    ValueError
        If X and y differ in shape, hold NaN, or have an odd number of rows.

    References
    ----------
    .. [1] Thrush, T. et al. (2022). "Winoground: Probing Vision and Language Models for
       Visio-Linguistic Compositionality". CVPR. https://arxiv.org/abs/2204.03162

    Examples
    --------
    >>> from skmal.metrics import compositional_scores
    >>> compositional_scores([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.1, 1.0]])
    CompositionalScores(text=1.0, image=1.0, group=1.0)
    """
    X = check_array(X, dtype=np.float64, input_name="X")
    y = check_array(y, dtype=np.float64, input_name="y")
    if X.shape != y.shape or len(X) % 2:
        raise ValueError(
            f"X of shape {X.shape} and y of shape {y.shape} are not quadruples; rows "
            "2 i and 2 i + 1 of both make one, so both need the same even length"
        )
    X = unit_rows(X).reshape(len(X) // 2, 2, -1)  # (quadruple, item, feature)
    y = unit_rows(y).reshape(X.shape)
    # s[q, i, j]: image i and text j of quadruple q; equal texts give equal values
    s = (X[:, :, None] * y[:, None, :]).sum(axis=-1)
    own = np.stack([s[:, 0, 0], s[:, 1, 1]]) - 1e-12  # rounding wins nothing
    text = (own[0] > s[:, 0, 1]) & (own[1] > s[:, 1, 0])
    image = (own[0] > s[:, 1, 0]) & (own[1] > s[:, 0, 1])
    shares = (float(hits.mean()) for hits in (text, image, text & image))
    return CompositionalScores(*shares)


class AnnotationSavings(NamedTuple):
    """Share of the answers that a strategy saves at equal score.

    Parameters
    ----------
    mean : float
        Mean over seeds; 0.2 means a fifth fewer pairs, negative means more pairs.
    sem : float
        Standard error of that mean; NaN for a single seed.
    ci_low, ci_high : float
        Student t confidence interval of the mean over seeds; NaN for a single seed.
    n_seeds : int
        Number of seeds.
    n_censored : int
        Levels (of all seeds together) that the strategy never reached. They count with
        the most pairs it had, so that its true savings are below what they contribute.
    n_levels : int
        Levels compared, of all seeds together.
    """

    mean: float
    sem: float
    ci_low: float
    ci_high: float
    n_seeds: int
    n_censored: int
    n_levels: int


def annotation_savings(
    n_pairs,
    scores,
    reference_scores,
    *,
    reference_n_pairs=None,
    budgets=None,
    confidence=0.95,
):
    """Return the share of answers saved against a reference at equal score.

    For each seed and each budget b: the score that the reference reaches with b pairs
    is the level, b' is where the strategy's own curve first reaches it, and 1 - b' / b
    is saved. A seed's value is the mean over its budgets.

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Pairs known at each point of the curve, the pairs at the start included;
        increasing.
    scores : array-like of shape (n_seeds, n_points)
        The strategy's curves, larger is better.
    reference_scores : array-like of shape (n_seeds, n_reference_points)
        The reference's curves on the same seeds, row by row (usually random sampling).
    reference_n_pairs : array-like of shape (n_reference_points,), default=None
        The reference's own points; None: `n_pairs`.
    budgets : array-like, default=None
        The values of b. None: the reference's points from one third to three quarters
        of its largest, so that a strategy up to a third worse still gets there.
    confidence : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    AnnotationSavings
        Mean, standard error, interval, and counts.

    Raises
    ------
    ValueError
        If shapes do not match, values are NaN, or a budget is outside the reference's
        points.

    Notes
    -----
    Curves are made monotone by their running maximum and interpolated linearly. A level
    that is reached at the start costs the pairs at the start.

    Examples
    --------
    The strategy reaches with 200 pairs what the reference reaches with 400.

    >>> from skmal.metrics import annotation_savings
    >>> savings = annotation_savings(
    ...     [100, 200, 300, 400], [[0.1, 0.4, 0.5, 0.6]], [[0.1, 0.2, 0.3, 0.4]],
    ...     budgets=[400],
    ... )
    >>> savings.mean
    0.5
    """
    n_pairs, scores = _check_curves(n_pairs, scores, "scores")
    if reference_n_pairs is None:
        reference_n_pairs = n_pairs
    reference_n_pairs, reference_scores = _check_curves(
        reference_n_pairs, reference_scores, "reference_scores"
    )
    if len(scores) != len(reference_scores):
        raise ValueError(
            f"scores has {len(scores)} seeds and reference_scores "
            f"{len(reference_scores)}; savings are paired by seed"
        )
    low, high = reference_n_pairs[0], reference_n_pairs[-1]
    if budgets is None:
        inside = (reference_n_pairs >= high / 3) & (reference_n_pairs <= high * 0.75)
        budgets = reference_n_pairs[inside] if inside.any() else reference_n_pairs[-1:]
    budgets = np.asarray(budgets, dtype=float)
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    if budgets.ndim != 1 or not len(budgets) or budgets.min() <= 0:
        raise ValueError(f"budgets must be one or more numbers above 0, got {budgets}")
    if not ((budgets >= low) & (budgets <= high)).all():
        raise ValueError(
            f"budgets must lie between {low:g} and {high:g}, the reference's points; "
            f"got {budgets}"
        )
    saved = np.empty((len(scores), len(budgets)))
    n_censored = 0
    for seed, (own, reference) in enumerate(zip(scores, reference_scores, strict=True)):
        levels = np.interp(budgets, reference_n_pairs, np.maximum.accumulate(reference))
        needed, reached = _pairs_needed(n_pairs, own, levels)
        saved[seed] = 1 - needed / budgets
        n_censored += int((~reached).sum())
    per_seed = saved.mean(axis=1)
    n = len(per_seed)
    sem = float(stats.sem(per_seed)) if n > 1 else np.nan
    half_width = sem * stats.t.ppf((1 + confidence) / 2, n - 1) if n > 1 else np.nan
    mean = float(per_seed.mean())
    return AnnotationSavings(
        mean,
        sem,
        float(mean - half_width),
        float(mean + half_width),
        n,
        n_censored,
        saved.size,
    )


def area_under_learning_curve(n_pairs, scores):
    """Return the mean height of an annotation curve (AULC).

    Parameters
    ----------
    n_pairs : array-like of shape (n_points,)
        Pairs known at each point, increasing, at least two points.
    scores : array-like of shape (n_points,) or (n_seeds, n_points)
        The scores there.

    Returns
    -------
    float or ndarray of shape (n_seeds,)
        Area by the trapezoidal rule, divided by the range of `n_pairs`.

    Raises
    ------
    ValueError
        If shapes do not match, values are NaN, or `n_pairs` does not increase.

    Examples
    --------
    >>> from skmal.metrics import area_under_learning_curve
    >>> area_under_learning_curve([100, 200, 400], [0.0, 0.2, 0.4])
    0.23333333333333334
    """
    single = np.ndim(scores) == 1
    n_pairs, scores = _check_curves(n_pairs, np.atleast_2d(scores), "scores")
    if len(n_pairs) < 2:
        raise ValueError("a curve of one point has no area; pass at least two points")
    areas = np.array([auc(n_pairs, row) for row in scores]) / (n_pairs[-1] - n_pairs[0])
    return float(areas[0]) if single else areas


def make_retrieval_scorer(score_func, **kwargs):
    """Make a scorer for `scoring=` of GridSearchCV and its like.

    Parameters
    ----------
    score_func : callable
        ``score_func(X_features, y_features, **kwargs)``, such as `recall_at_k`.
    **kwargs : dict
        Handed on to `score_func`.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)``, for a PairedActiveLearner or any encoder.

    Notes
    -----
    Retrieval gets harder with the size of the gallery: compare folds of equal size.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmal import RidgeCCA
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.metrics import make_retrieval_scorer, recall_at_k
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> scorer = make_retrieval_scorer(recall_at_k, k=10)
    >>> scores = cross_val_score(RidgeCCA(), X[:900], y[:900], scoring=scorer, cv=3)
    >>> scores.shape
    (3,)
    """
    return _RetrievalScorer(score_func, kwargs)


class _RetrievalScorer:
    def __init__(self, score_func, kwargs):
        self.score_func = score_func
        self.kwargs = kwargs

    def __call__(self, estimator, X, y):
        X, y = check_items(X, "X"), check_items(y, "y")
        check_same_length(X, y)
        return self.score_func(*encode(estimator, X, y), **self.kwargs)

    def __repr__(self):
        name = getattr(self.score_func, "__name__", repr(self.score_func))
        arguments = [name, *(f"{k}={v}" for k, v in self.kwargs.items())]
        return f"make_retrieval_scorer({', '.join(arguments)})"


def _blocks(n_queries, n_gallery):
    """Yield slices of queries whose similarities to the gallery fit into memory."""
    return gen_batches(n_queries, max(1, min(BLOCK, VALUES // n_gallery)))


def nearest_rows(queries, gallery, k):
    """Return the k most similar gallery rows of each query, ties to the lowest row."""
    k = min(k, len(gallery))
    if is_streamed(gallery):
        return _nearest_streamed_rows(queries, gallery, k)
    gallery = unit_rows(gallery.astype(np.float64))
    nearest = np.empty((len(queries), k), dtype=np.int64)
    for rows in _blocks(len(queries), len(gallery)):
        similarity = unit_rows(queries[rows].astype(np.float64)) @ gallery.T
        # rounded, so that duplicates tie wherever they stand
        nearest[rows] = (-similarity.round(9)).argsort(axis=1, kind="stable")[:, :k]
    return nearest


def _nearest_streamed_rows(queries, gallery, k):
    """Return the same for a gallery that is read block by block, once."""
    queries = unit_rows(queries.astype(np.float64))
    if _dask.is_dask(gallery):
        return _best_k(_dask.per_part(_nearest_of, gallery, queries, k), k)[1]
    return _nearest_of(gallery, 0, queries, k)[1]


def _nearest_of(part, start, queries, k):
    """Return the k largest similarities to a part of the gallery, and their rows.

    `start` is the number of its first row.
    """
    best = np.empty((len(queries), 0)), np.empty((len(queries), 0), dtype=np.int64)
    for rows in batches(len(part)):
        block = unit_rows(read(part, rows).astype(np.float64))
        similarity = (queries @ block.T).round(9)
        numbers = np.arange(start + rows.start, start + rows.stop)
        numbers = np.broadcast_to(numbers, similarity.shape)
        best = _best_k([best, (similarity, numbers)], k)
    return best


def _best_k(parts, k):
    """Return the k largest of several such; lower rows stand first, and win ties."""
    similarity, rows = map(np.hstack, zip(*parts, strict=True))
    order = (-similarity).argsort(axis=1, kind="stable")[:, :k]
    return [np.take_along_axis(array, order, axis=1) for array in (similarity, rows)]


def _ranks_of_both_directions(X, y, groups):
    if groups is None:
        return retrieval_ranks(X, y), retrieval_ranks(y, X)
    X, y = check_array(X, input_name="X"), check_array(y, input_name="y")
    check_same_length(X, y)
    item, first = number_groups(groups, len(X))
    return ranks_of_items(X[first], y, item)


def ranks_of_items(X, y, item):
    """Return the ranks of both directions; row item[i] of X is the partner of y[i]."""
    items = np.arange(len(X))
    return (
        retrieval_ranks(X, y, query_groups=items, gallery_groups=item),
        retrieval_ranks(y, X, query_groups=item, gallery_groups=items),
    )


def _check_curves(n_pairs, scores, name):
    n_pairs = check_array(n_pairs, dtype=np.float64, ensure_2d=False)
    scores = check_array(scores, dtype=np.float64, input_name=name)
    if n_pairs.shape != (scores.shape[1],) or not (np.diff(n_pairs) > 0).all():
        raise ValueError(
            f"n_pairs of shape {n_pairs.shape} must increase and have one entry for "
            f"each of the {scores.shape[1]} points of {name}"
        )
    return n_pairs, scores


def _pairs_needed(n_pairs, scores, levels):
    """Return where the monotone curve first reaches each level, and whether it does."""
    curve = np.maximum.accumulate(scores)
    after = np.searchsorted(curve, levels, side="left")  # first point at the level
    reached = after < len(curve)
    after = np.minimum(after, len(curve) - 1)
    before = np.maximum(after - 1, 0)
    rise = curve[after] - curve[before]
    share = np.divide(
        levels - curve[before], rise, out=np.ones_like(levels), where=rise > 0
    )
    needed = n_pairs[before] + share * (n_pairs[after] - n_pairs[before])
    return np.where(reached, needed, n_pairs[-1]), reached
