"""How a server ends: by Ctrl-C, by a signal, or by the button of the page."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PAUSE = 0.5  # seconds in which the answer to the button gets out


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP of a terminal that closes, interrupt as Ctrl-C does.

    What somebody else has set, `nohup` say, stays; so it does beside the main thread.
    """
    before: dict[int, Any] = {}

    def end(number: int, frame: FrameType | None) -> None:
        # A closing terminal says so more than once; who kills twice means it.
        again = signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN
        signal.signal(number, again)
        before.pop(number, None)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def closing_soon(channels: dict[int, Any]) -> threading.Timer:
    """Return what, once started, lets a waitress server run out of channels.

    It must end before anybody else closes these: the trigger writes to a number of a
    file, which may be another file's by then.
    """
    from waitress.trigger import trigger

    pulling = threading.Lock()

    def close(*_: object) -> None:
        with pulling:  # it may come before what wakes the server has been written
            for channel in list(channels.values()):
                channel.close()

    def wake() -> None:  # what closes them is the server's own thread
        for channel in list(channels.values()):
            if isinstance(channel, trigger):
                with pulling:
                    # The stubs of waitress say that it is called with None.
                    channel.pull_trigger(close)  # pyright: ignore[reportArgumentType]
                break

    timer = threading.Timer(PAUSE, wake)
    timer.daemon = True
    return timer
