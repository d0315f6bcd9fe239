"""Bodies that are small to send and large to hold: each about as big as the door lets in."""

import gzip
import sys
from collections.abc import Iterator

from tests.fuzz.shot import BATCH, Shot

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_SIZE = 16 * 1024 * 1024 - 64
_JSON = "application/json"
_NDJSON = "application/x-ndjson"


def _filled(unit: bytes, *, begin: bytes = b"", end: bytes = b"") -> bytes:
    return begin + unit * ((_SIZE - len(begin) - len(end)) // len(unit)) + end


def bombs() -> Iterator[Shot]:
    """Without a secret: whoever reaches the door can send them."""
    for unit in (
        b"[],",
        b"{},",
        b'{"a":{}},',
        b"0,",
        b"1.5,",
        b'"a",',
        b'"\\ud800",',
        b"NaN,",
        b",",
        b'"\\\\",',
        b"[[]],",
    ):
        yield _bomb(_JSON, _filled(unit, begin=b"[", end=b"0]"))
        yield _bomb(_JSON, _filled(unit, begin=b'[{"a":[', end=b"0]}]"))
    for unit in (b"[", b'{"a":', b"9", b"\\", b'["', b"\xff", b"\x00", b" "):
        yield _bomb(_JSON, _filled(unit, begin=b"["))
    for unit in (b"\n", b"0\n", b"{}\n", b"[\n", b'{"a":[[],[],[],[],[],[]]}\n', b"\xff\n", b"["):
        yield _bomb(_NDJSON, _filled(unit))
    for encoding, compress in (("gzip", gzip.compress), ("zstd", zstd.compress)):
        yield _bomb(_JSON, compress(b"[" * 100_000_000), encoding)
        yield _bomb(_JSON, compress(_filled(b"[],", begin=b"[", end=b"0]")), encoding)
        yield _bomb(_JSON, _filled(compress(b"")), encoding)


def _bomb(media: str, body: bytes, encoding: str = "identity") -> Shot:
    return Shot("bombs", "POST", BATCH, (("content-type", media), ("content-encoding", encoding)), body)
