"""The event a gateway posts: what is accepted, and what is known of it then. All that a gateway needs to import."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from o11y.event_json import NotJson, decode
from o11y.event_schema import Issue, check, check_array_text, check_text
from o11y.model_id import normalise_model
from o11y.uuid7 import uuid7

__all__ = ["AcceptedEvent", "InvalidEvent", "Issue", "TimeRefused", "normalise_model", "validate"]

MAX_AHEAD = timedelta(minutes=5)
MAX_BEHIND = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_TEXT = (bytes, bytearray)


class AcceptedEvent(NamedTuple):
    """A valid event with its id and time settled, and its model id normalised.

    A tuple, because making a frozen dataclass takes four times as long and the door makes one for every event.
    """

    event_id: str  # a UUID in its canonical form
    given_id: bool  # the gateway sent eventId
    event_time: datetime  # completion, UTC, whole milliseconds
    resolved_model: str  # normalised: trimmed, lower-case, no variant
    model_variant: str  # "free" of "vendor/model:free", or ""
    fields: dict[str, Any]  # the event as validated (wire names), without clientSecret


class InvalidEvent(ValueError):
    """The event is refused. ``issues`` say where and what would be accepted; they never quote a value."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, i['path'])) or 'the event'} {i['message']}" for i in issues))
        self.issues = issues


class TimeRefused(InvalidEvent):
    """Of its issues: its time is none, or too far from the server's clock."""


def validate(raw: bytes | bytearray | object, *, now: datetime) -> AcceptedEvent:
    """An event from its JSON text, or from a value already decoded. ``now`` bounds and defaults its time.

    Raises ``InvalidEvent``, and nothing else whatever the input is.
    """
    fields = read(raw) if isinstance(raw, _TEXT) else checked(raw)
    fields.pop("clientSecret", None)
    return settle(fields, now=now)


def read(raw: bytes | bytearray) -> dict[str, Any]:
    """The known fields of an event as validated, its secret among them. Raises ``InvalidEvent``."""
    fields = check_text(raw)
    return checked(parse(raw)) if fields is None else fields


def read_array(raw: bytes) -> list[dict[str, Any]] | None:
    """As ``read``, of each event of a JSON array; ``None``: not all are valid, judge them one by one."""
    return check_array_text(raw)


def checked(value: object) -> dict[str, Any]:
    """As ``read``, of a value already decoded."""
    fields, issues = check(value)
    if fields is None:
        raise InvalidEvent(issues)
    return fields


def settle(fields: dict[str, Any], *, now: datetime) -> AcceptedEvent:
    """The event of valid fields, which become its own and hold no secret. Raises ``InvalidEvent`` for its time."""
    fields.setdefault("inferenceProvider", "")
    model, variant = normalise_model(fields["resolvedModel"])
    given = fields.get("eventId")
    time = _event_time(fields.get("timestamp"), now)
    if given is None:
        return AcceptedEvent(uuid7(now), False, time, model, variant, fields)
    return AcceptedEvent(given.lower(), True, time, model, variant, fields)


def parse(raw: bytes | bytearray) -> object:
    """The value of a JSON text; raises ``InvalidEvent`` at the empty path when it is not JSON."""
    try:
        return decode(raw)
    except NotJson as error:
        raise InvalidEvent([{"path": [], "message": str(error)}]) from None


def _event_time(sent: int | str | None, now: datetime) -> datetime:
    if sent is None:
        return to_the_millisecond(now)
    try:
        # A sum of integers: fromtimestamp(ms / 1000) would round.
        time = to_the_millisecond(_rfc_3339(sent)) if isinstance(sent, str) else _EPOCH + sent * _MS
    except (ValueError, OverflowError):
        raise _bad_time("must be unix milliseconds or an RFC 3339 time that exists") from None
    if time - now > MAX_AHEAD:
        raise _bad_time("must be at most 5 minutes ahead of the server's clock, in milliseconds if it is a number")
    if now - time > MAX_BEHIND:
        raise _bad_time("must be at most 7 days old, in milliseconds if it is a number")
    return time


def _rfc_3339(text: str) -> datetime:
    """Of a text that has the form. A leap second is the first moment of the next minute."""
    text = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text.upper().replace(" ", "T"))
    leap = text[17:19] == "60"
    if leap:
        text = text[:17] + "59" + text[19:]
    return datetime.fromisoformat(text).astimezone(UTC) + timedelta(seconds=leap)


def to_the_millisecond(time: datetime) -> datetime:
    """To the millisecond and in UTC, as the tables keep it; a time that is so already is returned itself."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    beyond = time.microsecond % 1000
    return time.replace(microsecond=time.microsecond - beyond) if beyond else time


def _bad_time(message: str) -> TimeRefused:
    return TimeRefused([{"path": ["timestamp"], "message": message}])
