"""Files that are whole or not there."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path, mode="w"):
    """Open a file that takes the place of `path` when the body has ended well.

    It is written beside its place, brought to disk and renamed, so that a crash or a
    full disk leaves the old file or the new one.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.unfinished")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with open(unfinished, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
