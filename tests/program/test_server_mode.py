"""Several processes on servers: ClickHouse that loses its answers or goes away, and roles apart."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.spool import SqliteSpool
from o11y.adapters.valkey import ValkeyServer
from o11y.alerting.notification import Notice
from o11y.worker.ports import OutboxEntry
from tests.builders import notice
from tests.clickhouse_facade import Fault
from tests.program.facade_process import ClickHouseProcess, assert_exactly_once
from tests.program.gateway import Gateway
from tests.program.program import SECRET, Program
from tests.program.relay import Relay
from tests.program.waiting import until
from tests.slack_stand_in import SlackStandIn
from tests.wire_events import wire_json


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess(tmp_path / "server") as process:
        yield process


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.stop()


def test_an_insert_whose_answer_is_lost_is_sent_again_and_stored_once(
    tmp_path: Path, clickhouse: ClickHouseProcess, redis_url: str
) -> None:
    program = Program(tmp_path / "data", clickhouse_url=clickhouse.url, redis_url=redis_url)
    with program:
        assert program.post(wire_json(clientSecret=SECRET))[0] == 204
        program.until_shipped()  # the tables are there
        clickhouse.fail(Fault.DROP_AFTER_COMMIT, Fault.ERROR_AFTER_COMMIT, Fault.DROP_AFTER_COMMIT, Fault.REFUSE)
        with Gateway(lambda: program.url, seed=3) as gateway:
            gateway.until_acknowledged(800)
        program.until_shipped()
        assert program.sigterm() == 0
    tokens = clickhouse.inserts()
    assert len(tokens) - len(set(tokens)) >= 3, "no batch was sent twice"
    assert_exactly_once(clickhouse, gateway.acknowledged)


def test_while_clickhouse_is_away_events_are_acknowledged_and_shipped_afterwards(
    tmp_path: Path, clickhouse: ClickHouseProcess, redis_url: str
) -> None:
    servers = {"redis_url": redis_url, "log_level": "error"}
    with Relay(clickhouse.url) as road:
        replicas = [
            Program(tmp_path / name, "--role", "ingest", clickhouse_url=road.url, **servers) for name in ("one", "two")
        ]
        evaluator = Program(tmp_path / "evaluator", "--role", "evaluate", clickhouse_url=road.url, **servers)
        one, two = replicas
        with (
            one,
            two,
            evaluator,
            Gateway(lambda: one.url, seed=4, threads=2) as first,
            Gateway(lambda: two.url, seed=5, threads=2) as second,
        ):
            second.until_acknowledged(100)
            road.close()
            first.until_acknowledged(300)
            assert one.get("/readyz")[0] == 200, "a door waits for nothing but its spool"
            status, checks = evaluator.get("/readyz")
            assert (status, json.loads(checks)["checks"]["clickhouse"] != "ok") == (503, True)
            one.kill9()
            one.start()  # comes up without ClickHouse
            first.until_acknowledged(100)
            road.open()
            second.until_acknowledged(100)
            assert two.sigterm() == 0
            two.start()
        _ship_and_end(one, two)
    assert first.refusals == second.refusals == []
    assert_exactly_once(clickhouse, first.acknowledged | second.acknowledged)


def test_the_evaluator_sees_what_the_doors_took_and_has_no_door_itself(
    tmp_path: Path, clickhouse: ClickHouseProcess, redis_url: str
) -> None:
    servers = {"clickhouse_url": clickhouse.url, "redis_url": redis_url}
    with (
        Program(tmp_path / "door", "--role", "ingest", **servers) as door,
        Program(tmp_path / "evaluator", "--role", "evaluate", **servers) as evaluator,
    ):
        assert evaluator.post(wire_json(clientSecret=SECRET))[0] == 404
        assert door.post(wire_json(clientSecret=SECRET, timestamp="2026-01-01T00:00:00Z"))[0] == 400
        assert door.post(wire_json(clientSecret=SECRET))[0] == 204
        door.until_shipped()
        explained = evaluator.ask("explain", "gateway", "openrouter", "Vendor/Model:free", "--json")
        answer = json.loads(explained.stdout)
        assert (answer["client"], answer["model"]) == ("gateway", "vendor/model")
        assert {door.sigterm(), evaluator.sigterm()} == {0}


def _ship_and_end(*programs: Program) -> None:
    for program in programs:
        if program.process.poll() is not None:
            program.start()
        program.until_shipped()
        assert program.sigterm() == 0


def test_a_door_without_a_webhook_leaves_a_waiting_page_to_the_evaluator(
    tmp_path: Path, clickhouse: ClickHouseProcess, redis_url: str
) -> None:
    servers = {"clickhouse_url": clickhouse.url, "redis_url": redis_url}
    with SlackStandIn() as slack, Program(tmp_path / "door", "--role", "ingest", **servers) as door:
        asyncio.run(_put_in_the_outbox(redis_url, tmp_path / "spool.sqlite", notice(at=datetime.now(UTC))))
        assert door.post(wire_json(clientSecret=SECRET))[0] == 204
        door.until_shipped()  # a second at least: time enough to take it
        webhooks = {"slack_page_webhook_url": slack.webhook_url, "slack_ticket_webhook_url": slack.webhook_url}
        with Program(tmp_path / "evaluator", "--role", "evaluate", **servers, **webhooks):
            until(lambda: len(slack.messages) == 1, "the page arrives")


async def _put_in_the_outbox(redis_url: str, spool_path: Path, message: Notice) -> None:
    redis = RedisConnection(redis_url, monotonic=time.monotonic)
    spool = SqliteSpool.open(spool_path)
    await RedisOutbox(redis, spool).put(OutboxEntry(message, 1, message.at))
    spool.close()
    await redis.close()
