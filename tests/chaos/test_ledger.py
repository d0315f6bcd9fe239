"""The books of the fault scenarios notice what they are for."""

from collections.abc import Callable, Sequence

import pytest

from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from tests.chaos.ledger import Events, Pages, audit_events, audit_told
from tests.chaos.outcome import Outcome
from tests.chaos.said import MARK, Said

SOUND = {"rollup_10s": {"1": 2, "2": 1}, "rollup_5m": {"1": 2, "2": 1}, "rollup_1h": {"1": 2, "2": 1}}


def rows(raw: Sequence[tuple[str, str]], rollups: dict[str, dict[str, int]]) -> Callable[[str], list[list[str]]]:
    """``raw`` are (event id, dimension)."""

    def answer(sql: str) -> list[list[str]]:
        if sql.startswith("SELECT event_id"):
            return [[event_id] for event_id, _ in raw]
        if "api_events" in sql:
            dimensions = sorted({dimension for _, dimension in raw})
            return [[one, str(len({event for event, where in raw if where == one}))] for one in dimensions]
        table = sql.split("FROM ")[1].split()[0]
        return [[dimension, str(total)] for dimension, total in rollups[table].items()]

    return answer


RAW = [("a", "1"), ("b", "1"), ("c", "2")]


def test_events_that_are_stored_once_everywhere_are_in_order() -> None:
    assert audit_events(rows(RAW, SOUND), {"a", "b"}) == Events(lost=0, duplicated=0)


@pytest.mark.parametrize(
    ("raw", "rollups", "found"),
    [
        (RAW, SOUND, Events(1, 0)),
        ([*RAW, ("a", "1")], SOUND, Events(1, 1)),
        (RAW, {**SOUND, "rollup_5m": {"1": 3, "2": 1}}, Events(1, 1)),
        (RAW, {**SOUND, "rollup_1h": {"1": 2}}, Events(2, 0)),
        (RAW, {**SOUND, "rollup_10s": {"1": 1, "2": 2}}, Events(2, 1)),
    ],
    ids=["lost", "twice in raw", "twice in a rollup", "lost in a rollup", "both, in two dimensions"],
)
def test_a_loss_and_a_duplicate_are_counted_in_whichever_table(
    raw: Sequence[tuple[str, str]], rollups: dict[str, dict[str, int]], found: Events
) -> None:
    assert audit_events(rows(raw, rollups), {"a", "never stored"}) == found


def said(change: Change, name: str = "one", *, marked: bool = False) -> Said:
    return Said(f"{name} {MARK if marked else ''}", name, change, Severity.PAGE)


FIRED, RESOLVED = said(Change.FIRED), said(Change.RESOLVED)
STORY = {"one": (Change.FIRED, Change.RESOLVED)}


def test_what_was_never_told_is_lost_and_what_was_told_twice_is_a_duplicate() -> None:
    found = audit_told([FIRED, FIRED], STORY)
    assert (found.due, found.lost, found.duplicated, found.marked) == (2, 1, 1, 0)
    assert audit_told([FIRED, RESOLVED], STORY) == Pages(2, 0, 0, 0, ())


def test_one_repeat_that_says_so_is_allowed_and_the_next_is_not() -> None:
    again = said(Change.FIRED, marked=True)
    found = audit_told([FIRED, again, RESOLVED], STORY)
    assert (found.duplicated, found.marked) == (0, 1)
    found = audit_told([FIRED, again, again, RESOLVED], STORY)
    assert (found.duplicated, found.marked) == (1, 1)
    assert audit_told([FIRED, again, again, RESOLVED], STORY, marks_allowed=0).duplicated == 2


def test_a_message_that_only_calls_itself_a_repeat_is_the_delivery() -> None:
    assert audit_told([said(Change.FIRED, marked=True), RESOLVED], STORY) == Pages(2, 0, 0, 0, ())


def test_a_change_that_is_not_of_the_story_is_one_too_many_unless_it_may_be_once() -> None:
    no_data = said(Change.NO_DATA)
    assert audit_told([FIRED, no_data, RESOLVED], STORY).duplicated == 1
    assert audit_told([FIRED, no_data, RESOLVED], STORY, may=(Change.NO_DATA,)).duplicated == 0
    assert audit_told([FIRED, no_data, no_data, RESOLVED], STORY, may=(Change.NO_DATA,)).duplicated == 1


def test_a_story_is_told_in_its_order() -> None:
    assert audit_told([RESOLVED, FIRED], STORY).unexpected == ("one: told in another order, ['resolved', 'fired']",)
    twice = {"one": (Change.FIRED, Change.RESOLVED, Change.REOPENED, Change.RESOLVED)}
    assert audit_told([FIRED, RESOLVED, said(Change.REOPENED), RESOLVED], twice).unexpected == ()
    assert audit_told([FIRED, RESOLVED, RESOLVED, said(Change.REOPENED)], twice).unexpected != ()


def test_what_nothing_was_due_for_is_named() -> None:
    assert audit_told([FIRED, RESOLVED, said(Change.FIRED, "another")], STORY).unexpected == ("another ",)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"marked": 3}, True),
        ({"injected": 0}, False),
        ({"lost": 1}, False),
        ({"duplicated": 1}, False),
        ({"notifications_lost": 1}, False),
        ({"notifications_duplicated": 1}, False),
    ],
)
def test_a_promise_is_kept_when_the_fault_happened_and_nothing_is_lost_or_doubled(
    changes: dict[str, int], kept: bool
) -> None:
    assert Outcome(**{"fault": "any", "injected": 1, **changes}).kept is kept
