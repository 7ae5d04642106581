"""Flickr30k's images and captions, in Karpathy's split."""

from pathlib import Path
from typing import Literal, overload

from sklearn.utils import Bunch

from .._shared.parameters import check_choice
from ._karpathy import captioned_images, check_captions, karpathy_entries, read_lists
from ._reading import OnError, Problems, XAndY, check_folder
from ._zips import ImagePlaces

FILE = "dataset_flickr30k.json"
SPLITS = ("test", "val", "train", "all")
PARTS = ("train", "val", "test")
JSON_FOLDERS = ("", "annotations", "karpathy", "flickr30k")
FOLDERS = ("", "flickr30k-images", "flickr30k_images", "images", "Images")
ARCHIVES = ("flickr30k-images.zip", "flickr30k_images.zip", "images.zip")


@overload
def load_flickr30k(
    path: str | Path,
    split: Literal["test", "val", "train", "all"] = "test",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
) -> Bunch: ...
@overload
def load_flickr30k(
    path: str | Path,
    split: Literal["test", "val", "train", "all"] = "test",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
) -> XAndY: ...
def load_flickr30k(
    path: str | Path,
    split: Literal["test", "val", "train", "all"] = "test",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
) -> Bunch | XAndY:
    """Read Flickr30k's images and captions, Karpathy's test set by default.

    31,014 images with five captions each [1]_, of which 1,000 are to test on and 1,014
    to validate on.

    Parameters
    ----------
    path : str or path
        The folder of the set. It holds ``dataset_flickr30k.json`` of Karpathy's split
        (here, in ``annotations``, ``karpathy`` or ``flickr30k``), and the images in
        ``flickr30k-images``, ``flickr30k_images``, ``images`` or here, or in
        ``flickr30k-images.zip``, which need not be unpacked.
    split : {"test", "val", "train", "all"}, default="test"
        Which images.
    n_captions : int, default=None
        Captions of each image, the first ones; None: all.
    on_error : {"raise", "skip"}, default="raise"
        What to do about an image that is missing, an entry that cannot be read or a
        caption that is empty: raise an error that names it, or leave it out alone,
        warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes

        X : ndarray of shape (n,), object
            Paths of the images, as str; or a `PackedImage` for one in the archive. One
            row for each caption: rows of one image repeat it, one after the other.
        y : ndarray of shape (n,), object
            The captions, as str; row i belongs to row i of X.
        groups : ndarray of shape (n,), int
            The number of the image: rows with the same number share an image, as
            `skmal.metrics.retrieval_scores` wants to know.
        split : ndarray of shape (n,), str
            The part of the split that the row is of.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If the JSON file is missing, or, with ``on_error="raise"``, an image.
    ValueError
        If the JSON file or the archive is broken or has another layout, if an entry
        cannot be read (with ``on_error="raise"``), or if none can.

    References
    ----------
    .. [1] Young, P., Lai, A., Hodosh, M. and Hockenmaier, J. (2014). "From image
       descriptions to visual denotations". TACL. https://doi.org/10.1162/tacl_a_00166

    Examples
    --------
    A folder of the same layout, with one image:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_flickr30k
    >>> image = {
    ...     "imgid": 7, "filename": "36979.jpg", "split": "test",
    ...     "sentences": [{"raw": "A group of friends ."}, {"raw": "Ten people ."}],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "flickr30k-images").mkdir()
    ...     wall = Image.new("RGB", (8, 8))
    ...     wall.save(Path(folder, "flickr30k-images", image["filename"]))
    ...     content = json.dumps({"images": [image], "dataset": "flickr30k"})
    ...     _ = Path(folder, "dataset_flickr30k.json").write_text(content)
    ...     flickr = load_flickr30k(folder)
    >>> flickr.groups, list(flickr.y)
    (array([7, 7]), ['A group of friends .', 'Ten people .'])
    """
    problems = Problems(on_error)
    path = check_folder(path)
    check_choice(split, "split", SPLITS)
    n_captions = check_captions(n_captions)
    file = next((f for n in JSON_FOLDERS if (f := path / n / FILE).is_file()), None)
    if file is None:
        raise FileNotFoundError(
            f"{path} holds no {FILE}, neither itself nor in "
            f"{', '.join(JSON_FOLDERS[1:])}; it is in Karpathy's caption_datasets.zip"
        )
    parts = PARTS if split == "all" else (split,)
    entries = karpathy_entries(read_lists(file, ("images",)), parts)
    places = ImagePlaces(path, FOLDERS, ARCHIVES)
    pairs = captioned_images(
        entries, lambda names: places.find(names[0]), file, n_captions, problems
    )
    problems.report(len(pairs.X), f"captions of the split {split!r}", file)
    return (pairs.X, pairs.y) if return_X_y else pairs
