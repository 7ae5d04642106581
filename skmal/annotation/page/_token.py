"""The token of the page's link, which lives as long as its journal.

So a tab that is open goes on when the server has been started again.
"""

import os
import re
import secrets
import stat
from pathlib import Path


def token_path(journal: Path) -> Path:
    """Return the file beside a journal that holds the token."""
    return journal.with_name(f"{journal.name}.token")


def kept_token(journal: Path) -> str:
    """Return the token of a journal; another is drawn if there is none, or seen.

    That is where the file is not the user's own, or others may read it.
    """
    path = token_path(journal)
    token = _read(path)
    if token is None:
        token = secrets.token_urlsafe(32)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(token)
    return token


def _read(path: Path) -> str | None:
    """Return the token in a file; None where it is missing, no token, or seen."""
    if not path.exists():
        return None
    with open(path, encoding="ascii", errors="replace") as file:
        status = os.fstat(file.fileno())
        if os.name == "posix" and (
            status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077
        ):
            return None
        token = file.read(100)
    return token if re.fullmatch(r"[\w-]{43}", token, re.ASCII) else None
