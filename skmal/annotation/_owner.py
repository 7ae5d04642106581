"""Who has a journal open, for people: the lock itself is SQLite's."""

import os
import socket
from contextlib import suppress
from pathlib import Path


class Owner:
    """A file beside a journal that says which process on which machine has it.

    Parameters
    ----------
    journal : Path
        The journal.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._path = journal.with_name(journal.name + ".owner")
        self._host = socket.gethostname()
        self._me = f"process {os.getpid()} on {self._host}"

    def name(self) -> str:
        """Return who has the journal, as far as anybody knows."""
        try:
            owner = self._path.read_text()
        except OSError:
            return "another process"
        # A cell that is run again, say.
        return f"{owner}, this one" if owner == self._me else owner

    def take(self) -> list[str]:
        """Say to others who has it; return a sentence where another machine said so."""
        told: list[str] = []
        with suppress(OSError):
            before = self._path.read_text()
            host = before.rpartition(" on ")[2]
            if host != self._host:
                told.append(
                    f"{self._journal} was last used by {before}, and not closed there; "
                    "two machines must not write to one folder at the same time: close "
                    "it there first"
                )
        with suppress(OSError):
            self._path.write_text(self._me)
        return told

    def give_back(self) -> None:
        """Say nothing any longer, while the lock is still ours."""
        with suppress(OSError):
            self._path.unlink()
