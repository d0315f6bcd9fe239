"""Clients whose events carry times far from their arrival."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from o11y.metrics import Metrics
from o11y.worker.client_clocks import FAR_OFF, ClientClocks
from o11y.worker.self_checks.clocks import ClocksCheck
from o11y.worker.self_checks.trouble import Trouble
from tests.builders import NOW

OFF = FAR_OFF + timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class House:
    def __init__(self) -> None:
        self.clocks, self.metrics = ClientClocks(), Metrics()
        self.check = ClocksCheck(self.clocks, self.metrics)

    def saw(self, offset: timedelta, *, events: int = 1, client: str = "gateway") -> None:
        self.clocks.saw(client, NOW + offset, now=NOW, events=events)

    def look(self, minutes: int = 0) -> Sequence[Trouble]:
        return asyncio.run(self.check.look(NOW + minutes * MINUTE))

    @property
    def share(self) -> float | None:
        return self.metrics.registry.get_sample_value("o11y_client_clock_off_ratio", {"client": "gateway"})


@pytest.mark.parametrize("offset", [OFF, -OFF])
def test_a_tenth_of_the_events_far_off_names_the_client(offset: timedelta) -> None:
    house = House()
    house.saw(timedelta(), events=18)
    house.saw(offset, events=2)
    house.saw(timedelta(), events=100, client="well")
    (found,) = house.look()
    assert found.of == "gateway"
    assert "client gateway" in found.title
    assert "Of about 20 events of the last 10 min" in found.text
    assert house.share == 0.1


@pytest.mark.parametrize("offset", [FAR_OFF, -FAR_OFF, timedelta()])
def test_two_minutes_and_less_are_well(offset: timedelta) -> None:
    house = House()
    house.saw(offset, events=1_000)
    assert house.look() == []
    assert house.share == 0


def test_events_refused_for_their_time_count_and_are_said_to_be_lost() -> None:
    house = House()
    for _ in range(10):
        house.clocks.refused("gateway")
    (found,) = house.look()
    assert "10 were refused for it (they are lost)" in found.text


def test_a_few_events_prove_nothing() -> None:
    house = House()
    house.saw(OFF, events=9)
    assert house.look() == []


def test_less_than_a_tenth_is_not_told() -> None:
    house = House()
    house.saw(timedelta(), events=91)
    house.saw(OFF, events=9)
    assert house.look() == []


def test_the_last_ten_minutes_count() -> None:
    house = House()
    house.saw(OFF, events=10)
    assert [trouble.since for trouble in house.look()] == [NOW]
    assert [trouble.since for trouble in house.look(9)] == [NOW]
    assert house.look(11) == []
