"""A spool that is old, nearly full, or holds what ClickHouse refused."""

import asyncio
from datetime import timedelta

import pytest

from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.ports import AsideBatch, BatchKind, SpoolDepth
from o11y.worker.self_checks.spool import Growth, SpoolCheck, batches_set_aside, spool_nearly_full, spool_too_old
from o11y.worker.self_checks.trouble import Kind
from tests.builders import NOW
from tests.fakes_spool import FakeSpool
from tests.wire_events import stored_event

MIB = 2**20


def depth(age_s: int | None) -> SpoolDepth:
    oldest = None if age_s is None else NOW - timedelta(seconds=age_s)
    return SpoolDepth(events=1234, bytes=1, oldest=oldest, oldest_event_time=oldest, aside=0, held_bytes=1)


def test_a_spool_too_old_is_a_ticket_that_says_how_old_and_why() -> None:
    told = spool_too_old(depth(1200), now=NOW, limit_s=600, failure="connection refused")
    assert told is not None
    assert (told.severity, told.since) == (Severity.TICKET, NOW - timedelta(minutes=20))
    assert "1,234 events has waited 20 min for ClickHouse. The last failure: connection refused." in told.text


@pytest.mark.parametrize("age_s", [None, 0, 599])
def test_a_spool_that_is_young_or_empty_is_none(age_s: int | None) -> None:
    assert spool_too_old(depth(age_s), now=NOW, limit_s=600) is None


@pytest.mark.parametrize(
    ("held", "rate", "severity", "said"),
    [
        (80, None, Severity.TICKET, "How fast it grows is not known yet."),
        (80, 0.0, Severity.TICKET, "It does not grow now."),
        (80, 1e-30, Severity.TICKET, "At the present rate it is full in 365 d 0 h."),
        (80, 20.0, Severity.PAGE, "At the present rate it is full in less than a minute."),
        (80, -5.0, Severity.TICKET, "It does not grow now."),
        (80, 20 / 7200, Severity.TICKET, "At the present rate it is full in 2 h 0 min."),
        (80, 20 / 1800, Severity.PAGE, "At the present rate it is full in 30 min."),
        (100, 0.0, Severity.PAGE, "It is full."),
        (120, 1.0, Severity.PAGE, "It is full."),
    ],
)
def test_a_spool_nearly_full_says_when_it_will_be_and_pages_when_that_is_soon(
    held: int, rate: float | None, severity: Severity, said: str
) -> None:
    told = spool_nearly_full(held * MIB, 100 * MIB, rate=rate and rate * MIB, now=NOW)
    assert told is not None
    assert told.severity is severity
    assert said in told.text
    assert f"holds {held} of the 100 MiB" in told.text


@pytest.mark.parametrize("held", [0, 79])
def test_a_spool_with_room_is_none(held: int) -> None:
    assert spool_nearly_full(held * MIB, 100 * MIB, rate=1e12, now=NOW) is None


def test_the_rate_is_that_of_the_last_ten_minutes() -> None:
    growth = Growth()
    for minute in range(31):
        rate = growth.rate(60 * minute if minute < 15 else 840 + 600 * (minute - 14), NOW + timedelta(minutes=minute))
    assert rate == 10


def test_the_rate_is_not_known_at_first_nor_when_the_clock_was_stepped_back() -> None:
    growth = Growth()
    rates = [growth.rate(60 * minute, NOW + timedelta(minutes=minute)) for minute in range(4)]
    assert rates == [None, None, 1.0, 1.0]
    assert growth.rate(1_000, NOW) is None


def test_what_was_set_aside_is_counted_and_the_newest_named() -> None:
    aside = [
        AsideBatch(f"batch-{n}", BatchKind.EVENTS, 100, f"error {n}", NOW + timedelta(minutes=n)) for n in range(3)
    ]
    told = batches_set_aside(aside)
    assert told is not None
    assert "3 batches with 300 events wait for a human, the newest batch-2: error 2" in told.text
    assert (told.news, told.since) == ("batch-2", NOW)
    assert batches_set_aside([]) is None


def check(spool: FakeSpool, metrics: Metrics, *, free: int = 10**12) -> SpoolCheck:
    return SpoolCheck(
        spool, max_bytes=10_000, max_age_s=600, free_bytes=lambda: free, last_failure=lambda: "", metrics=metrics
    )


def test_batches_set_aside_count_in_what_the_spool_holds() -> None:
    spool, metrics = FakeSpool(max_bytes=10_000), Metrics()
    while spool.depth().held_bytes < 8_000:
        spool.append([stored_event()], now=NOW)
    batch = spool.next_batch(now=NOW + timedelta(minutes=1))
    assert batch is not None
    spool.set_aside(batch.batch_id, "cannot parse", now=NOW)
    found = asyncio.run(check(spool, metrics).look(NOW))
    assert {trouble.kind for trouble in found} == {Kind.SPOOL_NEARLY_FULL, Kind.BATCHES_SET_ASIDE}
    assert metrics.registry.get_sample_value("o11y_spool_batches_aside") == 1
    assert metrics.registry.get_sample_value("o11y_spool_held_bytes") == spool.depth().held_bytes


def test_a_disk_with_little_room_is_a_spool_with_little_room() -> None:
    spool, metrics = FakeSpool(max_bytes=10_000), Metrics()
    spool.append([stored_event()], now=NOW)
    assert asyncio.run(check(spool, metrics).look(NOW)) == []
    found = asyncio.run(check(spool, metrics, free=0).look(NOW))
    assert [trouble.kind for trouble in found] == [Kind.SPOOL_NEARLY_FULL]
    assert "It is full." in found[0].text


def test_an_empty_spool_on_a_full_disk_is_full() -> None:
    (found,) = asyncio.run(check(FakeSpool(), Metrics(), free=0).look(NOW))
    assert found.severity is Severity.PAGE
