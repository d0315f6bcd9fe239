"""A silence as somebody asks for it: a JSON object, read whole, so that everything wrong with it is told at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from o11y.alerting.foreign_text import visible
from o11y.alerting.matcher import BadMatcher, Matcher, matcher, parse_matcher
from o11y.alerting.silence import (
    LONGEST,
    LONGEST_AUTHOR,
    LONGEST_COMMENT,
    LONGEST_ID,
    MOST_MATCHERS,
    Silence,
    check_matchers,
    check_text,
    check_times,
)
from o11y.slo.durations import parse_duration_s

T = TypeVar("T")
D = TypeVar("D")

_MOST_UNKNOWN = 10  # fields that are told
_KNOWN = frozenset({"matchers", "startsAt", "endsAt", "duration", "author", "comment", "incidentId"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Where in what was sent, and what would be accepted."""

    path: tuple[str | int, ...]
    message: str


class BadSilence(ValueError):
    """No silence can be made of it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{_place(one)}{one.message}" for one in problems))
        self.problems = problems


def asked(value: object, *, silence_id: str, author: str, now: datetime) -> Silence:
    """The silence that somebody asks for; ``author`` unless it names another. Raises ``BadSilence``.

    ``matchers`` are texts or objects; its end is ``endsAt`` or a ``duration`` (``2h``) from its start. A start that
    has passed is now: what was told stays told.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    reading = _Reading(value)
    matchers = reading.needed("matchers", _matchers, ())
    starts_at = _start(reading, now)
    ends_at = _end(reading, starts_at)
    author = reading.field("author", _text("author", LONGEST_AUTHOR), author)
    comment = reading.needed("comment", _text("comment", LONGEST_COMMENT), "")
    incident_id = reading.field("incidentId", _text("incidentId", LONGEST_ID), None)
    reading.finish()
    return Silence(silence_id, matchers, starts_at, ends_at, author, comment, now, incident_id)


class _Reading:
    """The fields of what was sent, and what is wrong with them, all of it."""

    def __init__(self, value: object) -> None:
        self._problems: list[Problem] = []
        self._fields: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self._problems.append(Problem((), "must be a JSON object"))
        for name in sorted(self._fields.keys() - _KNOWN)[:_MOST_UNKNOWN]:
            self.refuse((visible(name),), f"is not a field; those are {', '.join(sorted(_KNOWN))}")

    def has(self, name: str) -> bool:
        return name in self._fields

    def field(self, name: str, read: Callable[[Any], T], default: D) -> T | D:
        """``default`` when it is not there, and when it is refused."""
        if name not in self._fields:
            return default
        try:
            return read(self._fields[name])
        except BadSilence as error:
            for problem in error.problems:
                self.refuse((name, *problem.path), problem.message)
        except ValueError as error:
            self.refuse((name,), str(error).removeprefix(f"{name}: "))
        return default

    def needed(self, name: str, read: Callable[[Any], T], default: D) -> T | D:
        if name not in self._fields:
            self.refuse((name,), "is missing")
        return self.field(name, read, default)

    def refuse(self, path: tuple[str | int, ...], message: str) -> None:
        self._problems.append(Problem(path, message))

    def finish(self) -> None:
        if self._problems:
            raise BadSilence(self._problems)


def _start(reading: _Reading, now: datetime) -> datetime:
    starts_at = max(reading.field("startsAt", _time, now), now)
    if starts_at - now > LONGEST:
        reading.refuse(("startsAt",), f"must be at most {LONGEST.days} days ahead")
        return now
    return starts_at


def _end(reading: _Reading, starts_at: datetime) -> datetime:
    soon = starts_at + timedelta(seconds=1)
    if reading.has("endsAt") == reading.has("duration"):
        reading.refuse(("endsAt",), "or else duration, one of the two, must be there")
        return soon
    if reading.has("duration"):
        seconds = reading.field("duration", _duration_s, 1)
        ends_at, path = starts_at + min(timedelta(seconds=seconds), 2 * LONGEST), "duration"
    else:
        ends_at, path = reading.field("endsAt", _time, soon), "endsAt"
    try:
        check_times(starts_at, ends_at)
    except ValueError as error:
        reading.refuse((path,), str(error).removeprefix("ends_at: "))
    return ends_at


def _matchers(value: Any) -> tuple[Matcher, ...]:
    if not isinstance(value, list):
        raise ValueError('must be a list of matchers such as "client=\\"web\\""')
    found: list[Matcher] = []
    problems = []
    for index, one in enumerate(value[: MOST_MATCHERS + 1]):
        try:
            found.append(_matcher(one))
        except BadMatcher as error:
            problems.append(Problem((index,), str(error)))
    if problems:
        raise BadSilence(problems)
    check_matchers(tuple(found))
    return tuple(found)


def _matcher(value: Any) -> Matcher:
    if isinstance(value, str):
        return parse_matcher(value)
    parts = ("label", "operator", "value")
    if not isinstance(value, dict) or value.keys() != set(parts) or not all(isinstance(value[p], str) for p in parts):
        raise BadMatcher(f"must be text, or an object of the texts {', '.join(parts)}")
    return matcher(*(value[part] for part in parts))


def _time(value: Any) -> datetime:
    message = "must be an RFC 3339 time with its zone, such as 2026-08-12T17:05:00Z"
    if not isinstance(value, str):
        raise ValueError(message)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError(message)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(message) from None


def _duration_s(value: Any) -> int:
    """Seconds."""
    try:
        seconds = parse_duration_s(value)
    except (ValueError, TypeError):
        raise ValueError("must be a duration such as 30m, 2h or 7d") from None
    return seconds


def _text(name: str, longest: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        check_text(name, value, longest=longest)
        return value.strip()

    return read


def _place(problem: Problem) -> str:
    """For a reader of words: the text of a matcher says which one it is."""
    return f"{problem.path[0]}: " if len(problem.path) == 1 else ""
