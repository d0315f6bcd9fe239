"""What the doors note of a client's clock."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from o11y.http.ingest import BATCH_PATH
from o11y.worker.client_clocks import ClientClocks, Seen
from o11y.worker.ports import SpoolFull
from tests.builders import NOW
from tests.http.ingest_house import JSON, House
from tests.wire_events import SECRET, wire_event, wire_json

LATE = NOW - timedelta(minutes=3)
BEARER = {**JSON, "authorization": f"Bearer {SECRET}"}


def ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def noted(*bodies: bytes, headers: dict[str, str] | None = None, **options: Any) -> dict[str, Seen]:
    async def scenario() -> dict[str, Seen]:
        clocks = ClientClocks()
        house = House(clocks=clocks)
        for body in bodies:
            await house.post(body, headers, **options)
        return clocks.take()

    return asyncio.run(scenario())


def batch(*events: dict[str, Any]) -> bytes:
    return json.dumps(events).encode()


def test_an_event_that_carries_no_time_says_nothing_of_a_clock() -> None:
    assert noted(wire_json()) == {}
    assert noted(batch(wire_event(), wire_event()), headers=BEARER, path=BATCH_PATH) == {}


def test_a_time_is_compared_with_the_arrival() -> None:
    assert noted(wire_json(timestamp=ms(NOW)), wire_json(timestamp=ms(LATE))) == {"gateway": Seen(events=2, behind=1)}


def test_a_time_that_is_refused_is_the_clients_whose_secret_came_with_it() -> None:
    far = ms(NOW + timedelta(hours=1))
    assert noted(wire_json(timestamp=far)) == {"gateway": Seen(events=1, refused=1)}
    assert noted(wire_json(timestamp=far, clientSecret=...), headers=BEARER) == {"gateway": Seen(events=1, refused=1)}
    assert noted(wire_json(timestamp=far, clientSecret="wrong")) == {}


def test_an_event_refused_for_anything_else_says_nothing_of_a_clock() -> None:
    assert noted(wire_json(ttfbMs=-1, timestamp=ms(NOW))) == {}


@pytest.mark.parametrize("size", [1, 7, 8, 9, 300, 1_001])
def test_a_few_events_of_a_batch_stand_for_all(size: int) -> None:
    events = [wire_event(timestamp=ms(LATE)) for _ in range(size)]
    seen = noted(batch(*events), headers=BEARER, path=BATCH_PATH)
    assert seen == {"gateway": Seen(events=size, behind=size)}


def test_events_that_could_not_be_stored_are_not_counted() -> None:
    async def scenario() -> None:
        clocks = ClientClocks()
        house = House(clocks=clocks)
        house.spool.fail = SpoolFull("full")
        await house.post(wire_json(timestamp=ms(LATE)))
        await house.post(batch(wire_event(timestamp=ms(LATE))), BEARER, path=BATCH_PATH)
        assert clocks.take() == {}

    asyncio.run(scenario())


def test_the_events_of_a_batch_that_are_refused_for_their_time_are_each_counted() -> None:
    events = [wire_event(timestamp=ms(NOW)), wire_event(timestamp=1), wire_event(timestamp=ms(NOW))]
    seen = noted(batch(*events), headers=BEARER, path=BATCH_PATH)
    assert seen == {"gateway": Seen(events=3, refused=1)}
