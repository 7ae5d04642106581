"""An encoder and data in, the published table out."""

from collections.abc import Mapping, Sequence
from html import escape
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ._shared.types import IntArray, Items
from .arrays._plain import plain
from .arrays._verbs import take, unit
from .encoders._protocol import Encoder
from .items._containers import check_items, check_pairs
from .items._encoding import encode
from .items._groups import check_groups, check_repeats, number_groups
from .metrics._retrieval import compositional_scores, ranks_of_items, retrieval_ranks

__all__ = [
    "Scores",
    "evaluate_colorswap",
    "evaluate_retrieval",
    "evaluate_zero_shot",
]

KS = (1, 5, 10)


class Scores(dict[str, float]):
    """Scores by name, shown as a table.

    A plain dict of numbers everywhere else: ``scores["recall@1"]``, ``dict(scores)``,
    ``pandas.Series(scores)``. `PairedActiveLearner.fit` takes a function that returns
    one as its `scoring`.

    Parameters
    ----------
    title : str
        What was evaluated, and on how much.
    rows : dict of str to dict
        The table: for each row, its columns and the names of the scores there.
    values : dict of str to float
        The scores.

    Examples
    --------
    >>> from skmal.evaluation import Scores
    >>> rows = {"mean": {"R@1": "recall@1", "R@5": "recall@5"}}
    >>> scores = Scores("Retrieval", rows, {"recall@1": 0.25, "recall@5": 0.5})
    >>> scores
    Retrieval
            R@1    R@5
    mean  0.250  0.500
    >>> scores["recall@1"]
    0.25
    """

    title: str
    rows: Mapping[str, Mapping[str, str]]

    def __init__(
        self,
        title: str,
        rows: Mapping[str, Mapping[str, str]],
        values: Mapping[str, float],
    ) -> None:
        super().__init__(values)
        self.title = title
        self.rows = rows

    def __repr__(self) -> str:
        """Show the title, and one line for each row of the table."""
        names, columns, cells = self._cells()
        rows = [[n, *row] for n, row in zip(names, cells, strict=True)]
        lines = [["", *columns], *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            [self.title]
            + [
                "  ".join(
                    [name.ljust(widths[0])]
                    + [c.rjust(w) for c, w in zip(row, widths[1:], strict=True)]
                )
                for name, *row in lines
            ]
        )

    def _repr_html_(self) -> str:
        """Show the same in a notebook."""
        names, columns, cells = self._cells()
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(
            f"<tr><th>{escape(name)}</th>"
            + "".join(f"<td>{cell}</td>" for cell in row)
            + "</tr>"
            for name, row in zip(names, cells, strict=True)
        )
        return (
            f"<table><caption>{escape(self.title)}</caption><thead><tr><th></th>{head}"
            f"</tr></thead><tbody>{body}</tbody></table>"
        )

    def _cells(self) -> tuple[list[str], list[str], list[list[str]]]:
        """Return the names of rows and columns, and the numbers as they are shown."""
        columns = list(next(iter(self.rows.values())))
        cells = [
            [f"{self[row[column]]:.3f}" for column in columns]
            for row in self.rows.values()
        ]
        return list(self.rows), columns, cells


def evaluate_retrieval(
    encoder: Encoder, X: Items, y: Items, groups: npt.ArrayLike | None = None
) -> Scores:
    """Return how well partners are found among all others: recall and MRR.

    The table that retrieval papers print. With `groups` it is that of MS-COCO in
    Karpathy's split [1]_: an image counts as found where any of its captions is in the
    top k, each image is asked about once, and each caption looks for its image among
    the different images.

    Parameters
    ----------
    encoder : encoder or PairedActiveLearner
        Anything with ``transform(X, y)``, able to transform.
    X, y : sequence
        Aligned items of both modalities.
    groups : array-like of shape (n_samples,), default=None
        A label for each row; rows of the same label repeat one item of X, such as the
        captions of one image. It is encoded once. None: every row is an item.

    Returns
    -------
    Scores
        ``"recall@1"``, ``"recall@5"``, ``"recall@10"`` and ``"mrr"``, means of both
        directions, and each of them by direction: ``x_to_y_mrr`` and so on, where items
        of X look for their partners among y, and ``y_to_x_mrr`` and so on, the other
        way round.

    Raises
    ------
    ValueError
        If X and y differ in length, or rows of X with the same label differ.

    See Also
    --------
    skmal.metrics.retrieval_scores : The means, of features.

    Notes
    -----
    Similarity is the cosine. Partners in a tie count where their mid-rank is at most k:
    features that are all equal find none where there are 2 k items or more, which is
    less than guessing would find. O(n_X n_y d) time; at most 8 million similarities are
    in memory at a time.

    References
    ----------
    .. [1] Karpathy, A. and Fei-Fei, L. (2015). "Deep Visual-Semantic Alignments for
       Generating Image Descriptions". CVPR. https://arxiv.org/abs/1412.2306

    Examples
    --------
    Three images, of which the first has two captions.

    >>> from sklearn.cross_decomposition import PLSSVD
    >>> from skmal.evaluation import evaluate_retrieval
    >>> X = [[3.0, 0.0], [3.0, 0.0], [0.0, 2.0], [-2.0, -1.0]]
    >>> y = [[1.0, 0.1], [1.2, 0.0], [0.1, 0.9], [-1.0, -0.4]]
    >>> encoder = PLSSVD(n_components=2).fit(X, y)
    >>> evaluate_retrieval(encoder, X, y, groups=[0, 0, 1, 2])
    Retrieval among 3 items of X and 4 of y
             R@1    R@5   R@10    MRR
    X to y  1.000  1.000  1.000  1.000
    y to X  1.000  1.000  1.000  1.000
    mean    1.000  1.000  1.000  1.000
    """
    X, y = check_pairs(X, y, "evaluate_retrieval")
    item, first = number_groups(groups, len(X))
    check_repeats(X, item, first)
    X_features, y_features = encode(encoder, X if groups is None else take(X, first), y)
    values = {}
    for prefix, ranks in zip(
        ("x_to_y_", "y_to_x_"),
        ranks_of_items(X_features, y_features, item),
        strict=True,
    ):
        for k in KS:
            values[f"{prefix}recall@{k}"] = float(np.mean(ranks <= k))
        values[f"{prefix}mrr"] = float(np.mean(1 / ranks))
    columns = {**{f"R@{k}": f"recall@{k}" for k in KS}, "MRR": "mrr"}
    for name in columns.values():
        values[name] = (values[f"x_to_y_{name}"] + values[f"y_to_x_{name}"]) / 2
    rows = {
        row: {column: prefix + name for column, name in columns.items()}
        for row, prefix in [("X to y", "x_to_y_"), ("y to X", "y_to_x_"), ("mean", "")]
    }
    title = f"Retrieval among {len(first)} items of X and {len(y)} of y"
    return Scores(title, rows, values)


def evaluate_colorswap(
    encoder: Encoder, X: Items, y: Items, groups: npt.ArrayLike | None = None
) -> Scores:
    """Return the text, image and group score of ColorSwap and Winoground.

    Each quadruple is two images and two texts that are easily confused. Text score: the
    share of quadruples whose images both prefer their own text. Image score: whose
    texts both prefer their own image. Group score: both.

    Parameters
    ----------
    encoder : encoder or PairedActiveLearner
        Anything with ``transform(X, y)``, able to transform.
    X, y : sequence
        Aligned items of both modalities, two rows for each quadruple.
    groups : array-like of shape (n_samples,), default=None
        The quadruple of each row; each label stands twice. None: rows 2 i and 2 i + 1
        are quadruple i, as `skmal.datasets.make_colorswap` has them.

    Returns
    -------
    Scores
        "text", "image" and "group". Chance: 1/4, 1/4 and 1/6.

    Raises
    ------
    ValueError
        If X and y differ in length, or rows are no quadruples.

    See Also
    --------
    skmal.metrics.compositional_scores : The same of features.

    Notes
    -----
    All inequalities are strict: a tie is a miss. O(n d) time.

    References
    ----------
    .. [1] Burapacheep, J. et al. (2024). "ColorSwap: A Color and Word Order Dataset for
       Multimodal Evaluation". ACL Findings. https://arxiv.org/abs/2402.04492

    Examples
    --------
    >>> from skmal import RidgeCCA
    >>> from skmal.datasets import make_colorswap
    >>> from skmal.evaluation import evaluate_colorswap
    >>> X, y = make_colorswap(400, random_state=0)
    >>> encoder = RidgeCCA().fit(X[:600], y[:600])
    >>> scores = evaluate_colorswap(encoder, X[600:], y[600:])
    >>> bool(scores["group"] > 1 / 6)
    True
    """
    X, y = check_pairs(X, y, "evaluate_colorswap")
    if groups is not None:
        groups = check_groups(groups, len(X))
        labels, counts = np.unique(groups, return_counts=True)
        if (counts != 2).any():
            wrong = np.argmax(counts != 2)
            raise ValueError(
                f"group {labels[wrong]} has {counts[wrong]} rows, but a quadruple is "
                "two rows of X and y"
            )
    elif len(X) % 2:
        raise ValueError(
            f"X and y have {len(X)} rows, but a quadruple is two rows: 2 i and 2 i + 1"
        )
    features = encode(encoder, X, y)
    if groups is not None:
        order = np.argsort(groups, kind="stable")
        features = [f[order] for f in features]
    values = compositional_scores(*features)._asdict()
    rows = {"score": {name: name for name in values}}
    return Scores(f"{len(X) // 2} quadruples", rows, values)


def evaluate_zero_shot(
    encoder: Encoder,
    images: Items,
    labels: npt.ArrayLike,
    class_names: Items,
    templates: str | Sequence[str] | None = ("a photo of a {}.",),
) -> Scores:
    """Return how well images are classified by texts that name the classes.

    CLIP's zero-shot classification [1]_: the features of a class are the mean of those
    of its prompts, and an image belongs to the class that it is most similar to.

    Parameters
    ----------
    encoder : encoder or PairedActiveLearner
        Anything with ``transform(X, y)``, able to transform.
    images : sequence of n_samples items
        Items of X.
    labels : array-like of shape (n_samples,)
        The class of each: its place in `class_names`, or its name.
    class_names : sequence
        One text for each class; with ``templates=None``, one item of y for each.
    templates : sequence of str, or None, default=("a photo of a {}.",)
        Prompts, in which {} is the place of the name. None: the class names themselves
        are items of y (texts as they are, or features of texts).

    Returns
    -------
    Scores
        "top1" and "top5", the share of images whose class is the most similar or among
        the five most similar ones, and "mean_per_class_recall", the mean over the
        classes that occur of their own top-1 shares.

    Raises
    ------
    ValueError
        If there is not one known class per image, names repeat, a template has no place
        for the name, or what is to be put there is no name.

    Notes
    -----
    Features of prompts are scaled to length one, averaged over templates, and scaled
    again. A class in a tie counts by its mid-rank. O(n_samples n_classes d) time.

    References
    ----------
    .. [1] Radford, A. et al. (2021). "Learning Transferable Visual Models From Natural
       Language Supervision". ICML. https://arxiv.org/abs/2103.00020

    Examples
    --------
    Which letter is it? The classes are names of letters, as features.

    >>> from skmal import RidgeCCA
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.evaluation import evaluate_zero_shot
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> encoder = RidgeCCA().fit(X[1::2], y[1::2])
    >>> images, names = X[:40:2], y[:40:2]
    >>> scores = evaluate_zero_shot(encoder, images, range(20), names, templates=None)
    >>> bool(scores["top1"] > 1 / 20)
    True
    """
    images = check_items(images, "images")
    classes = check_items(class_names, "class_names")
    labels = _check_labels(labels, classes, len(images))
    n_classes = len(classes)
    if templates is None:
        prompts, n_templates = classes, 1
    else:
        templates = _check_templates(templates)
        _check_names(classes)
        prompts = [t.replace("{}", str(name)) for name in classes for t in templates]
        n_templates = len(templates)
    features, prompts = encode(encoder, images, prompts)
    prompts = unit(prompts).reshape(n_classes, n_templates, -1)
    ranks = retrieval_ranks(
        features,
        prompts.mean(axis=1),
        query_groups=labels,
        gallery_groups=np.arange(n_classes),
    )
    counts = np.bincount(labels, minlength=n_classes)
    hits = np.bincount(labels, weights=ranks == 1, minlength=n_classes)
    present = counts > 0
    values = {
        "top1": float(np.mean(ranks == 1)),
        "top5": float(np.mean(ranks <= 5)),
        "mean_per_class_recall": float(np.mean(hits[present] / counts[present])),
    }
    columns = {"top-1": "top1", "top-5": "top5", "per class": "mean_per_class_recall"}
    title = f"Zero-shot classification of {len(images)} items into {n_classes} classes"
    return Scores(title, {"accuracy": columns}, values)


def _check_labels(labels: npt.ArrayLike, classes: Any, n: int) -> IntArray:
    """Return the number of each image's class, or raise."""
    labels = np.asarray(plain(labels, "labels"))
    if labels.shape != (n,):
        raise ValueError(
            f"labels must hold one class for each of the {n} images, got an array of "
            f"shape {labels.shape}"
        )
    if labels.dtype.kind in "iu":
        wrong = (labels < 0) | (labels >= len(classes))
        numbers = labels
    else:
        names = [str(name) for name in classes]
        if len(set(names)) < len(names):
            raise ValueError("class_names holds a name twice; merge these classes")
        number = {name: i for i, name in enumerate(names)}
        numbers = np.array([number.get(str(label), -1) for label in labels])
        wrong = numbers < 0
    if wrong.any():
        raise ValueError(
            f"labels holds {labels[np.argmax(wrong)]!r}, which is none of the "
            f"{len(classes)} classes; pass places in class_names, or names out of it"
        )
    return numbers.astype(np.int64)


def _check_names(classes: Any) -> None:
    for name in classes:
        if not isinstance(name, (str, Real)):
            raise ValueError(
                "class_names must be names to be put into templates, got a "
                f"{type(name).__name__}; with templates=None they may be any items of y"
            )


def _check_templates(templates: str | Sequence[str]) -> list[str]:
    templates = [templates] if isinstance(templates, str) else list(templates)
    if not templates:
        raise ValueError('templates is empty; pass at least one, such as "{}"')
    for template in templates:
        if not isinstance(template, str) or "{}" not in template:
            raise ValueError(
                "templates must be strings with {} in place of the name, got "
                f"{template!r}"
            )
    return templates
