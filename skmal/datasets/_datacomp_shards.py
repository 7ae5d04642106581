"""One of DataComp's shards: a parquet file of texts, an npz file of features."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._reading import import_pyarrow

Model: TypeAlias = Literal["b32", "l14"]
WIDTHS: dict[Model, int] = {"b32": 512, "l14": 768}
BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class Shard(NamedTuple):
    """A parquet file of texts and an npz file of features, row by row."""

    path: Path
    name: str
    features: Model

    def files(self) -> list[Path]:
        return [self.path / f"{self.name}.{suffix}" for suffix in ("parquet", "npz")]

    def keys(self) -> tuple[str, str]:
        return f"{self.features}_img", f"{self.features}_txt"

    def n_rows(self) -> int:
        """Return the number of rows, or raise where the heads of files are wrong."""
        table, arrays = self.files()
        pyarrow = import_pyarrow()
        with _naming(table), pyarrow.parquet.ParquetFile(table) as opened:
            columns = opened.schema_arrow.names
            for column in ("uid", "text"):
                if column not in columns:
                    raise ValueError(f"no column {column!r} among {columns}")
            n = opened.metadata.num_rows
        with _naming(arrays), zipfile.ZipFile(arrays) as archive:
            for key in self.keys():
                if f"{key}.npy" not in archive.namelist():
                    raise ValueError(f"no array {key!r} among {archive.namelist()}")
                with archive.open(f"{key}.npy") as file:
                    shape, dtype = _read_head(file)
                if shape != (n, WIDTHS[self.features]) or dtype != np.float16:
                    raise ValueError(
                        f"{key!r} has shape {shape} and dtype {dtype}, expected are "
                        f"{(n, WIDTHS[self.features])}, for the {n} rows of "
                        f"{table.name}, and float16"
                    )
        return n

    def uids(self) -> list[str]:
        """Return what pairs are known by."""
        table, _ = self.files()
        pyarrow = import_pyarrow()
        with _naming(table):
            return pyarrow.parquet.read_table(table, columns=["uid"])["uid"].to_pylist()

    def texts(self) -> list[bytes]:
        """Return the texts as bytes."""
        table, _ = self.files()
        pyarrow = import_pyarrow()
        with _naming(table):
            column = pyarrow.parquet.read_table(table, columns=["text"])["text"]
            return [text or b"" for text in column.cast("binary").to_pylist()]

    def arrays(self) -> Iterator[npt.NDArray[np.float16]]:
        """Yield the features of images, then of texts."""
        _, file = self.files()
        with _naming(file), np.load(file, allow_pickle=False) as arrays:
            for key in self.keys():
                array = arrays[key]
                finite = np.isfinite(array).all(axis=1)
                if not finite.all():
                    row = np.flatnonzero(~finite)[0]
                    raise ValueError(f"{key!r} has NaN or infinity in row {row}")
                yield array


class _naming:
    """A context that names the file in errors of what is read from it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> None:
        if not self.file.is_file():
            raise ValueError(
                f"there is no {self.file}; each shard is a .parquet and a .npz file"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, BROKEN):
            raise ValueError(
                f"{self.file} is broken or has another layout ({error}); get the shard "
                "anew"
            ) from error


def _read_head(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return (shape, dtype) of an .npy file."""
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    return shape, dtype
