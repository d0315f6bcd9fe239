"""When the weekly report is due: as cron says, also of the days of the week."""

from datetime import UTC, datetime, timedelta

import pytest

from o11y.report_times import ACCEPTED, report_times

SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def due(text: str, times: int = 1, *, after: datetime = SATURDAY) -> list[str]:
    next_time, found = report_times(text), []
    for _ in range(times):
        after = next_time(after)
        found.append(f"{after:%a %Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize("monday", ["0 9 * * mon", "0 9 * * 1", "0 9 * * MON", " 0  9 * * mon "])
def test_monday_at_nine_is_every_monday_at_nine(monday: str) -> None:
    assert due(monday, 2) == ["Mon 2026-11-23 09:00", "Mon 2026-11-30 09:00"]


@pytest.mark.parametrize("sunday", ["30 6 * * 0", "30 6 * * 7", "30 6 * * sun"])
def test_sunday_is_day_nought_and_day_seven(sunday: str) -> None:
    assert due(sunday) == ["Sun 2026-11-22 06:30"]


def test_days_may_be_listed_stepped_and_span_the_weekend() -> None:
    assert [day[:3] for day in due("0 9 * * 1,4", 3)] == ["Mon", "Thu", "Mon"]
    assert [day[:3] for day in due("0 9 * * fri-mon", 5)] == ["Sun", "Mon", "Fri", "Sat", "Sun"]
    assert [day[:3] for day in due("0 9 * * 1-5", 6)] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]
    assert [day[:3] for day in due("0 9 * * */2", 4)] == ["Sun", "Tue", "Thu", "Sat"]


def test_days_of_the_month_are_possible_too() -> None:
    assert due("0 9 1,15 * *", 2) == ["Tue 2026-12-01 09:00", "Tue 2026-12-15 09:00"]


def test_the_next_time_is_after_the_moment_and_never_at_it() -> None:
    next_time = report_times("0 9 * * mon")
    first = next_time(SATURDAY)
    assert next_time(first) == first + timedelta(days=7)
    assert next_time(first - timedelta(microseconds=1)) == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 fields; five fields as of cron"),
        ("weekly", "1 fields"),
        ("@weekly", "1 fields"),
        ("* 9 * * mon", "the minute and the hour are one number each"),
        ("0 */2 * * mon", "the minute and the hour are one number each"),
        ("0 9 1 * mon", "not both"),
        ("60 9 * * mon", ACCEPTED),
        ("0 24 * * mon", ACCEPTED),
        ("0 9 * * funday", ACCEPTED),
        ("0 9 * * 8", ACCEPTED),
        ("0 9 * * mon-", ACCEPTED),
        ("0 9 32 * *", ACCEPTED),
        ("0 9 30 2 *", ACCEPTED),
        ("0 9 * * mon; rm", "6 fields"),
    ],
)
def test_what_is_no_time_is_refused_with_what_is_accepted(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"accepted|not both") as refused:
        report_times(text)
    assert words in str(refused.value)
