"""Files that are whole or not there."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, overload


@overload
def replacing(
    path: str | Path, mode: Literal["w"] = "w"
) -> AbstractContextManager[IO[str]]: ...
@overload
def replacing(
    path: str | Path, mode: Literal["wb"]
) -> AbstractContextManager[IO[bytes]]: ...
@contextmanager
def replacing(path: str | Path, mode: Literal["w", "wb"] = "w") -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` when the body has ended well.

    It is written beside its place, brought to disk and renamed, so that a crash or a
    full disk leaves the old file or the new one.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with _opened(unfinished, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def check_folder(path: str | Path) -> None:
    """Raise where the folder that a file is to be written in is missing."""
    folder = Path(path).parent
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise FileNotFoundError(
            f"{path} cannot be written, for {folder} {what}; make the folder first, or "
            "name another"
        )


def _opened(path: Path, mode: Literal["w", "wb"]) -> IO[Any]:
    if mode == "wb":
        return open(path, mode)
    return open(path, mode, encoding="utf-8", newline="")
