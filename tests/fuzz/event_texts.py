"""JSON texts of events: sound ones, and ones bent in a field or two.

Written as text, since the worst JSON texts have no Python value to be made from.
"""

import json
from uuid import UUID

from hypothesis import strategies as st

from tests.fuzz.shot import Sent
from tests.wire_events import wire_event

#: whatever a field may be given instead of its value
ODD = [
    *(b"null true false 0 -0 -1 1.5 45.0 1e3 1E-3 1e400 -1e400 NaN Infinity -Infinity 01 +1 0x10 .5 1. - tru".split()),
    *(str(2**power + more).encode() for power in (31, 32, 53, 63, 64, 128) for more in (-1, 0)),
    b"9" * 400,
    b"9" * 5_000,
    b"-" + b"9" * 5_000,
    b"1" + b"0" * 4_400 + b".0",
    *(b'"" " " "45" "a\\u0000b" "\\ud800" "\\udc00\\ud800" "\\ud83d\\ude00" "\\uZZZZ" "\\x" "a'.split(b" ")),
    b'"' + b"a" * 1_024 + b'"',
    b'"' + b"a" * 1_025 + b'"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"\x00"',
    b'"line\nbreak"',
    b'"<!channel> *x* \'or 1=1; DROP TABLE api_events -- {x:String}"',
    b"[]",
    b"{}",
    b'[""]',
    b'["a",1]',
    b"[" + b'"t",' * 1_000 + b'"t"]',
    b"[" * 150 + b"]" * 150,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"inputTokens":-1}',
    b'{"inputTokens":1,"inputTokens":1e400}',
    b'{"other":{"deep":[{}]}}',
    b'"2026-02-30T00:00:00Z"',
    b'"2026-11-21T23:59:60.999999999+23:59"',
    b'"0000-01-01T00:00:00Z"',
    b'"::ffff:1.2.3.4"',
    b'"fe80::1%eth0"',
    b'"00000000-0000-0000-0000-00000000000g"',
    b"",
    b"}",
    b'{"',
]
_FIELDS = ["clientSecret", "inferenceProvider", "organizationId", "mode", "ipAddress", "tokens", "timestamp", "eventId"]
_FIELDS = [*_FIELDS, *(name for name in wire_event() if name not in _FIELDS), "unknown", "", "__proto__", "\u2028"]
#: odd values that would end the event early, or leave it open: its neighbours in a batch are no longer what they were
_SPILLS = [text for text in ODD if text in (b"", b"}", b'{"') or text.count(b'"') % 2]


def spills(text: bytes) -> bool:
    """Whether this value may change where its event ends."""
    return text in _SPILLS or b"\n" in text


_ids = st.integers(0, 2**122 - 1).map(lambda number: str(UUID(int=number, version=4)))
_bends = st.lists(
    st.tuples(st.sampled_from(_FIELDS), st.sampled_from(ODD), st.sampled_from(["replace", "repeat", "drop"])),
    max_size=3,
)


@st.composite
def event_texts(draw: st.DrawFn, *, secret: str | None) -> tuple[bytes, Sent, bool, str]:
    """The text, what is known of it, whether it may spill over into its neighbours, and the id it was given."""
    event_id = draw(_ids)
    fields = [
        (name, json.dumps(value).encode())
        for name, value in wire_event(clientSecret=... if secret is None else secret, eventId=event_id).items()
    ]
    bends = draw(_bends) if draw(st.booleans()) else []
    for name, odd, how in bends:
        if how != "repeat":
            fields = [(known, value) for known, value in fields if known != name]
        if how != "drop":
            fields.append((name, odd))
    text = b"{" + b",".join(json.dumps(name).encode() + b":" + value for name, value in fields) + b"}"
    bent_id = any(name == "eventId" for name, _, _ in bends)
    return text, Sent(None if bent_id else event_id, sound=not bends), any(spills(odd) for _, odd, _ in bends), event_id
