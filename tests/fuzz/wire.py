"""HTTP/1.1 by hand: whatever bytes, and whatever comes back."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.shot import Shot

SILENCE_S = 60  # the longest wait for a server that is to answer or to close


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S)


def connect_unix(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(SILENCE_S)
    connection.connect(str(path))
    return connection


def rendered(shot: Shot, *, chunked: bool = False) -> bytes:
    """The request, asking for the connection to be closed after it."""
    lines = [f"{shot.method} {shot.path} HTTP/1.1", "host: o11y", "connection: close"]
    lines += [f"{name}: {value}" for name, value in shot.headers]
    lines.append("transfer-encoding: chunked" if chunked else f"content-length: {len(shot.body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    if not chunked:
        return head + shot.body
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in shot.pieces() if piece) + b"0\r\n\r\n"


def exchange(connection: socket.socket, sent: bytes, *, half_close: bool = False) -> bytes:
    """Everything that comes back until the server closes. A server that closes early has read enough."""
    received = b""
    try:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65_536):
            received += part
    except (ConnectionResetError, BrokenPipeError):
        pass
    return received


def answers(received: bytes, *, to_head: bool = False) -> list[Answer]:
    """Those that are complete. ``AssertionError`` for bytes that are no answer."""
    found = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        assert end, f"an answer ends in its head: {head[:200]!r}"
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), f"no answer: {first[:200]!r}"
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status < 200:
            continue
        length = 0 if to_head or status == 204 else int(headers["content-length"])
        assert len(received) >= length, "an answer ends in its body"
        found.append(Answer(status, headers, received[:length]))
        received = received[length:]
    return found
