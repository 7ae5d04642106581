"""What the readers share: what is broken, what is converted once."""

import errno
import hashlib
import json
import os
import shutil
import stat
import uuid
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .._shared.parameters import check_choice

OnError: TypeAlias = Literal["raise", "skip"]
XAndY: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]

ON_ERROR = ("raise", "skip")
UNWRITABLE = {  # why a folder takes no files
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EEXIST,
}
N_SHOWN = 10  # messages that a warning repeats


def leads_out(name: str) -> bool:
    """Say whether a name in a file of others leads out of the folder that it is of."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or PureWindowsPath(name).drive != "" or ".." in path.parts


class Problems:
    """What cannot be read: the first is raised, or all are kept and told at the end.

    `how` says what leaves it out.
    """

    def __init__(self, on_error: OnError, how: str = 'on_error="skip"') -> None:
        check_choice(on_error, "on_error", ON_ERROR)
        self.on_error: OnError = on_error
        self.how = how
        self.messages: list[str] = []

    def add(
        self,
        message: str,
        cause: BaseException | None = None,
        error: type[Exception] = ValueError,
    ) -> None:
        """Raise, or remember what is left out."""
        if self.on_error == "raise":
            raise error(f"{message}; {self.how} leaves it out") from cause
        self.messages.append(message)

    def report(self, n_left: int, what: str, path: Path, listed: bool = True) -> None:
        """Raise where nothing is left, and warn where something was left out.

        `listed` says that what was left out is in a Bunch.
        """
        shown = "\n".join(f"- {message}" for message in self.messages[:N_SHOWN])
        if n_left == 0:
            raise ValueError(
                f"{path} holds no {what} that can be read\n{shown}".strip()
            )
        if self.messages:
            where = ", which the Bunch lists as `skipped`" if listed else ""
            warnings.warn(
                f"skipped in {path}: {len(self.messages)}{where}; left: {n_left} "
                f"{what}\n{shown}",
                stacklevel=3,
            )


def check_folder(path: str | Path) -> Path:
    """Return `path` as a Path, or raise unless it is a folder."""
    path = Path(path)
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise FileNotFoundError(f"{path} {what}; pass the folder that holds the set")
    return path


def image_fault(path: str) -> str | None:
    """Say what is wrong with an image file, without opening it; None: nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return f"there is no file {path}; put it there, or correct the path"
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return f"{path} is empty or no file; replace it"
    return None


def as_objects(items: Sequence[object]) -> npt.NDArray[Any]:
    """Return a one-dimensional array of these objects; rows of it share them."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def convert_once(
    folder: Path, sources: Iterable[Path], convert: Callable[[Path], object]
) -> Path:
    """Return the subfolder that `convert(subfolder)` filled; made once for its sources.

    It is made anew where the size or the time of a source has changed. It is written
    under another name and then renamed, so that what is there is whole. Where nothing
    can be written, the error names the remedy.
    """
    status = [(source.name, source.stat()) for source in sources]
    state = [[name, s.st_size, s.st_mtime_ns] for name, s in status]
    done = folder / hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
    if not done.is_dir():
        unfinished = folder / f"unfinished-{uuid.uuid4().hex}"
        try:
            unfinished.mkdir(parents=True)
            convert(unfinished)
            try:
                unfinished.rename(done)
            except OSError:
                if not done.is_dir():  # else another process was faster
                    raise
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            raise type(error)(
                f"{folder} cannot be written to ({error.strerror}); name a folder that "
                "can be, with room in it: cache=FOLDER (on the command line --cache "
                "FOLDER)"
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        for other in folder.iterdir():  # made of sources that have changed since
            if other != done and not other.name.startswith("unfinished"):
                shutil.rmtree(other, ignore_errors=True)
    return done


def import_pyarrow() -> Any:
    """Return pyarrow with its parquet module, or say how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            'parquet and arrow files need pyarrow: pip install "skmal[data]"'
        ) from error
    return pyarrow
