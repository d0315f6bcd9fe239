"""``deploy/redis/users.acl`` lets o11y do what it does, on its own keys, and nothing else. Checked by the server."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from o11y.adapters.redis.cache import RedisCache
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.first_to_tell import FirstToTell
from o11y.adapters.redis.incidents import RedisIncidents
from o11y.adapters.redis.memory import RedisMemory
from o11y.adapters.redis.outbox import RedisOutbox
from o11y.adapters.redis.silences import RedisSilences
from o11y.adapters.redis.volumes import RedisVolumes
from o11y.adapters.valkey import ValkeyServer
from o11y.alerting.volume import Volume
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, OutboxEntry, Receipt
from tests.builders import alert, incident, notification, silence
from tests.fakes import FakeMirror

ROOT = Path(__file__).parents[3]
(LINE,) = (ROOT / "deploy" / "redis" / "users.acl").read_text(encoding="utf-8").splitlines()
_, USER, *RULES = LINE.split()
COMMANDS = {rule[1:].split("|")[0] for rule in RULES if rule.startswith("+")}
LUA = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "o11y/adapters/redis/lua").glob("*.lua"))
#: said by the client itself, not by a script
BY_CLIENT = {"ping", "info", "get", "set", "eval", "evalsha", "script", "client"}
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server of its own, for the user of the file."""
    server = ValkeyServer(tmp_path_factory.mktemp("permissions"))
    server.start()
    with redis.Redis.from_url(server.url) as admin:
        admin.execute_command("ACL", "SETUSER", USER, *RULES)
        yield f"unix://{USER}:choose-a-password@{quote(str(server.socket))}"
    server.stop()


def _set_rights(url: str, *rules: str) -> None:
    """By the administrator of the same server, who has no password there."""
    with redis.Redis.from_url(f"unix://{url.partition('@')[2]}") as admin:
        admin.execute_command("ACL", "SETUSER", USER, *rules)


def as_o11y(url: str, scenario: Callable[[RedisConnection], Awaitable[None]]) -> None:
    async def run() -> None:
        connection = RedisConnection(url, monotonic=time.monotonic)
        try:
            await scenario(connection)
        finally:
            await connection.close()

    asyncio.run(run())


def test_o11y_does_everything_that_it_does_with_these_rights(url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        await connection.ping()
        memory, outbox, cache = RedisMemory(connection), RedisOutbox(connection, FakeMirror()), RedisCache(connection)
        minute = NOW.replace(second=0)
        assert await memory.acquire(minute, owner="me", lease_s=20)
        assert await memory.renew(minute, owner="me", lease_s=20)
        await memory.finish(minute, owner="me")
        assert await memory.last_finished() == minute
        assert await memory.unfinished(minute - timedelta(minutes=3), minute) is not None
        await memory.publish("replica", NOW, ttl_s=60)
        assert await memory.oldest() == NOW
        await outbox.put(OutboxEntry(notification(alert()), 0, NOW))
        (entry,) = await outbox.take_due(now=NOW, lease_s=30)
        assert await outbox.size() == 1
        await outbox.done(entry.notification.notification_id)
        assert await outbox.size() == 0
        await cache.put("models", "[]", ttl_s=60)
        assert await cache.get("models") == "[]"
        assert await FirstToTell(connection, replica="me", ttl_s=60)("trouble")
        silences = RedisSilences(connection)
        assert await silences.put(silence()) == silence()
        assert await silences.expire("s-1", at=silence().starts_at, by="bob") in await silences.all()
        await silences.put(silence(silence_id="s-2", created_at=silence().ends_at + timedelta(days=6)))
        assert [one.silence_id for one in await silences.all()] == ["s-2"]

    as_o11y(url, scenario)


def test_and_keeps_incidents_from_their_first_message_to_the_last(url: str) -> None:
    told = OutboxEntry(notification(notification_id="n-2"), 0, NOW)

    async def scenario(connection: RedisConnection) -> None:
        incidents = RedisIncidents(connection, RedisOutbox(connection, FakeMirror()))
        volumes = RedisVolumes(connection)
        assert await incidents.mark_generation() == await incidents.generation()
        assert await incidents.commit(incident(), expected=None, entry=told) is Kept.STORED
        await incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True))
        assert await incidents.acknowledge("i-1", by="ann", at=NOW)
        assert await incidents.commit(incident(version=2), expected=1, anew=True) is Kept.STORED
        assert (await incidents.delivery_of("i-1")).acknowledged_by is None
        assert await incidents.last_message("i-1") == told.notification
        assert list((await incidents.load()).incidents) == ["i-1"]
        await incidents.forget([incident(version=2)])
        assert (await incidents.load()).incidents == {}
        await volumes.keep_volume(Severity.PAGE, Volume(sent=(NOW,)))
        assert await volumes.volume(Severity.PAGE) == Volume(sent=(NOW,))

    as_o11y(url, scenario)


def test_a_user_of_an_older_version_who_may_not_ask_about_the_replication_goes_without(url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        incidents = RedisIncidents(connection, RedisOutbox(connection, FakeMirror()))
        with_right = await incidents.mark_generation()
        _set_rights(url, *RULES, "-info")
        try:
            without = await incidents.generation()
        finally:
            _set_rights(url, *RULES)
        assert without == with_right.split(" ")[0] + " "

    as_o11y(url, scenario)


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("CONFIG", "GET", "requirepass"),
        ("KEYS", "*"),
        ("ACL", "LIST"),
        ("DEL", "o11y:generation"),
        ("GET", "somebody-elses"),
        ("EVAL", "return redis.call('GET', 'somebody-elses')", "0"),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
        ("SCRIPT", "FLUSH"),
        ("PUBLISH", "channel", "text"),
    ],
    ids=" ".join,
)
def test_and_nothing_else(url: str, command: tuple[str, ...]) -> None:
    with redis.Redis.from_url(url) as client, pytest.raises(redis.RedisError, match=r"(?i)permission|can't access"):
        client.execute_command(*command)


def test_every_right_is_used_by_a_script_or_by_the_client() -> None:
    by_scripts = {name.lower() for name in re.findall(r"redis\.p?call\(['\"](\w+)['\"]", LUA)}
    assert by_scripts | BY_CLIENT == COMMANDS
