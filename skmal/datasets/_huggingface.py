"""Datasets of Hugging Face: the library's objects, and folders that it has written."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from sklearn.utils import Bunch

from ..items._equals import number_equals
from ..items._stored import StoredImage
from ._columns import (
    Column,
    UnreadableTable,
    find_columns,
    image_column,
    url_fault,
    value_fault,
)
from ._embedded import bytes_and_path
from ._pairs import (
    Pair,
    captions_of,
    images_and_texts,
    read_pairs,
    without_faults,
)
from ._reading import OnError, Problems, XAndY, image_fault
from ._split_files import NO_SPLIT, check_files, files_by_split

# `datasets.Dataset`, `datasets.DatasetDict`, or a folder.
Source: TypeAlias = Any
ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, eq=False)
class RowImage(StoredImage):
    """An image in a row of a dataset, read when it is due.

    Parameters
    ----------
    rows : datasets.Dataset
        Of the one column, as arrow's tables.
    row : int
        The row.
    name : str
        What messages call it.
    """

    rows: Any
    row: int
    name: str

    def read(self) -> bytes:
        """Return the bytes, as an image file would hold them."""
        value = self.rows[self.row : self.row + 1].column(0)[0].as_py()
        content, _ = bytes_and_path(value)
        if content is None:
            raise ValueError("the row holds no image any more")
        return content

    def identity(self) -> Hashable:
        """Return what tells it from other images."""
        return "row", id(self.rows), self.row

    def __str__(self) -> str:
        return self.name


@overload
def load_huggingface(
    source: Source,
    split: str | None = None,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
    verbose: int = 0,
) -> Bunch: ...
@overload
def load_huggingface(
    source: Source,
    split: str | None = None,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
    verbose: int = 0,
) -> XAndY: ...
def load_huggingface(
    source: Source,
    split: str | None = None,
    *,
    image: str = "image",
    text: str = "text",
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
    verbose: int = 0,
) -> Bunch | XAndY:
    """Read pairs of a dataset of Hugging Face: an object, or a folder.

    Images are opened when they are due. Columns are found by their names.

    Parameters
    ----------
    source : datasets.Dataset, datasets.DatasetDict, str or path
        What ``datasets.load_dataset`` returned, which may be filtered, shuffled and so
        on; a folder that ``save_to_disk`` wrote; or a folder of parquet files whose
        names begin with that of the split, as repositories at the hub are downloaded
        (``data/train-00000-of-00002.parquet``). Folders need pyarrow and not
        `datasets`.
    split : str, default=None
        Which split of several, such as "train". None: all.
    image : str, default="image"
        The column of the images: an Image feature, or bytes; or paths, relative to the
        files of the folder, or absolute.
    text : str, default="text"
        The column of the texts; or of lists of texts, each of which makes a pair with
        the image.
    cache : str or path, default=None
        Where images out of a folder are written, once, into one file. None:
        ``skmal-cache`` beside its files. Those of an object stay where they are.
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
            The images: paths, as str, where that is what the rows hold, else what reads
            them when they are due. An image with several texts has several rows.
        y : ndarray of shape (n,), object
            The texts, as str; row i belongs to row i of X.
        groups : ndarray of shape (n,), int
            Rows with the same image have the same number; equal bytes in two files, or
            in two rows of an object, count as two.
        split : ndarray of shape (n,), str
            The split that the row is of; "" where there is but one, without a name.
        skipped : list of str
            What was left out, and why.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or no file in it, or, with ``on_error="raise"``, no
        image or not all files of a split (``train-00000-of-00002.parquet`` alone).
    ImportError
        If a folder is to be read and pyarrow is not installed.
    TypeError
        If it is another kind of thing, such as a dataset that is streamed.
    ValueError
        If there is no such split or column, if files of a split are in several folders
        or of several downloads, if a row or an image cannot be read (with
        ``on_error="raise"``), or if none can.

    Examples
    --------
    A folder as it is downloaded, with a file of two rows (needs pyarrow):

    >>> import io
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow as pa
    >>> import pyarrow.parquet as pq
    >>> from PIL import Image
    >>> from skmal.datasets import load_huggingface
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (8, 8), "red").save(file, "PNG")
    >>> image = {"bytes": file.getvalue(), "path": "red.png"}
    >>> captions = ["a red wall", "all red"]
    >>> table = pa.table({"image": [image], "caption": [captions]})
    >>> with TemporaryDirectory() as folder:
    ...     pq.write_table(table, Path(folder, "train-00000-of-00001.parquet"))
    ...     pairs = load_huggingface(folder, "train", text="caption")
    >>> list(pairs.y), pairs.groups
    (['a red wall', 'all red'], array([0, 0]))
    """
    problems = Problems(on_error)
    if isinstance(source, (str, Path)):
        where = Path(source)
        parts = files_by_split(where)
    else:
        where = Path(f"the {type(source).__name__}")
        parts = _objects_by_split(source)
    if split is not None:
        if split not in parts:
            known = ", ".join(map(repr, parts))
            raise ValueError(
                f"there is no split {split!r} in {where}; it has {known}"
                if parts.keys() != {NO_SPLIT}
                else f"{where} has one split, without a name; leave out split={split!r}"
            )
        parts = {split: parts[split]}
    for name, part in parts.items():
        if isinstance(part, list):
            check_files(name, part, problems)
    pairs: list[Pair] = []
    splits: list[str] = []
    for name, part in parts.items():
        found = []
        if isinstance(part, list):
            for file in part:
                found += read_pairs(file, image, text, cache, problems)
        else:
            found += _rows_of(part, name, image, text, problems)
        found = without_faults(found, problems, verbose)
        pairs += found
        splits += [name] * len(found)
    problems.report(len(pairs), "pairs", where)
    X, y = images_and_texts(pairs)
    if return_X_y:
        return X, y
    return Bunch(
        X=X,
        y=y,
        groups=number_equals(X)[0],
        split=np.array(splits),
        skipped=problems.messages,
    )


def _objects_by_split(source: Source) -> dict[str, Any]:
    """Return a dataset by its split, or all of several."""
    if isinstance(source, Mapping) and source:
        found = {str(name): part for name, part in source.items()}
    else:
        found = {str(getattr(source, "split", None) or NO_SPLIT): source}
    for part in found.values():
        if not (hasattr(part, "with_format") and hasattr(part, "select_columns")):
            raise TypeError(
                "source must be a datasets.Dataset, a datasets.DatasetDict or a "
                f"folder, got {type(part).__name__}"
            )
        if not hasattr(part, "__len__"):
            raise TypeError(
                f"an {type(part).__name__} is streamed, and has no rows to choose "
                "among; load it without streaming=True, or take a part of it: "
                "datasets.Dataset.from_list(list(dataset.take(1000)))"
            )
    return found


def _rows_of(
    dataset: Any, split: str, image: str, text: str, problems: Problems
) -> Iterator[Pair]:
    """Yield the pairs of a dataset whose images are there; none is decoded."""
    columns = [image_column(image), Column("text", (text,), option=True)]
    what = f"split {split!r}" if split else "the dataset"
    try:
        places = find_columns(dataset.column_names, columns)
    except UnreadableTable as error:
        raise UnreadableTable(f"{what}: {error}") from None
    names = {role: dataset.column_names[place] for role, place in places.items()}
    images = dataset.select_columns([names["image"]]).with_format("arrow")
    texts = dataset.select_columns([names["text"]]).with_format("arrow")
    for start in range(0, len(dataset), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        found = zip(
            _without_bytes(images[block].column(0)),
            texts[block].column(0).to_pylist(),
            strict=True,
        )
        for row, ((is_here, path), caption) in enumerate(found, start=start):
            place = f"{what}, row {row}"
            item: str | StoredImage
            if is_here:
                item = RowImage(images, row, f"{path or 'the image'} in {place}")
            else:
                fault = value_fault(path, image) or url_fault(path) or image_fault(path)
                if fault:
                    problems.add(f"{place}: {fault}")
                    continue
                item = path
            for one in captions_of(caption):
                if fault := value_fault(one, text):
                    problems.add(f"{place}: {fault}")
                else:
                    yield Pair(place, item, one)


def _without_bytes(column: Any) -> Iterator[tuple[bool, Any]]:
    """Yield for each row whether its bytes are there, and its path."""
    import pyarrow.compute

    kind = column.type
    if pyarrow.types.is_struct(kind):
        fields = {kind.field(i).name for i in range(kind.num_fields)}
        here, paths = [False] * len(column), [None] * len(column)
        if "bytes" in fields:
            content = pyarrow.compute.struct_field(column, "bytes")
            here = content.is_valid().to_pylist()
        if "path" in fields:
            paths = pyarrow.compute.struct_field(column, "path").to_pylist()
        yield from zip(here, paths, strict=True)
    elif "binary" in str(kind):
        yield from ((here, None) for here in column.is_valid().to_pylist())
    else:
        yield from ((False, value) for value in column.to_pylist())
