"""What somebody asks of the alert history, from the fields of a query: checked, with words for each that is refused."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from o11y.worker.ports.alert_log import After, LogQuestion

#: the words of the history: those of ``Change``, and of whoever decided otherwise
TRANSITIONS = (
    *(change.value for change in Change),
    *("inhibited", "silenced", "cooldown", "unmuted", "notified", "superseded", "undeliverable"),
)
NAMES = ("client", "provider", "model", "objective", "incident")
LONGEST_NAME = 1_024
LONGEST_RANGE = timedelta(days=400)
USUAL_RANGE = timedelta(days=30)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


class BadQuestion(ValueError):
    """``field`` was refused; the words say what would be accepted."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field
        self.words = words


@dataclass(frozen=True, slots=True)
class Month:
    year: int
    number: int

    @property
    def since(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        return self.next.since

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> "Month":
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def month_in(fields: Mapping[str, str], *, now: datetime) -> Month:
    """That of ``month``, or the present one. Raises ``BadQuestion``."""
    text = fields.get("month", "").strip()
    if not text:
        return Month(now.year, now.month)
    found = _MONTH.fullmatch(text)
    if found is None or not (2000 <= int(found[1]) <= 2200 and 1 <= int(found[2]) <= 12):
        raise BadQuestion("month", "a month such as 2026-11 is accepted")
    return Month(int(found[1]), int(found[2]))


def range_in(fields: Mapping[str, str], *, now: datetime) -> tuple[datetime, datetime]:
    """``from`` and ``to``; by default the last 30 days. Raises ``BadQuestion``."""
    until = _time("to", fields) or now + timedelta(minutes=1)
    since = _time("from", fields) or until - USUAL_RANGE
    if not since < until:
        raise BadQuestion("from", "a time before that of to is accepted")
    if until - since > LONGEST_RANGE:
        raise BadQuestion("from", f"at most {LONGEST_RANGE.days} days before to are accepted")
    return since, until


def question_in(fields: Mapping[str, str], *, since: datetime, until: datetime) -> LogQuestion:
    """Raises ``BadQuestion``."""
    names = {name: fields.get(name, "").strip() for name in NAMES}
    for name, text in names.items():
        if len(text) > LONGEST_NAME:
            raise BadQuestion(name, f"at most {LONGEST_NAME:,} characters are accepted")
        if not _is_text(text):
            raise BadQuestion(name, "text without null characters is accepted")
    severity = _one_of("severity", fields, [each.value for each in Severity])
    transition = _one_of("transition", fields, TRANSITIONS)
    return LogQuestion(since, until, severity=severity, transition=transition, **names)


def after_incident(text: str) -> tuple[datetime, str] | None:
    """What ``incident_mark`` wrote; None of "". Raises ``BadQuestion``."""
    if not text:
        return None
    moment, dot, incident_id = text.partition(".")
    at = _epoch_ms(moment) if moment.isascii() and moment.isdigit() and len(moment) <= 14 else None
    if not dot or at is None or not incident_id or len(incident_id) > LONGEST_NAME:
        raise BadQuestion("after", "what a link of a page before says is accepted")
    return at, incident_id


def incident_mark(after: tuple[datetime, str]) -> str:
    return f"{_ms(after[0])}.{after[1]}"


def after_row(text: str) -> After | None:
    """What ``row_mark`` wrote; None of "". Raises ``BadQuestion``."""
    if not text:
        return None
    try:
        at, key, recorded_at, *rest = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
        transition, severity, notification_id = rest
        words = [key, transition, severity, notification_id]
        moments = [_epoch_ms(at), _epoch_ms(recorded_at)]
    except (ValueError, TypeError, binascii.Error, RecursionError):
        words, moments = [None], [None, None]
    if not all(isinstance(word, str) and _is_text(word) for word in words) or None in moments:
        raise BadQuestion("after", "the value of next, from an answer before, is accepted")
    return After(moments[0], key, moments[1], transition, severity, notification_id)  # type: ignore[arg-type]


def row_mark(after: After) -> str:
    row = [_ms(after.at), after.key, _ms(after.recorded_at), after.transition, after.severity, after.notification_id]
    return base64.urlsafe_b64encode(json.dumps(row, separators=(",", ":")).encode()).decode()


def _one_of(field: str, fields: Mapping[str, str], accepted: "tuple[str, ...] | list[str]") -> str:
    text = fields.get(field, "").strip()
    if text and text not in accepted:
        raise BadQuestion(field, f"accepted: {', '.join(accepted)}")
    return text


def _time(field: str, fields: Mapping[str, str]) -> datetime | None:
    text = fields.get(field, "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadQuestion(field, "a time such as 2026-11-21 or 2026-11-21T12:00:00Z is accepted") from None
    if not 2000 <= at.year <= 2200:
        raise BadQuestion(field, "a time from 2000 to 2200 is accepted")
    return at


def _epoch_ms(value: object) -> datetime | None:
    """As bad marks are not our own, they may hold anything."""
    number = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else -1
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number) if 0 <= number < 10**13 else None


def _ms(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _is_text(text: str) -> bool:
    """What can be bound: without null characters, and without lone surrogates, which have no bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
