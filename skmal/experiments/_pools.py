"""Which pairs can be bought, which are held out, how they are scored: set by set."""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from ..datasets import (
    load_coco_captions,
    load_colorswap,
    load_datacomp,
    load_glyphs,
    load_pairs,
)
from ..evaluation import evaluate_colorswap, evaluate_retrieval

FONTS = {"glyphs": "sans", "glyphs-serif": "serif", "glyphs-mono": "mono"}
IMAGES = ("colorswap", "coco", "pairs")  # in files that the user has
FILES = (*IMAGES, "datacomp")
DATA = (*FONTS, *FILES)
KS = ("recall@1", "recall@5", "recall@10")
COCO = (*KS, *(f"{way}_{k}" for way in ("x_to_y", "y_to_x") for k in KS))
N_TEST = 1000  # rows held out at random, or a fifth where there are fewer than 5,000
POOL_STREAM = 5  # keeps the draw of a smaller pool apart from other draws of the seed


class HeldOut(NamedTuple):
    """Aligned pairs of one set, and which of them are kept for the test.

    Parameters
    ----------
    X, y : sequence
        Aligned rows.
    scoring : callable
        ``scoring(learner, X_test, y_test, groups)`` returning a dict of scores, the one
        that the set is about first.
    groups : ndarray of shape (n_samples,), default=None
        A label for each row; rows with the same label share an item of X. They are
        bought from, or held out, together.
    part : ndarray of shape (n_samples,), str, default=None
        "pool" or "test", or anything else for rows that are left alone. None: each seed
        holds out others, at random.
    """

    X: object
    y: object
    scoring: object
    groups: np.ndarray = None
    part: np.ndarray = None

    def split(self, seed, pool_size=None):
        """Return (rows to buy, rows to test on) of one seed.

        Parameters
        ----------
        seed : int
            Determines what is drawn.
        pool_size : int, default=None
            Rows to buy, about as many where groups are kept together; None: all.

        Returns
        -------
        tuple of two ndarrays of int
            The rows of both.
        """
        if self.part is None:
            n = len(self.X)
            labels = np.arange(n) if self.groups is None else np.unique(self.groups)
            share = min(N_TEST, n // 5) / n
            n_test = max(1, round(share * len(labels)))
            pool, test = train_test_split(labels, test_size=n_test, random_state=seed)
            pool, test = self._rows_of(pool), self._rows_of(test)
        else:
            pool, test = (np.flatnonzero(self.part == p) for p in ("pool", "test"))
        if pool_size is not None and pool_size < len(pool):
            rng = np.random.default_rng([seed, POOL_STREAM])
            labels = pool if self.groups is None else np.unique(self.groups[pool])
            n = max(2, round(pool_size / len(pool) * len(labels)))
            pool = np.sort(self._rows_of(rng.permutation(labels)[:n], pool))
        return pool, test

    def _rows_of(self, labels, among=None):
        """Return the rows with these labels."""
        if self.groups is None:
            return labels
        rows = np.arange(len(self.X)) if among is None else among
        return rows[np.isin(self.groups[rows], labels)]


def load_held_out(data, path=None, *, features=True, on_error="raise", verbose=0):
    """Load a set by its name.

    Parameters
    ----------
    data : {"glyphs", "glyphs-serif", "glyphs-mono", "colorswap", "coco", "datacomp", \
            "pairs"}
        Glyphs come with the package; the others are read from files, see
        `skmal.datasets`.
    path : str or path, default=None
        Where the files are.
    features : bool, default=True
        Whether the glyphs are features, not pixels and names.
    on_error : {"raise", "skip"}, default="raise"
        What to do about what cannot be read.
    verbose : int, default=0
        1 shows a progress bar where files are converted.

    Returns
    -------
    HeldOut
        The pairs. ColorSwap is tested on its test quadruples, COCO on Karpathy's test
        images (its pool is train and restval), the others on random pairs: 1,000, or a
        fifth where there are fewer than 5,000.

    Raises
    ------
    ValueError
        If the name is unknown, a path is missing or is not needed, or a file is broken.
    """
    if data not in DATA:
        raise ValueError(f"unknown data {data!r}; choose from {', '.join(DATA)}")
    if (path is None) == (data in FILES):
        need = "needs a path, to its files" if data in FILES else "needs no path"
        raise ValueError(f"the data {data!r} {need}, got path={path!r}")
    if data in FONTS:
        X, y = load_glyphs(FONTS[data], features=features, return_X_y=True)
        return HeldOut(X, y, _retrieval)
    if data == "datacomp":
        X, y = load_datacomp(path, on_error=on_error, return_X_y=True, verbose=verbose)
        return HeldOut(X, y, _retrieval)
    if data == "pairs":
        pairs = load_pairs(path, on_error=on_error)
        shared = len(np.unique(pairs.groups)) < len(pairs.groups)
        groups = pairs.groups if shared else None
        return HeldOut(pairs.X, pairs.y, _retrieval, groups)
    if data == "coco":
        pairs = load_coco_captions(path, "all", on_error=on_error)
        names = {"train": "pool", "restval": "pool"}
    else:
        pairs = load_colorswap(path, split="all", on_error=on_error)
        names = {"train": "pool"}
    part = np.array([names.get(split, split) for split in pairs.split])
    for name in ("pool", "test"):
        if name not in part:
            raise ValueError(f"{path} holds no pairs of {data}'s part {name!r}")
    if data == "coco":
        scoring = partial(_retrieval, names=COCO)
        return HeldOut(pairs.X, pairs.y, scoring, pairs.groups, part)
    return HeldOut(pairs.X, pairs.y, _quadruples, None, part)


def with_frozen_features(pairs, encoder):
    """Replace images and texts by what a model's towers know of each side alone.

    Parameters
    ----------
    pairs : HeldOut
        Images and texts.
    encoder : CLIPEncoder
        With learned weights; it is not trained.

    Returns
    -------
    HeldOut
        The same pairs as features.
    """
    frozen = clone(encoder).set_params(trainable="none")
    X, y = frozen.unimodal_features(pairs.X, pairs.y)
    return pairs._replace(X=X, y=y)


def _retrieval(learner, X, y, groups, names=("mrr", *KS)):
    scores = evaluate_retrieval(learner, X, y, groups)
    return {name: scores[name] for name in names}


def _quadruples(learner, X, y, groups):
    scores = evaluate_colorswap(learner, X, y)
    return {name: scores[name] for name in ("group", "text", "image")}
