"""How good the retrieval is, and how many answers a strategy saves."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn import get_config
from sklearn.utils.metadata_routing import MetadataRequest

from .._shared.parameters import check_integer
from .._shared.types import FloatArray, IntArray, Items
from ..arrays._kinds import RowsLike
from ..arrays._numbers import check_numbers, check_space
from ..arrays._verbs import unit
from ..items._containers import check_items, check_same_length
from ..items._encoding import encode
from ..items._groups import check_groups, number_groups
from ..uncertainty._nearest import query_blocks

Score = TypeVar("Score")


def retrieval_ranks(
    queries: RowsLike,
    gallery: RowsLike,
    *,
    query_groups: npt.ArrayLike | None = None,
    gallery_groups: npt.ArrayLike | None = None,
) -> FloatArray:
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
    asked, rows = check_space(queries, gallery)
    own, partners = _partners(query_groups, gallery_groups, len(asked), len(rows))

    tolerance = 32 * np.finfo(np.result_type(asked, rows)).eps
    rows = unit(rows)
    ranks = np.empty(len(asked))
    for block in query_blocks(len(asked), len(rows)):
        similarity = unit(asked[block]) @ rows.T  # (block, n_gallery)
        correct = own[block, None] == partners
        best = similarity.max(axis=1, keepdims=True, initial=-np.inf, where=correct)
        better = (similarity > best + tolerance) & ~correct
        equal = (np.abs(similarity - best) <= tolerance) & ~correct
        ranks[block] = 1 + better.sum(axis=1) + 0.5 * equal.sum(axis=1)
    return ranks


def mean_reciprocal_rank(
    X: RowsLike, y: RowsLike, *, groups: npt.ArrayLike | None = None
) -> float:
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


def recall_at_k(
    X: RowsLike,
    y: RowsLike,
    k: int = 1,
    *,
    groups: npt.ArrayLike | None = None,
) -> float:
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


def retrieval_scores(
    X: RowsLike, y: RowsLike, *, groups: npt.ArrayLike | None = None
) -> dict[str, float]:
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


def compositional_scores(X: RowsLike, y: RowsLike) -> CompositionalScores:
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
    images = check_numbers(X, "X", dtype=np.float64)
    texts = check_numbers(y, "y", dtype=np.float64)
    if images.shape != texts.shape or len(images) % 2:
        raise ValueError(
            f"X of shape {images.shape} and y of shape {texts.shape} are not "
            "quadruples; rows 2 i and 2 i + 1 of both make one, so both need the same "
            "even length"
        )
    n = len(images) // 2
    images = unit(images).reshape(n, 2, -1)  # (quadruple, item, feature)
    texts = unit(texts).reshape(images.shape)
    # s[q, i, j]: image i and text j of quadruple q; equal texts give equal values
    s = (images[:, :, None] * texts[:, None, :]).sum(axis=-1)
    own = np.stack([s[:, 0, 0], s[:, 1, 1]]) - 1e-12  # rounding wins nothing
    text = (own[0] > s[:, 0, 1]) & (own[1] > s[:, 1, 0])
    image = (own[0] > s[:, 1, 0]) & (own[1] > s[:, 0, 1])
    shares = (float(hits.mean()) for hits in (text, image, text & image))
    return CompositionalScores(*shares)


def make_retrieval_scorer(
    score_func: Callable[..., Score], **kwargs: Any
) -> "RetrievalScorer[Score]":
    """Make a scorer for `scoring=` of GridSearchCV and its like.

    Parameters
    ----------
    score_func : callable
        ``score_func(X_features, y_features, **kwargs)``, such as `recall_at_k`.
    **kwargs : dict
        Handed on to `score_func`.

    Returns
    -------
    RetrievalScorer
        ``scorer(estimator, X, y)``, for a PairedActiveLearner or any encoder. With
        scikit-learn's metadata routing, ``set_score_request(groups=True)`` asks for
        `groups`, which are then handed on to `score_func`.

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
    return RetrievalScorer(score_func, kwargs)


class RetrievalScorer(Generic[Score]):
    """What `make_retrieval_scorer` makes: it scores the features of aligned items.

    Parameters
    ----------
    score_func : callable
        ``score_func(X_features, y_features, **kwargs)``.
    kwargs : dict
        Handed on to `score_func`.
    """

    def __init__(self, score_func: Callable[..., Score], kwargs: dict[str, Any]):
        self.score_func: Callable[..., Score] = score_func
        self.kwargs: dict[str, Any] = kwargs
        self._metadata_request: Any = MetadataRequest(owner=type(self).__name__)

    def __call__(self, estimator: Any, X: Items, y: Items, **metadata: Any) -> Score:
        X, y = check_items(X, "X"), check_items(y, "y")
        check_same_length(X, y)
        options = self.kwargs | metadata
        return self.score_func(*encode(estimator, X, y), **options)

    def set_score_request(self, **kwargs: bool | str | None) -> Self:
        """Say which metadata are handed on to the score function.

        Parameters
        ----------
        **kwargs : bool, str or None
            A parameter of the score function, such as ``groups=True``; a string is the
            name by which it is passed.

        Returns
        -------
        RetrievalScorer
            The scorer.

        Raises
        ------
        RuntimeError
            If scikit-learn's metadata routing is not enabled.
        """
        if not get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "metadata are not routed; call sklearn.set_config("
                "enable_metadata_routing=True) first"
            )
        for param, alias in kwargs.items():
            self._metadata_request.score.add_request(param=param, alias=alias)
        return self

    def get_metadata_routing(self) -> Any:
        """Return what `set_score_request` asked for, for scikit-learn.

        Returns
        -------
        MetadataRequest
            The requests.
        """
        return self._metadata_request

    def __repr__(self) -> str:
        name = getattr(self.score_func, "__name__", repr(self.score_func))
        arguments = [name, *(f"{k}={v}" for k, v in self.kwargs.items())]
        return f"make_retrieval_scorer({', '.join(arguments)})"


def _partners(
    query_groups: npt.ArrayLike | None,
    gallery_groups: npt.ArrayLike | None,
    n_queries: int,
    n_gallery: int,
) -> tuple[IntArray, IntArray]:
    """Return the group of each query and of each gallery row as numbers, or raise."""
    if (query_groups is None) != (gallery_groups is None):
        raise ValueError("pass both query_groups and gallery_groups, or neither")
    if query_groups is None or gallery_groups is None:
        if n_queries != n_gallery:
            raise ValueError(
                f"queries has {n_queries} rows and gallery {n_gallery}; without "
                "groups, row i of the gallery is the partner of query i"
            )
        query_groups = gallery_groups = np.arange(n_queries)
    of_queries = check_groups(query_groups, n_queries, "query_groups")
    of_gallery = check_groups(gallery_groups, n_gallery, "gallery_groups")
    missing = np.setdiff1d(of_queries, of_gallery)
    if len(missing):
        raise ValueError(
            f"group {missing[0]} of the queries has no row in the gallery; every "
            "query needs at least one correct answer"
        )
    _, numbers = np.unique(  # integers compare faster than strings
        np.concatenate([of_queries, of_gallery]), return_inverse=True
    )
    return numbers[:n_queries], numbers[n_queries:]


def _ranks_of_both_directions(
    X: RowsLike, y: RowsLike, groups: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return the ranks of y's rows for those of X, and the other way round."""
    if groups is None:
        return retrieval_ranks(X, y), retrieval_ranks(y, X)
    left, right = check_numbers(X, "X"), check_numbers(y, "y")
    check_same_length(left, right)
    item, first = number_groups(groups, len(left))
    return ranks_of_items(left[first], right, item)


def ranks_of_items(
    X: RowsLike, y: RowsLike, item: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the ranks of both directions; row item[i] of X is the partner of y[i]."""
    items = np.arange(len(np.asarray(X)))
    return (
        retrieval_ranks(X, y, query_groups=items, gallery_groups=item),
        retrieval_ranks(y, X, query_groups=item, gallery_groups=items),
    )


def scores_by_group(
    X: RowsLike, y: RowsLike, labels: npt.ArrayLike
) -> dict[Any, dict[str, float]]:
    """Return the usual retrieval scores of each group of pairs.

    Every item is looked for among all items of the other modality, whatever their
    groups; what is grouped are the queries. Use it where some kinds of items are rare:
    scripts, species, languages, patients of one hospital. A strategy that raises the
    mean can lower the scores of the few.

    Parameters
    ----------
    X, y : array-like of shape (n_samples, n_features)
        Features of aligned rows in one space.
    labels : array-like of shape (n_samples,)
        The group of each pair, integers or strings.

    Returns
    -------
    dict of label to dict of str to float
        In the order of the labels: ``"mrr"``, ``"recall@1"``, ``"recall@5"`` and
        ``"recall@10"``, means of both directions over the group's pairs. The means
        over the groups, weighted by their sizes, are what
        `skmal.metrics.retrieval_scores` returns.

    Raises
    ------
    ValueError
        If lengths do not match, or features differ in number or hold NaN.

    See Also
    --------
    skmal.metrics.retrieval_scores : The same over all pairs.

    Notes
    -----
    O(n_samples^2 n_features) time, in blocks. A group of few pairs has a score that a
    few pairs decide: report its size.

    Examples
    --------
    >>> from skmal.metrics import scores_by_group
    >>> X = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> y = [[1.0, 0.1, 0.0], [0.0, 0.1, 1.0], [0.0, 1.0, 0.1]]
    >>> scores = scores_by_group(X, y, ["common", "rare", "rare"])
    >>> scores["common"]["recall@1"], scores["rare"]["recall@1"]
    (1.0, 0.0)
    """
    rows = check_numbers(X, "X")
    groups = check_groups(labels, len(rows), "labels")  # before the long part
    ranks = np.stack([retrieval_ranks(rows, y), retrieval_ranks(y, rows)])  # (2, n)
    scores = {}
    for label in np.unique(groups):
        own = ranks[:, groups == label]
        table = {"mrr": float((1 / own).mean())}
        for k in (1, 5, 10):
            table[f"recall@{k}"] = float((own <= k).mean())
        scores[label.item()] = table
    return scores
