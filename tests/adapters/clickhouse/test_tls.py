"""ClickHouse over https: whom it is taken for is checked, by the usual authorities or by one of our own."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.http.tls import server_context
from o11y.worker.ports import StoreError
from tests.certificate import Certificate, made
from tests.clickhouse_facade import Facade


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return made(tmp_path)


@pytest.fixture
def place(facade: Facade, certificate: Certificate) -> Iterator[str]:
    """Of the facade, behind TLS."""
    context = server_context(certificate.certificate, certificate.key)
    plain = facade._server.socket
    facade._server.socket = context.wrap_socket(plain, server_side=True)
    yield f"localhost:{urlsplit(facade.url).port}"
    facade._server.socket.close()


def answer(url: str) -> int:
    ch = ClickHouse.server(url, database="default")
    try:
        return int(asyncio.run(ch.query("SELECT 42")).columns[0][0])
    finally:
        ch.close()


@pytest.mark.parametrize("url", ["https://{place}/?ca={ca}", "http://{place}/?secure=true&ca={ca}"])
def test_a_server_of_our_own_authority_is_spoken_to(place: str, certificate: Certificate, url: str) -> None:
    assert answer(url.format(place=place, ca=quote(str(certificate.certificate)))) == 42


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(place: str) -> None:
    with pytest.raises(StoreError, match=r"ClickHouse at localhost: .* \(SSLError\)"):
        answer(f"https://{place}")


def test_a_server_under_another_name_is_not_spoken_to(place: str, certificate: Certificate) -> None:
    other = f"https://127.0.0.2:{place.rpartition(':')[2]}/?ca={quote(str(certificate.certificate))}"
    with pytest.raises((StoreError, ssl.SSLError)):
        answer(other)
