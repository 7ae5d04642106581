"""A user's own pairs: a table of images and captions."""

import os
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

from sklearn.utils import Bunch

from ..items._equals import number_equals
from ..items._faults import find_faults
from ..items._images import OneImage
from ..items._stored import StoredImage
from ._columns import Column, image_column, url_fault, value_fault
from ._embedded import rows_with_images
from ._reading import OnError, Problems, XAndY, as_objects, image_fault
from ._tables import check_suffix

OF_EXPORTS = ("kind", "X_hash", "y_hash")  # columns that a session's exports have
LONE = ("none", "all")  # their rows about one item


@overload
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
    verbose: int = 0,
) -> Bunch: ...
@overload
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
    verbose: int = 0,
) -> XAndY: ...
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
    verbose: int = 0,
) -> Bunch | XAndY:
    """Read pairs of an image and a text from a table of your own.

    Each row names an image file, or holds an image, and holds a text that belongs to
    it. Images are opened where they are needed, by `CLIPEncoder` for instance. What
    `skmal.AnnotationSession.export` writes is such a table, where the session is about
    image files and texts; items without a partner are no pairs.

    Parameters
    ----------
    path : str or path
        The table: .csv or .tsv (separated by commas, semicolons, tabs or bars; the
        names of the columns in the first line), .json (a list of objects), .jsonl or
        .ndjson (an object a line), .parquet or .arrow. In UTF-8, or in UTF-16 or UTF-32
        with a byte order mark.
    image : str, default="image"
        The column of the image files; "image" may also be called "file_name" or
        "image_file_name". Paths are relative to the folder that holds the table, or
        absolute. In .parquet and .arrow the column may hold the images themselves: as
        bytes, or as the struct of bytes and path that Hugging Face's Image feature is.
        Names of columns are found whatever their case and the blanks around them.
    text : str, default="text"
        The column of the texts, which stay as they are; or of lists of texts, each of
        which makes a pair with the image.
    cache : str or path, default=None
        Where images that a table holds are written, once, into one file. None:
        ``skmal-cache`` beside the table.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a row that cannot be read or whose image is missing or broken:
        raise an error that names it, or leave the row out, warn, and list it in
        `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.
    verbose : int, default=0
        1 shows a progress bar while images are looked at.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes

        X : ndarray of shape (n,), object
            Paths of the images, as str; a `PackedImage` for one that the table holds.
            An image with several texts has several rows.
        y : ndarray of shape (n,), object
            The texts, as str; row i belongs to row i of X.
        groups : ndarray of shape (n,), int
            Rows with the same image have the same number.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If the file is missing, or, with ``on_error="raise"``, an image.
    ValueError
        If the file has another ending or lacks a column, if a row or an image cannot be
        read (with ``on_error="raise"``), or if none can.

    Notes
    -----
    Images are looked at once per file, several at a time: JPEGs are read and not
    decoded, others are decoded. Rows are read as `load_texts` reads them: what could be
    meant in two ways is refused, and with ``on_error="skip"`` a stray quote costs one
    row. Paths and texts stay in memory, about 200 bytes a row beside the text itself.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_pairs
    >>> with TemporaryDirectory() as folder:
    ...     for color in ("red", "blue"):
    ...         Image.new("RGB", (8, 8), color).save(Path(folder, f"{color}.png"))
    ...     table = Path(folder, "pairs.csv")
    ...     text = "image,text\\nred.png,a red square\\nblue.png,a blue square\\n"
    ...     _ = table.write_text(text)
    ...     pairs = load_pairs(table)
    >>> [Path(name).name for name in pairs.X], list(pairs.y)
    (['red.png', 'blue.png'], ['a red square', 'a blue square'])
    """
    problems = Problems(on_error)
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; pass a table of pairs")
    check_suffix(path)
    pairs = read_pairs(path, image, text, cache, problems)
    pairs = without_faults(pairs, problems, verbose)
    problems.report(len(pairs), "pairs", path)
    images, texts = images_and_texts(pairs)
    if return_X_y:
        return images, texts
    groups = number_equals(images)[0]
    return Bunch(X=images, y=texts, groups=groups, skipped=problems.messages)


class Pair(NamedTuple):
    """An image and a text, and where they stand.

    Parameters
    ----------
    place : str
        The file and its row, for messages.
    image : str or StoredImage
        The path of its file, or where else it is.
    text : str
        The text.
    """

    place: str
    image: str | StoredImage
    text: str


def read_pairs(
    path: Path,
    image: str,
    text: str,
    cache: str | Path | None,
    problems: Problems,
) -> list[Pair]:
    """Return the pairs of a table whose images are there; they are not looked at."""
    columns = [
        image_column(image),
        Column("text", (text,), option=True),
        *(Column(name, (name,), needed=False) for name in OF_EXPORTS),
    ]
    pairs: list[Pair] = []
    looked_for: dict[str, str | None] = {}  # path -> what is wrong with it
    for place, row in rows_with_images(path, columns, cache, problems):
        if all(name in row for name in OF_EXPORTS) and row["kind"] in LONE:
            continue  # an answer that names no partner
        place = f"{path}, {place}"
        found = row["image"]
        if not isinstance(found, StoredImage):
            if fault := value_fault(found, image) or url_fault(found):
                problems.add(f"{place}: {fault}")
                continue
            found = os.path.join(path.parent, found)
            if found not in looked_for:
                looked_for[found] = image_fault(found)
            if fault := looked_for[found]:
                problems.add(f"{place}: {fault}", error=FileNotFoundError)
                continue
        for caption in captions_of(row["text"]):
            if fault := value_fault(caption, text):
                problems.add(f"{place}: {fault}")
            else:
                pairs.append(Pair(place, found, caption))
    return pairs


def captions_of(value: Any) -> list[Any]:
    """Return the texts of a row: those of a list, which must have some, or the one."""
    return value or [None] if isinstance(value, list) else [value]


def without_faults(pairs: list[Pair], problems: Problems, verbose: int) -> list[Pair]:
    """Return the pairs whose image can be read; each image is looked at once."""
    images: list[OneImage] = [
        Path(pair.image) if isinstance(pair.image, str) else pair.image
        for pair in pairs
    ]
    bad = find_faults(images, verbose=verbose)
    for row, reason in bad.items():
        problems.add(f"{pairs[row].place}: {pairs[row].image}: {reason}")
    return [pair for row, pair in enumerate(pairs) if row not in bad]


def images_and_texts(pairs: list[Pair]) -> XAndY:
    """Return the images and the texts of pairs, as arrays of objects."""
    images = as_objects([pair.image for pair in pairs])
    return images, as_objects([pair.text for pair in pairs])
