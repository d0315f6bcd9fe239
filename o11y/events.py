"""The event a gateway posts: what is accepted, and what is known of it then. All that a gateway needs to import."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from o11y.event_json import NotJson, decode
from o11y.event_schema import Issue, check
from o11y.model_id import normalise_model
from o11y.uuid7 import uuid7

__all__ = ["AcceptedEvent", "InvalidEvent", "Issue", "normalise_model", "validate"]

MAX_AHEAD = timedelta(minutes=5)
MAX_BEHIND = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """A valid event with its id and time settled, and its model id normalised."""

    event_id: UUID
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


def validate(raw: bytes | bytearray | object, *, now: datetime) -> AcceptedEvent:
    """An event from its JSON text, or from a value already decoded. ``now`` bounds and defaults its time.

    Raises ``InvalidEvent``, and nothing else whatever the input is.
    """
    fields, issues = check(parse(raw) if isinstance(raw, bytes | bytearray) else raw)
    if fields is None:
        raise InvalidEvent(issues)
    fields.pop("clientSecret", None)
    fields.setdefault("inferenceProvider", "")
    model, variant = normalise_model(fields["resolvedModel"])
    given = fields.get("eventId")
    return AcceptedEvent(
        event_id=uuid7(now) if given is None else UUID(given),
        given_id=given is not None,
        event_time=_event_time(fields.get("timestamp"), now),
        resolved_model=model,
        model_variant=variant,
        fields=fields,
    )


def parse(raw: bytes | bytearray) -> object:
    """The value of a JSON text; raises ``InvalidEvent`` at the empty path when it is not JSON."""
    try:
        return decode(raw)
    except NotJson as error:
        raise InvalidEvent([{"path": [], "message": str(error)}]) from None


def _event_time(sent: int | str | None, now: datetime) -> datetime:
    if sent is None:
        return _floor(now)
    try:
        # A sum of integers: fromtimestamp(ms / 1000) would round.
        time = _floor(_rfc_3339(sent)) if isinstance(sent, str) else _EPOCH + sent * _MS
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


def _floor(time: datetime) -> datetime:
    """To the millisecond, as the tables keep it."""
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _bad_time(message: str) -> InvalidEvent:
    return InvalidEvent([{"path": ["timestamp"], "message": message}])
