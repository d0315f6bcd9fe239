"""A batch body as single events, so that each can be judged alone."""

import re
from collections.abc import Sequence

from o11y.event_json import NotJson, decode
from o11y.events import Issue
from o11y.http.ingest_answer import Refused, failure, not_a_body

#: more cannot be valid events within any sensible body limit
MAX_EVENTS = 100_000
#: valid events have four each; as Python values they weigh thirty times their text, and decoding holds everybody up
MAX_CONTAINERS = 500_000
#: taking a spoilt array apart is slow, and this many are more than those of valid events
MAX_COMMAS = 2_000_000
#: issues spelled out in one answer; further events are named by their index alone
MAX_ISSUES = 1_000
NDJSON = "application/x-ndjson"

_SPACE = b" \t\r\n"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)


def events_of(body: bytes, media_type: str) -> Sequence[object]:
    """The events, decoded, or as JSON text (``bytes``) that is still to be decoded one by one.

    NDJSON: one event a line; blank lines are no events and are not counted in an index. Raises ``Refused``.
    """
    if len(body) > MAX_CONTAINERS and body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
        raise Refused(failure(413, f"A batch must be of at most {MAX_CONTAINERS} arrays and objects"))
    if media_type == NDJSON:
        events: Sequence[object] = [line for line in body.split(b"\n") if line.strip(_SPACE)]
    else:
        events = _array(body)
    if len(events) > MAX_EVENTS:
        raise Refused(failure(413, f"A batch must be of at most {MAX_EVENTS} events"))
    return events


def _array(body: bytes) -> Sequence[object]:
    """When one event of an array is not JSON, its neighbours still are: take the array apart by its brackets."""
    try:
        value = decode(body)
    except NotJson as error:
        texts = array_items(body) if body.count(b",") <= MAX_COMMAS else None
        if texts is None:
            raise Refused(not_a_body(str(error))) from None
        return texts
    if not isinstance(value, list):
        raise Refused(not_a_body("must be a JSON array of events"))
    return value


def array_items(text: bytes) -> list[bytes] | None:
    """The texts between the commas of a JSON array, whatever they hold; ``None`` if its brackets do not close."""
    text = text.strip(_SPACE)
    if not text.startswith(b"["):
        return None
    items, depth, start = [], 0, 1
    for token in _TOKEN.finditer(text):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"," if depth == 1:
                items.append(text[start : token.start()])
                start = token.end()
            case b"]" | b"}":
                depth -= 1
                if depth == 0:
                    return [*items, text[start : token.start()]] if token.end() == len(text) else None
        if len(items) > MAX_EVENTS:
            return items
    return None


class Rejections:
    """The events of a batch that were refused, as the answer lists them: every index, a bounded number of issues."""

    def __init__(self) -> None:
        self.listed: list[dict[str, object]] = []
        self._room = MAX_ISSUES

    def add(self, index: int, issues: list[Issue]) -> None:
        self.listed.append({"index": index, "issues": issues[: self._room]})
        self._room = max(0, self._room - len(issues))
