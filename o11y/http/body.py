"""Reading a request body: within a size, within a time, decompressed on the way."""

import asyncio
import sys
import zlib
from collections.abc import Collection, Mapping
from typing import Protocol, Self

from starlette.types import Message, Receive

from o11y.http.first_message import first_message
from o11y.http.ingest_answer import CROWDED, TIMED_OUT, Answer, ClientGone, Refused, failure, not_a_body

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
#: and over all its time, beyond that allowed at the beginning, it brings at least this (bytes a second)
_SLOWEST = 32 * 1024
#: members of gzip or frames of zstd in one body; each costs a decoder, also when it holds nothing
_MAX_MEMBERS = 1_000


class Room:
    """The memory for bodies, shared by all requests: a stranger may begin many, and never end them."""

    def __init__(self, max_bytes: int) -> None:
        self._free = max_bytes

    @property
    def free(self) -> int:
        """Bytes."""
        return self._free

    def share(self) -> "Share":
        return Share(self)

    def take(self, size: int) -> None:
        """Bytes, negative to give them back. Raises ``Refused`` (503) when there are not so many."""
        if size > self._free:
            raise Refused(CROWDED)
        self._free -= size


class Share:
    """What one request has of the room, until the end of its ``with`` block."""

    __slots__ = ("_room", "_taken")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0  # bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.take(-self._taken)

    def take(self, size: int) -> None:
        """Raises ``Refused`` (503) when there is not so much."""
        self._room.take(size)
        self._taken += size


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
    headers: Mapping[bytes, bytes], receive: Receive, *, share: Share, max_bytes: int, read_timeout_s: float
) -> bytes:
    """The body, decompressed. ``max_bytes`` counts decompressed bytes, and reading stops where it is passed.

    It may be silent for ``read_timeout_s``, and takes at most as long again as its bytes take at 32 KiB a second.
    Raises ``Refused`` (400, 408, 413, 415, 503) and ``ClientGone``.
    """
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
    if encoding in ("", "identity"):
        inflate, wire_max = None, max_bytes
    elif encoding in _DECODERS:
        inflate, wire_max = _Inflater(encoding, max_bytes=max_bytes), max_bytes + _COMPRESSION_SLACK
    else:
        raise Refused(failure(415, "Content-Encoding must be gzip or zstd", (b"accept-encoding", b"gzip, zstd")))
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > wire_max:
        raise Refused(_too_large(max_bytes))
    message, receive = first_message(receive)
    if message is not None and inflate is None and _is_whole(message):
        body = message["body"]
        if len(body) > max_bytes:
            raise Refused(_too_large(max_bytes))
        return bytes(body)
    try:
        body = await _read(
            receive, inflate, share=share, wire_max=wire_max, max_bytes=max_bytes, read_timeout_s=read_timeout_s
        )
    except TimeoutError:
        raise Refused(TIMED_OUT) from None
    if inflate:
        inflate.finish()
    return body


def _is_whole(message: Message) -> bool:
    """It brings all of a body."""
    return message["type"] == "http.request" and "body" in message and not message.get("more_body", False)


async def _read(
    receive: Receive,
    inflate: "_Inflater | None",
    *,
    share: Share,
    wire_max: int,
    max_bytes: int,
    read_timeout_s: float,
) -> bytes:
    body: bytes | bytearray = b""
    wire = since = 0
    loop = asyncio.get_running_loop()
    latest = loop.time() + read_timeout_s
    async with asyncio.timeout(read_timeout_s) as deadline:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            wire += len(part)
            if wire > wire_max:
                raise Refused(_too_large(max_bytes))
            if inflate:
                part = inflate.feed(part)
            more = message.get("more_body", False)
            if part and (body or more):
                share.take(len(part))  # it stays while the next part is awaited
                body = bytearray(body) if isinstance(body, bytes) else body  # many small parts would weigh more
                body += part
            elif part:
                body = part
            if not more:
                return bytes(body)
            if wire - since >= _PROGRESS:
                since = wire
                deadline.reschedule(min(loop.time() + read_timeout_s, latest + wire / _SLOWEST))


class _Inflater:
    """Decompresses as the body arrives; several members (or frames) one after the other are one body."""

    def __init__(self, encoding: str, *, max_bytes: int) -> None:
        self._encoding = encoding
        self._new = _DECODERS[encoding]
        self._decoder = self._new()
        self._begun = False  # the present member has bytes
        self._members = 1
        self._max = max_bytes
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        out = []
        while data:
            if self._decoder.eof:
                self._decoder = self._new()
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise Refused(not_a_body(f"is of more than {_MAX_MEMBERS} parts of {self._encoding}"))
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
    if value == b"application/json" and "application/json" in accepted:
        return "application/json"  # as nearly every gateway writes it
    media, *parameters = (value or b"").decode("latin-1").lower().split(";")
    media = media.strip()
    charset = next((p.partition("=")[2].strip(' "') for p in parameters if p.strip().startswith("charset=")), "utf-8")
    if media not in accepted or charset not in ("utf-8", "utf8", "us-ascii"):
        words = " or ".join(accepted)
        raise Refused(
            failure(415, f"Content-Type must be {words}, in UTF-8", (b"accept", ", ".join(accepted).encode()))
        )
    return media
