"""A user's own pairs: a table of image paths and captions."""

import os
from pathlib import Path
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch

from .._shared.types import IntArray
from ..items._faults import find_faults
from ._columns import Column, image_column, url_fault, value_fault
from ._reading import OnError, Problems, XAndY, as_objects, image_fault
from ._tables import check_suffix, read_rows

OF_EXPORTS = ("kind", "X_hash", "y_hash")  # columns that a session's exports have
LONE = ("none", "all")  # their rows about one item


@overload
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
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
    on_error: OnError = "raise",
    return_X_y: Literal[True],
    verbose: int = 0,
) -> XAndY: ...
def load_pairs(
    path: str | Path,
    *,
    image: str = "image",
    text: str = "text",
    on_error: OnError = "raise",
    return_X_y: bool = False,
    verbose: int = 0,
) -> Bunch | XAndY:
    """Read pairs of an image file and a text from a table of your own.

    Each row names an image file and holds a text that belongs to it. Images stay files,
    and are opened where they are needed, by `CLIPEncoder` for instance. What
    `skmal.AnnotationSession.export_csv` and `export_jsonl` write is such a table, where
    the session is about image files and texts; items without a partner are no pairs.

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
        absolute. Names of columns are found whatever their case and the blanks around
        them.
    text : str, default="text"
        The column of the texts, which stay as they are.
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
    places, X, y = _read(path, image, text, problems)
    bad = find_faults([Path(name) for name in X], verbose=verbose)
    for row, reason in bad.items():
        problems.add(f"{path}, {places[row]}: {X[row]}: {reason}")
    X, y = ([v for i, v in enumerate(values) if i not in bad] for values in (X, y))
    problems.report(len(X), "pairs", path)
    images, texts = as_objects(X), as_objects(y)
    if return_X_y:
        return images, texts
    return Bunch(X=images, y=texts, groups=_numbered(X), skipped=problems.messages)


def _read(
    path: Path, image: str, text: str, problems: Problems
) -> tuple[list[str], list[str], list[str]]:
    """Return where the pairs stand, their image files and their texts."""
    columns = [
        image_column(image),
        Column("text", (text,), option=True),
        *(Column(name, (name,), needed=False) for name in OF_EXPORTS),
    ]
    places: list[str] = []
    X: list[str] = []
    y: list[str] = []
    looked_for: dict[str, str | None] = {}  # path -> what is wrong with it
    for place, row in read_rows(path, columns, problems):
        if all(name in row for name in OF_EXPORTS) and row["kind"] in LONE:
            continue  # an answer that names no partner
        name, caption = row["image"], row["text"]
        fault = value_fault(name, image) or value_fault(caption, text)
        if fault := fault or url_fault(name):
            problems.add(f"{path}, {place}: {fault}")
            continue
        name = os.path.join(path.parent, name)
        if name not in looked_for:
            looked_for[name] = image_fault(name)
        if fault := looked_for[name]:
            problems.add(f"{path}, {place}: {fault}", error=FileNotFoundError)
            continue
        places.append(place)
        X.append(name)
        y.append(caption)
    return places, X, y


def _numbered(names: list[str]) -> IntArray:
    """Return a number for each name, the same for equal ones."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names])
