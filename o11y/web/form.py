"""Reading the form that a request brings."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from o11y.http.body import Room, check_content_type, read_body
from o11y.http.ingest_answer import Refused
from o11y.web import words
from o11y.web.page import Refusal

MAX_BYTES = 64 * 1024
_LONGEST_QUERY = 4_096
_MOST_FIELDS = 1_000
_READ_TIMEOUT_S = 30.0
_MEDIA = ("application/x-www-form-urlencoded",)


async def form_of(request: Request, room: Room) -> Mapping[str, str]:
    """The last of each name. Raises ``Refusal``, and ``ClientGone`` when the connection closed meanwhile."""
    headers = dict(request.scope["headers"])
    try:
        with room.share() as share:
            check_content_type(headers.get(b"content-type"), _MEDIA)
            body = await read_body(
                headers, request.receive, share=share, max_bytes=MAX_BYTES, read_timeout_s=_READ_TIMEOUT_S
            )
    except Refused as refused:
        status = refused.answer.status
        raise Refusal(status, words.BUSY if status == 503 else words.NO_FORM) from None
    return _pairs(body.decode("latin-1"))


def query_of(request: Request) -> Mapping[str, str]:
    """The last of each name. Raises ``Refusal``."""
    raw: bytes = request.scope["query_string"]
    if len(raw) > _LONGEST_QUERY:
        raise Refusal(414, f"What follows the question mark may be {_LONGEST_QUERY:,} characters long.")
    return _pairs(raw.decode("latin-1"))


def _pairs(text: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Refusal(400, f"At most {_MOST_FIELDS:,} fields are accepted.") from None
