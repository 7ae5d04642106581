"""Which request is served next: whoever has no token waits, and only so many a second.

So whoever is refused anyway keeps nobody waiting, however often they ask.
"""

import logging
import secrets
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import Any

NAME = "X_SKMAL_TOKEN"  # as waitress spells the header
RATE = 200  # requests without the token that are served in a second
BURST = 100  # of them that need not wait: a browser that opens the page sends a dozen


class TokenFirst:
    """A queue for waitress' threads, of requests that have the token.

    All others go to one thread of this queue, which takes its time. A connection sends
    no other request while one waits, so they come no faster than they are served, and
    the server's time is left to those who have the token.

    Parameters
    ----------
    token : str
        What requests of the page bring.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._waiting: deque[Any] = deque()
        self._strange: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._serve_strangers, daemon=True).start()

    def append(self, channel: Any) -> None:
        """Add a connection on which a request has come."""
        requests = getattr(channel, "requests", None)
        headers = requests[0].headers if requests else {}
        given = headers.get(NAME, "").encode("utf-8", "replace")
        if secrets.compare_digest(given, self._token):
            self._waiting.append(channel)
        else:
            self._strange.put(channel)

    def popleft(self) -> Any:
        """Return the connection to be served next."""
        return self._waiting.popleft()

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """Serve no requests without the token any longer."""
        self._strange.put(None)

    def _serve_strangers(self) -> None:
        """Serve requests without the token, until there is None in place of one."""
        due = float("-inf")
        while (channel := self._strange.get()) is not None:
            now = time.monotonic()
            due = max(due, now - BURST / RATE) + 1 / RATE
            time.sleep(max(0.0, due - now))
            try:
                channel.service()
            except Exception:  # as waitress' own threads do
                logging.getLogger("waitress").exception("serving %r", channel)
