"""Reading a request body: within a size, within a time, decompressed on the way."""

import asyncio
import sys
import zlib
from collections.abc import Collection, Mapping
from typing import Protocol

from starlette.types import Receive

from o11y.http.ingest_answer import TIMED_OUT, Answer, ClientGone, Refused, failure, not_a_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: a zstd frame may ask for this much memory (2^23 = 8 MiB, what RFC 8878 asks of decoders)
_ZSTD_WINDOW_LOG = 23
#: compressing what cannot be compressed adds a little
_COMPRESSION_SLACK = 64 * 1024
#: a body that brings less than this in the time allowed has stopped arriving
_PROGRESS = 1024


class Decoder(Protocol):
    """A decompressor of one gzip member or one zstd frame; both libraries have this shape."""

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def _gzip() -> Decoder:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


_DECODERS = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}


async def read_body(
    headers: Mapping[bytes, bytes], receive: Receive, *, max_bytes: int, read_timeout_s: float
) -> bytes:
    """The body, decompressed. ``max_bytes`` counts decompressed bytes, and reading stops where it is passed.

    Raises ``Refused`` (400, 408, 413, 415) and ``ClientGone``.
    """
    encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
    if encoding in ("", "identity"):
        inflate, wire_max = None, max_bytes
    elif encoding in _DECODERS:
        inflate, wire_max = _Inflater(encoding, max_bytes=max_bytes), max_bytes + _COMPRESSION_SLACK
    else:
        raise Refused(failure(415, "Content-Encoding must be gzip or zstd", (b"accept-encoding", b"gzip, zstd")))
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > wire_max:
        raise Refused(_too_large(max_bytes))
    try:
        return await _read(receive, inflate, wire_max=wire_max, max_bytes=max_bytes, read_timeout_s=read_timeout_s)
    except TimeoutError:
        raise Refused(TIMED_OUT) from None


async def _read(
    receive: Receive, inflate: "_Inflater | None", *, wire_max: int, max_bytes: int, read_timeout_s: float
) -> bytes:
    parts: list[bytes] = []
    wire = since = 0
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(read_timeout_s) as deadline:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            wire += len(part)
            if wire > wire_max:
                raise Refused(_too_large(max_bytes))
            if part:
                parts.append(inflate.feed(part) if inflate else part)
            if not message.get("more_body", False):
                break
            if wire - since >= _PROGRESS:
                since = wire
                deadline.reschedule(loop.time() + read_timeout_s)
    if inflate:
        inflate.finish()
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Inflater:
    """Decompresses as the body arrives; several members (or frames) one after the other are one body."""

    def __init__(self, encoding: str, *, max_bytes: int) -> None:
        self._encoding = encoding
        self._new = _DECODERS[encoding]
        self._decoder = self._new()
        self._begun = False  # the present member has bytes
        self._max = max_bytes
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        out = []
        while data:
            if self._decoder.eof:
                self._decoder = self._new()
            self._begun = True
            try:
                # One byte over the limit is enough to know, whatever the data would have become.
                part = self._decoder.decompress(data, max_length=self._max - self._size + 1)
            except (zlib.error, zstd.ZstdError):
                raise Refused(not_a_body(f"is not valid {self._encoding}")) from None
            self._size += len(part)
            if self._size > self._max:
                raise Refused(_too_large(self._max))
            out.append(part)
            data = self._decoder.unused_data if self._decoder.eof else b""
        return b"".join(out)

    def finish(self) -> None:
        if not self._begun or not self._decoder.eof:
            raise Refused(not_a_body(f"is truncated {self._encoding}"))


def _too_large(max_bytes: int) -> Answer:
    return failure(413, f"The body must be at most {max_bytes} bytes, counted after decompression")


def check_content_type(value: bytes | None, accepted: Collection[str]) -> str:
    """The media type, one of ``accepted``, in UTF-8; raises ``Refused`` (415)."""
    media, *parameters = (value or b"").decode("latin-1").lower().split(";")
    media = media.strip()
    charset = next((p.partition("=")[2].strip(' "') for p in parameters if p.strip().startswith("charset=")), "utf-8")
    if media not in accepted or charset not in ("utf-8", "utf8", "us-ascii"):
        words = " or ".join(accepted)
        raise Refused(
            failure(415, f"Content-Type must be {words}, in UTF-8", (b"accept", ", ".join(accepted).encode()))
        )
    return media
