"""Redis over ``rediss://``: whom it is taken for is checked, by the usual authorities or by one of our own."""

import asyncio
import ssl
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from o11y.adapters.redis.connection import RedisConnection
from o11y.http.tls import server_context
from o11y.worker.ports import MemoryLost
from tests.certificate import Certificate, made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return made(tmp_path_factory.mktemp("redis"))


async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Enough of Redis: whatever is said, it is fine. The commands of a set-up have two or four words, a ping one."""
    try:
        while line := await reader.readline():
            for _ in range(2 * int(line[1:])):
                await reader.readline()
            writer.write(b"+OK\r\n")
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


def ping(certificate: Certificate, *, host: str = "localhost", options: str = "") -> None:
    async def run() -> None:
        context = server_context(certificate.certificate, certificate.key)
        server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        redis = RedisConnection(f"rediss://{host}:{port}/0{options}", monotonic=time.monotonic)
        try:
            await redis.ping()
        finally:
            await redis.close()
            server.close()

    asyncio.run(run())


def test_a_server_of_our_own_authority_is_spoken_to(certificate: Certificate) -> None:
    ping(certificate, options=f"?ssl_ca_certs={quote(str(certificate.certificate))}")


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(certificate: Certificate) -> None:
    with pytest.raises(MemoryLost, match="Redis does not answer"):
        ping(certificate)


def test_a_server_of_another_authority_is_not_spoken_to(certificate: Certificate, tmp_path: Path) -> None:
    other = made(tmp_path, name="other")
    with pytest.raises(MemoryLost, match="Redis does not answer"):
        ping(certificate, options=f"?ssl_ca_certs={quote(str(other.certificate))}")
