"""Which request is served next: whoever has no token waits for those that have it."""

import secrets
from collections import deque
from typing import Any

NAME = "X_SKMAL_TOKEN"  # as waitress spells the header


class TokenFirst:
    """A queue for waitress' threads, with requests that have the token at its head.

    So whoever is refused anyway keeps nobody waiting, however often they ask.

    Parameters
    ----------
    token : str
        What requests of the page bring.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._waiting: tuple[deque[Any], deque[Any]] = deque(), deque()

    def append(self, channel: Any) -> None:
        """Add a connection on which a request has come."""
        requests = getattr(channel, "requests", None)
        headers = requests[0].headers if requests else {}
        given = headers.get(NAME, "").encode("utf-8", "replace")
        has_none = not secrets.compare_digest(given, self._token)
        self._waiting[has_none].append(channel)

    def popleft(self) -> Any:
        """Return the connection to be served next."""
        first, last = self._waiting
        return first.popleft() if first else last.popleft()

    def __len__(self) -> int:
        return sum(map(len, self._waiting))
