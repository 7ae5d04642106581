"""A user's own pairs: a table of image paths and captions."""

import os
from pathlib import Path
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch

from ._reading import OnError, Problems, XAndY, as_objects, image_fault, read_rows

SUFFIXES = (".csv", ".tsv", ".jsonl")


@overload
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
) -> Bunch: ...
@overload
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    on_error: OnError = "raise",
    return_X_y: Literal[True],
) -> XAndY: ...
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    on_error: OnError = "raise",
    return_X_y: bool = False,
) -> Bunch | XAndY:
    """Read pairs of an image file and a text from a CSV, TSV or JSONL file of your own.

    Each row names an image file and holds a text that belongs to it. Images are opened
    where they are needed, by `CLIPEncoder` for instance.

    Parameters
    ----------
    path : str or path
        The file, in UTF-8. Its name ends in .csv or .tsv, with the names of the columns
        in the first line, or in .jsonl, with one object a line.
    image : str, default="image"
        The column of the image files. Paths are relative to the folder that holds the
        table, or absolute.
    text : str, default="text"
        The column of the texts.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a row that cannot be read or whose image is missing: raise an
        error that names it, or leave the row out, warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes

        X : ndarray of shape (n,), object
            Paths of the images, as str. An image with several texts has several rows.
        y : ndarray of shape (n,), object
            The texts, as str; row i belongs to row i of X.
        groups : ndarray of shape (n,), int
            Rows with the same path have the same number.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If the file is missing, or, with ``on_error="raise"``, an image.
    ValueError
        If the file has another ending or lacks a column, if a row cannot be read (with
        ``on_error="raise"``), or if none can.

    Notes
    -----
    Existence of the images is checked once per file, nothing is opened. Empty texts
    count as missing. The file is read row by row; paths and texts stay in memory, about
    200 bytes a row beside the text itself.

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
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path} ends in {path.suffix!r}, but must end in one of {SUFFIXES}"
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; pass a table of pairs")
    X: list[str] = []
    y: list[str] = []
    groups: list[int] = []
    known: dict[str, int] = {}  # path -> its number
    for place, row in read_rows(path, (image, text), problems):
        if not (isinstance(row[image], str) and isinstance(row[text], str)):
            problems.add(f"{path}, {place}: {image!r} and {text!r} must be strings")
            continue
        name = os.path.join(path.parent, row[image])
        if name not in known:
            if fault := image_fault(name):
                problems.add(f"{path}, {place}: {fault}", error=FileNotFoundError)
                continue
            known[name] = len(known)
        X.append(name)
        y.append(row[text])
        groups.append(known[name])
    problems.report(len(X), "pairs", path)
    images, texts = as_objects(X), as_objects(y)
    if return_X_y:
        return images, texts
    return Bunch(X=images, y=texts, groups=np.array(groups), skipped=problems.messages)
