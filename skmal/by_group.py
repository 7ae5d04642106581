"""Retrieval scores of each group, so that a mean cannot hide who loses."""

import numpy as np
from sklearn.utils import check_array

from ._groups import check_groups
from .metrics import retrieval_ranks


def scores_by_group(X, y, labels):
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
    >>> from skmal.by_group import scores_by_group
    >>> X = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> y = [[1.0, 0.1, 0.0], [0.0, 0.1, 1.0], [0.0, 1.0, 0.1]]
    >>> scores = scores_by_group(X, y, ["common", "rare", "rare"])
    >>> scores["common"]["recall@1"], scores["rare"]["recall@1"]
    (1.0, 0.0)
    """
    X = check_array(X, input_name="X")
    labels = check_groups(labels, len(X), "labels")  # before the long part
    ranks = np.stack([retrieval_ranks(X, y), retrieval_ranks(y, X)])  # (2, n)
    scores = {}
    for label in np.unique(labels):
        own = ranks[:, labels == label]
        table = {"mrr": float((1 / own).mean())}
        for k in (1, 5, 10):
            table[f"recall@{k}"] = float((own <= k).mean())
        scores[label.item()] = table
    return scores
