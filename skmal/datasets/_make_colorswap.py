"""Scenes of two coloured shapes, each with a twin whose colours are swapped."""

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

from .._shared.parameters import check_integer, check_number
from .._shared.randomness import draw_seed
from .._shared.types import FloatArray, IntArray, RandomState
from ._reading import XAndY

SIZE = 20  # pixels per side
N_FEATURES = 128
COLORS = {
    "red": (230, 30, 30),
    "green": (30, 170, 50),
    "blue": (40, 70, 230),
    "yellow": (240, 220, 40),
    "purple": (140, 40, 170),
    "cyan": (50, 210, 220),
    "orange": (250, 140, 20),
    "white": (245, 245, 245),
}
# Is there ink at a point (u, v) in [-1, 1]^2, v downwards?
SHAPES: dict[str, Callable[[Any, Any], Any]] = {
    "circle": lambda u, v: u**2 + v**2 <= 1,
    "square": lambda u, v: np.maximum(abs(u), abs(v)) <= 0.85,
    "triangle": lambda u, v: (v <= 0.8) & (abs(u) <= (v + 1) / 1.8),
    "diamond": lambda u, v: abs(u) + abs(v) <= 1.1,
    "cross": lambda u, v: (
        (np.minimum(abs(u), abs(v)) <= 0.33) & (np.maximum(abs(u), abs(v)) <= 1)
    ),
    "ring": lambda u, v: (u**2 + v**2 <= 1) & (u**2 + v**2 >= 0.3),
}
RELATIONS = {"left of": (1, 0), "above": (0, 1)}  # from the first to the second


@overload
def make_colorswap(
    n_quadruples: int = 1000,
    *,
    long_tail: float = 0.0,
    outliers: float = 0.0,
    duplicates: float = 0.0,
    features: bool = True,
    return_X_y: Literal[True] = True,
    random_state: RandomState = None,
) -> XAndY: ...
@overload
def make_colorswap(
    n_quadruples: int = 1000,
    *,
    long_tail: float = 0.0,
    outliers: float = 0.0,
    duplicates: float = 0.0,
    features: bool = True,
    return_X_y: Literal[False],
    random_state: RandomState = None,
) -> Bunch: ...
def make_colorswap(
    n_quadruples: int = 1000,
    *,
    long_tail: float = 0.0,
    outliers: float = 0.0,
    duplicates: float = 0.0,
    features: bool = True,
    return_X_y: bool = True,
    random_state: RandomState = None,
) -> Bunch | XAndY:
    """Make pictures of two coloured shapes, captions, and twins with swapped colours.

    The red circle left of the blue square and the blue circle left of the red square:
    images and captions of the two are easily confused, and only an encoder that knows
    which colour belongs to which shape tells them apart. `compositional_scores` of
    `skmal.metrics` measures it. The idea is that of ColorSwap [1]_, in pictures that
    need no download, with flaws of natural pools as far as wanted.

    Parameters
    ----------
    n_quadruples : int, default=1000
        Pairs of twins; there are twice as many images and captions.
    long_tail : float, default=0.0
        Exponent of the frequencies of shapes and of colours: the k-th most frequent is
        drawn in proportion to ``k ** -long_tail``. 0: all alike; 1: Zipf's law. Which
        ones are frequent is drawn as well.
    outliers : float, default=0.0
        This share of the images is noise of coarse blocks. Their captions stay.
    duplicates : float, default=0.0
        This share of the quadruples repeats another one, up to the noise of the camera.
    features : bool, default=True
        Whether X and y are numeric features in place of images and captions.
    return_X_y : bool, default=True
        False returns the whole Bunch.
    random_state : int, RandomState or Generator, default=None
        Determines the scenes. An int repeats them.

    Returns
    -------
    tuple of two ndarrays, or Bunch
        `(X, y)`; with `return_X_y=False` a Bunch with the attributes below. n is
        ``2 * n_quadruples``; rows 2 i and 2 i + 1 are twins.

        X : ndarray of shape (n, 128), float32, or (n, 20, 20, 3), uint8
            Features of the images, or the images.
        y : ndarray of shape (n, 128), float32, or (n,), str
            Features of the captions, or the captions; row i belongs to row i of X.
        images : ndarray of shape (n, 20, 20, 3), uint8
            RGB.
        captions : ndarray of shape (n,), str
            Such as "a red circle left of a blue square".
        outlier : ndarray of shape (n,), bool
            Which images are noise.
        source : ndarray of shape (n_quadruples,), int
            Of which quadruple this one is a copy; its own number where it is none.

    Raises
    ------
    ValueError
        If `n_quadruples` is below 1, a share is not in [0, 1), or `long_tail` is
        negative.

    Notes
    -----
    Six shapes, eight colours and two relations; the two shapes of a scene differ, and
    so do their colours. Sizes and places vary, and every picture has its own noise. The
    3,360 captions repeat where quadruples are many.

    Features of images are at most 128 principal components of the pixels, those of
    captions TF-IDF of words and pairs of words, reduced to as many dimensions by a
    truncated SVD. Each side is fitted on all rows without a look at the other.

    References
    ----------
    .. [1] Burapacheep, J., Gaur, I., Bhatia, A. and Thrush, T. (2024). "ColorSwap: A
       Color and Word Order Dataset for Multimodal Evaluation". Findings of ACL.
       https://arxiv.org/abs/2402.04492

    Examples
    --------
    >>> from skmal.datasets import make_colorswap
    >>> scenes = make_colorswap(500, return_X_y=False, random_state=0)
    >>> print(*scenes.captions[:2], sep=", ")
    a white diamond left of a yellow circle, a yellow diamond left of a white circle
    >>> scenes.images.shape
    (1000, 20, 20, 3)

    Learn from four fifths: of how many of the other quadruples does the encoder get
    both pictures and both captions right? (By chance: 1/6.)

    >>> from skmal import RidgeCCA
    >>> from skmal.metrics import compositional_scores
    >>> encoder = RidgeCCA().fit(scenes.X[:800], scenes.y[:800])
    >>> X, y = encoder.transform(scenes.X[800:], scenes.y[800:])
    >>> print(f"{compositional_scores(X, y).group:.1f}")
    1.0
    """
    n_quadruples = check_integer(n_quadruples, "n_quadruples", minimum=1)
    for name, share in [("outliers", outliers), ("duplicates", duplicates)]:
        check_number(share, name, minimum=0, less_than=1, kind="a share")
    check_number(long_tail, "long_tail", minimum=0, kind="a number")
    rng = np.random.default_rng(draw_seed(random_state))

    source = np.arange(n_quadruples)
    n_copies = min(round(duplicates * n_quadruples), n_quadruples - 1)
    copies = rng.permutation(n_quadruples)[:n_copies]
    source[copies] = rng.choice(np.delete(source, copies), n_copies)
    scenes = _Scenes(n_quadruples, long_tail, rng).take(source).twins()
    images = scenes.images(rng)
    outlier = np.zeros(len(images), dtype=bool)
    outlier[rng.permutation(len(images))[: round(outliers * len(images))]] = True
    images[outlier] = _noise(outlier.sum(), rng)

    X: npt.NDArray[Any] = images
    y: npt.NDArray[Any] = scenes.captions()
    if features:
        # Matrices this small gain nothing from threads.
        with threadpool_limits(limits=1, user_api="blas"):
            X, y = _image_features(images), _caption_features(y)
    if return_X_y:
        return X, y
    return Bunch(
        X=X,
        y=y,
        images=images,
        captions=scenes.captions(),
        outlier=outlier,
        source=source,
    )


class _Scenes:
    """Two shapes, their colours, places and sizes, and a relation, one per row."""

    def __init__(self, n: int, long_tail: float, rng: np.random.Generator) -> None:
        self.shapes = _draw_two(n, len(SHAPES), long_tail, rng)  # (n, 2)
        self.colors = _draw_two(n, len(COLORS), long_tail, rng)
        self.relation = rng.integers(len(RELATIONS), size=n)
        self.shift = rng.uniform(-0.5, 0.5, size=(n, 2, 2))  # pixels
        self.radius = rng.uniform(3.6, 4.2, size=(n, 2))

    def take(self, rows: IntArray) -> "_Scenes":
        """Take rows."""
        for name, value in vars(self).items():
            setattr(self, name, value[rows])
        return self

    def twins(self) -> "_Scenes":
        """Follow each row by itself with the colours swapped, in the same places."""
        self.take(np.repeat(np.arange(len(self.relation)), 2))
        self.colors[1::2] = self.colors[1::2, ::-1]
        return self

    def captions(self) -> npt.NDArray[np.str_]:
        """Say what is seen."""
        shapes, colors, relations = map(list, (SHAPES, COLORS, RELATIONS))
        return np.array(
            [
                f"a {colors[c]} {shapes[s]} {relations[r]} a {colors[d]} {shapes[t]}"
                for (s, t), (c, d), r in zip(
                    self.shapes, self.colors, self.relation, strict=True
                )
            ]
        )

    def images(self, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Draw, with the camera's noise."""
        n = len(self.relation)
        direction = np.array(list(RELATIONS.values()))[self.relation]  # (n, 2)
        pixels = np.full((n, SIZE, SIZE, 3), 40.0)
        grid = np.arange(SIZE) + 0.5
        palette = np.array(list(COLORS.values()), dtype=float)
        for k in (0, 1):  # the first shape, then the second over it
            offset = (2 * k - 1) * SIZE / 4
            centre = SIZE / 2 + offset * direction + self.shift[:, k]  # (n, 2)
            u = (grid - centre[:, :1]) / self.radius[:, k, None]  # (n, SIZE)
            v = (grid - centre[:, 1:]) / self.radius[:, k, None]
            # all rows of one shape at a time
            for number, ink in enumerate(SHAPES.values()):
                rows = np.flatnonzero(self.shapes[:, k] == number)
                mask = ink(u[rows, None, :], v[rows, :, None])  # (rows, SIZE, SIZE)
                color = palette[self.colors[rows, k]][:, None, None]
                pixels[rows] = np.where(mask[..., None], color, pixels[rows])
        pixels += rng.normal(scale=20, size=pixels.shape)
        return pixels.clip(0, 255).astype(np.uint8)


def _draw_two(
    n: int, n_kinds: int, long_tail: float, rng: np.random.Generator
) -> IntArray:
    """Return n rows of two different kinds, the frequent ones more often."""
    frequency = np.arange(1, n_kinds + 1) ** -float(long_tail)
    log_frequency = np.log(rng.permutation(frequency))
    # The two largest of Gumbel-perturbed log frequencies are draws without replacement.
    keys = log_frequency + rng.gumbel(size=(n, n_kinds))
    return np.argsort(-keys, axis=1)[:, :2]


def _noise(n: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    blocks = rng.integers(256, size=(n, SIZE // 4, SIZE // 4, 3), dtype=np.uint8)
    return blocks.repeat(4, axis=1).repeat(4, axis=2)


def _image_features(images: npt.NDArray[np.uint8]) -> FloatArray:
    from sklearn.decomposition import PCA

    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    n_components = min(N_FEATURES, *pixels.shape)
    pca = PCA(n_components, svd_solver="covariance_eigh")  # exact, so it needs no seed
    return pca.fit_transform(pixels)


def _caption_features(captions: npt.NDArray[np.str_]) -> FloatArray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    terms = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(captions)
    n_components = min(N_FEATURES, terms.shape[1] - 1)
    svd = TruncatedSVD(n_components, random_state=0)
    return svd.fit_transform(terms).astype(np.float32)
