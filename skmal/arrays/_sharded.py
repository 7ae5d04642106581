"""Arrays on disk, one below the other, that behave as one array."""

import os
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._shared.masks import refuse_masked
from .._shared.types import IntArray
from ._kinds import Rows
from ._numbers import all_finite
from ._slices import take_sliced


class ShardedArray:
    """Rows of several arrays as one array, of which only what is asked for is read.

    Features of millions of items come in files that were written one after the other.
    Pass their names, or any list of arrays, and use the result as a pool: strategies
    stream it in blocks. It has `shape`, `dtype` and a length, and rows are taken from
    it by an index, a slice, an array of rows or a mask, as from an array.

    Parameters
    ----------
    shards : sequence of str, path or array of shape (n_rows, n_features)
        Names of ``.npy`` files, which are mapped into memory, or arrays (memory maps,
        for example), in the order of their rows. All have as many features and one
        numeric dtype; float16 is what saves disk and reading.

    Attributes
    ----------
    shape : tuple of two ints
        Rows of all shards, and features.
    dtype : numpy.dtype
        Theirs.
    shards : list of arrays
        The shards.
    starts : ndarray of shape (n_shards,), int64
        The first row of each.

    Raises
    ------
    TypeError
        If `shards` is a single name or array.
    FileNotFoundError
        If a file is missing.
    ValueError
        If there are no shards; if a file is cut short or is no ``.npy`` file, or a
        shard has another width or dtype than the first, which is named. When rows are
        read: if they hold NaN or infinity; shard and row are named.
    IndexError
        When rows are taken that are not there.

    See Also
    --------
    skmal.datasets.load_datacomp : DataComp's shards as two arrays.

    Notes
    -----
    What is taken is copied, in the shards' dtype. Objects made of file names pickle as
    the names. ``numpy.asarray`` reads all of it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import ShardedArray
    >>> X = ShardedArray([np.zeros((3, 2)), np.ones((2, 2))])
    >>> X.shape, X[2:4]
    ((5, 2), array([[0., 0.],
           [1., 1.]]))
    >>> X[[4, 0]]
    array([[1., 1.],
           [0., 0.]])
    """

    ndim: int = 2
    takes_rows: bool = True  # by an array of their numbers
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    shards: list[Any]
    starts: IntArray

    def __init__(self, shards: Iterable[str | os.PathLike[str] | Rows]) -> None:
        if isinstance(shards, (str, os.PathLike)) or hasattr(shards, "shape"):
            raise TypeError(
                "shards must be a list of file names or arrays, got a single "
                f"{type(shards).__name__}; put it into a list"
            )
        sources = list(shards)
        if not sources:
            raise ValueError("shards is empty; at least one file or array is needed")
        self._sources = [
            Path(source).absolute()
            if isinstance(source, (str, os.PathLike))
            else source
            for source in sources
        ]
        self._open()

    def _open(self) -> None:
        self.shards = [
            _open_file(source)
            if isinstance(source, Path)
            else refuse_masked(source, self._name(number))
            for number, source in enumerate(self._sources)
        ]
        for number, shard in enumerate(self.shards):
            self._check(number, shard)
        lengths = [shard.shape[0] for shard in self.shards]
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self.starts = self._ends - lengths
        self.shape = (int(self._ends[-1]), self.shards[0].shape[1])
        self.dtype = self.shards[0].dtype

    def _check(self, number: int, shard: Any) -> None:
        first = self.shards[0]
        shape, dtype = getattr(shard, "shape", ()), getattr(shard, "dtype", None)
        if len(shape) != 2 or not isinstance(dtype, np.dtype) or min(shape) == 0:
            raise ValueError(
                f"{self._name(number)} must be an array of shape (n_rows, n_features) "
                f"with one row at least, got {type(shard).__name__} of shape {shape}"
            )
        if dtype.kind not in "biuf":
            raise ValueError(f"{self._name(number)} holds {dtype}, not numbers")
        if shape[1] != first.shape[1] or dtype != first.dtype:
            raise ValueError(
                f"{self._name(number)} has {shape[1]} features of {dtype}, but "
                f"{self._name(0)} has {first.shape[1]} of {first.dtype}; all shards "
                "must come from one model, in one precision"
            )

    def _name(self, number: int) -> str:
        source = self._sources[number]
        if isinstance(source, Path):
            return str(source)
        return f"shard {number}" if len(self._sources) > 1 else "the array"

    def check_files(self) -> None:
        """Raise if a file became shorter since it was opened, or is gone.

        Reading on would end the process. Learners call it before each query.

        Raises
        ------
        ValueError
            Naming the file.
        """
        for source, shard in zip(self._sources, self.shards, strict=True):
            if isinstance(source, Path):
                check_size(source, shard)

    @property
    def nbytes(self) -> int:
        """Return the size of all rows in bytes."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> npt.NDArray[Any]:
        """Return copies of the rows: of an index, a slice, an array or a mask."""
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]  # as scikit-learn's cross-validation asks for rows
        if isinstance(rows, Integral):
            return self[[int(rows)]][0]
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._read(start, max(start, stop))
            rows = np.arange(start, stop, step)
        rows = np.asarray(rows)
        if rows.dtype == bool and rows.shape == (len(self),):
            rows = np.flatnonzero(rows)
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            raise IndexError(
                "rows must be an index, a slice, a one-dimensional array of indices "
                f"or a mask of {len(self)} rows, got {rows.dtype} of {rows.shape}"
            )
        outside = rows[(rows < -len(self)) | (rows >= len(self))]
        if outside.size:
            raise IndexError(f"there is no row {outside[0]} among {len(self)}")
        rows = np.where(rows < 0, rows + len(self), rows).astype(np.int64)
        block = np.empty((len(rows), self.shape[1]), self.dtype)
        shard = np.searchsorted(self._ends, rows, side="right")
        for number in np.unique(shard):
            here = shard == number
            block[here] = self._take(number, rows[here] - self.starts[number])
        return block

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Read all rows."""
        if copy is False:
            raise ValueError("shards cannot become one array without being copied")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __repr__(self) -> str:
        """Say what it is, not what is in it."""
        return (
            f"ShardedArray of {len(self.shards)} shards, shape {self.shape}, "
            f"{self.dtype}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ShardedArray, (self._sources,)

    def _read(self, start: int, stop: int) -> npt.NDArray[Any]:
        block = np.empty((stop - start, self.shape[1]), self.dtype)
        number = int(np.searchsorted(self._ends, start, side="right"))
        at = start
        while at < stop:
            first, end = self.starts[number], min(self._ends[number], stop)
            rows = slice(at - first, end - first)
            block[at - start : end - start] = self._take(number, rows)
            at, number = end, number + 1
        return block

    def _take(self, number: int, rows: slice | IntArray) -> npt.NDArray[Any]:
        """Return rows of one shard, or raise an error that names it."""
        block = take_sliced(self.shards[number], rows)
        if not all_finite(block):
            at = np.flatnonzero(~np.isfinite(block).all(axis=1))[0]
            row = rows.start + at if isinstance(rows, slice) else rows[at]
            raise ValueError(
                f"{self._name(number)} holds NaN or infinity in its row {row} (row "
                f"{self.starts[number] + row} of all); make the shard anew or leave "
                "it out"
            )
        return block


def check_opened(rows: object) -> None:
    """Raise if files that rows are read from are shorter than when they were opened."""
    if isinstance(rows, ShardedArray):
        rows.check_files()
    elif isinstance(rows, np.memmap) and rows.filename is not None:
        check_size(Path(rows.filename), rows)


def check_size(path: Path, mapped: Any) -> None:
    """Raise if a file is shorter than what of it was mapped into memory."""
    size = path.stat().st_size if path.is_file() else 0
    needed = mapped.offset + mapped.nbytes
    if size < needed:
        raise ValueError(
            f"{path} has {size} bytes, {needed} were there when it was opened; "
            "restore the file"
        )


def _open_file(path: Path) -> npt.NDArray[Any]:
    """Return a memory map of an .npy file, or raise an error that names it."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; all shards must be there")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"{path} is cut short or no .npy file ({error}); make or get it anew"
        ) from error
