"""A load generator that costs little: plain sockets, each with one request under way and the next after its answer."""

import itertools
import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

SILENCE_S = 30  # the longest wait for any answer


class Request:
    """HTTP/1.1 texts, made before the clock runs."""

    @staticmethod
    def event(value: dict[str, Any], *, secret: str) -> bytes:
        return _post("/ingest/api-metrics", json.dumps(value).encode(), secret)

    @staticmethod
    def batch(values: Sequence[dict[str, Any]], *, secret: str) -> bytes:
        return _post("/ingest/api-metrics/batch", json.dumps(values).encode(), secret)


def _post(path: str, body: bytes, secret: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True, slots=True)
class Load:
    """What came back. ``own_share``: the part of the time that the generator used a core; near 1, it was the limit."""

    seconds: float
    latencies_ms: list[float]  # ascending
    statuses: Counter[int]
    own_share: float

    @property
    def answers(self) -> int:
        return len(self.latencies_ms)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def expect(self, status: int) -> None:
        """``RuntimeError`` when any other came: such a round measures something else."""
        if set(self.statuses) != {status}:
            raise RuntimeError(f"expected {status} only, got {dict(self.statuses)}")


def drive(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float = float("inf"),
    answers: int | None = None,
) -> Load:
    """Keep-alive connections in a closed loop until ``seconds`` have passed or ``answers`` were asked for."""
    texts: Iterator[bytes] = itertools.cycle(requests)
    if answers is not None:
        texts = itertools.islice(texts, answers)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    used, started = time.process_time(), perf_counter()
    end = started + seconds
    with selectors.DefaultSelector() as selector:
        for text in itertools.islice(texts, connections):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(text)
        while selector.get_map():
            ready = selector.select(SILENCE_S)
            if not ready:
                raise RuntimeError(f"no answer for {SILENCE_S} s")
            for key, _ in ready:
                connection = key.data
                status = connection.read()
                if status is None:
                    continue
                now = perf_counter()
                latencies.append((now - connection.asked_at) * 1000)
                statuses[status] += 1
                following = next(texts, None) if now < end else None
                if following is None:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                else:
                    connection.ask(following)
    took = perf_counter() - started
    return Load(took, sorted(latencies), statuses, (time.process_time() - used) / took)


def drive_at(port: int, requests: Sequence[bytes], *, rate: float, connections: int, seconds: float) -> Load:
    """``rate`` requests a second over keep-alive connections, whatever the answers take (an open loop).

    A request that finds no connection free waits, and its latency counts from when it was due.
    """
    texts = itertools.cycle(requests)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    with selectors.DefaultSelector() as selector:
        free = [_Connection(port) for _ in range(connections)]
        for connection in free:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        used, started = time.process_time(), perf_counter()
        due, end, kept_waiting = started, started + seconds, False
        while due < end or len(free) < connections:
            now = perf_counter()
            while free and due <= min(now, end):
                connection = free.pop(0)  # the one free for longest: a server closes those that idle
                connection.ask(next(texts))
                if kept_waiting:
                    connection.asked_at = due
                due += 1 / rate
            kept_waiting = not free and due < end
            ready = selector.select(max(0.0, due - now) if free and due < end else SILENCE_S)
            if not ready and not free:
                raise RuntimeError(f"no answer for {SILENCE_S} s")
            for key, _ in ready:
                status = key.data.read()
                if status is not None:
                    latencies.append((perf_counter() - key.data.asked_at) * 1000)
                    statuses[status] += 1
                    free.append(key.data)
        took = perf_counter() - started
        for connection in free:
            connection.socket.close()
    return Load(took, sorted(latencies), statuses, (time.process_time() - used) / took)


class _Connection:
    __slots__ = ("_received", "asked_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._received = b""

    def ask(self, text: bytes) -> None:
        self.asked_at = perf_counter()
        self.socket.sendall(text)

    def read(self) -> int | None:
        """The status of a whole answer, or None when more is to come."""
        part = self.socket.recv(65_536)
        if not part:
            raise RuntimeError("the server closed a connection")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        status = int(head[9:12])
        if status != 204 and len(body) < _length(head):
            return None
        self._received = b""
        return status


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise RuntimeError("an answer without Content-Length")
