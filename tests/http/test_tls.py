"""TLS on both servers: what is spoken, what is refused, and a certificate renewed while connections stand."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from o11y.http.servers import listen, serve
from o11y.http.tls import CertificateUnusable, renew, server_context
from tests.certificate import Certificate, made

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return made(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return made(tmp_path_factory.mktemp("two"), name="two")


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": f"{scope['scheme']}"[-2:].encode()})


def with_server(server: str, context: ssl.SSLContext, test: Callable[[int], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        listener, stop = listen("127.0.0.1", 0), asyncio.Event()
        port = listener.getsockname()[1]
        serving = asyncio.create_task(serve(answer, listener, stop=stop, server=server, tls=context))
        try:
            return await test(port)
        finally:
            stop.set()
            await serving

    return asyncio.run(run())


def trusting(certificate: Certificate, **changes: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    for name, value in changes.items():
        setattr(context, name, value)
    return context


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return await reader.readexactly(2)


@pytest.fixture(params=["hypercorn", "uvicorn"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_both_servers_speak_tls_1_2_and_1_3_over_http_1_1_alone(server: str, one: Certificate) -> None:
    async def test(port: int) -> list[tuple[str | None, str | None, bytes]]:
        seen = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(one, maximum_version=version, minimum_version=version)
            context.set_alpn_protocols(["h2", "http/1.1"])
            reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
            spoken: ssl.SSLObject = writer.get_extra_info("ssl_object")
            seen.append((spoken.version(), spoken.selected_alpn_protocol(), await ask(reader, writer)))
            writer.close()
            await writer.wait_closed()
        return seen

    context = server_context(one.certificate, one.key)
    assert with_server(server, context, test) == [("TLSv1.2", "http/1.1", b"ps"), ("TLSv1.3", "http/1.1", b"ps")]


def test_older_protocols_are_not_spoken(one: Certificate) -> None:
    context = server_context(one.certificate, one.key)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert ssl.OP_NO_COMPRESSION in context.options
    assert ssl.OP_NO_RENEGOTIATION in context.options


def test_clear_text_is_not_answered_on_a_tls_socket(server: str, one: Certificate) -> None:
    async def test(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    assert b"200" not in with_server(server, server_context(one.certificate, one.key), test)


def test_a_renewed_certificate_is_for_new_connections_and_ends_none(
    server: str, one: Certificate, two: Certificate
) -> None:
    context = server_context(one.certificate, one.key)

    async def test(port: int) -> list[bytes]:
        old = await asyncio.open_connection("localhost", port, ssl=trusting(one))
        answers = [await ask(*old)]
        renew(context, two.certificate, key=two.key)
        new = await asyncio.open_connection("localhost", port, ssl=trusting(two))
        answers += [await ask(*new), await ask(*old)]
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("localhost", port, ssl=trusting(one))
        for _, writer in (old, new):
            writer.close()
            await writer.wait_closed()
        return answers

    assert with_server(server, context, test) == [b"ps"] * 3


def _files(tmp_path: Path, one: Certificate, two: Certificate) -> dict[str, tuple[Path, Path]]:
    empty = tmp_path / "empty"
    empty.touch()
    locked = made(tmp_path, name="locked", password="canary-password")
    return {
        "missing": (tmp_path / "missing.crt", one.key),
        "not PEM": (empty, one.key),
        "the key of another": (one.certificate, two.key),
        "an encrypted key": (locked.certificate, locked.key),
        "the wrong way round": (one.key, one.certificate),
    }


def test_files_that_cannot_be_used_are_named_and_change_nothing(
    tmp_path: Path, one: Certificate, two: Certificate
) -> None:
    context = server_context(one.certificate, one.key)
    for what, (certificate, key) in _files(tmp_path, one, two).items():
        with pytest.raises(CertificateUnusable, match="unencrypted key") as refused:
            renew(context, certificate, key=key)
        assert str(certificate) in str(refused.value), what
        assert str(key) in str(refused.value), what

    async def test(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trusting(one))
        answered = await ask(reader, writer)
        writer.close()
        await writer.wait_closed()
        return answered

    assert with_server("hypercorn", context, test) == b"ps"
