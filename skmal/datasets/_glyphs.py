"""Glyphs of a font and their Unicode names: real pairs, one to one, in the package."""

from functools import lru_cache, reduce
from importlib.resources import files
from typing import Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

from .._shared.types import FloatArray
from ._reading import XAndY

Font: TypeAlias = Literal["sans", "serif", "mono"]
FONTS: tuple[Font, ...] = ("sans", "serif", "mono")
N_FEATURES = 192

DESCR = """\
Glyphs of DejaVu {font} and their Unicode names
================================================

{n:,} pairs: a glyph, drawn in grey on 32x32 pixels, and its Unicode name in lower case.
All glyphs of the font that have ink and a name are there, sorted by code point. Where
several look exactly alike (Latin A, Greek Alpha, Cyrillic A), the lowest code point
stays, so that each image has one partner. {n_shared:,} of the names are in all three
fonts.

Drawn at 22 pixels per em, ink centred horizontally, baseline at row 24, by
{made_with}; `skmal.datasets._make_glyphs` does it.

The fonts: DejaVu 2.35, https://dejavu-fonts.github.io; free to use, change and hand on
under the terms of the file LICENSE_DEJAVU beside the data.
"""


@overload
def load_glyphs(
    font: Font = "sans", features: bool = False, return_X_y: Literal[False] = False
) -> Bunch: ...
@overload
def load_glyphs(
    font: Font = "sans", features: bool = False, *, return_X_y: Literal[True]
) -> XAndY: ...
@overload
def load_glyphs(font: Font, features: bool, return_X_y: Literal[True]) -> XAndY: ...
def load_glyphs(
    font: Font = "sans", features: bool = False, return_X_y: bool = False
) -> Bunch | XAndY:
    """Load pictures of characters and the characters' names.

    Real pairs of an image and a text, one to one and in the package, for examples,
    tests and benchmarks. The names share words ("greek small letter alpha with tonos")
    that show in the picture, so what is learned on some pairs carries over to others;
    over the scripts, the pool has the long tail of natural data. Raw images and names
    suit encoders that bring their own towers, `features=True` suits those for feature
    vectors.

    Parameters
    ----------
    font : {"sans", "serif", "mono"}, default="sans"
        The DejaVu font [2]_ that the glyphs come from.
    features : bool, default=False
        Whether X and y are numeric features in place of images and names.
    return_X_y : bool, default=False
        Whether to return `(X, y)` in place of the whole Bunch.

    Returns
    -------
    Bunch or tuple of two ndarrays
        A Bunch with the attributes below, sorted by code point; with `return_X_y=True`,
        its `(X, y)`. n is 5,299 for "sans", 3,172 for "serif" and 3,007 for "mono". All
        arrays are the caller's own, free to be changed.

        X : ndarray of shape (n, 32, 32), uint8, or of shape (n, 192), float32
            The images (the same array as `images`), or features of them.
        y : ndarray of shape (n,), str, or of shape (n, 192), float32
            The names (the same array as `names`), or features of them; row i belongs to
            row i of X.
        images : ndarray of shape (n, 32, 32), uint8
            Ink is 255, paper 0.
        names : ndarray of shape (n,), str
            Unicode names in lower case.
        script : ndarray of shape (n,), str
            Unicode scripts [3]_: "Latin", "Canadian Aboriginal", "Common" for signs.
        code_point : ndarray of shape (n,), int
            `chr(code_point[i])` is the character.
        shared : ndarray of shape (n,), bool
            Whether all three fonts have the name, as 2,180 do. These rows of one font
            are aligned with those of another.
        font : str
            The font asked for.
        DESCR : str
            Where the data come from.

    Raises
    ------
    ValueError
        If `font` is none of the three.

    Notes
    -----
    Loading takes less than a tenth of a second. Features take a few seconds at a font's
    first use and are then kept for as long as the process lives, 8 MB for the largest
    font.

    Features of images are 192 principal components of the pixels; features of names are
    TF-IDF of character 2-5-grams and of words, reduced to 192 dimensions by a truncated
    SVD [1]_. Each side is fitted on all rows of the font, without a look at the other:
    unimodal features need no pairs, so an active learner may have them for free. They
    agree between machines to rounding; images and names agree exactly. Names that are
    the same phrases in another order can come out alike: so it is in "serif" with two
    pairs of arrows, "north east arrow crossing north west arrow" and its reverse among
    them.

    References
    ----------
    .. [1] Deerwester, S., Dumais, S. T., Furnas, G. W., Landauer, T. K. and Harshman,
       R. (1990). "Indexing by latent semantic analysis". Journal of the American
       Society for Information Science 41, 391-407.
    .. [2] The DejaVu fonts. https://dejavu-fonts.github.io
    .. [3] Unicode Standard Annex #24, "Unicode Script Property".
       https://www.unicode.org/reports/tr24/

    Examples
    --------
    >>> import numpy as np
    >>> from skmal.datasets import load_glyphs
    >>> glyphs = load_glyphs()
    >>> glyphs.X.shape
    (5299, 32, 32)
    >>> i = np.flatnonzero(glyphs.names == "hebrew letter alef")[0]
    >>> for row in glyphs.X[i, 12:24:2, 8:24]:
    ...     print("|" + "".join(" .oO@"[grey // 52] for grey in row) + "|")
    |  O@O     .@O   |
    |   .@@    .@O   |
    |    .@@o  o@.   |
    |  .@O o@@@@.    |
    |  @@    @@.     |
    |  @@     O@O    |
    >>> np.unique(glyphs.script).size
    18

    The same characters in two fonts, row by row:

    >>> serif = load_glyphs("serif")
    >>> bool(np.all(glyphs.names[glyphs.shared] == serif.names[serif.shared]))
    True

    Learn a linear map from pictures to names on every second pair. How often is the
    right name among the ten nearest of 2,649 that it has not seen? (By chance: 0.4 %.)

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.metrics.pairwise import cosine_distances
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> predicted = Ridge().fit(X[::2], y[::2]).predict(X[1::2])
    >>> distance = cosine_distances(predicted, y[1::2])
    >>> rank = np.sum(distance < np.diag(distance)[:, None], axis=1)
    >>> print(f"{np.mean(rank < 10):.0%}")
    24%
    """
    if font not in FONTS:
        raise ValueError(f"font must be one of {', '.join(FONTS)}, got {font!r}")
    glyphs = _read(font)
    X, y = glyphs.images, glyphs.names
    if features:
        X, y = (kept.copy() for kept in _features(font))
    if return_X_y:
        return X, y
    return Bunch(X=X, y=y, **glyphs)


def _read(font: Font) -> Bunch:
    """Return all but X and y of a font's Bunch."""
    with (
        files("skmal.datasets").joinpath("data", "glyphs.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        images = arrays[f"{font}_images"]
        names = arrays[f"{font}_names"].astype(str)  # they are stored as bytes
        script = arrays[f"{font}_script"].astype(str)
        code_points = {f: arrays[f"{f}_code_point"] for f in FONTS}
        made_with = str(arrays["made_with"])

    # A name stands for one code point, so numbers can be compared in place of names.
    in_all = reduce(np.intersect1d, code_points.values())
    code_point = code_points[font]
    return Bunch(
        images=images,
        names=names,
        script=script,
        code_point=code_point,
        shared=np.isin(code_point, in_all),
        font=font,
        DESCR=DESCR.format(
            font=font, n=len(names), n_shared=len(in_all), made_with=made_with
        ),
    )


@lru_cache(maxsize=len(FONTS))
def _features(font: Font) -> tuple[FloatArray, FloatArray]:
    glyphs = _read(font)
    # Matrices this small gain nothing from threads, and threads that wait for a busy
    # core make the SVD ten times slower.
    with threadpool_limits(limits=1, user_api="blas"):
        return _image_features(glyphs.images), _name_features(glyphs.names)


def _image_features(images: npt.NDArray[np.uint8]) -> FloatArray:
    from sklearn.decomposition import PCA

    pixels = images.reshape(len(images), -1) / 255  # (n, 1024)
    pca = PCA(N_FEATURES, svd_solver="covariance_eigh")  # exact, so it needs no seed
    return pca.fit_transform(pixels).astype(np.float32)


def _name_features(names: npt.NDArray[np.str_]) -> FloatArray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    # Words alone cannot tell "question exclamation mark" from "exclamation question
    # mark"; characters see what stands at the seams.
    terms = make_union(
        TfidfVectorizer(analyzer="char", ngram_range=(2, 5)),
        TfidfVectorizer(token_pattern=r"\w+"),
    ).fit_transform(names)
    svd = TruncatedSVD(N_FEATURES, random_state=0)
    return svd.fit_transform(terms).astype(np.float32)
