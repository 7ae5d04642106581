"""The ColorSwap set from its published files."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, overload
from urllib.parse import quote

import numpy as np
from sklearn.utils import Bunch

from .._shared.parameters import check_choice
from ._columns import Column, Row
from ._quadruples import unpacked, whole_rows
from ._reading import (
    OnError,
    Problems,
    XAndY,
    as_objects,
    check_folder,
    image_fault,
    leads_out,
)

SPLITS = ("train", "test")
IMAGES, CAPTIONS = ("image_1", "image_2"), ("caption_1", "caption_2")
NAMES = ("id", *IMAGES, *CAPTIONS)
COLUMNS = tuple(Column(name, (name, f"{name}_file_name")) for name in NAMES)
CACHE = "skmal-cache"
LAYOUT = (
    "train-*.parquet and test-*.parquet (here, in data/ or in folders of these names), "
    "the same as .arrow, or train.json, train.jsonl or train.csv, here or in data/, or "
    "train/metadata.jsonl or train/metadata.csv, and the same for test, with the "
    f"columns {', '.join(NAMES)}"
)


@overload
def load_colorswap(
    path: str | Path,
    *,
    split: Literal["test", "train", "all"] = "test",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
) -> Bunch: ...
@overload
def load_colorswap(
    path: str | Path,
    *,
    split: Literal["test", "train", "all"] = "test",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
) -> XAndY: ...
def load_colorswap(
    path: str | Path,
    *,
    split: Literal["test", "train", "all"] = "test",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
) -> Bunch | XAndY:
    """Read the ColorSwap set from its published files.

    1,000 quadruples [1]_ of two images and two captions that differ in which colour
    belongs to what: 700 to learn from, and 300 to test on, which results are reported
    for. `skmal.metrics.compositional_scores` computes text, image and group score. To
    get it, ask for access to ``stanfordnlp/colorswap`` at Hugging Face and download its
    files, or extract its authors' archive; `make_colorswap` makes another set of the
    same idea, without a download.

    Parameters
    ----------
    path : str or path
        The folder with the downloaded files. Read are, in this order, parquet files as
        published (``data/train-00000-of-00001.parquet``; images are a struct of bytes
        and path), arrow files as ``datasets.save_to_disk`` writes them, and tables
        ``train.json`` (as the authors' archive has it), ``train.jsonl`` or
        ``train.csv``, here or in ``data``, ``train/metadata.jsonl`` or
        ``train/metadata.csv``, whose images are paths relative to the table. They have
        the columns id, image_1, image_2, caption_1 and caption_2; in tables the images
        may be called image_1_file_name and image_2_file_name, as in an ImageFolder.
    split : {"test", "train", "all"}, default="test"
        Which quadruples.
    cache : str or path, default=None
        Where images out of parquet and arrow files are written, once, each as the file
        that it is; a folder for this set alone. None: ``skmal-cache`` in `path`.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a file or a quadruple that cannot be read: raise an error that
        names it, or leave it out, warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.

    Returns
    -------
    Bunch, or tuple of two ndarrays
        With the attributes below; n is twice the number of quadruples. Rows 2 i and
        2 i + 1 are the two pairs of quadruple i.

        X : ndarray of shape (n,), object
            Paths of the images, as str; they are opened where they are needed.
        y : ndarray of shape (n,), object
            The captions, as str; row i belongs to row i of X.
        ids : ndarray of shape (n,)
            The quadruple's id, for both of its pairs.
        split : ndarray of shape (n,), str
            "train" or "test".
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If there are no files of the split, or, with ``on_error="raise"``, if an image
        that a table names is missing.
    ImportError
        If parquet or arrow files are to be read and pyarrow is not installed.
    ValueError
        If a file or a quadruple cannot be read or an id occurs twice in a split (with
        ``on_error="raise"``), or if no quadruple can be read.

    Notes
    -----
    Images out of parquet are written to `cache` once, and again where a file changes in
    size or time: so they can be opened one by one, in any order and by any process.
    Their heads are read then, their pixels never.

    References
    ----------
    .. [1] Burapacheep, J., Gaur, I., Bhatia, A. and Thrush, T. (2024). "ColorSwap: A
       Color and Word Order Dataset for Multimodal Evaluation". Findings of ACL.
       https://arxiv.org/abs/2402.04492

    Examples
    --------
    A folder of the same layout, with one quadruple:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmal.datasets import load_colorswap
    >>> quadruple = {
    ...     "id": 1, "image_1": "a.png", "image_2": "b.png",
    ...     "caption_1": "a red cup on a blue table",
    ...     "caption_2": "a blue cup on a red table",
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("a.png", "b.png"):
    ...         Image.new("RGB", (8, 8)).save(Path(folder, name))
    ...     _ = Path(folder, "test.json").write_text(json.dumps([quadruple]))
    ...     swaps = load_colorswap(folder)
    >>> list(swaps.y)
    ['a red cup on a blue table', 'a blue cup on a red table']
    """
    check_choice(split, "split", (*SPLITS, "all"))
    problems = Problems(on_error)
    path = check_folder(path)
    cache = path / CACHE if cache is None else Path(cache)
    X: list[str] = []
    y: list[str] = []
    ids: list[int | str] = []
    splits: list[str] = []
    for part in SPLITS if split == "all" else (split,):
        seen: dict[int | str, str] = {}  # id -> where it stands
        for file in _files_of(path, part):
            place_of = file.relative_to(path).with_suffix("").as_posix()
            name = quote(place_of, safe="")  # another for every file
            for place, row in _quadruples(file, cache / name, problems):
                here, before = f"{file}, {place}", seen.get(row["id"])
                faults = [image_fault(row[image]) for image in IMAGES]
                if before is not None:
                    problems.add(
                        f"{here}: the id {row['id']!r} stands in {before} as well; "
                        "keep one of the two"
                    )
                elif any(faults):
                    fault = next(filter(None, faults))
                    problems.add(f"{here}: {fault}", error=FileNotFoundError)
                else:
                    seen[row["id"]] = here
                    X += [row[image] for image in IMAGES]
                    y += [row[caption] for caption in CAPTIONS]
                    ids += [row["id"]] * 2
                    splits += [part] * 2
    problems.report(len(X) // 2, "quadruples", path)
    paths, texts = as_objects(X), as_objects(y)
    if return_X_y:
        return paths, texts
    return Bunch(
        X=paths,
        y=texts,
        ids=np.array(ids),
        split=np.array(splits),
        skipped=problems.messages,
    )


def _files_of(path: Path, split: str) -> list[Path]:
    """Return the files of a split, of the first kind that is there."""
    for suffix in ("parquet", "arrow"):
        files = [
            file
            for file in sorted(path.rglob(f"*.{suffix}"))
            if file.is_file()
            and split in re.split(r"\W|_", str(file.relative_to(path).with_suffix("")))
        ]
        if files:
            return files
    for kind in ("json", "jsonl", "csv"):
        for name in (
            f"{split}.{kind}",
            f"data/{split}.{kind}",
            f"{split}/metadata.{kind}",
        ):
            if (path / name).is_file():
                return [path / name]
    raise FileNotFoundError(
        f"{path} holds no files of the split {split!r}; expected are {LAYOUT}"
    )


def _quadruples(
    file: Path, cache: Path, problems: Problems
) -> Iterator[tuple[str, Row]]:
    """Yield (place, row) for each quadruple; its images are paths."""
    rows: Iterable[tuple[str, Row]]
    if file.suffix in (".parquet", ".arrow"):
        rows, folder = unpacked(file, cache, COLUMNS, IMAGES, problems)
    else:
        rows, folder = whole_rows(file, COLUMNS, problems), None
    for place, row in rows:
        if not isinstance(row["id"], (int, str)):
            problems.add(f"{file}, {place}: the id {row['id']!r} is no int or str")
            continue
        texts = [row[caption] for caption in CAPTIONS]
        if not all(isinstance(text, str) for text in texts):
            problems.add(f"{file}, {place}: captions must be strings, got {texts}")
            continue
        paths = {}
        for image in IMAGES:
            is_own, name = row[image] if folder else (False, row[image])
            if leads_out(str(name)):
                problems.add(
                    f"{file}, {place}: {image!r} is {name!r:.80}, which leads out of "
                    "the folder"
                )
                break
            home = folder if folder and is_own else file.parent
            paths[image] = os.path.join(home, str(name))
        else:
            yield place, row | paths
