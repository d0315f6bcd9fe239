"""Requests to every door: how a body is framed, encoded, authorised, and spoilt."""

import gzip
import sys
import zlib

from hypothesis import strategies as st

from tests.fuzz.event_texts import ODD, event_texts
from tests.fuzz.shot import BATCH, EVENT, Sent, Shot
from tests.wire_events import SECRET

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_NDJSON = "application/x-ndjson"
_JSON = "application/json"
#: header, whether it opens the door
_SECRETS = [
    ((("authorization", f"Bearer {SECRET}"),), True),
    ((("authorization", f"bearer   {SECRET} "),), True),
    ((("x-o11y-admin-token", SECRET),), True),
    *[((), True)] * 3,  # the events carry it
    ((("authorization", "Bearer wrong"),), False),
    ((("authorization", "Bearer \xff\xfe"),), False),
    ((("authorization", "Basic " + "A" * 2_000), ("x-o11y-admin-token", "wrong")), False),
]
_TYPES = [None, "", "text/plain", "application/json; charset=utf-16", "application/json;;;=", "\xff", _JSON, _NDJSON]


def _members(data: bytes) -> bytes:
    return gzip.compress(data[:7]) + gzip.compress(data[7:]) + gzip.compress(b"")


def _frames(data: bytes) -> bytes:
    return zstd.compress(data[:7]) + zstd.compress(data[7:])


#: Content-Encoding, what is done to the body, whether it can be undone
_ENCODINGS = [
    ("gzip", gzip.compress, True),
    ("GZIP", gzip.compress, True),
    ("x-gzip", _members, True),
    ("zstd", zstd.compress, True),
    ("zstd", _frames, True),
    ("gzip", bytes, False),
    ("zstd", bytes, False),
    ("gzip", lambda data: gzip.compress(data)[:-5], False),
    ("zstd", lambda data: zstd.compress(data)[:-1], False),
    ("gzip", lambda data: gzip.compress(data) + b"more", False),
    ("gzip", lambda data: gzip.compress(gzip.compress(data)), False),
    ("gzip", zlib.compress, False),
    ("gzip", lambda data: gzip.compress(b" " * 20_000_000 + data), False),
    ("zstd", lambda data: zstd.compress(b" " * 20_000_000 + data), False),
    ("gzip, gzip", gzip.compress, False),
    ("br", bytes, False),
]
#: what is done to a whole body
_SPOILS = [
    lambda body, at: body[: at % (len(body) + 1)],
    lambda body, at: body[at % (len(body) + 1) :],
    lambda body, at: body[: at % (len(body) + 1)] + ODD[at % len(ODD)] + body[at % (len(body) + 1) :],
    lambda body, at: b"\xef\xbb\xbf" + body,
    lambda body, at: body + b"\x00" * (at % 50),
    lambda body, at: b"[" * (at % 3_000) + body,
    lambda body, at: body * (at % 5),
    lambda body, at: ODD[at % len(ODD)],
    lambda body, at: body.decode("latin-1").encode("utf-16"),
]


#: drawn from, because small integers and their like come more often than evenly
_seldom = st.sampled_from([False] * 11 + [True])
_now_and_then = st.sampled_from([False] * 4 + [True])


@st.composite
def ingest_shots(draw: st.DrawFn) -> Shot:
    """For the door of single events and that of batches."""
    single = draw(st.booleans())
    media = _JSON if single else draw(st.sampled_from([_JSON, _NDJSON]))
    secret_headers, welcome = draw(st.sampled_from(_SECRETS))
    secret = None if secret_headers and draw(st.booleans()) else SECRET
    texts = draw(st.lists(event_texts(secret=secret), min_size=1 if single else 0, max_size=1 if single else 6))
    body = _framed([text for text, *_ in texts], single=single, media=media)
    events: tuple[Sent, ...] | None = tuple(sent for _, sent, *_ in texts)
    if any(spilt for _, _, spilt, _ in texts) and not single:
        events = None
    if draw(_now_and_then):
        body, events = draw(st.sampled_from(_SPOILS))(body, draw(st.integers(0, 10_000))), None
    sent_type = media
    if draw(_seldom):
        sent_type, events, welcome = draw(st.sampled_from(_TYPES)), None, False
    headers = [*secret_headers, *([] if sent_type is None else [("content-type", sent_type)])]
    kind = "event" if single else "batch, JSON" if media == _JSON else "batch, NDJSON"
    if draw(_now_and_then):
        name, encode, sound = draw(st.sampled_from(_ENCODINGS))
        body = encode(body)
        headers.append(("content-encoding", name))
        kind += f", {'zstd' if name == 'zstd' else 'gzip'}" if sound else ", false encoding"
        welcome = welcome and sound
        events = events if sound else None
    path = EVENT if single else BATCH
    ids, parts = tuple(event_id for *_, event_id in texts), draw(st.sampled_from([1, 1, 2, 30]))
    return Shot(kind, "POST", path, tuple(headers), body, events, welcome, parts=parts, ids=ids)


def _framed(texts: list[bytes], *, single: bool, media: str) -> bytes:
    if single:
        return texts[0]
    return b"\n".join(texts) if media == _NDJSON else b"[" + b",".join(texts) + b"]"


@st.composite
def page_shots(draw: st.DrawFn) -> Shot:
    """For the pages, for paths that are none, and methods that no door takes."""
    known = ["/healthz", "/readyz", "/metrics", EVENT, BATCH]
    path = draw(
        st.sampled_from(
            [*known, *known, "/", "//", "/healthz/", f"{EVENT}/", f"{BATCH}/../..", "/%00", "/%ff%fe", "/a;b"]
        )
    )
    path += draw(st.sampled_from(["", "", "?", "?a=b&a=%ff", "?" + "x" * 3_000]))
    method = draw(st.sampled_from(["GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]))
    headers = draw(
        st.sampled_from([(), (("accept-encoding", "gzip"),), (("range", "bytes=0-"),), (("cookie", "a=b"),)])
    )
    return Shot(_page(path), method, path, headers, draw(st.sampled_from([b"", b"{}"])), events=())


def _page(path: str) -> str:
    path = path.partition("?")[0]
    return path if path in ("/healthz", "/readyz", "/metrics") else "other paths and methods"


def shots() -> st.SearchStrategy[Shot]:
    return st.one_of(ingest_shots(), ingest_shots(), ingest_shots(), page_shots())
