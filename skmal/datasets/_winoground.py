"""Winoground from its published files."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from sklearn.utils import Bunch

from ._columns import Column, Row, value_fault
from ._quadruples import unpacked
from ._reading import (
    OnError,
    Problems,
    XAndY,
    as_objects,
    check_folder,
    image_fault,
    leads_out,
)
from ._tables import read_rows
from ._zips import ImagePlaces

FILE = "examples.jsonl"
IMAGES, CAPTIONS = ("image_0", "image_1"), ("caption_0", "caption_1")
TAG = "collapsed_tag"
CACHE = "skmal-cache"
COLUMNS = (
    *(Column(name, (name,)) for name in ("id", *IMAGES, *CAPTIONS)),
    Column(TAG, (TAG,), needed=False),
)


@overload
def load_winoground(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
) -> Bunch: ...
@overload
def load_winoground(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
) -> XAndY: ...
def load_winoground(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
) -> Bunch | XAndY:
    """Read Winoground from its published files.

    400 quadruples [1]_ of two images and two captions of the same words in another
    order, to test on alone. `skmal.metrics.compositional_scores` computes text, image
    and group score, and `skmal.evaluation.evaluate_colorswap` those of a learner. To
    get it, ask for access to ``facebook/winoground`` at Hugging Face.

    Parameters
    ----------
    path : str or path
        The folder with the downloaded files: ``examples.jsonl`` and ``images.zip``,
        which need not be unpacked, or the folder ``images``; here or in ``data``. Else
        the parquet files of a converted copy, wherever they are in it.
    cache : str or path, default=None
        Where images out of parquet files are written, once; None: into the folder
        ``skmal-cache`` of `path`.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a quadruple that cannot be read or whose images are missing:
        raise an error that names it, or leave it out, warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes below; n is twice the number of quadruples. Rows 2 i and
        2 i + 1 are the two pairs of quadruple i.

        X : ndarray of shape (n,), object
            The images: a `PackedImage` for one in the archive, else its path as str.
        y : ndarray of shape (n,), object
            The captions, as str; row i belongs to row i of X.
        ids : ndarray of shape (n,)
            The quadruple's id, for both of its pairs.
        tags : ndarray of shape (n,), object
            What is swapped: "Object", "Relation" or "Both"; None where it is not said.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If there is neither ``examples.jsonl`` nor a parquet file, or, with
        ``on_error="raise"``, an image is missing.
    ValueError
        If a quadruple cannot be read or an id occurs twice (with ``on_error="raise"``),
        or if none can be read.

    References
    ----------
    .. [1] Thrush, T. et al. (2022). "Winoground: Probing Vision and Language Models for
       Visio-Linguistic Compositionality". CVPR. https://arxiv.org/abs/2204.03162

    Examples
    --------
    A folder of the same layout, with one quadruple:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_winoground
    >>> quadruple = {
    ...     "id": 0, "image_0": "ex_0_img_0", "image_1": "ex_0_img_1",
    ...     "caption_0": "an old person kisses a young person",
    ...     "caption_1": "a young person kisses an old person",
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "images").mkdir()
    ...     for name in ("ex_0_img_0", "ex_0_img_1"):
    ...         Image.new("RGB", (8, 8)).save(Path(folder, "images", f"{name}.png"))
    ...     _ = Path(folder, "examples.jsonl").write_text(json.dumps(quadruple))
    ...     swaps = load_winoground(folder)
    >>> len(swaps.X), swaps.y[1]
    (2, 'a young person kisses an old person')
    """
    problems = Problems(on_error)
    path = check_folder(path)
    home = next((h for h in (path, path / "data") if (h / FILE).is_file()), None)
    tables = [] if home else [t for t in sorted(path.rglob("*.parquet")) if t.is_file()]
    if home is None and not tables:
        raise FileNotFoundError(
            f"{path} holds no {FILE}, neither itself nor in data/, and no parquet "
            "files; download the files of facebook/winoground"
        )
    cache = path / CACHE if cache is None else Path(cache)
    rows = _rows(home, path, tables, cache, problems)
    X: list[object] = []
    y: list[str] = []
    ids: list[int | str] = []
    tags: list[str | None] = []
    seen: dict[int | str, str] = {}  # id -> where it stands
    for place, row, find in rows:
        number = row["id"]
        texts = CAPTIONS if tables else (*IMAGES, *CAPTIONS)
        faults = (value_fault(row[name], name) for name in texts)
        if fault := next(filter(None, faults), None):
            problems.add(f"{place}: {fault}")
            continue
        if not isinstance(number, (int, str)) or number in seen:
            before = seen.get(number) if isinstance(number, (int, str)) else None
            told = f"stands in {before} as well" if before else "is no int or str"
            problems.add(f"{place}: the id {number!r:.60} {told}")
            continue
        try:
            images = [find(row[name]) for name in IMAGES]
        except FileNotFoundError as error:
            problems.add(f"{place}: {error}", error, FileNotFoundError)
            continue
        seen[number] = place
        X += images
        y += [row[name] for name in CAPTIONS]
        ids += [number] * 2
        tags += [row.get(TAG)] * 2
    problems.report(len(X) // 2, "quadruples", home / FILE if home else path)
    images, texts = as_objects(X), as_objects(y)
    if return_X_y:
        return images, texts
    return Bunch(
        X=images,
        y=texts,
        ids=np.array(ids),
        tags=as_objects(tags),
        skipped=problems.messages,
    )


def _rows(
    home: Path | None,
    path: Path,
    tables: Sequence[Path],
    cache: Path,
    problems: Problems,
) -> Iterator[tuple[str, Row, Callable[[Any], object]]]:
    """Yield (place, row, how its images are found) of the file, or else the tables."""
    if home is not None:
        places = ImagePlaces(home, ("", "images"), ("images.zip",))
        for place, row in read_rows(home / FILE, COLUMNS, problems):
            yield f"{home / FILE}, {place}", row, lambda name: places.find(_named(name))
    for table in tables:
        kept = cache / table.relative_to(path)
        rows, folder = unpacked(table, kept, COLUMNS, IMAGES, problems)
        find = partial(_written, table.parent, folder)
        for place, row in rows:
            yield f"{table}, {place}", row, find


def _written(home: Path, folder: Path, image: tuple[bool, str]) -> str:
    """Return the path of an image out of a table, or of one that it names."""
    is_own, name = image
    if leads_out(name):
        raise FileNotFoundError(f"{name!r:.80} leads out of the folder")
    found = (folder if is_own else home) / name
    if fault := image_fault(str(found)):
        raise FileNotFoundError(fault)
    return str(found)


def _named(image: str) -> str:
    """Return the name of an image's file, which the set gives without its ending."""
    return image if "." in image else f"{image}.png"
