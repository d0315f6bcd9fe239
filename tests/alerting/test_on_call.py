"""What being on call was like, from its incidents."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.on_call import Call, Noise, Week, on_call

SINCE = datetime(2026, 11, 1, tzinfo=UTC)  # a Sunday
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def call(
    day: float, *, objective: str = "errors", acknowledged: float | None = None, lasted: float | None = 60
) -> Call:
    """A page after so many days, delivered at once; minutes until it was acknowledged and over."""
    at = SINCE + timedelta(days=day)
    return Call(
        (objective,),
        opened_at=at,
        ended_at=None if lasted is None else at + timedelta(minutes=lasted),
        paged_at=at,
        acknowledged_at=None if acknowledged is None else at + timedelta(minutes=acknowledged),
    )


def ticket(day: float) -> Call:
    return Call(("errors",), opened_at=SINCE + timedelta(days=day))


def test_pages_are_counted_by_week_from_monday_and_quiet_weeks_are_there() -> None:
    found = on_call([call(0), call(1), call(2), call(22.5)], since=SINCE, until=UNTIL)
    assert found.weeks == (
        Week(date(2026, 10, 26), 1),
        Week(date(2026, 11, 2), 2),
        Week(date(2026, 11, 9), 0),
        Week(date(2026, 11, 16), 0),
        Week(date(2026, 11, 23), 1),
        Week(date(2026, 11, 30), 0),
    )
    assert found.pages_a_week == 4 / (30 / 7)


def test_on_a_monday_the_week_that_has_just_begun_is_there() -> None:
    found = on_call([call(22.125)], since=SINCE, until=SINCE + timedelta(days=22, hours=8))
    assert found.weeks[-1] == Week(date(2026, 11, 23), 1)
    assert sum(week.pages for week in found.weeks) == found.pages == 1


def test_shares_and_medians_are_of_pages_alone() -> None:
    calls = [
        call(1, acknowledged=2, lasted=10),
        call(2, acknowledged=6, lasted=30),
        call(3, acknowledged=40, lasted=None),
        call(4, lasted=80),
        ticket(5),
    ]
    found = on_call(calls, since=SINCE, until=UNTIL)
    assert (found.pages, found.tickets, found.acknowledged) == (4, 1, 3)
    assert (found.answer_s, found.resolve_s) == (6 * 60, 30 * 60)


def test_without_a_page_there_is_nothing_to_take_a_median_of() -> None:
    found = on_call([ticket(1)], since=SINCE, until=UNTIL)
    assert (found.answer_s, found.resolve_s, found.noisiest) == (None, None, ())
    assert [week.pages for week in found.weeks] == [0] * 6


def test_what_paged_before_or_after_is_of_another_month() -> None:
    found = on_call([call(-0.01), call(0), call(29.99), call(30)], since=SINCE, until=UNTIL)
    assert found.pages == 2


def test_the_noisiest_paged_most_and_of_those_the_ones_nobody_answered() -> None:
    calls = [
        *(call(day, objective="latency", acknowledged=3) for day in (1, 2)),
        *(call(day, objective="errors") for day in (3, 4)),
        call(5, objective="ttfb"),
    ]
    found = on_call(calls, since=SINCE, until=UNTIL, noisiest=2)
    assert found.noisiest == (Noise("errors", 2, 2), Noise("latency", 2, 0))


def test_a_page_about_two_objectives_is_noise_of_both_and_one_page() -> None:
    both = Call(("errors", "latency"), opened_at=SINCE, paged_at=SINCE)
    found = on_call([both], since=SINCE, until=UNTIL)
    assert found.pages == 1
    assert {noise.objective for noise in found.noisiest} == {"errors", "latency"}


def test_an_acknowledgement_that_is_written_before_its_page_took_no_time() -> None:
    at = SINCE + timedelta(hours=1)
    early = Call(("errors",), opened_at=at, paged_at=at, acknowledged_at=at - timedelta(seconds=2))
    assert on_call([early], since=SINCE, until=UNTIL).answer_s == 0


@given(
    st.lists(st.tuples(st.floats(-5, 40), st.none() | st.floats(0, 500), st.booleans()), max_size=40),
    st.floats(0.01, 60),
)
def test_the_weeks_hold_every_page_and_no_share_leaves_its_bounds(
    told: list[tuple[float, float | None, bool]], days: float
) -> None:
    calls = [call(day, acknowledged=minutes) if page else ticket(day) for day, minutes, page in told]
    found = on_call(calls, since=SINCE, until=SINCE + timedelta(days=days))
    assert sum(week.pages for week in found.weeks) == found.pages
    assert 0 <= found.acknowledged <= found.pages
    assert all(noise.unanswered <= noise.pages <= found.pages for noise in found.noisiest)
    assert found.pages + found.tickets <= len(calls)
