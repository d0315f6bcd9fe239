"""A button's press: once, whoever presses it how often."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from o11y.alerting.incident import Change, Delivered, Thread
from o11y.alerting.notification import Notification
from o11y.alerting.silence import Silence
from o11y.slo.windows import Severity
from o11y.worker.history import History
from o11y.worker.ports.incidents import Acknowledgement
from o11y.worker.ports.responses import Response, Taken
from o11y.worker.responses import HumanResponses
from tests.builders import NOW, account, notification
from tests.fakes import FakeOutbox, SteppingClock
from tests.fakes_spool import FakeSpool

HOUR = 3_600


class FakeIncidents:
    """The part of an ``IncidentStore`` that is asked. ``open`` ends with the incident; ``threads`` are the receivers
    that show it as one message.
    """

    def __init__(self, last: Notification | None) -> None:
        self.last = last
        self.open = last is not None
        self.first: Acknowledgement | None = None
        self.threads = {severity.value: Thread("C0", "1.0") for severity in Severity}

    async def acknowledge(self, incident_id: str, *, by: str, at: datetime) -> Acknowledgement | None:
        if not self.open:
            return None
        if self.first is None:
            self.first = Acknowledgement(by, at, first=True)
            return self.first
        return replace(self.first, first=False)

    async def last_message(self, incident_id: str) -> Notification | None:
        return self.last if incident_id == "i-1" else None

    async def delivery_of(self, incident_id: str) -> Delivered:
        first = self.first
        return Delivered(
            threads=self.threads,
            acknowledged_by=first.by if first else None,
            acknowledged_at=first.at if first else None,
        )


class FakeSilencing:
    def __init__(self) -> None:
        self.kept: dict[str, Silence] = {}

    async def listed(self) -> list[Silence]:
        return list(self.kept.values())

    async def add(self, silence: Silence, *, by: str) -> Silence:
        return self.kept.setdefault(silence.silence_id, silence)


class RecordingSpool(FakeSpool):
    def __init__(self) -> None:
        super().__init__()
        self.history: list[dict[str, Any]] = []

    def append_history(self, rows: Sequence[bytes], *, now: datetime) -> None:
        self.history += [json.loads(row + b"}") for row in rows]


class House:
    def __init__(self, last: Notification | None = None, *, known: bool = True) -> None:
        self.clock = SteppingClock(NOW + timedelta(minutes=5))
        told = notification(account=account(), repeated=True, late_detection=True)
        self.incidents = FakeIncidents((last or told) if known else None)
        self.silencing, self.outbox, self.spool = FakeSilencing(), FakeOutbox(), RecordingSpool()
        self.responses = HumanResponses(
            self.incidents, self.silencing, outbox=self.outbox, history=History(self.spool), clock=self.clock
        )

    def acknowledge(self, by: str = "ann") -> Response:
        return asyncio.run(self.responses.acknowledge("i-1", by=by))

    def silence(self, seconds: int | None = HOUR, by: str = "ann") -> Response:
        return asyncio.run(self.responses.silence("i-1", by=by, seconds=seconds))

    @property
    def told(self) -> list[Notification]:
        waiting = [entry.notification for entry in self.outbox.entries.values()]
        return [message for message in waiting if isinstance(message, Notification) and not message.edit_only]

    @property
    def edits(self) -> list[Notification]:
        waiting = [entry.notification for entry in self.outbox.entries.values()]
        return [message for message in waiting if isinstance(message, Notification) and message.edit_only]

    def deliver(self) -> None:
        for identity in list(self.outbox.entries):
            asyncio.run(self.outbox.done(identity))


def test_an_acknowledgement_is_told_where_the_page_was_and_shown_where_else_it_may_be() -> None:
    house = House()
    assert house.acknowledge() == Response(Taken.DONE, "ann", house.clock.now)
    (told,), (edit,) = house.told, house.edits
    assert told.account is not None
    assert (told.account.change, told.account.acknowledged_by) == (Change.ACKNOWLEDGED, "ann")
    assert told.account.acknowledged_at == told.fired_at == house.clock.now
    assert (told.severity, edit.severity) == (Severity.PAGE, Severity.TICKET)
    assert (told.repeated, told.late_detection) == (False, False), "those were of the message before"


def test_an_acknowledgement_is_in_the_history_with_who_made_it() -> None:
    house = House()
    house.acknowledge()
    house.acknowledge("bob")
    (row,) = house.spool.history
    assert (row["transition"], row["reason"], row["incident_id"]) == ("acknowledged", "by ann", "i-1")


def test_pressed_twice_it_is_acknowledged_once_and_told_once() -> None:
    house = House()
    first = house.acknowledge()
    house.clock.advance(1)
    assert house.acknowledge() == Response(Taken.ALREADY, first.by, first.at)
    assert len(house.told) == 1
    house.deliver()
    house.acknowledge()
    assert house.told == house.edits == []


def test_the_second_one_sees_who_was_first() -> None:
    house = House()
    house.acknowledge()
    house.deliver()
    house.clock.advance(60)
    assert house.acknowledge("bob").by == "ann"
    assert {edit.account.acknowledged_by for edit in house.edits if edit.account} == {"ann"}


def test_an_acknowledgement_that_died_on_its_way_to_the_outbox_is_shown_by_the_next_press() -> None:
    house = House()
    asyncio.run(house.incidents.acknowledge("i-1", by="ann", at=house.clock.now))
    assert house.acknowledge("ann").taken is Taken.ALREADY
    assert {edit.severity for edit in house.edits} == set(Severity)


@pytest.mark.parametrize("change", [Change.RESOLVED, Change.EXPIRED])
def test_what_is_over_is_neither_acknowledged_nor_silenced(change: Change) -> None:
    house = House(notification(account=account(change)))
    assert house.acknowledge().taken is house.silence().taken is Taken.OVER
    assert house.outbox.entries == house.silencing.kept == {}


def test_what_ended_meanwhile_is_over() -> None:
    house = House()
    house.incidents.open = False
    assert house.acknowledge().taken is Taken.OVER
    assert house.outbox.entries == {}


def test_an_incident_that_nobody_knows_is_unknown() -> None:
    house = House(known=False)
    assert house.acknowledge().taken is house.silence().taken is Taken.UNKNOWN


def test_a_message_of_a_version_without_incidents_belongs_to_none() -> None:
    assert House(notification()).acknowledge().taken is Taken.UNKNOWN


@pytest.mark.parametrize("seconds", [HOUR, 4 * HOUR, None])
def test_a_silence_is_kept_and_shown_in_the_message_without_telling_anybody(seconds: int | None) -> None:
    house = House()
    assert house.silence(seconds) == Response(Taken.DONE, "ann", house.clock.now)
    (kept,) = house.silencing.kept.values()
    assert (kept.author, kept.incident_id) == ("ann", "i-1" if seconds is None else None)
    assert house.told == []
    assert {edit.severity for edit in house.edits} == set(Severity)
    shown = {edit.account.silenced for edit in house.edits if edit.account}
    assert shown == {f"silenced: {kept.reason}"}


def test_a_silence_pressed_twice_or_by_two_is_one_and_the_second_sees_whose() -> None:
    house = House()
    first = house.silence()
    house.deliver()
    house.clock.advance(30)
    assert house.silence(by="bob") == Response(Taken.ALREADY, "ann", first.at)
    assert len(house.silencing.kept) == 1
    assert house.edits == [], "the message shows it already"


def test_a_receiver_without_a_message_of_the_incident_has_none_to_edit() -> None:
    house = House()
    house.incidents.threads = {"page": Thread("C0", "1.0")}
    house.acknowledge()
    house.silence()
    assert {edit.severity for edit in house.edits} == {Severity.PAGE}
    assert len(house.told) == 1


def test_what_was_acknowledged_stays_so_when_it_is_silenced() -> None:
    house = House()
    house.acknowledge()
    house.deliver()
    house.silence(by="bob")
    assert {edit.account.change for edit in house.edits if edit.account} == {Change.ACKNOWLEDGED}


def test_a_longer_silence_replaces_nothing_and_adds_one() -> None:
    house = House()
    house.silence(HOUR)
    assert house.silence(4 * HOUR, by="bob").by == "bob"
    assert len(house.silencing.kept) == 2
