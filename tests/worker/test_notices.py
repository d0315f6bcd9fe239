"""A trouble is told when it begins, at most once an hour, and when it is over."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from o11y.alerting.notification import Notice
from o11y.slo.windows import Severity
from o11y.worker.notices import OVER_AFTER, Notices
from o11y.worker.self_checks.trouble import Kind, Trouble
from tests.builders import NOW, notice
from tests.fakes import SteppingClock

TROUBLE = Trouble(Kind.SPOOL_OLD, Severity.TICKET, "Events wait", "for ClickHouse", since=NOW)
PAGE = replace(TROUBLE, severity=Severity.PAGE)


@dataclass
class Receivers:
    """Stands in for the delivery: raises what ``fails`` holds, one a message, then takes them."""

    sent: list[Notice] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    async def send(self, message: Notice) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append(message)


class House:
    def __init__(self, **options: object) -> None:
        self.clock = SteppingClock(NOW)
        self.receivers = Receivers()
        self.notices = Notices(self.receivers, clock=self.clock, **options)

    def look(self, *troubles: Trouble, minutes: int = 1) -> None:
        """A look a minute that finds these."""
        for _ in range(minutes):
            asyncio.run(self.notices.stand(troubles, kinds={Kind.SPOOL_OLD}))
            self.clock.advance(60)

    @property
    def titles(self) -> list[str]:
        return [told.title for told in self.receivers.sent]


def test_a_trouble_that_lasts_is_told_once_an_hour() -> None:
    house = House()
    house.look(TROUBLE, minutes=121)
    assert [told.at for told in house.receivers.sent] == [NOW + timedelta(hours=n) for n in range(3)]
    assert len({told.notice_id for told in house.receivers.sent}) == 3


def test_different_troubles_do_not_wait_for_each_other() -> None:
    house = House()
    house.look(replace(TROUBLE, of="one"), replace(TROUBLE, of="two"))
    assert len(house.receivers.sent) == 2


def test_that_it_is_over_is_told_once_with_how_long_it_lasted() -> None:
    house = House()
    house.look(TROUBLE, minutes=13)
    house.look(minutes=30)
    told, over = house.receivers.sent
    assert (told.over, over.over, over.title) == (False, True, "Over: Events wait")
    assert "it lasted 12 min, from 2026-11-21 12:00 UTC to 2026-11-21 12:12 UTC" in over.text
    assert over.severity is Severity.TICKET
    assert over.at == NOW + timedelta(minutes=12) + OVER_AFTER


def test_one_that_comes_and_goes_within_minutes_is_one() -> None:
    house = House()
    for _ in range(5):
        house.look(TROUBLE, minutes=2)
        house.look(minutes=3)
    assert house.titles == ["Events wait"]


def test_a_ticket_that_returns_within_the_hour_waits_for_its_end() -> None:
    house = House()
    house.look(TROUBLE)
    house.look(minutes=10)
    house.look(TROUBLE, minutes=49)
    assert house.titles == ["Events wait", "Over: Events wait"]
    house.look(TROUBLE)
    assert house.titles[2:] == ["Events wait"]


def test_a_page_that_returns_after_it_was_said_to_be_over_is_told_at_once() -> None:
    house = House()
    house.look(PAGE)
    house.look(minutes=10)
    house.look(PAGE)
    assert house.titles == ["Events wait", "Over: Events wait", "Events wait"]


def test_a_ticket_that_becomes_a_page_does_not_wait_for_the_hour() -> None:
    house = House()
    house.look(TROUBLE, minutes=2)
    house.look(PAGE, minutes=5)
    house.look(TROUBLE, minutes=5)
    assert [told.severity for told in house.receivers.sent] == [Severity.TICKET, Severity.PAGE]


def test_with_news_it_is_told_again_only_when_they_change() -> None:
    house = House()
    house.look(replace(TROUBLE, news="batch 1"), minutes=180)
    assert len(house.receivers.sent) == 1
    house.look(replace(TROUBLE, news="batch 2"), minutes=180)
    assert len(house.receivers.sent) == 2


def test_one_without_a_receiver_is_logged_alone(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.look(replace(TROUBLE, severity=None))
    house.look(minutes=10)
    assert house.receivers.sent == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["trouble"]


def test_one_that_was_said_by_its_finder_is_repeated_after_an_hour_and_ended_here() -> None:
    house = House()
    house.look(replace(PAGE, said=True), minutes=62)
    assert [told.at for told in house.receivers.sent] == [NOW + timedelta(hours=1)]
    house.look(minutes=10)
    assert house.titles == ["Events wait", "Over: Events wait"]


def test_a_check_that_knows_nothing_ends_none_of_anothers_troubles() -> None:
    house = House()
    house.look(TROUBLE)
    for _ in range(20):
        asyncio.run(house.notices.stand([], kinds={Kind.BLIND}))
        house.clock.advance(60)
    assert house.titles == ["Events wait"]


def test_what_could_not_be_sent_at_all_is_told_at_the_next_look() -> None:
    house = House()
    house.receivers.fails = [RuntimeError("a bug")]
    with pytest.raises(RuntimeError):
        house.look(TROUBLE)
    house.look(TROUBLE, minutes=2)
    assert house.titles == ["Events wait"]


def test_an_end_that_could_not_be_sent_is_told_at_the_next_look() -> None:
    house = House()
    house.look(TROUBLE)
    house.look(minutes=4)
    house.receivers.fails = [RuntimeError("a bug")]
    with pytest.raises(RuntimeError):
        house.look()
    house.look(minutes=2)
    assert house.titles == ["Events wait", "Over: Events wait"]


def test_a_shared_trouble_is_told_and_ended_by_the_replica_that_is_first() -> None:
    tellers: dict[str, str] = {}

    def house(name: str) -> House:
        async def first(trouble: str) -> bool:
            return tellers.setdefault(trouble, name) == name

        return House(replica=name, first=first)

    one, two = house("one"), house("two")
    for found in ([replace(TROUBLE, shared=True)], []):
        for _ in range(10):
            one.look(*found)
            two.look(*found)
    assert one.titles == ["Events wait", "Over: Events wait"]
    assert two.titles == []


def test_a_trouble_of_each_replicas_own_is_told_by_each_and_signed() -> None:
    async def never(_: str) -> bool:
        return False

    house = House(replica="web-1", first=never)
    house.look(TROUBLE)
    (told,) = house.receivers.sent
    assert told.text.endswith("\nSeen by web-1.")
    assert "web-1" in told.notice_id


def test_a_clock_stepped_back_does_not_silence_a_trouble_for_longer_than_the_step() -> None:
    house = House()
    house.look(TROUBLE)
    house.clock.advance(-7200)
    house.look(TROUBLE)
    assert len(house.receivers.sent) == 2


def test_what_happened_once_is_told_each_time() -> None:
    house = House()
    for _ in range(2):
        asyncio.run(house.notices.tell(notice(notice_id="spool-damaged-1")))
    assert len(house.receivers.sent) == 2
