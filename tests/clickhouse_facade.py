"""A stand-in for a ClickHouse server: enough of its HTTP protocol for the real driver, in front of a chDB engine.

Bodies may be chunked and compressed; parameters and settings come in the URL or as a form. ``fail`` makes the next
inserts go wrong in the ways of a network. A plain socket server, because a dropped connection must really be one.
"""

import gzip
import json
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

_TRANSPORT = {
    "database", "query", "session_id", "query_id", "wait_end_of_query", "client_protocol_version", "compress",
    "enable_http_compression", "send_progress_in_http_headers", "http_headers_progress_interval_ms", "user", "password",
    "cancel_http_readonly_queries_on_client_close", "buffer_size",
}  # fmt: skip


class Fault(Enum):
    CUT_BEFORE_READ = auto()  # the connection is cut before the rows are read
    CUT_MID_BODY = auto()  # cut when half of the rows were read
    DROP_AFTER_COMMIT = auto()  # executed, and the connection is cut before any answer
    CUT_MID_ANSWER = auto()  # executed, and the connection is cut in the middle of the answer
    ERROR_AFTER_COMMIT = auto()  # executed, and a proxy says 500
    HANG = auto()  # nothing is executed and nothing answered until the facade stops
    HANG_AFTER_COMMIT = auto()  # executed, and nothing answered until the facade stops
    REFUSE = auto()  # 500 without doing anything
    READ_ONLY = auto()  # ClickHouse's own refusals, which store nothing: see _REFUSALS
    TABLE_READ_ONLY = auto()
    DISK_FULL = auto()


_BEFORE_READ = (Fault.CUT_BEFORE_READ, Fault.CUT_MID_BODY)
_REFUSALS = {
    Fault.READ_ONLY: "Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)",
    Fault.TABLE_READ_ONLY: "Code: 242. DB::Exception: Table is in readonly mode (TABLE_IS_READ_ONLY)",
    Fault.DISK_FULL: "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space (NOT_ENOUGH_SPACE)",
}


class Facade:
    """``url`` is where it listens; ``inserts`` are the deduplication tokens it has seen, repeats included."""

    def __init__(self, path: Path) -> None:
        self.path = str(path.resolve())
        self.password: str | None = None
        self.inserts: list[str] = []
        self.stopping = threading.Event()
        self._faults: deque[Fault] = deque()
        self._engine = chdb.connect(self.path)  # keeps the engine open between requests
        handler = type("Handler", (_Handler,), {"facade": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, *faults: Fault) -> None:
        """What happens to the next inserts, one each."""
        self._faults.extend(faults)

    def next_fault(self) -> Fault | None:
        return self._faults.popleft() if self._faults else None

    def execute(self, sql: str, arguments: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        """Raises ``RuntimeError`` with ClickHouse's message."""
        engine = chdb.connect(self.path)
        try:
            if database := arguments.get("database"):
                engine.query(f"USE `{database}`")
            for name, value in arguments.items():
                if name not in _TRANSPORT and not name.startswith("param_"):
                    engine.query(f"SET {name} = '{_escaped(value)}'")
            bound = {name[6:]: value for name, value in arguments.items() if name.startswith("param_")}
            result = engine.query(sql, "TabSeparated", params=bound)
            read = {"read_rows": str(result.storage_rows_read()), "read_bytes": str(result.storage_bytes_read())}
            return bytes(result.bytes() or b""), read
        finally:
            engine.close()

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._engine.close()


@contextmanager
def facade_over(path: Path) -> Iterator[Facade]:
    facade = Facade(path)
    try:
        yield facade
    finally:
        facade.stop()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the test."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    facade: Facade
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: Any) -> None:
        pass

    def _handle(self) -> None:
        arguments = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        fault = None
        token = arguments.get("insert_deduplication_token")
        if token is not None:  # an insert of rows
            self.facade.inserts.append(token)
            fault = self.facade.next_fault()
        if fault in _BEFORE_READ:
            return self._cut_before_the_end(fault)
        arguments, body = self._request(arguments)
        if fault is Fault.HANG:
            self.facade.stopping.wait()
            return self._cut()
        if fault is Fault.REFUSE:
            return self._answer(500, b"no")
        if fault in _REFUSALS:
            return self._refusal(_REFUSALS[fault])
        try:
            sql = "\n".join(part for part in (arguments.get("query"), body) if part)
            found, summary = self.facade.execute(sql, arguments)
        except RuntimeError as error:
            return self._refusal(str(error))
        return self._answer_with(fault, found, {"X-ClickHouse-Summary": json.dumps(summary)})

    def _answer_with(self, fault: Fault | None, found: bytes, headers: dict[str, str]) -> None:
        """What was asked for has been done."""
        if fault is Fault.HANG_AFTER_COMMIT:
            self.facade.stopping.wait()
        if fault in (Fault.DROP_AFTER_COMMIT, Fault.HANG_AFTER_COMMIT):
            return self._cut()
        if fault is Fault.CUT_MID_ANSWER:
            self._answer(200, b"half of an ans", {**headers, "Content-Length": "28"})
            return self._cut()
        if fault is Fault.ERROR_AFTER_COMMIT:
            return self._answer(500, b"bad gateway")
        return self._answer(200, found, headers)

    def _cut_before_the_end(self, fault: Fault) -> None:
        if fault is Fault.CUT_MID_BODY:
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
        self._cut()

    def _request(self, arguments: dict[str, str]) -> tuple[dict[str, str], str]:
        raw = self._body()
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw)
            for part in form.get_payload():
                name = part.get_param("name", header="content-disposition")
                arguments[name] = part.get_payload(decode=True).decode()
            raw = b""
        return arguments, raw.decode("utf-8", "surrogateescape")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            raw = b"".join(iter(self._chunk, b""))
        else:
            raw = self._whole(int(self.headers.get("Content-Length", 0)))
        match self.headers.get("Content-Encoding"):
            case "gzip":
                return gzip.decompress(raw)
            case "lz4":
                return bytes(lz4.frame.decompress(raw))
        return raw

    def _chunk(self) -> bytes:
        data = self._whole(int(self._line(), 16))
        self.rfile.readline()
        return data

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the request ends before its body does")
        return line

    def _whole(self, size: int) -> bytes:
        """A request whose sender was killed is not carried out; without its rows the engine would read our stdin."""
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionResetError("the request ends before its body does")
        return data

    def _refusal(self, message: str) -> None:
        code = re.search(r"Code: (\d+)", message)
        self._answer(500, message.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "1002"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "X-ClickHouse-Timezone": "UTC",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
