"""The wire table: every field of an event, what it accepts, and the words for what it does not."""

import re
import socket
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, ConfigDict, FailFast, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

MAX_TEXT = 1024  # characters
MAX_TOOL_NAME = 256  # characters
MAX_TOOLS = 1000  # entries
MAX_MS = 2**31 - 1
MAX_TOKENS = 2**53 - 1
MAX_ISSUES = 20  # of one event

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_RFC_3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"


class Issue(TypedDict):
    """One thing wrong with an event; ``path`` leads to it, the empty path is the event itself."""

    path: list[str | int]
    message: str


def _whole(value: float) -> int:
    """JSON has one number type: 45.0 is the integer 45."""
    if not value.is_integer():
        raise ValueError("not a whole number")
    return int(value)


def _ip_address(text: str) -> str:
    """IPv4 or IPv6 without a zone. Kept as text: the standard library's address types cost five times as much."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return text
    raise ValueError("not an IP address")


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
LooseText = Annotated[str, Field(max_length=MAX_TEXT)]
Tools = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_TOOL_NAME)]], Field(max_length=MAX_TOOLS)]
# The integer branch is tried first and runs without Python; the other is for 45.0.
_First = Field(union_mode="left_to_right")
_Whole = AfterValidator(_whole)
Milliseconds = Annotated[
    Annotated[int, Field(ge=0, le=MAX_MS)] | Annotated[float, Field(ge=0, le=MAX_MS), _Whole], _First
]
Tokens = Annotated[
    Annotated[int, Field(ge=0, le=MAX_TOKENS)] | Annotated[float, Field(ge=0, le=MAX_TOKENS), _Whole], _First
]
Status = Annotated[Annotated[int, Field(ge=100, le=599)] | Annotated[float, Field(ge=100, le=599), _Whole], _First]
Timestamp = Annotated[int | Annotated[float, _Whole] | Annotated[str, Field(max_length=64, pattern=_RFC_3339)], _First]


class TokenCounts(TypedDict):
    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    inputTokens: NotRequired[Tokens]
    outputTokens: NotRequired[Tokens]
    cacheWriteTokens: NotRequired[Tokens]
    cacheHitTokens: NotRequired[Tokens]
    totalTokens: NotRequired[Tokens]


class WireEvent(TypedDict):
    """Unknown fields are ignored; nothing is coerced."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    clientSecret: NotRequired[LooseText]
    kiloUserId: Text
    organizationId: NotRequired[Text]
    mode: NotRequired[Text]
    isAnonymous: bool
    isStreaming: bool
    userByok: bool
    provider: Text
    requestedModel: Text
    resolvedModel: Text
    inferenceProvider: NotRequired[LooseText]
    toolsAvailable: Tools
    toolsUsed: Tools
    ttfbMs: Milliseconds
    completeRequestMs: Milliseconds
    statusCode: Status
    ipAddress: NotRequired[Annotated[str, Field(max_length=64), AfterValidator(_ip_address)]]
    tokens: NotRequired[TokenCounts]
    eventId: NotRequired[Annotated[str, Field(pattern=_UUID)]]
    timestamp: NotRequired[Timestamp]


_event: TypeAdapter[Any] = TypeAdapter(WireEvent)
# The first fault ends it: a body of a million bad entries is not worth a million reports.
_events: TypeAdapter[Any] = TypeAdapter(Annotated[list[WireEvent], FailFast()])

_TEXT = f"a string of 1 to {MAX_TEXT} characters"
_LOOSE_TEXT = f"a string of at most {MAX_TEXT} characters"
_TOOLS = f"an array of at most {MAX_TOOLS} strings of 1 to {MAX_TOOL_NAME} characters"
_MS = f"an integer from 0 to {MAX_MS}"
_TOKENS = f"an integer from 0 to {MAX_TOKENS}"

#: what each field accepts, in words
ACCEPTED = {
    "clientSecret": _LOOSE_TEXT,
    "kiloUserId": _TEXT,
    "organizationId": _TEXT,
    "mode": _TEXT,
    "isAnonymous": "true or false",
    "isStreaming": "true or false",
    "userByok": "true or false",
    "provider": _TEXT,
    "requestedModel": _TEXT,
    "resolvedModel": _TEXT,
    "inferenceProvider": _LOOSE_TEXT,
    "toolsAvailable": _TOOLS,
    "toolsUsed": _TOOLS,
    "ttfbMs": _MS,
    "completeRequestMs": _MS,
    "statusCode": "an integer from 100 to 599",
    "ipAddress": "an IPv4 or IPv6 address without a zone",
    "tokens": "an object of optional token counts",
    "eventId": "a UUID",
    "timestamp": "unix milliseconds or an RFC 3339 time",
}


def check(value: object) -> tuple[dict[str, Any] | None, list[Issue]]:
    """The event's known fields as sent (``45.0`` as 45), or what is wrong with it."""
    try:
        return _event.validate_python(value), []
    except ValidationError as error:
        return None, _issues(error)


def check_text(raw: bytes | bytearray) -> dict[str, Any] | None:
    """What ``check`` finds in a JSON text that is valid, at two thirds of the cost: no value is made twice.

    ``None`` says no more than that it has to be looked at closely, by ``decode`` and ``check``.
    """
    if _may_hold_constants(raw):
        return None
    try:
        fields: dict[str, Any] = _event.validate_json(raw)
    except ValidationError:
        return None
    return fields


def check_array_text(raw: bytes) -> list[dict[str, Any]] | None:
    """The same for a JSON array of events, all of which are valid."""
    if _may_hold_constants(raw):
        return None
    try:
        events: list[dict[str, Any]] = _events.validate_json(raw)
    except ValidationError:
        return None
    return events


def _may_hold_constants(raw: bytes | bytearray) -> bool:
    """NaN and Infinity are not JSON, but pydantic's parser takes them where nobody looks, in unknown fields."""
    return b"NaN" in raw or b"Infinity" in raw


def _issues(error: ValidationError) -> list[Issue]:
    """One issue a place. Pydantic's own words are not used: they may quote what was sent."""
    found: dict[tuple[str | int, ...], Issue] = {}
    for detail in error.errors(include_url=False, include_context=False):
        place = _place(detail["loc"])
        if place not in found:
            found[place] = {"path": list(place), "message": _message(place, detail["type"], detail["input"])}
            if len(found) == MAX_ISSUES:
                break
    return list(found.values())


def _place(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location without the names of union branches."""
    return loc[: 2 if loc and loc[0] in ("tokens", "toolsAvailable", "toolsUsed") else 1]


def _message(place: tuple[str | int, ...], kind: str, given: object) -> str:
    if not place:
        return "must be a JSON object"
    if kind == "string_unicode" or (isinstance(given, str) and re.search(r"[\ud800-\udfff]", given)):
        return "must be valid Unicode text, without lone surrogates"
    if len(place) == 1:
        accepted = ACCEPTED[str(place[0])]
    else:
        accepted = _TOKENS if place[0] == "tokens" else f"a string of 1 to {MAX_TOOL_NAME} characters"
    if kind == "missing":
        return f"is required: {accepted}"
    optional = given is None and str(place[0]) in WireEvent.__optional_keys__
    return f"must be {accepted}" + (", or absent; null is not accepted" if optional else "")
