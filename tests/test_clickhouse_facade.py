"""The stand-in of the ClickHouse server, where the tests rest on it."""

import socket
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from tests.clickhouse_facade import Facade, facade_over

_INSERT = b"INSERT INTO cut FORMAT JSONEachRow\n"


def ask(facade: Facade, sql: str) -> str:
    with urlopen(f"{facade.url}/?{urlencode({'query': sql})}", data=b"", timeout=30) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1000\r\n\r\n" + _INSERT,
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(_INSERT), _INSERT),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (1000, _INSERT),
    ],
)
def test_a_request_that_ends_before_its_body_is_not_carried_out(tmp_path: Path, body: bytes) -> None:
    with facade_over(tmp_path / "engine") as facade:
        ask(facade, "CREATE TABLE cut (n UInt8) ENGINE = MergeTree ORDER BY n")
        address = urlsplit(facade.url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: clickhouse\r\n" + body)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b"", "it is closed without an answer"
        assert ask(facade, "SELECT count() FROM cut") == "0\n"
