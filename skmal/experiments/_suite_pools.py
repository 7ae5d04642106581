"""Pools of several kinds, clean and with flaws, for the default suite."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .._shared.randomness import HELD_OUT_GLYPHS, HELD_OUT_SCRIPTS
from ..datasets import load_glyphs, make_colorswap
from ..datasets._glyphs import Font, _image_features
from ..items._encoding import encode
from ..learners._paired import PairedActiveLearner
from ..metrics._retrieval import compositional_scores, mean_reciprocal_rank
from ._pools import Pool

PRETRAINED_SCRIPTS = ("Latin", "Greek", "Cyrillic", "Georgian", "Armenian")
N_TEST = 600  # pairs held out, of glyphs; of scenes those for the reciprocal rank
N_QUADRUPLES, N_TEST_QUADRUPLES = 1500, 800


def glyphs_cold(
    seed: int,
    features: bool = True,
    font: Font = "sans",
    outliers: float = 0.0,
    wrong: float = 0.0,
) -> Pool:
    """Return glyphs and names, of which a few random pairs are known.

    Parameters
    ----------
    seed : int
        Which pairs are held out.
    features : bool, default=True
        Whether the rows are features, or images and names.
    font : str, default="sans"
        The font.
    outliers : float, default=0.0
        Share of the images in the pool that is noise.
    wrong : float, default=0.0
        Share of the pool's pairs whose answer is another pair's.

    Returns
    -------
    Pool
        The pool.
    """
    rng = np.random.default_rng([seed, HELD_OUT_GLYPHS])
    X, y = load_glyphs(font, features=features, return_X_y=True)
    order = rng.permutation(len(X))
    test, pool = order[:N_TEST], order[N_TEST:]
    # The flaws are in the pool alone; its order is random still.
    if outliers:
        noisy = pool[: round(outliers * len(pool))]
        images = load_glyphs(font).images
        images[noisy] = rng.integers(256, size=(len(noisy), 32, 32), dtype=np.uint8)
        X = _image_features(images) if features else images
    y_answered = y
    if wrong:
        mistaken = pool[: round(wrong * len(pool))]
        y_answered = y.copy()
        y_answered[mistaken] = y[np.roll(mistaken, 1)]
    pool = np.sort(pool)
    known = X[:0], y[:0]
    return Pool(X[pool], y_answered[pool], X[test], y[test], score_by_mrr, known=known)


def glyphs_shift(seed: int, features: bool = True) -> Pool:
    """Return glyphs of scripts that are new to an encoder that knows some others.

    Parameters
    ----------
    seed : int
        Which pairs are held out.
    features : bool, default=True
        Whether the rows are features, or images and names.

    Returns
    -------
    Pool
        The pool: all pairs of Latin, Greek, Cyrillic, Georgian and Armenian are known.
    """
    rng = np.random.default_rng([seed, HELD_OUT_SCRIPTS])
    X, y = load_glyphs(features=features, return_X_y=True)
    old = np.isin(load_glyphs().script, PRETRAINED_SCRIPTS)
    order = rng.permutation(np.flatnonzero(~old))
    test, pool = order[:N_TEST], np.sort(order[N_TEST:])
    known = X[old], y[old]
    return Pool(X[pool], y[pool], X[test], y[test], score_by_mrr, known=known)


def scenes(seed: int, features: bool = True, **flaws: float) -> Pool:
    """Return scenes of two coloured shapes and their twins, a new set for each seed.

    Parameters
    ----------
    seed : int
        Of the scenes.
    features : bool, default=True
        Whether the rows are features, or images and captions.
    **flaws : dict
        What `make_colorswap` takes: `long_tail`, `outliers` and `duplicates`.

    Returns
    -------
    Pool
        The pool; quadruples for the test have no outlier and no copy.
    """
    drawn = make_colorswap(
        N_QUADRUPLES, features=features, return_X_y=False, random_state=seed, **flaws
    )
    # Test on quadruples without a copy, in the pool too, and without noise.
    copied = np.bincount(drawn.source, minlength=N_QUADRUPLES) != 1
    fit_for_test = ~copied & ~drawn.outlier.reshape(-1, 2).any(axis=1)
    test = np.flatnonzero(fit_for_test)[:N_TEST_QUADRUPLES]
    in_test = np.isin(np.arange(N_QUADRUPLES), test).repeat(2)
    X, y = drawn.X, drawn.y
    known = X[:0], y[:0]
    return Pool(X[~in_test], y[~in_test], X[in_test], y[in_test], _group, known=known)


POOLS: dict[str, tuple[Callable[..., Pool], dict[str, Any]]] = {
    "glyphs": (glyphs_cold, {}),
    "glyphs-shift": (glyphs_shift, {}),
    "serif": (glyphs_cold, {"font": "serif"}),
    "serif-outliers": (glyphs_cold, {"font": "serif", "outliers": 0.1}),
    "serif-wrong": (glyphs_cold, {"font": "serif", "wrong": 0.1}),
    "scenes": (scenes, {}),
    "scenes-long-tail": (scenes, {"long_tail": 1.0}),
    "scenes-outliers": (scenes, {"outliers": 0.05}),  # a tenth of the pool
    "scenes-duplicates": (scenes, {"duplicates": 0.3}),
}
METRICS: dict[str, tuple[str, ...]] = {  # the first is what the pool is about
    name: ("group", "mrr") for name, (make, _) in POOLS.items() if make is scenes
}


def metrics_of(pool: str) -> tuple[str, ...]:
    """Return the metrics of a pool, the one that it is about first.

    Parameters
    ----------
    pool : str
        Its name.

    Returns
    -------
    tuple of str
        "group" and "mrr" for scenes, "mrr" for all others.
    """
    return METRICS.get(pool, ("mrr",))


@lru_cache(maxsize=1)
def load_pool(name: str, seed: int, features: bool = True) -> Pool:
    """Return a pool of the suite.

    Parameters
    ----------
    name : str
        Its name, out of `POOLS`.
    seed : int
        The seed.
    features : bool, default=True
        Whether the rows are features, or images and texts.

    Returns
    -------
    Pool
        The pool; the last one is kept.
    """
    make, parameters = POOLS[name]
    return make(seed, features, **parameters)


def score_by_mrr(learner: PairedActiveLearner, X: Any, y: Any) -> dict[str, float]:
    """Return the mean reciprocal rank of held-out pairs, as a dict.

    Parameters
    ----------
    learner : PairedActiveLearner
        Fitted.
    X, y : sequence
        Aligned rows.

    Returns
    -------
    dict
        The score as "mrr".
    """
    return {"mrr": mean_reciprocal_rank(*encode(learner, X, y))}


def _group(learner: PairedActiveLearner, X: Any, y: Any) -> dict[str, float]:
    features = encode(learner, X, y)
    return {
        "group": compositional_scores(*features).group,
        "mrr": mean_reciprocal_rank(*features),
    }
