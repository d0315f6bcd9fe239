"""What signals ask of a worker: SIGTERM and SIGINT its end, SIGHUP that it reads its secrets again."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: the spool makes a hard end safe, so an end that hangs is cut
END_DEADLINE_S = 9.5
_STDIN = 0


@contextmanager
def signals(stop: asyncio.Event, hangup: asyncio.Event) -> Iterator[None]:
    """Sets ``stop`` or ``hangup``. An orderly end that takes too long is cut, which the spool makes safe.

    A terminal that is closed sends SIGHUP as well: who was started from one ends with it, as programs do.
    """
    cut = threading.Timer(END_DEADLINE_S, os._exit, args=(1,))
    cut.daemon = True
    had_terminal = os.isatty(_STDIN)

    def end() -> None:
        if not stop.is_set():
            stop.set()
            cut.start()

    def hung_up() -> None:
        if had_terminal and not os.isatty(_STDIN):
            end()
        else:
            hangup.set()

    loop = asyncio.get_running_loop()
    for number, handler in ((signal.SIGTERM, end), (signal.SIGINT, end), (signal.SIGHUP, hung_up)):
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        cut.cancel()
