"""The road to a server, on which a network's faults happen: closed, or open and silent."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit


class Relay:
    """Forwards its own fixed port to ``url`` (http://, redis:// or unix://, which is a Redis).

    While closed, connections are refused, and those under way were cut. While frozen nothing arrives on either side,
    nobody is refused and nothing is lost: what was sent meanwhile arrives after the thaw, even if its sender has
    given up by then.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme = "redis" if parts.scheme == "unix" else parts.scheme
        self._target: str | tuple[str, int] = (
            unquote(parts.path) if parts.scheme == "unix" else (parts.hostname or "127.0.0.1", parts.port or 80)
        )
        self._port = 0
        self._listener: socket.socket | None = None
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(64)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._ends = self._ends, set()
        for end in (listener, *ends):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self.thaw()  # whoever carries something finds its ends closed

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def mend(self) -> None:
        """As it was, whichever of the two it is."""
        self.thaw()
        if self._listener is None:
            self.open()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = self._reach()
                except OSError:  # the server is away, whatever the road is like
                    near.close()
                    continue
                with self._lock:
                    is_open = self._listener is listener
                    self._ends |= {near, far} if is_open else set()
                if not is_open:
                    near.close()
                    far.close()
                    return
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _reach(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._ends.discard(end)
