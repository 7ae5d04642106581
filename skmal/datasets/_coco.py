"""MS-COCO's images and captions, in Karpathy's split or the official one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, overload

from sklearn.utils import Bunch

from ._karpathy import (
    Entry,
    captioned_images,
    check_captions,
    karpathy_entries,
    make_entry,
    read_lists,
)
from ._reading import (
    OnError,
    Problems,
    XAndY,
    check_folder,
    image_fault,
    leads_out,
)

KARPATHY_FILE = "dataset_coco.json"
KARPATHY = {
    "karpathy": ("test",),
    "train": ("train",),
    "restval": ("restval",),
    "train+restval": ("train", "restval"),
    "val": ("val",),
    "test": ("test",),
    "all": ("train", "restval", "val", "test"),
}
FOLDERS = ("", "annotations", "karpathy")  # where the JSON files are looked for
IMAGE_FOLDERS = ("", "images")


@overload
def load_coco_captions(
    path: str | Path,
    split: str = "karpathy",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
) -> Bunch: ...
@overload
def load_coco_captions(
    path: str | Path,
    split: str = "karpathy",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
) -> XAndY: ...
def load_coco_captions(
    path: str | Path,
    split: str = "karpathy",
    *,
    n_captions: int | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
) -> Bunch | XAndY:
    """Read MS-COCO's images and captions, the test set of Karpathy's split by default.

    About five captions an image. Retrieval is reported on the 5,000 images of
    Karpathy's test set [2]_ and, mostly, the first five captions of each
    (``n_captions=5``).

    Parameters
    ----------
    path : str or path
        The folder of the set. It holds the images in ``train2014``, ``val2014`` and so
        on, here or in ``images``, and here, in ``annotations`` or in ``karpathy`` the
        file ``dataset_coco.json`` of Karpathy's split, or the official [1]_
        ``captions_val2014.json`` and its like.
    split : str, default="karpathy"
        "karpathy" or "test": the 5,000 test images of Karpathy's split; "val": its
        5,000 others; "train", "restval" or "train+restval", as models are mostly
        trained on; "all" of them. Any other, such as "val2017": the images of
        ``captions_val2017.json``.
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
            Paths of the images, as str, opened where they are needed. One row for each
            caption: rows of one image repeat its path, one after the other.
        y : ndarray of shape (n,), object
            The captions, as str; row i belongs to row i of X.
        groups : ndarray of shape (n,), int
            COCO's number of the image: rows with the same number share an image, as
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
        If the JSON file is broken or has another layout, if an entry cannot be read
        (with ``on_error="raise"``), or if none can.

    Notes
    -----
    Existence of the images is checked once per file, nothing is opened. Karpathy's file
    of all 123,287 images takes seconds and a gigabyte of memory to parse.

    References
    ----------
    .. [1] Chen, X. et al. (2015). "Microsoft COCO Captions: Data Collection and
       Evaluation Server". https://arxiv.org/abs/1504.00325
    .. [2] Karpathy, A. and Fei-Fei, L. (2015). "Deep Visual-Semantic Alignments for
       Generating Image Descriptions". CVPR. https://arxiv.org/abs/1412.2306

    Examples
    --------
    A folder of the same layout, with one image:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_coco_captions
    >>> image = {
    ...     "cocoid": 42, "filepath": "val2014", "filename": "COCO_val2014_42.jpg",
    ...     "split": "test", "sentences": [{"raw": "a red wall"}, {"raw": "all red"}],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "val2014").mkdir()
    ...     Image.new("RGB", (8, 8)).save(Path(folder, "val2014", image["filename"]))
    ...     content = json.dumps({"images": [image]})
    ...     _ = Path(folder, "dataset_coco.json").write_text(content)
    ...     coco = load_coco_captions(folder)
    >>> coco.groups, list(coco.y)
    (array([42, 42]), ['a red wall', 'all red'])
    """
    problems = Problems(on_error)
    path = check_folder(path)
    n_captions = check_captions(n_captions)
    if not isinstance(split, str):
        raise ValueError(
            f"split must be one of {tuple(KARPATHY)} or the name of an official split, "
            f"such as 'val2017', got {split!r}"
        )
    if split in KARPATHY:
        file = _find(path, KARPATHY_FILE)
        entries = karpathy_entries(read_lists(file, ("images",)), KARPATHY[split])
    else:
        file = _find(path, f"captions_{split}.json")
        entries = _official_entries(read_lists(file, ("images", "annotations")), split)

    def image_of(names: list[str]) -> str:
        if out := next(filter(leads_out, names), None):
            raise FileNotFoundError(
                f"the image's file name {out!r:.80} leads out of the folder"
            )
        candidates = [
            os.path.join(path, folder, name)
            for folder in IMAGE_FOLDERS
            for name in names
        ]
        image = next((c for c in candidates if image_fault(c) is None), None)
        if image is None:
            raise FileNotFoundError(image_fault(candidates[0]))
        return image

    pairs = captioned_images(entries, image_of, file, n_captions, problems)
    problems.report(len(pairs.X), f"captions of the split {split!r}", file)
    return (pairs.X, pairs.y) if return_X_y else pairs


def _find(path: Path, name: str) -> Path:
    """Return where the file of that name is, or raise."""
    for folder in FOLDERS:
        if (path / folder / name).is_file():
            return path / folder / name
    raise FileNotFoundError(
        f"{path} holds no {name}, neither itself nor in annotations/ or karpathy/; put "
        f"it there, or choose another split: {', '.join(KARPATHY)} of {KARPATHY_FILE}, "
        "or that of an official captions_SPLIT.json"
    )


def _official_entries(
    lists: list[list[Any]], split: str
) -> Iterator[tuple[str, Entry]]:
    """Yield (place, entry) for the images; what is broken as a str."""
    images, annotations = lists
    captions: dict[Any, list[Any]] = {}
    for row, annotation in enumerate(annotations):
        try:
            texts = captions.setdefault(annotation["image_id"], [])
            texts.append(annotation["caption"])
        except (KeyError, TypeError) as error:
            yield f"annotations[{row}]", f"no image_id and caption ({error!r})"
    for row, image in enumerate(images):
        try:
            name = image["file_name"]
            names = [os.path.join(split, name), name]
            entry = make_entry(image["id"], split, names, captions.get(image["id"], []))
        except (KeyError, TypeError) as error:
            entry = f"no id and file_name ({error!r})"
        yield f"images[{row}]", entry
    listed = [image.get("id") for image in images if isinstance(image, dict)]
    listed = {number for number in listed if isinstance(number, int)}
    for number in captions.keys() - listed:
        yield "annotations", f"a caption is of image {number!r}, which is not listed"
