"""DataComp's shards of features and texts, as arrays on disk."""

import hashlib
import json
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import IO, Any, Literal, SupportsIndex, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from .._shared.parameters import check_choice
from .._shared.types import BoolArray, IntArray
from ..items._stored import PackedImage
from ._datacomp_shards import WIDTHS, Model, Shard
from ._reading import (
    OnError,
    Problems,
    as_objects,
    check_folder,
    convert_once,
)
from ._shards import find_shards, read_samples

Images: TypeAlias = dict[str, PackedImage]  # by the uid of their pair
HalfRows: TypeAlias = "np.memmap[Any, np.dtype[np.float16]]"
CACHE = "skmal-cache"
TEXTS, ENDS, SHARDS = "texts.utf8", "text_ends.npy", "shards.json"
UIDS = "uids.json"


@overload
def load_datacomp(
    path: str | Path,
    *,
    features: Model = "b32",
    images: str | Path | Sequence[str | Path] | None = None,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[False] = False,
    verbose: int = 0,
) -> Bunch: ...
@overload
def load_datacomp(
    path: str | Path,
    *,
    features: Model = "b32",
    images: str | Path | Sequence[str | Path] | None = None,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: Literal[True],
    verbose: int = 0,
) -> tuple[HalfRows, HalfRows]: ...
def load_datacomp(
    path: str | Path,
    *,
    features: Model = "b32",
    images: str | Path | Sequence[str | Path] | None = None,
    cache: str | Path | None = None,
    on_error: OnError = "raise",
    return_X_y: bool = False,
    verbose: int = 0,
) -> Bunch | tuple[HalfRows, HalfRows]:
    """Read DataComp's shards: features of images and of texts, and the texts.

    DataComp's pools [1]_ come with features by OpenAI's CLIP, so that an active learner
    can run on 12.8 million pairs without an image. Its shards, compressed, cannot be
    read in part: they are converted once into two arrays on disk, of which only what is
    used is ever in memory.

    Parameters
    ----------
    path : str or path
        The folder that holds pairs of files ``<hex>.parquet`` (with the columns uid and
        text) and ``<hex>.npz`` (with the arrays ``b32_img`` and ``b32_txt`` of shape
        (n, 512), ``l14_img`` and ``l14_txt`` of shape (n, 768), float16), or the folder
        given to DataComp's download script, which puts them into ``metadata/small`` and
        so on (the arrays only with ``--download_npz``).
    features : {"b32", "l14"}, default="b32"
        Of ViT-B/32 or of ViT-L/14.
    images : str, path or sequence of them, default=None
        The images themselves: .tar files as DataComp's download script writes them, or
        a folder of them, itself or in ``shards``. Then only pairs whose image is there
        are read, found by their uid; the addresses of many are dead.
    cache : str or path, default=None
        Where the arrays are written; a folder for this set alone. None:
        ``skmal-cache`` in the folder of the shards. It takes 26 GB (b32) or 39 GB (l14)
        for 12.8 million pairs, and the texts. An index of the images is kept there, or
        beside these.
    on_error : {"raise", "skip"}, default="raise"
        What to do about a shard that is broken: raise an error that names it, or leave
        it out, warn, and list it in `skipped`.
    return_X_y : bool, default=False
        Whether `(X, y)` is returned in place of the Bunch.
    verbose : int, default=0
        1 shows a progress bar while shards are converted.

    Returns
    -------
    Bunch, or tuple of two memmaps
        With the attributes

        X : memmap of shape (n, 512) or (n, 768), float16
            Features of the images, read from disk where they are used; read-only.
        y : memmap of the same shape
            Features of the texts; row i belongs to row i of X.
        texts : Texts
            The n texts. An index gives one, a slice or an array of rows an array of
            them; read from disk where they are used.
        shards : list of str
            Names of the shards, in the order of their rows: by name.
        starts : ndarray of shape (n_shards,), int
            The first row of each shard.
        images : ndarray of shape (n,), object
            Where `images` was passed: a `PackedImage` for each row, as
            `load_webdataset` returns them.
        skipped : list of str
            Shards that were left out, and why.

    Raises
    ------
    FileNotFoundError
        If there are no shards.
    ImportError
        If shards are to be converted and pyarrow is not installed.
    ValueError
        If a shard, or a sample with an image, is broken (with ``on_error="raise"``), if
        all are, or if no image is of a pair of these shards.

    Notes
    -----
    Before anything is converted, all shards are looked at, heads and tables of contents
    only: whether both files are there and whole, have the columns and arrays, and the
    same number of rows. Values that are not finite, and damage within, are found when
    a shard is converted. Arrays are written under another name and then renamed, so
    that what is there is whole; they are made anew, and the old ones removed, where a
    shard is added, taken away, or has changed in size or time. Memory: one shard.

    References
    ----------
    .. [1] Gadre, S. Y. et al. (2023). "DataComp: In search of the next generation of
       multimodal datasets". NeurIPS. https://arxiv.org/abs/2304.14108

    Examples
    --------
    A folder of the same layout, with a shard of three pairs (needs pyarrow):

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> import pyarrow as pa
    >>> import pyarrow.parquet as pq
    >>> from skmal.datasets import load_datacomp
    >>> table = pa.table({"uid": ["a", "b", "c"], "text": ["a fox", "a hen", "a dog"]})
    >>> rows = np.ones((3, 512), dtype=np.float16)
    >>> with TemporaryDirectory() as folder:
    ...     pq.write_table(table, Path(folder, "00.parquet"))
    ...     np.savez(Path(folder, "00.npz"), b32_img=rows, b32_txt=rows)
    ...     pool = load_datacomp(folder)
    ...     pool.X.shape, pool.X.dtype, pool.texts[1]
    ((3, 512), dtype('float16'), 'a hen')
    """
    check_choice(features, "features", tuple(WIDTHS))
    problems = Problems(on_error)
    path = check_folder(path)
    path = _folder_of_shards(path)
    names = sorted({f.stem for s in ("parquet", "npz") for f in path.glob(f"*.{s}")})
    shards = [Shard(path, name, features) for name in names]
    sources = [file for shard in shards for file in shard.files() if file.is_file()]

    found = _images_by_uid(images, cache, problems, verbose)

    def convert(folder: Path) -> None:
        _convert(shards, folder, Problems(on_error), verbose, found)

    cache = path / CACHE if cache is None else Path(cache)
    of_images = "" if found is None else f"-{_digest(found)}"
    folder = convert_once(cache / f"{features}{of_images}", sources, convert)
    made = json.loads((folder / SHARDS).read_bytes())
    for message in made["skipped"]:
        problems.add(message)
    X, y = (np.load(folder / f"{key}.npy", mmap_mode="r") for key in ("X", "y"))
    problems.report(len(X), "pairs", path)
    if return_X_y:
        return X, y
    pool = Bunch(
        X=X,
        y=y,
        texts=Texts(folder),
        shards=made["shards"],
        starts=np.array(made["starts"]),
        skipped=problems.messages,
    )
    if found is not None:
        uids = json.loads((folder / UIDS).read_bytes())
        pool.images = as_objects([found[uid] for uid in uids])
    return pool


def _images_by_uid(
    images: str | Path | Sequence[str | Path] | None,
    cache: str | Path | None,
    problems: Problems,
    verbose: int,
) -> Images | None:
    """Return the images by the uid of their pair; None where none are asked for."""
    if images is None:
        return None
    archives = find_shards(images)
    found: Images = {}
    for sample in read_samples(archives, "txt", cache, problems, verbose):
        if sample.uid:
            found.setdefault(sample.uid, sample.image)
    if not found:
        raise ValueError(
            f"no sample of {archives[0]} has a uid in its JSON, by which DataComp's "
            "pairs are known; read pairs of others by load_webdataset"
        )
    return found


def _digest(found: Images) -> str:
    """Return what tells one set of uids from others."""
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def _folder_of_shards(path: Path) -> Path:
    """Return the folder itself, its metadata, or the one scale within that."""
    for pattern in ("", "metadata", "metadata/*"):
        folders = [path] if not pattern else sorted(path.glob(pattern))
        folders = [
            f for f in folders if any(f.glob("*.parquet")) or any(f.glob("*.npz"))
        ]
        if len(folders) > 1:
            raise ValueError(
                f"{path} holds several sets of shards; pass one of "
                f"{', '.join(map(str, folders))}"
            )
        if folders:
            return folders[0]
    raise FileNotFoundError(
        f"{path} holds no shards; expected are <hex>.parquet and <hex>.npz, in it, in "
        "metadata/ or in metadata/small/ and its like"
    )


class Texts:
    """Texts on disk: bytes one after the other, and where each one ends.

    What `load_datacomp` returns as `texts`. An index gives one text, a slice or an
    array of rows an array of them.

    Parameters
    ----------
    folder : path
        The folder that `load_datacomp` has written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Path = folder
        self._bytes = np.memmap(folder / TEXTS, dtype=np.uint8, mode="r")
        self._ends = np.load(folder / ENDS, mmap_mode="r")

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, rows: SupportsIndex) -> str: ...
    @overload
    def __getitem__(
        self, rows: slice | list[int] | IntArray | BoolArray
    ) -> npt.NDArray[Any]: ...
    def __getitem__(
        self, rows: SupportsIndex | slice | list[int] | IntArray | BoolArray
    ) -> str | npt.NDArray[Any]:
        if isinstance(rows, Integral):
            row = range(len(self))[int(rows)]
            start = self._ends[row - 1] if row else 0
            data = self._bytes[start : self._ends[row] - 1]  # without the line's end
            return data.tobytes().decode("utf-8", errors="replace")
        chosen = np.arange(len(self))[rows]
        return np.array([self[row] for row in chosen], dtype=object)

    def __reduce__(self) -> tuple[type["Texts"], tuple[Path]]:
        return Texts, (self.folder,)


class _BrokenShard(ValueError):
    def __init__(self, shard: Shard, message: str) -> None:
        super().__init__(message)
        self.shard = shard


def _convert(
    shards: list[Shard],
    folder: Path,
    problems: Problems,
    verbose: int,
    found: Images | None,
) -> None:
    """Write the arrays and texts of all shards into a folder.

    Where images were `found`, only those of their pairs.
    """
    kept: dict[Shard, IntArray] = {}  # rows of each shard
    uids: dict[Shard, list[str]] = {}
    for shard in shards:
        try:
            kept[shard] = np.arange(shard.n_rows())
            if found is not None:
                known = shard.uids()
                is_found = [uid in found for uid in known]
                kept[shard] = np.flatnonzero(is_found)
                uids[shard] = [uid for uid in known if uid in found]
        except ValueError as error:
            problems.add(str(error), error)
            kept.pop(shard, None)
    if found is not None and kept and not any(map(len, kept.values())):
        raise ValueError(
            f"none of the {len(found):,} images is of a pair in {shards[0].path}; name "
            "the shards that they were downloaded for"
        )
    while kept:
        try:
            _write(kept, folder, verbose)
            break
        except _BrokenShard as error:  # found late; the others are written anew
            problems.add(str(error), error)
            del kept[error.shard]
    if not kept:
        problems.report(0, "shards", shards[0].path)
    starts = np.cumsum([0, *map(len, kept.values())])[:-1]
    if found is not None:
        of_rows = [uid for shard in kept for uid in uids[shard]]
        (folder / UIDS).write_text(json.dumps(of_rows), encoding="utf-8")
    made = {
        "shards": [shard.name for shard in kept],
        "starts": starts.tolist(),
        "skipped": problems.messages,
    }
    (folder / SHARDS).write_text(json.dumps(made), encoding="utf-8")


def _write(kept: dict[Shard, IntArray], folder: Path, verbose: int) -> None:
    """Write one shard after the other; a full disk is an error, not a crash."""
    from tqdm import tqdm

    n = sum(map(len, kept.values()))
    shape = n, WIDTHS[next(iter(kept)).features]
    with (
        _new_array(folder / "X.npy", np.float16, shape) as X,
        _new_array(folder / "y.npy", np.float16, shape) as y,
        _new_array(folder / ENDS, np.int64, (n,)) as ends,
        open(folder / TEXTS, "wb") as lines,
    ):
        for shard, rows in tqdm(kept.items(), unit="shard", disable=not verbose):
            try:
                texts = shard.texts()
                texts = [texts[row] for row in rows]
                arrays = [
                    array if len(rows) == len(array) else array[rows]
                    for array in shard.arrays()
                ]
            except ValueError as error:
                raise _BrokenShard(shard, str(error)) from error
            lengths = [len(text) + 1 for text in texts]
            (lines.tell() + np.cumsum(lengths, dtype=np.int64)).tofile(ends)
            lines.writelines(text + b"\n" for text in texts)
            for file, array in zip((X, y), arrays, strict=True):
                array.tofile(file)


def _new_array(
    path: Path, dtype: type[np.generic], shape: tuple[int, ...]
) -> IO[bytes]:
    """Return a file to which the values of an .npy array are to be written."""
    head = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    file = open(path, "wb")  # noqa: SIM115 - the caller closes it
    np.lib.format.write_array_header_1_0(file, head)
    file.flush()
    return file
