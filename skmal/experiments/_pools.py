"""Which pairs can be bought, which are held out, how they are scored: set by set."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from .._shared.randomness import SMALLER_POOL
from .._shared.types import IntArray, Items
from ..arrays._verbs import take
from ..datasets import (
    load_coco_captions,
    load_colorswap,
    load_datacomp,
    load_flickr30k,
    load_glyphs,
    load_huggingface,
    load_pairs,
    load_webdataset,
)
from ..datasets._glyphs import Font
from ..datasets._reading import OnError
from ..encoders.clip._encoder import CLIPEncoder
from ..evaluation import evaluate_colorswap, evaluate_retrieval
from ..items._faults import find_faults
from ..items._images import check_images
from ..learners._paired import PairedActiveLearner

Scoring: TypeAlias = Callable[[PairedActiveLearner, Any, Any], dict[str, float]]

FONTS: dict[str, Font] = {
    "glyphs": "sans",
    "glyphs-serif": "serif",
    "glyphs-mono": "mono",
}
IMAGES = ("colorswap", "coco", "flickr30k", "pairs", "webdataset", "huggingface")
FILES = (*IMAGES, "datacomp")
# which keep what is made once:
CONVERTED = ("colorswap", "pairs", "webdataset", "huggingface", "datacomp")
TABLES = ("pairs", "huggingface")  # with columns of other names
DATA = (*FONTS, *FILES)
KS = ("recall@1", "recall@5", "recall@10")
COCO = (*KS, *(f"{way}_{k}" for way in ("x_to_y", "y_to_x") for k in KS))
N_TEST = 1000  # rows held out at random, or a fifth where there are fewer than 5,000


@dataclass(frozen=True)
class Pool:
    """Pairs to buy, pairs to test on, and perhaps pairs known from the start.

    Parameters
    ----------
    X, y : sequence
        Aligned rows that can be bought: row i of y is what the annotator answers when
        asked for the partner of row i of X, and the other way round.
    X_test, y_test : sequence
        Aligned rows, all of them right.
    scoring : callable
        ``scoring(learner, X_test, y_test)`` returning a dict of scores, the one that
        the pool is about first.
    groups : ndarray of shape (n_samples,), default=None
        A label for each row to buy; rows with the same label share an item of X.
    known : tuple of two sequences, default=None
        Aligned rows of X and y that are known from the start and cost nothing. Where
        they are empty, a few random pairs of the pool are known, and count, as they do
        where this is None; then they are drawn by `PairedActiveLearner.fit`.
    """

    X: Items
    y: Items
    X_test: Items
    y_test: Items
    scoring: Scoring
    groups: npt.NDArray[Any] | None = None
    known: tuple[Items, Items] | None = None


@dataclass(frozen=True)
class HeldOut:
    """Aligned pairs of one set, and which of them are kept for the test.

    Parameters
    ----------
    X, y : sequence
        Aligned rows.
    scoring : callable
        ``scoring(learner, X_test, y_test, groups=groups)`` returning a dict of scores,
        the one that the set is about first.
    groups : ndarray of shape (n_samples,), default=None
        A label for each row; rows with the same label share an item of X. They are
        bought from, or held out, together.
    part : ndarray of shape (n_samples,), str, default=None
        "pool" or "test", or anything else for rows that are left alone. None: each seed
        holds out others, at random.
    """

    X: Items
    y: Items
    scoring: Callable[..., dict[str, float]]
    groups: npt.NDArray[Any] | None = None
    part: npt.NDArray[np.str_] | None = None

    def pool(self, seed: int, pool_size: int | None = None) -> Pool:
        """Return the pool of one seed.

        Parameters
        ----------
        seed : int
            Determines what is drawn.
        pool_size : int, default=None
            Rows to buy, about as many where groups are kept together; None: all.

        Returns
        -------
        Pool
            Pairs to buy, and pairs to test on.
        """
        rows, test = self.split(seed, pool_size)
        return Pool(
            take(self.X, rows),
            take(self.y, rows),
            take(self.X, test),
            take(self.y, test),
            partial(
                self.scoring, groups=None if self.groups is None else self.groups[test]
            ),
            None if self.groups is None else self.groups[rows],
        )

    def split(
        self, seed: int, pool_size: int | None = None
    ) -> tuple[IntArray, IntArray]:
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
            # Draw among items: all rows of one are on the same side.
            n = len(self.X)
            labels = np.arange(n) if self.groups is None else np.unique(self.groups)
            if len(labels) < 5:
                raise ValueError(
                    f"{len(labels)} items of X are too few to hold some out for the "
                    "test; at least 5 are needed"
                )
            share = min(N_TEST, n // 5) / n
            n_test = max(1, round(share * len(labels)))
            drawn = train_test_split(labels, test_size=n_test, random_state=seed)
            pool, test = (self._rows_of(labels) for labels in drawn)
        else:
            pool, test = (np.flatnonzero(self.part == p) for p in ("pool", "test"))
        if pool_size is not None and pool_size < len(pool):
            rng = np.random.default_rng([seed, SMALLER_POOL])
            labels = pool if self.groups is None else np.unique(self.groups[pool])
            n = max(2, round(pool_size / len(pool) * len(labels)))
            pool = np.sort(self._rows_of(rng.permutation(labels)[:n], pool))
        return pool, test

    def _rows_of(
        self, labels: npt.NDArray[Any], among: IntArray | None = None
    ) -> IntArray:
        """Return the rows with these labels."""
        if self.groups is None:
            return labels
        rows = np.arange(len(self.X)) if among is None else among
        return rows[np.isin(self.groups[rows], labels)]


def load_held_out(
    data: str,
    path: str | Path | None = None,
    *,
    features: bool = True,
    on_error: OnError = "raise",
    verbose: int = 0,
    text_column: str | None = None,
    image_column: str | None = None,
    cache: str | Path | None = None,
) -> HeldOut:
    """Load a set by its name.

    Parameters
    ----------
    data : {"glyphs", "glyphs-serif", "glyphs-mono", "colorswap", "coco", \
            "flickr30k", "pairs", "webdataset", "huggingface", "datacomp"}
        Glyphs come with the package; the others are read from files, see
        `skmal.datasets`.
    path : str or path, default=None
        Where the files are.
    features : bool, default=True
        Whether the glyphs are features, not pixels and names.
    on_error : {"raise", "skip"}, default="raise"
        What to do about what cannot be read.
    verbose : int, default=0
        1 shows a progress bar where files are converted or looked at.
    text_column, image_column : str, default=None
        The columns of the data "pairs" and "huggingface"; None: "text" and "image".
    cache : str or path, default=None
        Where what is made once is written, of all that is read from files but "coco"
        and "flickr30k"; None: beside the files.

    Returns
    -------
    HeldOut
        The pairs. ColorSwap is tested on its test quadruples, COCO and Flickr30k on
        Karpathy's test images (the pool is train and restval), a dataset of Hugging
        Face with the splits "train" and "test" on the latter; the others on random
        pairs: 1,000, or a fifth where there are fewer than 5,000.

    Raises
    ------
    ValueError
        If the name is unknown, a path is missing or is not needed, an option is for
        other data, or a file is broken.
    """
    if data not in DATA:
        raise ValueError(f"unknown data {data!r}; choose from {', '.join(DATA)}")
    if (path is None) == (data in FILES):
        need = "needs a path, to its files" if data in FILES else "needs no path"
        raise ValueError(f"the data {data!r} {need}, got path={path!r}")
    columns = {"text": text_column, "image": image_column}
    columns = {role: name for role, name in columns.items() if name is not None}
    if columns and data not in TABLES:
        role = next(iter(columns))
        raise ValueError(
            f"{role}_column={columns[role]!r} (on the command line --{role}-column) "
            f"goes with the data 'pairs' and 'huggingface' only, got {data!r}"
        )
    if cache is not None and data not in CONVERTED:
        raise ValueError(
            f"cache={str(cache)!r} (on the command line --cache) goes with the data "
            f"{', '.join(map(repr, CONVERTED))} only, got {data!r}"
        )
    if path is not None:
        return _read_files(data, path, on_error, verbose, columns, cache)
    X, y = load_glyphs(FONTS[data], features=features, return_X_y=True)
    return HeldOut(X, y, score_by_retrieval)


def _read_files(
    data: str,
    path: str | Path,
    on_error: OnError,
    verbose: int,
    columns: dict[str, str],
    cache: str | Path | None,
) -> HeldOut:
    """Return the set of that name from its files."""
    if data == "datacomp":
        X, y = load_datacomp(
            path, cache=cache, on_error=on_error, return_X_y=True, verbose=verbose
        )
        return HeldOut(X, y, score_by_retrieval)
    if data in ("pairs", "webdataset", "huggingface"):
        read = {
            "pairs": load_pairs,
            "webdataset": load_webdataset,
            "huggingface": load_huggingface,
        }[data]
        pairs = read(path, cache=cache, on_error=on_error, verbose=verbose, **columns)
        return _own_pairs(pairs, path, on_error, verbose)
    if data in ("coco", "flickr30k"):
        load = load_coco_captions if data == "coco" else load_flickr30k
        pairs = load(path, "all", on_error=on_error)
        names = {"train": "pool", "restval": "pool"}
    else:
        pairs = load_colorswap(path, split="all", cache=cache, on_error=on_error)
        names = {"train": "pool"}
    part = np.array([names.get(split, split) for split in pairs.split])
    X, y, groups = pairs.X, pairs.y, pairs.get("groups")
    if on_error == "skip":
        rows = _readable(X, 2 if data == "colorswap" else 1, path, verbose)
        X, y, part = X[rows], y[rows], part[rows]
        groups = None if groups is None else groups[rows]
    for name in ("pool", "test"):
        if name not in part:
            raise ValueError(f"{path} holds no pairs of {data}'s part {name!r}")
    if data == "colorswap":
        return HeldOut(X, y, _quadruples, None, part)
    scoring = partial(score_by_retrieval, names=COCO)
    return HeldOut(X, y, scoring, groups, part)


def _own_pairs(
    pairs: Bunch, path: str | Path, on_error: OnError, verbose: int
) -> HeldOut:
    """Return pairs of a user's own, which have splits or not."""
    X, y = pairs.X, pairs.y
    groups, part = pairs.get("groups"), pairs.get("split")
    if part is not None:
        part = np.where(part == "train", "pool", part)
        if not {"pool", "test"} <= {*part}:
            part = None
    if on_error == "skip":  # decoded, once before hours of work
        rows = _readable(X, 1, path, verbose)
        X, y = X[rows], y[rows]
        groups = None if groups is None else groups[rows]
        part = None if part is None else part[rows]
    if groups is not None and len(np.unique(groups)) == len(groups):
        groups = None  # no image has several texts
    return HeldOut(X, y, score_by_retrieval, groups, part)


def _readable(
    X: npt.NDArray[Any], together: int, path: str | Path, verbose: int
) -> IntArray:
    """Return the rows of images that can be read; so many in a row stand together."""
    faults = find_faults(check_images(X, "X"), verbose=verbose, thorough=True)
    is_good = np.ones(len(X), dtype=bool)
    is_good[list(faults)] = False
    is_good = is_good.reshape(-1, together).all(axis=1).repeat(together)
    if faults:
        named = {str(X[row]): why for row, why in faults.items()}
        shown = "\n".join(f"- {name}: {why}" for name, why in list(named.items())[:10])
        warnings.warn(
            f"skipped in {path}: {(~is_good).sum()} pairs, for {len(named)} images "
            f"cannot be read; left: {is_good.sum()} pairs\n{shown}",
            stacklevel=4,
        )
    return np.flatnonzero(is_good)


def with_frozen_features(
    pairs: HeldOut, encoder: CLIPEncoder, rows: IntArray | None = None
) -> HeldOut:
    """Replace images and texts by what a model's towers know of each side alone.

    Parameters
    ----------
    pairs : HeldOut
        Images and texts.
    encoder : CLIPEncoder
        With learned weights; it is not trained.
    rows : ndarray of int, default=None
        Rows that are used; those of the others are NaN. None: all.

    Returns
    -------
    HeldOut
        The same pairs as features.
    """
    frozen = cast(CLIPEncoder, clone(encoder))
    frozen.set_params(trainable="none")
    if rows is None or len(rows) == len(pairs.X):
        X, y = frozen.unimodal_features(pairs.X, pairs.y)
        return replace(pairs, X=X, y=y)
    sides = []
    for made in frozen.unimodal_features(take(pairs.X, rows), take(pairs.y, rows)):
        side = np.full((len(pairs.X), made.shape[1]), np.nan, dtype=made.dtype)
        side[rows] = made
        sides.append(side)
    return replace(pairs, X=sides[0], y=sides[1])


def score_by_retrieval(
    learner: PairedActiveLearner,
    X: Any,
    y: Any,
    groups: npt.NDArray[Any] | None,
    names: tuple[str, ...] = ("mrr", *KS),
) -> dict[str, float]:
    """Return retrieval scores of held-out pairs, the reciprocal rank first.

    Parameters
    ----------
    learner : PairedActiveLearner
        Fitted.
    X, y : sequence
        Aligned rows.
    groups : ndarray of shape (n_samples,) or None
        Rows with the same label share an item of X.
    names : tuple of str, default=("mrr", "recall@1", "recall@5", "recall@10")
        Which scores.

    Returns
    -------
    dict
        The scores by name.
    """
    scores = evaluate_retrieval(learner, X, y, groups)
    return {name: scores[name] for name in names}


def _quadruples(
    learner: PairedActiveLearner, X: Any, y: Any, groups: npt.NDArray[Any] | None
) -> dict[str, float]:
    scores = evaluate_colorswap(learner, X, y)
    return {name: scores[name] for name in ("group", "text", "image")}
