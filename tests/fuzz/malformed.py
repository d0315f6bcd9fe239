"""Requests whose bytes were spoilt after they had been written: what HTTP parsers are for."""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.fuzz.shot import Shot
from tests.fuzz.shots import shots
from tests.fuzz.wire import Answer, answers, rendered

#: what a server may say of bytes that are no request of any door
_STATUSES = {200, 204, 400, 403, 404, 405, 408, 411, 413, 414, 415, 431, 501, 505}
_TOKENS = [
    *(b"\r\n \r \n \x00 \t : ; , \xff \x7f".split(b" ")),
    b"\r\n\r\n",
    b"content-length: 5\r\n",
    b"content-length: -1\r\n",
    b"content-length: 99999999999999999999\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"expect: 100-continue\r\n",
    b"upgrade: websocket\r\nconnection: upgrade\r\n",
    b"upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"fffffffffffffffff\r\n",
    b"-1\r\n",
    b"0\r\n\r\n",
    b"HTTP/0.9",
    b"HTTP/9.9",
    b"x: " + b"y" * 20_000 + b"\r\n",
    b"a: b\r\n" * 500,
]


@dataclass(frozen=True, slots=True)
class Malformed:
    """``sent`` is what goes over the wire, all of it at once and then no more."""

    shot: Shot
    sent: bytes


@st.composite
def malformed(draw: st.DrawFn) -> Malformed:
    shot = draw(shots())
    if len(shot.body) > 8_000:
        shot = Shot(shot.door, shot.method, shot.path, shot.headers, shot.body[:8_000], ids=shot.ids)
    sent = rendered(shot, chunked=draw(st.booleans()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, 400)) % (len(sent) + 1)
        how, token = draw(st.integers(0, 3)), draw(st.sampled_from(_TOKENS))
        sent = (
            sent[:at] + token + sent[at:],
            sent[:at] + token + sent[at + len(token) :],
            sent[:at],
            sent + sent[at:],
        )[how]
    return Malformed(Shot("spoilt HTTP", shot.method, shot.path, shot.headers, shot.body, ids=shot.ids), sent)


def judge_malformed(received: bytes) -> tuple[int, int]:
    """The last status (0: closed without an answer), and how many events were acknowledged."""
    # A server that takes HEAD out of the spoilt bytes answers without a body: either reading is an answer.
    try:
        found = answers(received)
    except AssertionError:
        found = answers(received, to_head=True)
    for answer in found:
        assert answer.status in _STATUSES, f"spoilt bytes were answered {answer.status}"
    return (found[-1].status if found else 0), sum(map(_acknowledged, found))


def _acknowledged(answer: Answer) -> int:
    if answer.status == 200 and answer.body.startswith(b'{"accepted"'):
        return int(json.loads(answer.body)["accepted"])
    return int(answer.status == 204)
