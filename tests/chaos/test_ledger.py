"""The books of the fault scenarios notice what they are for."""

from collections.abc import Callable, Sequence

import pytest

from tests.chaos.ledger import MARK, Events, audit_events, audit_pages
from tests.chaos.outcome import Outcome

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


def said(text: str) -> dict[str, str]:
    return {"text": text}


def test_a_page_that_never_came_is_lost_and_a_second_one_is_a_duplicate() -> None:
    pages = audit_pages([said("one"), said("one"), said("two")], ["one", "two", "three"])
    assert (pages.due, pages.lost, pages.duplicated, pages.marked) == (3, 1, 1, 0)


def test_one_repeat_that_says_so_is_allowed_and_the_next_is_not() -> None:
    messages = [said("one"), said(f"one. {MARK}: ...")]
    assert (audit_pages(messages, ["one"]).duplicated, audit_pages(messages, ["one"]).marked) == (0, 1)
    messages.append(said(f"one. {MARK}: ..."))
    assert (audit_pages(messages, ["one"]).duplicated, audit_pages(messages, ["one"]).marked) == (1, 1)
    assert audit_pages(messages, ["one"], marks_allowed=0).duplicated == 2


def test_a_message_that_only_calls_itself_a_repeat_is_the_delivery() -> None:
    pages = audit_pages([said(f"one. {MARK}: ...")], ["one"])
    assert (pages.lost, pages.duplicated, pages.marked) == (0, 0, 0)


def test_a_page_without_a_cause_is_named() -> None:
    assert audit_pages([said("one"), said("another")], ["one"]).unexpected == ("another",)


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
