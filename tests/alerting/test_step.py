"""One minute through the whole book: what is told and written down of each incident, and in which order."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from o11y.alerting.incident import LOUD, Change, Extent, Incident, Member, Mute, Phase
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from tests.alerting.play import FAR, MINUTE, A, B, C, D, Play, changes, muting, page, ticket, words
from tests.builders import NOW

# ---------------------------------------------------------------- silences


def test_a_silence_that_begins_and_ends_is_two_rows_each_with_the_reason() -> None:
    play = Play()
    play.minute(page())
    play.muted = muting("a")
    (begun,) = play.minute(page())
    assert [(r.word, r.reason) for r in begun.records] == [("silenced", "silenced: x")]
    play.minute(page())
    play.muted = lambda _: LOUD
    (ended,) = play.minute(page())
    assert [(r.word, r.reason) for r in ended.records] == [("unmuted", "no longer silenced: x")]
    assert changes([begun, ended]) == []


def test_one_that_first_fires_because_its_silence_ended_is_told_then() -> None:
    play = Play(muted=muting("a"))
    assert changes(play.minute(page())) == []
    play.muted = lambda _: LOUD
    (step,) = play.minute(page())
    assert changes([step]) == [Change.FIRED]
    assert step.before is not None
    assert step.before.members[0].silence == "x"


# ---------------------------------------------------------------- the end, and order


def test_the_end_of_a_group_remembers_how_far_it_reached() -> None:
    play = Play()
    play.minute(page(A), page(B), page(C), well=[D])
    (end,) = (step for step in play.quiet(5, A, B, C, D) if step.news is not None)
    assert (end.after.phase, end.after.widest) == (
        Phase.RESOLVED,
        Extent(firing=3, active=4, clients=(1, 1), providers=(1, 1), models=(3, 4)),
    )


def test_pages_are_told_before_tickets_what_fires_before_what_is_over_and_the_worst_first() -> None:
    play = Play()
    far, further = Dimension("x", "x", "x"), Dimension("y", "y", "y")
    play.minute(page(FAR))
    play.quiet(4, FAR)
    play.minute(ticket(further), well=[FAR], at=NOW + 5 * MINUTE, complete=False)
    play.minute(ticket(further), well=[FAR], complete=False)
    worse = replace(page(far), long=replace(page().long, bad=90))
    done = play.minute(ticket(further), page(A), worse, well=[FAR])
    assert [
        (step.after.members[0].dimension.model, change.value) for step, change in zip(done, changes(done), strict=True)
    ] == [
        ("x", "fired"),
        ("a", "fired"),
        ("far", "resolved"),
        ("y", "fired"),
    ]


def test_a_change_of_the_whole_is_one_row_of_its_worst() -> None:
    play = Play()
    both = (page(A), page(B), page(C))
    for _ in range(16):
        done = play.minute(*both)
    assert words(done) == [("reminded", "c")]


def test_an_ended_incident_that_stays_away_is_left_alone() -> None:
    play = Play()
    play.minute(page())
    play.quiet(5, A)
    assert play.quiet(3, A) == []


def test_a_book_is_not_changed_by_looking() -> None:
    play = Play()
    play.minute(page())
    before: Mapping[str, Incident] = dict(play.book.incidents)
    kept = play.book
    play.minute(page(), page(FAR))
    assert kept.incidents == before


# ---------------------------------------------------------------- better and worse


def rated(bad: int) -> Ratio:
    """Of the long window; 10 is a burn rate of 100."""
    return Ratio(bad, 100)


def test_where_nothing_can_be_edited_better_and_worse_are_for_the_history() -> None:
    play = Play()
    play.minute(page(long=rated(10)))
    for _ in range(4):
        assert words(play.minute(page(long=rated(20)))) == [], "not at once"
    (worse,) = play.minute(page(long=rated(20)))
    assert (worse.news, words([worse])) == (None, [("worsened", "a")])
    assert worse.records[0].reason == "burn rate 100.00 at 12:00, 200.00 now"
    for _ in range(4):
        assert words(play.minute(page(long=rated(10)))) == []
    (better,) = play.minute(page(long=rated(10)))
    assert (better.news, words([better])) == (None, [("improved", "a")])
    assert better.records[0].reason == "burn rate 200.00 at 12:05, 100.00 now"


def test_a_trend_that_nobody_was_told_puts_no_reminder_off_and_the_reminder_says_what_was_told() -> None:
    play = Play()
    play.minute(page(long=rated(10)))
    for _ in range(14):
        assert changes(play.minute(page(long=rated(40)))) == []
    (step,) = play.minute(page(long=rated(40)))
    assert changes([step]) == [Change.REMINDED]
    assert step.before is not None
    assert step.before.told is not None
    assert step.before.told.burn_rate == Decimal(100)
    assert [record.reason for record in step.records_told] == ["burn rate 100.00 when last told, 400.00 now"]


def test_where_a_message_is_kept_up_to_date_the_trend_is_told_and_written_down_once() -> None:
    play = Play(edits=True)
    play.minute(page(long=rated(10)))
    done = [step for _ in range(6) for step in play.minute(page(long=rated(20)))]
    assert changes(done) == [Change.WORSENED]
    assert words(done) == [("worsened", "a")]


# ---------------------------------------------------------------- late pages


def only(severity: Severity) -> Mute:
    return Mute(f"silenced: {severity}", severity.value)


def test_a_late_minutes_page_is_silenced_as_a_page_although_its_ticket_is_not() -> None:
    play = Play()
    for _ in range(4):
        play.minute(ticket())

    def pages(member: Member) -> Mute:
        return only(Severity.PAGE) if member.severity is Severity.PAGE else LOUD

    play.muted = pages
    (step,) = play.minute(page(), at=NOW + MINUTE, late=True)
    assert changes([step]) == []
    assert words([step]) == [("escalated", "a"), ("silenced", "a")]


def test_a_late_minutes_page_is_told_although_its_ticket_is_silenced() -> None:
    play = Play()
    for _ in range(3):
        play.minute(ticket())

    def tickets(member: Member) -> Mute:
        return only(Severity.TICKET) if member.severity is Severity.TICKET else LOUD

    play.muted = tickets
    play.minute(ticket())
    (step,) = play.minute(page(), at=NOW + MINUTE, late=True)
    assert changes([step]) == [Change.ESCALATED]
