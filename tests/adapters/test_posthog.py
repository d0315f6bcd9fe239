"""The request that reaches PostHog, and what the door pays for it."""

import asyncio
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from o11y.adapters.posthog import PostHogSink
from o11y.events import AcceptedEvent, validate
from tests.http_stand_in import Answer, closed_url
from tests.posthog_stand_in import AWAY, PostHogStandIn

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "the-client-secret"
EVENT_ID = "0193b1f0-0000-7000-8000-000000000001"
WIRE: dict[str, Any] = {
    "clientSecret": SECRET,
    "kiloUserId": "user-1",
    "organizationId": "org-1",
    "isAnonymous": False,
    "isStreaming": True,
    "userByok": False,
    "provider": "vendor",
    "inferenceProvider": "cloud",
    "requestedModel": "Vendor/Model:free",
    "resolvedModel": "Vendor/Model:free",
    "toolsAvailable": ["read", "write"],
    "toolsUsed": ["read"],
    "ttfbMs": 45,
    "completeRequestMs": 1_200,
    "statusCode": 200,
    "tokens": {"inputTokens": 10, "outputTokens": 5},
    "eventId": EVENT_ID,
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def event(**changes: Any) -> AcceptedEvent:
    return validate(json.dumps({**WIRE, **changes}).encode(), now=NOW)


def sink(host: str, **settings: Any) -> PostHogSink:
    return PostHogSink("phc_key", host=host, **{"flush_interval_s": 0.01, "retry_pauses_s": (0, 0), **settings})


def sent(posthog: PostHogStandIn, *events: AcceptedEvent, **settings: Any) -> PostHogSink:
    """Captured and closed: everything that could be sent has been."""
    receiver = sink(posthog.url, **settings)
    for each in events:
        receiver.capture("gateway", each)
    asyncio.run(receiver.close())
    return receiver


def test_an_event_arrives_with_its_own_fields_id_and_time() -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, event())
        (batch,) = posthog.batches
    (captured,) = batch["batch"]
    assert batch["api_key"] == "phc_key"
    assert captured["event"] == "o11y_api_metrics"
    assert captured["distinct_id"] == "user-1"
    assert UUID(captured["uuid"]) == UUID(EVENT_ID)
    assert datetime.fromisoformat(captured["timestamp"]) == NOW
    properties = captured["properties"]
    own = {name: value for name, value in WIRE.items() if name != "clientSecret"}
    assert own.items() <= properties.items()
    assert properties["clientName"] == "gateway"


def test_the_secret_never_leaves() -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, event(), gzip=False)
        assert SECRET.encode() not in posthog.requests[0].body


def test_an_address_is_sent_once_and_places_the_person() -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, event(ipAddress="203.0.113.9"))
        (captured,) = posthog.events
    assert captured["properties"]["$ip"] == "203.0.113.9"
    assert "$geoip_disable" not in captured["properties"]
    assert "ipAddress" not in captured["properties"]


def test_without_an_address_nobody_is_placed_where_the_service_runs() -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, event())
        (captured,) = posthog.events
    assert captured["properties"]["$geoip_disable"] is True
    assert "$ip" not in captured["properties"]


@pytest.mark.parametrize("anonymous", [True, False])
def test_only_a_known_person_has_a_profile(anonymous: bool) -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, event(isAnonymous=anonymous))
        (captured,) = posthog.events
    assert captured["properties"]["$process_person_profile"] is not anonymous


@pytest.mark.parametrize("gzip", [True, False])
def test_a_batch_may_be_compressed(gzip: bool) -> None:
    with PostHogStandIn() as posthog:
        receiver = sent(posthog, *(event() for _ in range(3)), gzip=gzip)
        assert ("content-encoding" in posthog.requests[0].headers) is gzip
        assert len(posthog.events) == 3
    assert receiver.sent == 3


def test_events_are_sent_without_waiting_for_the_end() -> None:
    with PostHogStandIn() as posthog:
        receiver = sink(posthog.url)
        receiver.capture("gateway", event())
        assert len(posthog.wait_for(1)) == 1
        asyncio.run(receiver.close())


def test_many_events_go_in_batches_of_a_hundred() -> None:
    with PostHogStandIn() as posthog:
        sent(posthog, *(event() for _ in range(250)), flush_interval_s=60)
        assert [len(batch["batch"]) for batch in posthog.batches][-1] <= 100
        assert max(len(batch["batch"]) for batch in posthog.batches) == 100
        assert len(posthog.events) == 250


def test_a_batch_too_large_for_posthog_is_halved() -> None:
    with PostHogStandIn(largest_batch=3) as posthog:
        receiver = sent(posthog, *(event() for _ in range(10)), flush_interval_s=60)
        assert len(posthog.events) == 10
    assert (receiver.sent, receiver.failed) == (10, 0)


def test_a_passing_failure_is_tried_again() -> None:
    with PostHogStandIn(AWAY, AWAY) as posthog:
        receiver = sent(posthog, event())
        assert len(posthog.events) == 1
    assert (receiver.sent, receiver.failed) == (1, 0)


def test_a_refusal_is_not_tried_again() -> None:
    with PostHogStandIn(Answer(401, b"{}")) as posthog:
        receiver = sent(posthog, event())
        assert len(posthog.requests) == 1
    assert (receiver.sent, receiver.failed) == (0, 1)


def test_a_host_that_is_down_costs_the_events_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receiver = sink(closed_url(), flush_interval_s=60)
    for _ in range(250):
        receiver.capture("gateway", event(ipAddress="203.0.113.9"))
    asyncio.run(receiver.close())
    assert receiver.failed == 250
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING and record.name[:4] == "o11y"]
    assert len(warnings) == 1, "an outage is logged once"
    assert not any(
        "203.0.113.9" in str(record.__dict__) or "phc_key" in str(record.__dict__) for record in caplog.records
    )


def test_beyond_its_bound_the_queue_drops_and_counts_while_the_host_hangs() -> None:
    with PostHogStandIn() as posthog:
        posthog.hanging = True
        receiver = sink(posthog.url, queue_limit=10, timeout_s=0.2, close_deadline_s=0.01)
        receiver.capture("gateway", event())
        assert posthog.arrived.wait(20)  # the thread now waits for the host with one event in hand
        for _ in range(15):
            receiver.capture("gateway", event())
        assert receiver.dropped == 5
        asyncio.run(receiver.close())
        assert receiver.dropped == 15, "what the deadline leaves is counted too"


def test_after_the_end_an_event_is_dropped_and_counted() -> None:
    with PostHogStandIn() as posthog:
        receiver = sent(posthog)
        receiver.capture("gateway", event())
    assert receiver.dropped == 1


def test_the_key_is_not_shown() -> None:
    receiver = sink(closed_url())
    assert "phc_key" not in repr(receiver)
    asyncio.run(receiver.close())


def test_the_sdk_takes_no_memory_of_a_worker_that_sends_nothing_to_posthog() -> None:
    look = "import sys, o11y.commands.serve; print([name for name in ('posthog', 'requests') if name in sys.modules])"
    loaded = subprocess.check_output([sys.executable, "-c", look], text=True, timeout=60)
    assert loaded.strip() == "[]"
