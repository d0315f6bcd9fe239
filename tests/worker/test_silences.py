"""The evaluator always has silences; whoever changes one is on record."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.silence import Silence, labels_of
from o11y.metrics import Metrics
from o11y.worker.ports import MemoryLost, TooManySilences
from o11y.worker.silences import Silencing
from tests.builders import NOW, alert, silence
from tests.fakes import SteppingClock
from tests.fakes_silences import FakeSilences

LABELS = labels_of(alert())


class House:
    def __init__(self, *, capacity: int = 1_000) -> None:
        self.store, self.clock, self.metrics = FakeSilences(capacity=capacity), SteppingClock(NOW), Metrics()
        self.silencing = Silencing(self.store, clock=self.clock, metrics=self.metrics)

    def run(self, asked: Any) -> Any:
        return asyncio.run(asked)

    def mutes(self) -> bool:
        return self.run(self.silencing.current()).muting(LABELS, self.clock()) is not None


def test_what_was_added_mutes_and_what_was_expired_does_not() -> None:
    house = House()
    assert not house.mutes()
    house.run(house.silencing.add(silence()))
    assert house.mutes()
    assert house.metrics.registry.get_sample_value("o11y_silences") == 1
    house.run(house.silencing.expire("s-1", by="bob"))
    assert not house.mutes()
    assert house.metrics.registry.get_sample_value("o11y_silences") == 0


def test_with_redis_away_those_read_last_hold_and_their_ends_too(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.run(house.silencing.add(silence()))
    assert house.mutes()
    house.store.lost = True
    assert house.mutes()
    assert "those read last hold" in caplog.text
    house.clock.advance(3_600)
    assert not house.mutes()


def test_after_a_start_without_redis_nothing_is_silenced() -> None:
    house = House()
    house.store.kept["s-1"] = silence()
    house.store.lost = True
    assert not house.mutes()
    house.store.lost = False
    assert house.mutes()


def test_what_did_not_change_is_not_built_again() -> None:
    house = House()
    house.run(house.silencing.add(silence()))
    assert house.run(house.silencing.current()) is house.run(house.silencing.current())


def test_every_change_is_logged_with_who_made_it_and_a_repeat_is_no_change(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    with caplog.at_level(logging.INFO):
        house.run(house.silencing.add(silence(), by="token ann"))
        house.run(house.silencing.add(silence(comment="again")))
        house.clock.advance(60)
        house.run(house.silencing.expire("s-1", by="bob"))
        house.clock.advance(60)
        house.run(house.silencing.expire("s-1", by="carl"))
        house.run(house.silencing.expire("unknown", by="carl"))
    added, expired = [record.__dict__ for record in caplog.records]
    assert (added["message"], added["by"], added["author"]) == ("silence added", "token ann", "ann")
    assert added["matchers"] == ['client="gateway"']
    assert (expired["message"], expired["by"], expired["silence_id"]) == ("silence expired", "bob", "s-1")
    assert expired["ends_at"] == (NOW + timedelta(minutes=1)).isoformat()


def test_a_new_one_gets_an_id_that_nobody_has() -> None:
    house = House()
    tried: list[str] = []

    def make(silence_id: str) -> Silence:
        tried.append(silence_id)
        if len(tried) == 1:
            house.store.kept[silence_id] = silence(silence_id=silence_id, comment="was here first")
        return silence(silence_id=silence_id)

    created = house.run(house.silencing.create(make, by="ann"))
    assert created.silence_id == tried[1] != tried[0]
    assert len(created.silence_id) == 8
    assert len(house.store.kept) == 2


def test_those_until_an_incident_is_resolved_end_with_it() -> None:
    house = House()
    for one in (silence(incident_id="i-1"), silence(silence_id="other", incident_id="i-2")):
        house.run(house.silencing.add(one))
    house.run(house.silencing.current())
    house.run(house.silencing.end_with("i-1"))
    assert house.store.kept["s-1"].expired_by == "the incident is resolved"
    assert house.store.kept["other"].expired_at is None


def test_they_are_listed_in_order_and_found_by_id() -> None:
    house = House()
    late = silence(silence_id="late", ends_at=NOW + timedelta(hours=9))
    for one in (late, silence()):
        house.run(house.silencing.add(one))
    assert house.run(house.silencing.listed()) == [silence(), late]
    assert house.run(house.silencing.find("late")) == late
    assert house.run(house.silencing.find("none")) is None


def test_who_asks_is_told_that_there_is_no_room_or_no_redis() -> None:
    house = House(capacity=0)
    with pytest.raises(TooManySilences):
        house.run(house.silencing.add(silence()))
    house.store.lost = True
    for asked in (house.silencing.add(silence()), house.silencing.listed(), house.silencing.expire("s-1", by="x")):
        with pytest.raises(MemoryLost):
            house.run(asked)
