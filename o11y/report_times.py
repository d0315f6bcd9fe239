"""When the weekly report is due, from a line as of cron: ``0 9 * * mon`` is Monday at 9:00 UTC.

The days of the week are those of cron (0 and 7 are Sunday), which are not APScheduler's (0 is Monday).
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from apscheduler.triggers.cron import CronTrigger

ACCEPTED = "five fields as of cron, in UTC, are accepted: '0 9 * * mon' is Monday at 9:00"

#: the first time after the one given
NextTime = Callable[[datetime], datetime]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(\*|[a-z]{3}|[0-7])(?:-([a-z]{3}|[0-7]))?(?:/([1-7]))?")
_EVER = datetime(2026, 1, 1, tzinfo=UTC)


def report_times(text: str) -> NextTime:
    """Raises ``ValueError`` that says what is accepted."""
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(f"{len(fields)} fields; {ACCEPTED}")
    minute, hour, day, month, weekday = fields
    if not (minute.isdigit() and hour.isdigit()):
        raise ValueError(f"the minute and the hour are one number each; {ACCEPTED}")
    if day != "*" and weekday != "*":
        raise ValueError("a day of the month or days of the week, not both; the other one is *")
    try:
        trigger = CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=",".join(_weekdays(weekday)), timezone=UTC
        )
        if trigger.get_next_fire_time(None, _EVER) is None:
            raise ValueError("never")
    except (ValueError, TypeError):
        raise ValueError(ACCEPTED) from None

    def after(moment: datetime) -> datetime:
        # a time that has begun already is over: the next one is asked for from the microsecond behind it
        found = trigger.get_next_fire_time(moment, moment)
        assert isinstance(found, datetime)  # noqa: S101  # it fires once, so it fires again
        return found

    return after


def checked(text: str) -> str:
    """``text`` itself, if ``report_times`` takes it."""
    report_times(text)
    return text


def _weekdays(field: str) -> Iterator[str]:
    """As APScheduler writes them."""
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError("no days")
        first, last, step = found.groups()
        if first == "*" and last is None and step is None:
            yield "*"
            continue
        begin = 0 if first == "*" else _number(first)
        end = 6 if first == "*" or (step and not last) else begin if last is None else _number(last)
        end += 7 if end < begin else 0
        yield from (_DAYS[number % 7] for number in range(begin, end + 1, int(step or 1)))


def _number(day: str) -> int:
    return int(day) % 7 if day.isdigit() else _DAYS.index(day)
