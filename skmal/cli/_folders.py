"""Folders that commands write to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def out_folder(folder: Path) -> Iterator[None]:
    """Make a folder before hours of work; where the work fails, none is left empty.

    Parameters
    ----------
    folder : path
        The folder; it may be there.

    Yields
    ------
    None
        While it is worked for.

    Raises
    ------
    ValueError
        If there is something else in its place.
    """
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"--out {folder} is or lies in a file; name a folder"
        ) from error
    try:
        yield
    except BaseException:
        for path in new:
            with suppress(OSError):  # it is not empty, or gone
                path.rmdir()
        raise
