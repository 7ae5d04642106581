"""A journal that is only read, from wherever it lies."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ._journal import Journal
from ._log import log_path


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Journal]:
    """Yield a journal that nobody has open, also from where nothing can be written."""
    path = Path(path)
    if not is_there(path):
        raise FileNotFoundError(f"there is no journal {path}; correct the path")
    try:
        journal = Journal(path, read_only=True)
    except PermissionError:  # SQLite wants to put a file beside it
        with TemporaryDirectory() as folder:
            for end in ("", "-wal", ".log"):  # after a crash all three are needed
                beside = path.with_name(path.name + end)
                if beside.exists():
                    shutil.copyfile(beside, Path(folder, path.name + end))
            copy = Journal(Path(folder, path.name), read_only=True)
            with closing(copy) as journal:
                yield journal
    else:
        with closing(journal):
            yield journal


def is_there(path: Path) -> bool:
    """Say whether there is a journal, or a log from which to restore it."""
    return path.is_file() or (not path.exists() and log_path(path).is_file())
