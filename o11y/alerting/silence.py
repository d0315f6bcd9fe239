"""Silences: who wants not to be told of what, from when until when, and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from o11y.alerting.alert import Alert
from o11y.alerting.foreign_text import visible
from o11y.alerting.incident import Member
from o11y.alerting.matcher import Label, Labels, Matcher, Operator
from o11y.alerting.record import rfc3339
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity

LONGEST = timedelta(days=400)
MOST_LIVE = 1_000
MOST_MATCHERS = 20
LONGEST_MATCHERS = 4_096  # characters, written one after the other
LONGEST_AUTHOR = 100
LONGEST_COMMENT = 1_000
LONGEST_ID = 64


class State(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes the alerts that every matcher fits, in [starts_at, ends_at). Times are UTC.

    With ``incident_id`` it also ends when that incident is resolved. ``expired_at``: somebody, or that resolution,
    ended it before its time. Raises ``ValueError``.
    """

    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    created_at: datetime
    incident_id: str | None = None
    expired_at: datetime | None = None
    expired_by: str | None = None

    def __post_init__(self) -> None:
        if not self.silence_id or len(self.silence_id) > LONGEST_ID:
            raise ValueError(f"silence_id: from 1 to {LONGEST_ID} characters are accepted")
        check_matchers(self.matchers)
        check_times(self.starts_at, self.ends_at)
        check_text("author", self.author, longest=LONGEST_AUTHOR)
        check_text("comment", self.comment, longest=LONGEST_COMMENT)

    @property
    def ended_at(self) -> datetime:
        return self.ends_at if self.expired_at is None else min(self.ends_at, max(self.expired_at, self.created_at))

    def state(self, at: datetime) -> State:
        if at >= self.ended_at:
            return State.EXPIRED
        return State.PENDING if at < self.starts_at else State.ACTIVE

    def fits(self, labels: Labels) -> bool:
        return all(matcher.matches(labels) for matcher in self.matchers)

    @property
    def name(self) -> str:
        """Short, and fit to be shown: ``'deploy of the gateway' by ann``."""
        return f"'{visible(self.comment, limit=60)}' by {visible(self.author, limit=40)}"

    @property
    def reason(self) -> str:
        """Of an alert that is not told. One that ends with its incident has a comment that says so."""
        return f"{self.name} until {rfc3339(self.ends_at)}" if self.incident_id is None else self.name


def check_matchers(matchers: tuple[Matcher, ...]) -> None:
    if not 0 < len(matchers) <= MOST_MATCHERS:
        raise ValueError(f"matchers: from 1 to {MOST_MATCHERS} are accepted")
    if sum(len(str(matcher)) for matcher in matchers) > LONGEST_MATCHERS:
        raise ValueError(f"matchers: at most {LONGEST_MATCHERS:,} characters together are accepted")
    if all(matcher.matches_nothing_said for matcher in matchers):
        raise ValueError(
            "matchers: at least one must not match the empty text, or everything would be silenced; "
            'severity=~"page|ticket" says everything and means it'
        )


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise ValueError("starts_at, ends_at: need a time zone")
    if ends_at <= starts_at:
        raise ValueError("ends_at: it must end after it starts")
    if ends_at - starts_at > LONGEST:
        raise ValueError(f"ends_at: a silence lasts {LONGEST.days} days at most")


def check_text(name: str, text: str, *, longest: int) -> None:
    if not text.strip() or len(text) > longest:
        raise ValueError(f"{name}: from 1 to {longest:,} characters are accepted")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: it is not valid Unicode") from None


#: an equality with one of these leaves few alerts; the first that a silence has is what it is found by
_TELLING = (Label.MODEL, Label.CLIENT, Label.PROVIDER, Label.OBJECTIVE, Label.SCOPE, Label.INDICATOR, Label.SEVERITY)


class Silences:
    """All that are known, asked about each alert of a tick: most are not even looked at."""

    __slots__ = ("_anywhere", "_by_label", "all")

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self.all = tuple(silences)
        self._by_label: defaultdict[tuple[str, str], list[Silence]] = defaultdict(list)
        self._anywhere: list[Silence] = []
        for silence in self.all:
            place = _place(silence)
            (self._anywhere if place is None else self._by_label[place]).append(silence)

    def muting(self, labels: Labels, at: datetime) -> Silence | None:
        """The one in force at ``at`` that mutes these labels for the longest."""
        found = [silence for silence in self._near(labels) if silence.state(at) is State.ACTIVE]
        muting = [silence for silence in found if silence.fits(labels)]
        return max(muting, key=lambda silence: (silence.ends_at, silence.silence_id), default=None)

    def of_incident(self, incident_id: str, at: datetime) -> tuple[Silence, ...]:
        """Those that end with it and have not ended yet."""
        return tuple(s for s in self.all if s.incident_id == incident_id and s.state(at) is not State.EXPIRED)

    def active(self, at: datetime) -> tuple[Silence, ...]:
        return tuple(silence for silence in self.all if silence.state(at) is State.ACTIVE)

    def _near(self, labels: Labels) -> Iterator[Silence]:
        places = ((label.value, labels.get(label, "")) for label in _TELLING)
        return chain(self._anywhere, *(self._by_label.get(place, ()) for place in places))


NO_SILENCES = Silences()


def _place(silence: Silence) -> tuple[str, str] | None:
    wanted = {m.label: m.value for m in silence.matchers if m.operator is Operator.EQUAL}
    label = next((label for label in _TELLING if label in wanted), None)
    return None if label is None else (label.value, wanted[label])


def in_order(silences: Iterable[Silence], at: datetime) -> list[Silence]:
    """For reading: those in force, the next to end first; those to come; those that have ended, the latest first."""
    order = [State.ACTIVE, State.PENDING, State.EXPIRED]

    def place(silence: Silence) -> tuple[int, float, str]:
        state = silence.state(at)
        turn = {
            State.ACTIVE: silence.ended_at.timestamp(),
            State.PENDING: silence.starts_at.timestamp(),
            State.EXPIRED: -silence.ended_at.timestamp(),
        }
        return order.index(state), turn[state], silence.silence_id

    return sorted(silences, key=place)


def labels_of(alert: Alert) -> Labels:
    indicator = alert.objective.sli.indicator
    return _labels(alert.severity, alert.objective.name, indicator, alert.dimension)


def labels_of_member(member: Member, indicator: Indicator) -> Labels:
    """``indicator``: that of its incident's cause."""
    return _labels(member.severity, member.objective, indicator, member.dimension)


def _labels(severity: Severity, objective: str, indicator: Indicator, dimension: Dimension) -> Labels:
    """What a dimension folds away is absent."""
    return {
        Label.SEVERITY: severity.value,
        Label.OBJECTIVE: objective,
        Label.INDICATOR: indicator.value,
        Label.SCOPE: dimension.scope.value,
        Label.CLIENT: dimension.client or "",
        Label.PROVIDER: dimension.provider or "",
        Label.MODEL: dimension.model or "",
    }
