"""Questions about the history: what is accepted, and words for what is not."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.worker.log_request import (
    BadQuestion,
    Month,
    after_incident,
    after_row,
    incident_mark,
    month_in,
    question_in,
    range_in,
    row_mark,
)
from o11y.worker.ports.alert_log import After
from tests.builders import NOW

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1_000 * 1_000, tzinfo=UTC)
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def test_a_month_is_from_its_first_day_to_that_of_the_next() -> None:
    december = month_in({"month": "2026-12"}, now=NOW)
    assert (december.since, december.until) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert month_in({}, now=NOW) == Month(2026, 11)
    assert (str(december.next), str(december.next.before)) == ("2027-01", "2026-12")


@given(st.integers(2000, 2200), st.integers(1, 12))
def test_months_follow_each_other_without_a_gap(year: int, number: int) -> None:
    month = Month(year, number)
    assert month.next.before == month.before.next == month
    assert month.before.until == month.since
    assert month_in({"month": str(month)}, now=NOW) == month


def test_without_times_it_is_the_last_thirty_days() -> None:
    since, until = range_in({}, now=NOW)
    assert until - since == timedelta(days=30)
    assert since < NOW < until
    assert range_in({"from": "2026-11-01", "to": "2026-11-02T10:00:00+02:00"}, now=NOW) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 2, 8, tzinfo=UTC),
    )


def all_of(fields: dict[str, str]) -> None:
    month_in(fields, now=NOW)
    since, until = range_in(fields, now=NOW)
    question_in(fields, since=since, until=until)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"month": "november"}, "month: a month such as 2026-11"),
        ({"month": "2026-13"}, "month"),
        ({"month": "٢٠٢٦-١١x"}, "month"),
        ({"from": "yesterday"}, "from: a time such as"),
        ({"from": "0001-01-01T00:00:00+23:00"}, "from"),
        ({"to": "9999-12-31"}, "to: a time from 2000"),
        ({"from": "2026-11-02", "to": "2026-11-02"}, "from: a time before that of to"),
        ({"from": "2024-01-01"}, "from: at most 400 days"),
        ({"severity": "warning"}, "severity: accepted: page, ticket"),
        ({"transition": "exploded"}, "transition: accepted: fired, "),
        ({"model": "x" * 1_025}, "model: at most 1,024 characters"),
        ({"client": "a\0b"}, "client: text without null"),
        ({"incident": "\ud800"}, "incident: text without null"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name_with_what_is_accepted(fields: dict[str, str], names: str) -> None:
    with pytest.raises(BadQuestion, match=names):
        all_of(fields)


def test_names_are_taken_as_they_are_without_the_space_around_them() -> None:
    fields = {"model": " it's {a:String} ", "severity": "page", "transition": "", "else": "x"}
    asked = question_in(fields, since=NOW, until=NOW)
    assert (asked.model, asked.severity, asked.transition, asked.client) == ("it's {a:String}", "page", "", "")


@given(MOMENTS, st.text(min_size=1, max_size=50))
def test_a_mark_of_an_incident_leads_back_to_it(at: datetime, incident: str) -> None:
    assert after_incident(incident_mark((at, incident))) == (at, incident)


@given(st.builds(After, MOMENTS, TEXT, MOMENTS, TEXT, TEXT, TEXT))
def test_a_mark_of_a_row_leads_back_to_it(after: After) -> None:
    assert after_row(row_mark(after)) == after


@pytest.mark.parametrize(
    "text",
    ["x", ".", "12", "12.", ".i-1", "-1.i", "1e3.i", "999999999999999999.i", "W10=", "bnVsbA==", "éé", "WzEsMiwzXQ==",
     "W1tdLCIiLDEsIiIsIiIsIiJd", "WzFlOTk5LCIiLDEsIiIsIiIsIiJd", "WzEsIlx1ZDgwMCIsMSwiIiwiIiwiIl0="],
)  # fmt: skip
def test_a_mark_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadQuestion, match="after"):
        after_row(text)
    if not text[:1].isdigit() or "." not in text.strip("."):
        with pytest.raises(BadQuestion, match="after"):
            after_incident(text)


def test_no_mark_is_the_first_page() -> None:
    assert after_row("") is None
    assert after_incident("") is None


@given(st.text(max_size=60))
def test_no_text_at_all_is_more_than_refused(text: str) -> None:
    for read in (after_row, after_incident):
        with suppress(BadQuestion):
            read(text)
