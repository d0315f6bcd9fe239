"""What is in Redis of incidents: beside the outbox, garbage one day, and partly written by other versions."""

from collections.abc import Callable

import pytest
import redis

from o11y.adapters.redis import incident_json
from o11y.adapters.redis.connection import RedisConnection
from o11y.alerting.book import Book
from o11y.alerting.incident import UNDELIVERED, Delivered
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, Receipt
from tests.adapters.redis.incident_stores import THREAD, entry, version
from tests.adapters.redis.test_incidents_shared import KEY, store
from tests.builders import NOW, incident


def test_an_incident_of_a_newer_version_is_left_to_those_who_can_read_it(
    on_redis: Callable[..., None], redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    newer = '7|{"phase":"smouldering"}'

    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url, decode_responses=True) as client:
            client.hset(KEY + "incidents", "i-1", newer)
            client.hset(KEY + "messages", "i-1", '{"kind":"opera"}')
            incidents = store(connection)
            await incidents.commit(incident(incident_id="i-2"), expected=None)
            assert list((await incidents.load()).incidents) == ["i-2"]
            for expected in (None, 0, 6, 8):
                assert await incidents.commit(version(8), expected=expected) is Kept.STALE
            assert client.hget(KEY + "incidents", "i-1") == newer
            assert await incidents.last_message("i-1") is None

    on_redis(scenario)
    assert "incident not readable, left for another version" in caplog.text
    assert "message not readable, left for another version" in caplog.text


def test_a_receipt_of_a_newer_version_hides_nothing_else(on_redis: Callable[..., None], redis_url: str) -> None:
    odd = {"i-1/told": "yesterday", "i-1/page": '["C1"]', "i-1/ack": "{}", "i-1/pigeon": "coo", "i-9": "?"}

    async def scenario(connection: RedisConnection) -> None:
        incidents = store(connection)
        for identity in ("i-1", "i-2"):
            await incidents.commit(incident(incident_id=identity), expected=None)
            await incidents.receive(Receipt(identity, Severity.TICKET, NOW, pages=True, thread=THREAD))
        with redis.Redis.from_url(redis_url) as client:
            client.hset(KEY + "receipts", mapping=odd)
        book = await incidents.load()
        assert set(book.incidents) == {"i-1", "i-2"}
        assert book.delivery_of("i-1") == Delivered(paged_at=NOW, threads={"ticket": THREAD})
        assert book.delivery_of("i-2") == Delivered(told_at=NOW, paged_at=NOW, threads={"ticket": THREAD})
        assert await incidents.delivery_of("i-1") == book.delivery_of("i-1")
        assert await incidents.delivery_of("i-3") == UNDELIVERED

    on_redis(scenario)


def test_all_that_is_kept_of_incidents_is_beside_the_outbox_and_garbage_one_day(
    on_redis: Callable[..., None], redis_url: str
) -> None:
    """On a cluster a script's keys must be on one node; and of incidents that nobody ends something may be left."""

    async def scenario(connection: RedisConnection) -> None:
        incidents = store(connection)
        await incidents.commit(version(1), expected=None, entry=entry())
        await incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True))
        await incidents.commit(version(2), expected=1)
        with redis.Redis.from_url(redis_url, decode_responses=True) as client:
            kept = {f"{KEY}{name}" for name in ("incidents", "receipts", "messages", "revision")}
            assert set(client.keys("*")) == kept | {f"{KEY}{name}" for name in ("entries", "due", "turns")}
            assert all(client.ttl(key) > 6 * 86_400 for key in kept)

    on_redis(scenario)


def test_text_from_outside_comes_back_as_it_was(on_redis: Callable[..., None]) -> None:
    hostile = incident(incident_id="i|1/ack%d")

    async def scenario(connection: RedisConnection) -> None:
        incidents = store(connection)
        assert await incidents.commit(hostile, expected=None) is Kept.STORED
        assert await incidents.commit(hostile, expected=None) is Kept.STORED
        await incidents.receive(Receipt(hostile.incident_id, Severity.PAGE, NOW, pages=False))
        known = {hostile.incident_id: Delivered(told_at=NOW)}
        assert await incidents.load() == Book({hostile.incident_id: hostile}, known)

    on_redis(scenario)


def test_the_text_of_an_incident_is_the_same_each_time() -> None:
    """A commit that is asked for again is known by it."""
    assert incident_json.dumps(incident()) == incident_json.dumps(incident_json.loads(incident_json.dumps(incident())))
